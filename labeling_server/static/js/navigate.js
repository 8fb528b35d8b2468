// Where the strip is. The old picture stays until the new one is in memory.

import { groups, mainGroup } from "./config.js";
import { pageS } from "./layout.js";
import { ensureMarks, hasMarks } from "./marks.js";
import { paintFrom, repaint } from "./paint.js";
import { SampleStore } from "./samples.js";
import { changed, selectedRow, state } from "./state.js";
import { secondsOf, usOf } from "./time.js";

const SLOW_MS = 100;

/** @type {Map<number, SampleStore>} */
export const stores = new Map(groups.map((group) => [group.id, new SampleStore(group)]));
paintFrom(stores);

let newest = 0;

const headS = () => state.nextSample / mainGroup.fs_hz;
const firstS = () => state.firstSample / mainGroup.fs_hz;

/** Within the recording, with a little room after its end. */
function bounded(startS) {
  const last = Math.max(headS() - pageS() * 0.5, firstS());
  return Math.min(Math.max(startS, firstS()), last);
}

const isReady = (from, to) => hasMarks(from, to) && [...stores.values()].every((store) => store.has(from, to));

function load(from, to) {
  return Promise.all([ensureMarks(from, to), ...[...stores.values()].map((store) => store.ensure(from, to))]);
}

/**
 * Shows the strip from this second on; at once when it is in memory.
 * @param {number} startS @param {{follow?: boolean, smooth?: boolean}} [how]
 */
export async function show(startS, { follow = false } = {}) {
  const target = follow ? startS : bounded(startS);
  const number = (newest += 1);
  if (!isReady(target, target + pageS())) {
    const bar = setTimeout(() => (document.getElementById("loading").hidden = false), SLOW_MS);
    try {
      await load(target, target + pageS());
    } catch {
      return; // the status line says that the server does not answer; the old picture stays
    } finally {
      clearTimeout(bar);
      document.getElementById("loading").hidden = true;
    }
    if (number !== newest) return; // the reader went elsewhere meanwhile
  }
  state.startS = target;
  state.follow = follow;
  changed("view");
  repaint();
  fetchAhead(target);
}

let ahead = 0;

/** The pages on both sides, when nothing else is to do. */
function fetchAhead(startS) {
  clearTimeout(ahead);
  ahead = setTimeout(() => {
    const page = pageS();
    void load(Math.max(startS - 2 * page, 0), startS + 3 * page).catch(() => undefined);
  }, 30);
}

/** So that it is on screen the moment it is chosen. @param {import("./state.js").Row[]} rows */
export function fetchRows(rows) {
  for (const row of rows) {
    const startS = placed(row);
    void load(startS, startS + pageS()).catch(() => undefined);
  }
}

/** @param {number} pages may be a fraction, negative goes back */
export const pan = (pages) => show(state.startS + pages * pageS());

export const showFirst = () => show(firstS());

/** The newest sample near the right edge; while the stream runs it stays there. */
export const followHead = () => show(Math.max(headS() - pageS() * 0.92, firstS()), { follow: state.endedUs === null });

/** With this second in the middle. @param {number} seconds */
export const showCentered = (seconds) => show(seconds - pageS() / 2);

/** Start of the strip that shows a row best: all of it in the middle, or its start a fifth in when it is too long. */
function placed(row) {
  const [start, end] = [secondsOf(row.start_us), secondsOf(row.end_us)];
  const page = pageS();
  return bounded(end - start < page * 0.8 ? (start + end - page) / 2 : start - page * 0.2);
}

/** @param {import("./state.js").Row} row */
export const showRow = (row) => show(placed(row));

/** Moves only when the second is not well inside the strip. @param {number} seconds */
export function reveal(seconds) {
  const inside = (seconds - state.startS) / pageS();
  if (inside < 0.03 || inside > 0.97) return showCentered(seconds);
  changed("view");
  repaint();
  return Promise.resolve();
}

/** After a change of speed: what was under the cursor stays there. @param {() => void} change */
export function keepingCursor(change) {
  const share = state.cursorS === null ? 0.5 : Math.min(state.cursorS / pageS(), 1);
  const at = state.startS + share * pageS();
  change();
  if (state.cursorS !== null) state.cursorS = share * pageS();
  return state.follow ? followHead() : show(at - share * pageS());
}

/** The address of the page is where it is and what is selected, so that it can be sent to a colleague. */
export function keepAddress() {
  const query = new URLSearchParams();
  query.set("at", String(usOf(state.startS)));
  if (state.view !== "strip") query.set("view", state.view);
  if (state.selection?.kind === "span") query.set("annotation", state.selection.id);
  if (state.selection?.kind === "beat") query.set("beat", String(state.selection.sample));
  history.replaceState(null, "", `${location.pathname}?${query}`);
}

/** Where the selected thing is, seconds; null without one. */
export function selectedSeconds() {
  if (state.selection?.kind === "beat") return state.selection.sample / mainGroup.fs_hz;
  const row = selectedRow();
  return row ? secondsOf(row.start_us) : null;
}
