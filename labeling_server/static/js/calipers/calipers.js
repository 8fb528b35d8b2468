// The calipers: two legs on samples of one lead, put up and moved by key and by pointer. They measure and change nothing.

import { copyText } from "../base/clipboard.js";
import { mainGroup, reader, say } from "../base/config.js";
import { tell } from "../base/notice.js";
import { changed, state } from "../base/state.js";
import { PAPER_TOP_PX, cursorSeconds, geometry, leads, pageS } from "../paper/layout.js";
import { ensureMarks, hasMarks, neighbourBeat } from "../paper/marks.js";
import { lanes, shownLeads } from "../paper/montage.js";
import { appendComment } from "../review/decide.js";
import { nearestPeak } from "../signal/peaks.js";
import { keepAddress } from "../strip/address.js";
import { calipersOf, groupOf, isMeasuring, legsS, sampleAtSeconds, secondsOfSample } from "../strip/legs.js";
import { contextS, line, measured, rrWindowS, signalAround } from "../strip/measure.js";
import { reveal, stores } from "../strip/navigate.js";
import { repaint } from "../strip/paint.js";
import { selectedBeat } from "../strip/select.js";
import { closeView } from "../windows/views.js";

/** Without beats around the cursor the legs stand so far apart. */
const DEFAULT_S = 1;
/** Beats further apart than this are of two recordings, as it were: nobody measures from one to the other. */
const LONGEST_RR_S = 10;
const PEAK_REACH_S = 0.2;
/** What is looked at around the reach, so that a wave at its edge is seen coming and going. */
const PEAK_MARGIN_S = 0.3;
/** Of the range of the signal within the reach: a P wave beside a QRS complex turns by more, noise by less. */
const PEAK_SHARE = 0.05;

/** @typedef {"start" | "end" | "both"} Leg */

/** Where the pointer was last, pixels from the top of the strip: names the lead that is measured. */
let pointerPx = PAPER_TOP_PX;

/** @param {number} y */
export const notePointer = (y) => void (pointerPx = y);

/** Something about them is different now. @param {Partial<import("../base/state.js").Calipers>} change */
function update(change) {
  state.calipers = { ...state.calipers, ...change };
  told();
}

function told() {
  changed("calipers");
  repaint();
  ensureMeasured();
  keepAddress();
}

/** Puts them at the cursor; takes them away when the reader sees them. */
export function toggleCalipers() {
  if (!closeView() && dropCalipers()) return;
  const lead = leadAt(pointerPx, cursorSeconds());
  const { group } = leads[lead];
  const [startS, endS] = rrAt(cursorSeconds());
  const { isMarched = false } = state.calipers ?? {};
  state.calipers = { lead, start: 0, end: 1, leg: "end", isQt: false, isMarched };
  const [start, end] = inside(sampleAtSeconds(group, startS), sampleAtSeconds(group, endS));
  update({ start, end });
}

/** @returns {boolean} whether they were on screen */
export function dropCalipers() {
  if (!isMeasuring()) return false;
  state.calipers = null;
  told();
  return true;
}

/** What the address asks for. @param {string | null} text */
export function restoreCalipers(text) {
  state.calipers = calipersOf(text ?? "");
  told();
}

/** Of the leads on the strip that at a height and a second, else the first. @param {number} y @param {number} seconds */
function leadAt(y, seconds) {
  const shown = lanes(geometry());
  const isAt = (lane) => y >= lane.top && y < lane.bottom && seconds >= lane.startS && seconds <= lane.endS;
  return leads.indexOf((shown.find(isAt) ?? shown[0]).lead);
}

const isOnPage = (seconds) => seconds >= state.startS && seconds <= state.startS + pageS();

/** The RR interval that begins with the selected beat, or in which a second lies; else one second. @param {number} seconds */
function rrAt(seconds) {
  const fs = mainGroup.fs_hz;
  const selected = selectedBeat();
  const isSeen = selected && isOnPage(selected.sample / fs);
  const before = isSeen ? selected : neighbourBeat(Math.floor(seconds * fs) + 1, -1);
  const after = before && neighbourBeat(before.sample, 1);
  const isRr = after && after.sample - before.sample <= LONGEST_RR_S * fs && (isSeen || after.sample > seconds * fs);
  return isRr ? [before.sample / fs, after.sample / fs] : [seconds, seconds + DEFAULT_S];
}

/** Two legs within the samples that there are, at least one sample apart. @param {number} start @param {number} end @returns {[number, number]} */
function inside(start, end) {
  const group = groupOf(state.calipers);
  const first = group.id === mainGroup.id ? state.firstSample : group.first_sample;
  const last = Math.max(stores.get(group.id).next - 1, first + 1);
  const to = Math.min(Math.max(end, first + 1), last);
  return [Math.min(Math.max(start, first), to - 1), to];
}

/** Puts a leg on a sample, or both so that the first is there. The other leg stays, and is not passed. @param {Leg} leg @param {number} sample */
export function putLeg(leg, sample) {
  const { start, end } = state.calipers;
  const [first, last] = inside(leg === "end" ? start : sample, leg === "end" ? sample : leg === "both" ? sample + end - start : end);
  if (leg === "start") update({ start: Math.min(first, end - 1) });
  else if (leg === "end") update({ end: Math.max(last, start + 1) });
  // at an end of the recording the pair keeps its width
  else if (last - first === end - start) update({ start: first, end: last });
}

/** The chosen leg; of both the first. */
const chosen = () => (state.calipers.leg === "end" ? state.calipers.end : state.calipers.start);

/** @param {number} sample of the lead's group, for the chosen leg */
function putChosen(sample) {
  putLeg(state.calipers.leg, sample);
  const at = secondsOfSample(groupOf(state.calipers), chosen());
  if (!isOnPage(at)) void reveal(at);
}

/** By single samples. @param {1 | -1} by */
export const stepLeg = (by) => putChosen(chosen() + by);

/** By a time, to the nearest sample. @param {number} ms negative is left */
export function moveLeg(ms) {
  const nSamples = Math.max(Math.round((Math.abs(ms) / 1000) * groupOf(state.calipers).fs_hz), 1);
  putChosen(chosen() + Math.sign(ms) * nSamples);
}

/** @param {Leg} leg */
export const chooseLeg = (leg) => update({ leg });

export function nextLeg() {
  const order = ["start", "end", "both"];
  chooseLeg(order[(order.indexOf(state.calipers.leg) + 1) % order.length]);
}

/** To the beat before (-1) or after (1) where the leg is. @param {1 | -1} by */
export function legToBeat(by) {
  const group = groupOf(state.calipers);
  const sampleOfBeat = (beat) => sampleAtSeconds(group, beat.sample / mainGroup.fs_hz);
  let beat = neighbourBeat(Math.round(secondsOfSample(group, chosen()) * mainGroup.fs_hz), by);
  // a lead of a lower rate rounds a beat away from where it is: the same one is no neighbour
  while (beat && sampleOfBeat(beat) === chosen()) beat = neighbourBeat(beat.sample, by);
  if (beat) putChosen(sampleOfBeat(beat));
  else sayThat("calipers.nobeat");
}

/** To the nearest maximum or minimum of the lead, exactly on a sample. */
export function legToPeak() {
  const fs = groupOf(state.calipers).fs_hz;
  const reach = Math.round(PEAK_REACH_S * fs);
  const found = signalAround(stores, state.calipers.lead, chosen(), reach + Math.round(PEAK_MARGIN_S * fs));
  const peak = found && nearestPeak(found.values, chosen() - found.start, reach, PEAK_SHARE);
  if (peak === null) sayThat("calipers.nopeak", { ms: PEAK_REACH_S * 1000 });
  else putChosen(found.start + peak);
}

/** To the lead above (-1) or below (1) of those on the strip; the legs stay where they are in time. @param {1 | -1} by */
export function changeLead(by) {
  const shown = shownLeads();
  const at = shown.indexOf(leads[state.calipers.lead]);
  const lead = leads.indexOf(shown[Math.min(Math.max(at + by, 0), shown.length - 1)]);
  const { startS, endS } = legsS(state.calipers);
  state.calipers = { ...state.calipers, lead };
  const [start, end] = inside(...[startS, endS].map((seconds) => sampleAtSeconds(leads[lead].group, seconds)));
  update({ start, end });
}

/** Repeats the interval to both sides, or no more. */
export const toggleMarch = () => update({ isMarched: !state.calipers.isMarched });

/** Says that the interval is a QT, or no more. */
export const toggleQt = () => update({ isQt: !state.calipers.isQt });

/** What they measure may lie beyond the page: a leg, and for QT what RR is taken from. */
function ensureMeasured() {
  if (!state.calipers) return;
  const { lead } = state.calipers;
  const { group } = leads[lead];
  const wanted = [state.calipers.start, state.calipers.end]
    .map((sample) => [sample / group.fs_hz - contextS(lead), sample / group.fs_hz + contextS(lead)])
    .filter(([from, to]) => !stores.get(group.id).has(from, to))
    .map(([from, to]) => stores.get(group.id).ensure(from, to));
  if (state.calipers.isQt) {
    const [from, to] = rrWindowS(state.calipers);
    const store = stores.get(mainGroup.id);
    if (!hasMarks(from, to) || !store.has(from, to)) wanted.push(ensureMarks(from, to), store.ensure(from, to));
  }
  // what the server does not say now is asked for again with the next move
  if (wanted.length) void Promise.all(wanted).then(repaint, () => undefined);
}

const lineNow = () => line(state.calipers, measured(state.calipers, stores));

const sayThat = (key, values = {}) => tell(say(key, values));

/** As one line into the clipboard. */
export async function copyMeasurement() {
  const text = lineNow();
  sayThat((await copyText(text)) ? "calipers.copied" : "calipers.notcopied", { line: text });
}

/** As one line more of the comment on what is selected. */
export async function noteMeasurement() {
  if (!reader.may_write) return sayThat("save.viewer");
  if (!state.selection) return sayThat("calipers.noselection");
  const text = lineNow();
  if (await appendComment(text)) sayThat("calipers.noted", { line: text });
}
