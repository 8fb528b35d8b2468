// Filters of the display: chosen by a key, always said in the status line, never applied to what is stored.

import { say } from "../base/config.js";
import { state } from "../base/state.js";
import { filterBothWays, highPass, lowPass, notch } from "../signal/biquad.js";
import { invalidOf, isSample } from "../signal/decimate.js";
import { binSizeOf } from "../signal/envelopes.js";

/** Pass bands, Hz: of diagnosis, of monitoring, and without baseline wander. */
export const BANDS = [
  { id: "none", low: 0, high: 0 },
  { id: "0.05-150 Hz", low: 0.05, high: 150 },
  { id: "0.05-40 Hz", low: 0.05, high: 40 },
  { id: "0.5-40 Hz", low: 0.5, high: 40 },
];
export const MAINS_HZ = [0, 50, 60];
const NOTCH_Q = 25;
/** Beyond this share of the sampling rate a corner cannot be: the signal has nothing there. */
const HIGHEST_SHARE = 0.45;
/** Signal on both sides of the page that the filter has seen, s; of 0.05 Hz three time constants and more. */
export const CONTEXT_S = 12;
const MAX_KEPT = 24;

const bandOf = (id) => BANDS.find((band) => band.id === id) ?? BANDS[0];

/** Whether anything is filtered. */
export const isFiltered = () => state.band !== "none" || state.mainsHz > 0;

/** Whether a lead is drawn filtered: not where it is drawn from minima and maxima, nor what is no ECG. @param {import("./montage.js").Lead} lead @param {number} pxPerS */
export const isLeadFiltered = ({ group, channel }, pxPerS) => isFiltered() && channel.unit === "mV" && !binSizeOf(group.fs_hz / pxPerS);

/** The chosen filters as people name them; nothing when there are none. */
export const filterName = () =>
  [state.band === "none" ? "" : state.band, state.mainsHz ? say("strip.mains", { hz: state.mainsHz }) : ""].filter(Boolean).join(", ");

/** @param {number} fsHz @returns {import("../signal/biquad.js").Section[]} */
export function sectionsOf(fsHz, band = state.band, mainsHz = state.mainsHz) {
  const { low, high } = bandOf(band);
  const sections = [];
  if (low) sections.push(highPass(low, fsHz));
  if (high && high < HIGHEST_SHARE * fsHz) sections.push(lowPass(high, fsHz));
  if (mainsHz && mainsHz < HIGHEST_SHARE * fsHz) sections.push(notch(mainsHz, fsHz, NOTCH_Q));
  return sections;
}

/** Whether the offset of a signal goes: then its lane's middle is zero. */
export const isWithoutOffset = () => bandOf(state.band).low > 0;

/** @type {Map<string, import("../signal/samples.js").Run[]>} the youngest last */
const kept = new Map();

/**
 * One channel of runs, filtered, with NaN where no sample is.
 * @param {import("../signal/samples.js").Run[]} runs with `CONTEXT_S` on both sides where there is signal
 * @param {number} channel @param {number} nChannels @param {number} fsHz @param {number} groupId
 * @returns {import("../signal/samples.js").Run[]} of one channel
 */
export function filtered(runs, channel, nChannels, fsHz, groupId) {
  const extent = runs.map((run) => `${run.start}+${run.n}`).join();
  const key = [groupId, channel, state.band, state.mainsHz, extent].join("/");
  const known = kept.get(key);
  if (known) return known;
  const sections = sectionsOf(fsHz);
  const done = runs.map((run) => ({ start: run.start, n: run.n, data: channelOf(run, channel, nChannels, sections) }));
  kept.set(key, done);
  while (kept.size > MAX_KEPT) kept.delete(kept.keys().next().value);
  return done;
}

function channelOf({ data, n }, channel, nChannels, sections) {
  const values = new Float64Array(n);
  const invalid = invalidOf(data);
  let begin = 0;
  for (let i = 0; i <= n; i += 1) {
    const value = i < n ? data[i * nChannels + channel] : invalid;
    if (i < n && isSample(value, invalid)) {
      values[i] = value;
      continue;
    }
    filterBothWays(values.subarray(begin, i), sections); // each piece by itself: a gap is no step
    if (i < n) values[i] = NaN;
    begin = i + 1;
  }
  return Float32Array.from(values);
}
