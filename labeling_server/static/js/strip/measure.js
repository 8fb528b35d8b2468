// What the calipers measure: interval, rate, difference of the signal, and QT with its corrections.

import { mainGroup, say } from "../base/config.js";
import { dateOf, hmsMs, usOf, zoneOf } from "../base/time.js";
import { CONTEXT_S, filterName, filtered, isLeadFiltered } from "../paper/filters.js";
import { leads, pxPerS } from "../paper/layout.js";
import { beatsBetween } from "../paper/marks.js";
import { invalidOf, isSample } from "../signal/decimate.js";
import { writtenUnit } from "../signal/lane_scale.js";
import { CORRECTIONS, median, rrIntervalsS } from "../signal/qt.js";
import { groupOf, legsS } from "./legs.js";

/** RR is the median of the intervals within so many seconds before the onset of QT. */
export const RR_WINDOW_S = 10;
/** Above this rate a sample is less than a millisecond, and intervals have a decimal. */
const FINE_FS_HZ = 1000;

/**
 * @typedef {{qtMs: number, rrS: number | null, nRr: number, corrected: [string, number | null][]}} Qt
 * @typedef {{ms: string, ratePerMin: number, difference: number | null, unit: string, lead: string, qt: Qt | null}} Measured
 * @typedef {Map<number, import("../signal/samples.js").SampleStore>} Stores
 */

/** What a filter has to see on both sides of a sample of a lead, s. @param {number} lead */
export const contextS = (lead) => (isLeadFiltered(leads[lead], pxPerS()) ? CONTEXT_S : 0);

/**
 * The run around a sample, as it is drawn: of the filtered signal where that is shown.
 * @param {Stores} stores @param {number} lead @param {number} at @param {number} reach samples to either side
 * @returns {{valueOf: (sample: number) => number, isHere: (sample: number) => boolean} | null} null where no sample is in memory
 */
function runAround(stores, lead, at, reach) {
  const { group, i } = leads[lead];
  const context = Math.ceil(contextS(lead) * group.fs_hz);
  const nChannels = group.channels.length;
  const stored = stores.get(group.id).runs(at - reach - context, at + reach + context + 1);
  const [runs, column, nColumns] = context ? [filtered(stored, i, nChannels, group.fs_hz, group.id), 0, 1] : [stored, i, nChannels];
  const run = runs.find((one) => one.start <= at && at < one.start + one.n);
  if (!run) return null;
  const valueOf = (sample) => run.data[(sample - run.start) * nColumns + column];
  const isHere = (sample) => sample >= run.start && sample < run.start + run.n && isSample(valueOf(sample), invalidOf(run.data));
  return isHere(at) ? { valueOf, isHere } : null;
}

/** Digital value of a lead as it is drawn at a sample; null where none is in memory. @param {Stores} stores @param {number} lead @param {number} sample */
export const digitalAt = (stores, lead, sample) => runAround(stores, lead, sample, 0)?.valueOf(sample) ?? null;

/**
 * The digital values of a lead around a sample, as far as none is missing; null when that one is.
 * @param {Stores} stores @param {number} lead @param {number} at @param {number} reach samples to either side
 * @returns {{start: number, values: number[]} | null}
 */
export function signalAround(stores, lead, at, reach) {
  const run = runAround(stores, lead, at, reach);
  if (!run) return null;
  let [start, end] = [at, at + 1];
  while (at - start < reach && run.isHere(start - 1)) start -= 1;
  while (end - at <= reach && run.isHere(end)) end += 1;
  return { start, values: Array.from({ length: end - start }, (_, n) => run.valueOf(start + n)) };
}

/** @param {import("../base/state.js").Calipers} calipers @param {Stores} stores @returns {Measured} */
export function measured(calipers, stores) {
  const { group, channel } = leads[calipers.lead];
  const nSamples = calipers.end - calipers.start;
  const [from, to] = [calipers.start, calipers.end].map((sample) => digitalAt(stores, calipers.lead, sample));
  return {
    ms: ((nSamples * 1000) / group.fs_hz).toFixed(group.fs_hz > FINE_FS_HZ ? 1 : 0),
    ratePerMin: (60 * group.fs_hz) / nSamples,
    difference: from === null || to === null ? null : (to - from) / channel.gain,
    unit: channel.unit,
    lead: channel.name,
    qt: calipers.isQt ? qtOf(calipers, stores) : null,
  };
}

/** What of the main group RR comes from: [first, last] sample, the onset included. @param {import("../base/state.js").Calipers} calipers */
function rrWindow(calipers) {
  const onset = Math.round(legsS(calipers).startS * mainGroup.fs_hz);
  return [onset - Math.round(RR_WINDOW_S * mainGroup.fs_hz), onset];
}

/** The same in seconds, for whoever loads it. @param {import("../base/state.js").Calipers} calipers */
export const rrWindowS = (calipers) => rrWindow(calipers).map((sample) => Math.max(sample / mainGroup.fs_hz, 0));

/** @param {import("../base/state.js").Calipers} calipers @param {Stores} stores @returns {Qt} */
function qtOf(calipers, stores) {
  const [from, onset] = rrWindow(calipers);
  const runs = stores.get(mainGroup.id).runs(Math.max(from, 0), onset + 1);
  const isWhole = (a, b) => runs.some((run) => run.start <= a && b < run.start + run.n);
  const intervalsS = rrIntervalsS(beatsBetween(from, onset + 1).map((beat) => beat.sample), mainGroup.fs_hz, isWhole);
  const rrS = median(intervalsS);
  const qtMs = ((calipers.end - calipers.start) * 1000) / groupOf(calipers).fs_hz;
  return { qtMs, rrS, nRr: intervalsS.length, corrected: CORRECTIONS.map(([name, correct]) => [name, rrS === null ? null : correct(qtMs, rrS)]) };
}

/** Hundredths of a millivolt (a tenth of a millimetre of paper); of other units three figures. @param {Measured} found */
export function differenceText({ difference, unit }) {
  if (difference === null) return say("calipers.nosample");
  const size = Math.abs(difference);
  const text = unit === "mV" ? size.toFixed(2) : size >= 1000 ? size.toFixed(0) : size.toPrecision(3);
  const sign = Number(text) === 0 ? "" : difference < 0 ? "−" : "+";
  const written = writtenUnit(unit);
  return written === "" ? `${sign}${text}` : say("calipers.difference", { value: `${sign}${text}`, unit: written });
}

/** @param {Measured} found */
export const intervalText = ({ ms }) => say("calipers.interval", { ms });

/** @param {Measured} found */
export const rateText = ({ ratePerMin }) => say("calipers.rate", { rate: ratePerMin.toFixed(ratePerMin < 10 ? 1 : 0) });

/** How RR came about, or why there is none. @param {Qt} qt */
export const rrText = ({ rrS, nRr }) =>
  rrS === null ? say("calipers.rr.none", { seconds: RR_WINDOW_S }) : say("calipers.rr", { ms: (rrS * 1000).toFixed(0), n: nRr });

/** @param {number | null} ms */
export const correctedText = (ms) => (ms === null ? "–" : ms.toFixed(0));

/** Everything in one line, for the clipboard and for comments. @param {import("../base/state.js").Calipers} calipers @param {Measured} found */
export function line(calipers, found) {
  const us = usOf(legsS(calipers).startS);
  const filter = isLeadFiltered(leads[calipers.lead], pxPerS()) ? filterName() : "";
  const place = { lead: filter ? say("calipers.filtered", { lead: found.lead, filter }) : found.lead, at: `${dateOf(us)} ${hmsMs(us)} (${zoneOf(us)})` };
  const { qt } = found;
  if (!qt) return say("calipers.line", { ...place, interval: intervalText(found), rate: rateText(found), difference: differenceText(found) });
  const corrected = qt.rrS === null ? "–" : `${qt.corrected.map(([name, ms]) => `${name} ${correctedText(ms)}`).join(", ")} ms`;
  return say("calipers.line.qt", { ...place, interval: intervalText(found), corrected, rr: rrText(qt) });
}
