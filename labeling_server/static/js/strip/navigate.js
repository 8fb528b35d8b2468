// Where the strip is. The old picture stays until the new one is in memory.

import { groups, mainGroup } from "../base/config.js";
import { steppedScale } from "../base/scale.js";
import { changed, selectedRow, state } from "../base/state.js";
import { secondsOf } from "../base/time.js";
import { CONTEXT_S, isFiltered } from "../paper/filters.js";
import { pageS, place, pxPerS, signalPx } from "../paper/layout.js";
import { ensureMarks, ensureSpans, hasMarks, hasSpans, showsBeats } from "../paper/marks.js";
import { EnvelopeStore, binSizeOf } from "../signal/envelopes.js";
import { SampleStore } from "../signal/samples.js";
import { paintFrom, repaint } from "./paint.js";

const SLOW_MS = 100;

/** @type {Map<number, SampleStore>} */
export const stores = new Map(groups.map((group) => [group.id, new SampleStore(group)]));
/** @type {Map<number, EnvelopeStore>} */
export const envelopes = new Map(groups.map((group) => [group.id, new EnvelopeStore(group)]));
paintFrom(stores, envelopes);

let newest = 0;
const headS = () => state.nextSample / mainGroup.fs_hz;
const firstS = () => state.firstSample / mainGroup.fs_hz;

/** Within the recording, with a little room after its end, unless all of it fits. */
function bounded(startS, page = pageS()) {
  const last = Math.max(headS() - page * (page < headS() - firstS() ? 0.5 : 1), firstS());
  return Math.min(Math.max(startS, firstS()), last);
}

/** Where the samples or bins of a group are, at a scale: its store, and what it asks for. */
function sourceOf(group, scale) {
  const size = binSizeOf(group.fs_hz / pxPerS(scale));
  const bins = envelopes.get(group.id);
  if (!size) return withContext(stores.get(group.id));
  return { has: (from, to) => bins.has(size, from, to), ensure: (from, to) => bins.ensure(size, from, to) };
}

/** What a filter has to see beside the page is asked for with it. */
function withContext(store) {
  if (!isFiltered()) return store;
  return {
    has: (from, to) => store.has(from - CONTEXT_S, to + CONTEXT_S),
    ensure: (from, to) => store.ensure(from - CONTEXT_S, to + CONTEXT_S),
  };
}

function isReady(from, to, scale) {
  const isMarked = showsBeats(pxPerS(scale)) ? hasMarks(from, to) : hasSpans(from, to);
  return isMarked && groups.every((group) => sourceOf(group, scale).has(from, to));
}

function load(from, to, scale = state) {
  const marks = showsBeats(pxPerS(scale)) ? ensureMarks(from, to) : ensureSpans(from, to);
  return Promise.all([marks, ...groups.map((group) => sourceOf(group, scale).ensure(from, to))]);
}

/**
 * Shows the strip from this second on; at once when it is in memory.
 * @param {number} startS @param {{follow?: boolean, scale?: import("../base/scale.js").TimeScale}} [how] another time scale
 */
export async function show(startS, { follow = false, scale = place() } = {}) {
  const { speed, pageS: chosenS } = scale; // as asked for, whatever is asked for meanwhile
  const page = pageS(scale);
  const target = follow ? startS : bounded(startS, page);
  const number = (newest += 1);
  state.wanted = { startS: target, speed, pageS: chosenS };
  if (!isReady(target, target + page, scale)) {
    const bar = setTimeout(() => (document.getElementById("loading").hidden = false), SLOW_MS);
    try {
      await load(target, target + page, { speed, pageS: chosenS });
    } catch {
      if (number === newest) state.wanted = null;
      return; // the status line says that the server does not answer; the old picture stays
    } finally {
      clearTimeout(bar);
      document.getElementById("loading").hidden = true;
    }
    if (number !== newest) return; // the reader went elsewhere meanwhile
  }
  state.wanted = null;
  Object.assign(state, { startS: target, follow, speed, pageS: chosenS });
  changed("view");
  repaint();
  fetchAhead();
}

/** What is shown may have grown: its bins and spans are asked for again where they have. */
export const refreshPage = () => load(state.startS, state.startS + pageS());

let ahead = 0;

/** The pages on both sides, when nothing else is to do; while the strip moves, of where it is by then. */
function fetchAhead() {
  if (ahead) return;
  ahead = setTimeout(() => {
    ahead = 0;
    const page = pageS();
    void load(Math.max(state.startS - 2 * page, 0), state.startS + 3 * page).catch(() => undefined);
  }, 30);
}

/** So that it is on screen the moment it is chosen. @param {import("../base/state.js").Row[]} rows */
export function fetchRows(rows) {
  for (const row of rows) {
    const startS = placed(row);
    void load(startS, startS + pageS()).catch(() => undefined);
  }
}

/** @param {number} pages may be a fraction, negative goes back */
export const pan = (pages) => show(place().startS + pages * pageS(place()));

/** The same place again, for what has to be fetched anew. */
export const showAgain = () => show(place().startS, { follow: state.follow });

export const showFirst = () => show(firstS());

/** The newest sample near the right edge; while the stream runs it stays there. */
export const followHead = () => show(Math.max(headS() - pageS() * 0.92, firstS()), { follow: state.endedUs === null });

/** With this second in the middle. @param {number} seconds */
export const showCentered = (seconds) => show(seconds - pageS(place()) / 2);

/** Start of the strip that shows a row best: all of it in the middle, or its start a fifth in when it is too long. */
function placed(row) {
  const [start, end] = [secondsOf(row.start_us), secondsOf(row.end_us)];
  const page = pageS(place());
  return bounded(end - start < page * 0.8 ? (start + end - page) / 2 : start - page * 0.2);
}

/** @param {import("../base/state.js").Row} row */
export const showRow = (row) => show(placed(row));

/** Moves only when the second is not well inside the strip. @param {number} seconds */
export function reveal(seconds) {
  const inside = (seconds - state.startS) / pageS();
  if (inside < 0.03 || inside > 0.97) return showCentered(seconds);
  changed("view");
  repaint();
  return Promise.resolve();
}

/**
 * Another time scale around a second, which stays where it is on the screen.
 * @param {import("../base/scale.js").TimeScale} scale @param {number} [atS] the cursor's when left out
 */
export async function rescale(scale, atS = cursorS()) {
  const share = Math.min(Math.max((atS - place().startS) / pageS(place()), 0), 1);
  const page = pageS(scale);
  const isFollowing = state.follow;
  const startS = isFollowing ? Math.max(headS() - page * 0.92, firstS()) : atS - share * page;
  const shown = show(startS, { follow: isFollowing, scale });
  if (state.wanted) state.wanted.anchorS = atS; // the next step is around the same second
  await shown;
  if (state.cursorS !== null && state.pageS === scale.pageS) state.cursorS = Math.max(atS - state.startS, 0);
  repaint();
}

/** Where the cursor is, or will be, s; the middle where it has no place. */
const cursorS = () => state.wanted?.anchorS ?? place().startS + Math.min(state.cursorS ?? Infinity, pageS(place()) / (state.cursorS === null ? 2 : 1));

/** Faster (1) or slower (-1) by one step. @param {1 | -1} by @param {number} [atS] */
export const stepScale = (by, atS) => rescale(steppedScale(place(), by, signalPx(), wholeS()), atS);

/** Length of the recording, s. */
export const wholeS = () => Math.max(headS() - firstS(), 1);

/** All of the recording on the page, and back to the speed of paper. */
export const toggleWhole = () => rescale({ speed: place().speed, pageS: place().pageS === null ? wholeS() : null });

/** After a change of size: what was under the cursor stays there. @param {() => void} change */
export function keepingCursor(change) {
  const share = state.cursorS === null ? 0.5 : Math.min(state.cursorS / pageS(), 1);
  const at = state.startS + share * pageS();
  change();
  if (state.cursorS !== null) state.cursorS = share * pageS();
  return state.follow ? followHead() : show(at - share * pageS());
}

/** Where the selected thing is, seconds; null without one. */
export function selectedSeconds() {
  if (state.selection?.kind === "beat") return state.selection.sample / mainGroup.fs_hz;
  const row = selectedRow();
  return row ? secondsOf(row.start_us) : null;
}
