// The lines of full disclosure: which minute stands where, and what has to be in memory to draw them.

import { mainGroup } from "../base/config.js";
import { state, withDraft } from "../base/state.js";
import { secondsOf, usOfSample } from "../base/time.js";
import { leads as allLeads } from "../paper/layout.js";
import { ensureSpans, hasSpans, spansBetween } from "../paper/marks.js";
import { EnvelopeStore, binSizeOf } from "../signal/envelopes.js";
import { areBeatMarksFresh, beatMarks, ensureBeatMarks, hasBeatMarks } from "../strip/beat_marks.js";

/** Signal on a line, s. */
export const LINES_S = [30, 60, 120];
/** Samples in a bin: a pixel column holds one or two of them. */
const BIN_SIZES = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512];
/** Left of a line: its time; right of it: the codes of its spans; above all: seconds within a line. */
export const TIME_PX = 104;
export const CODES_PX = 68;
export const AXIS_PX = 20;
export const PITCH_PX = 20;

/** What can be shown: leads in mV; of a recording without them all. */
export const leads = (() => {
  const inMillivolts = allLeads.filter((lead) => lead.channel.unit === "mV");
  return inMillivolts.length ? inMillivolts : allLeads;
})();

/** Of one lead, 4 kB each: three pages of the largest screens, on others some hours. */
const MAX_CHUNKS = 2400;
const MAX_LEADS = 3;
/** By number of the lead. @type {Map<number, EnvelopeStore>} */
const stores = new Map();

/** @param {number} lead */
function storeOf(lead) {
  const { group, i } = leads[lead];
  const store = stores.get(lead) ?? new EnvelopeStore(group, { sizes: BIN_SIZES, channel: i, maxChunks: MAX_CHUNKS });
  stores.delete(lead); // the one in use last, so that others go first
  stores.set(lead, store);
  if (stores.size > MAX_LEADS) stores.delete(stores.keys().next().value);
  store.grow(Math.floor((state.nextSample / mainGroup.fs_hz) * group.fs_hz));
  return store;
}

/**
 * What is to be drawn: lines `first` to `first + n`, each of `lineS`; line k begins k x lineS after 1970 UTC, so that
 * lines are minutes of the clock.
 * @typedef {{first: number, n: number, lineS: number, lead: number, widthPx: number}} Page widthPx of the signal's part
 */

/** @param {number} us @param {number} lineS */
export const lineOf = (us, lineS) => Math.floor(us / (lineS * 1e6));
/** @param {number} line @param {number} lineS */
export const usOfLine = (line, lineS) => line * lineS * 1e6;

/** First and last line that holds samples. @param {number} lineS */
export function extentOf(lineS) {
  const first = lineOf(usOfSample(state.firstSample), lineS);
  return { first, last: Math.max(lineOf(usOfSample(Math.max(state.nextSample - 1, 0)), lineS), first) };
}

const boundsUs = ({ first, n, lineS }) => [usOfLine(first, lineS), usOfLine(first + n, lineS)];
/** Samples of the main group, which beats are counted in. */
const beatRange = (fromUs, toUs) => [fromUs, toUs].map((us) => Math.ceil(secondsOf(us) * mainGroup.fs_hz - 1e-6));

/** Store, bin size and seconds of its own group. @param {Page} page */
function source(page) {
  const { group } = leads[page.lead];
  const store = storeOf(page.lead);
  const size = Math.max(binSizeOf((group.fs_hz * page.lineS) / page.widthPx, BIN_SIZES), 1);
  const [fromS, toS] = boundsUs(page).map((us) => (us - group.t0_us) / 1e6);
  return { store, size, fromS, toS };
}

/** Whether all of it can be drawn. @param {Page} page */
export function hasPage(page) {
  const { store, size, fromS, toS } = source(page);
  const [fromUs, toUs] = boundsUs(page);
  return store.has(size, fromS, toS) && hasBeatMarks(...beatRange(fromUs, toUs)) && hasSpans(secondsOf(fromUs), secondsOf(toUs));
}

/** Whether it is all that is there by now. @param {Page} page */
export function isPageFresh(page) {
  const { store, size, fromS, toS } = source(page);
  return store.isFresh(size, fromS, toS) && areBeatMarksFresh(...beatRange(...boundsUs(page)));
}

/** @param {Page} page */
export function loadPage(page) {
  const { store, size, fromS, toS } = source(page);
  const [fromUs, toUs] = boundsUs(page);
  return Promise.all([
    store.ensure(size, fromS, toS),
    ensureBeatMarks(...beatRange(fromUs, toUs)),
    ensureSpans(secondsOf(fromUs), secondsOf(toUs)),
  ]);
}

/**
 * A line with what is on it.
 * @typedef {{us: number, bins: import("../signal/envelopes.js").Bins[], beats: import("../strip/beat_marks.js").BeatMark[],
 *   spans: import("../base/state.js").Row[]}} Line
 */

/** @param {Page} page @returns {Line[]} */
export function linesOf(page) {
  const { store, size } = source(page);
  const { group } = leads[page.lead];
  const isShown = (row) => row.status !== "rejected" || state.showRejected || row.id === state.selection?.id;
  const spans = spansBetween(...boundsUs(page)).map(withDraft).filter(isShown);
  return Array.from({ length: page.n }, (_, i) => {
    const us = usOfLine(page.first + i, page.lineS);
    const endUs = usOfLine(page.first + i + 1, page.lineS);
    const [fromS, toS] = [us, endUs].map((at) => (at - group.t0_us) / 1e6);
    return {
      us,
      bins: toS > 0 ? store.between(size, fromS, toS) : [],
      beats: beatMarks(...beatRange(us, endUs)),
      spans: spans.filter((row) => row.start_us < endUs && Math.max(row.end_us, row.start_us + 1) > us),
    };
  });
}
