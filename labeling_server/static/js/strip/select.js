// The selected thing: always one, visible in all views and in the address.

import { mainGroup } from "../base/config.js";
import { changed, state } from "../base/state.js";
import { usOf } from "../base/time.js";
import { fetchRow } from "../edits/edits.js";
import { isBeatHidden, isHidden } from "../paper/blind.js";
import { beatAt, spansBetween } from "../paper/marks.js";
import { keepAddress } from "./address.js";
import { fetchRows, reveal, showRow } from "./navigate.js";
import { repaint } from "./paint.js";

const AHEAD = 3;

/** @param {import("../base/state.js").Selection | null} selection */
function set(selection) {
  state.selection = selection;
  state.edge = null;
  state.draft = null;
  keepAddress();
  changed("selection");
  repaint();
}

export const deselect = () => set(null);

/** A span, and the strip goes where it is; done when it is there. @param {import("../base/state.js").Row} row @returns {Promise<void>} */
export function selectRow(row, { move = true } = {}) {
  state.rows.set(row.id, row);
  if (isHidden(row)) return Promise.resolve();
  set({ kind: "span", id: row.id });
  const shown = move ? showRow(row) : Promise.resolve();
  const at = state.queue.findIndex((other) => other.id === row.id);
  if (at >= 0) {
    state.place = { id: row.id, index: at };
    fetchRows(state.queue.slice(at + 1, at + 1 + AHEAD));
  }
  return shown;
}

/** @param {import("../base/state.js").Beat} beat */
export function selectBeat(beat) {
  if (isBeatHidden(beat)) return;
  set({ kind: "beat", sample: beat.sample });
  if (beat.id && !state.rows.has(beat.id)) void fetchRow(beat.id).then(() => changed("selection"));
  void reveal(beat.sample / mainGroup.fs_hz);
}

/** The selected beat; null when none is, or when it is gone. */
export const selectedBeat = () => (state.selection?.kind === "beat" ? beatAt(state.selection.sample) : null);

/** The next of the queue after the selected one (or before it). @param {1 | -1} by */
export function selectQueued(by) {
  const { queue, selection, place } = state;
  if (!queue.length || state.blinded) return;
  const at = queue.findIndex((row) => row.id === selection?.id);
  // what was decided has left the queue: the next one stands in its place
  const from = at >= 0 ? at + by : (place?.index ?? 0) + (by > 0 ? 0 : -1);
  const next = Math.min(Math.max(from, 0), queue.length - 1);
  selectRow(state.rows.get(queue[next].id) ?? queue[next]);
}

/** Row of the queue that follows one that is about to be decided. @param {string} id */
export function rowAfter(id) {
  if (state.blinded) return null;
  const at = state.queue.findIndex((row) => row.id === id);
  if (at >= 0) return state.queue[at + 1] ?? state.queue[at - 1] ?? null;
  return state.place?.id === id ? (state.queue[state.place.index] ?? null) : null;
}

/** The span that covers a second, the shortest of them; null without one. @param {number} seconds */
export function spanAt(seconds) {
  const us = usOf(seconds);
  const found = spansBetween(us, us + 1).filter((row) => row.status !== "rejected" || state.showRejected);
  return found.sort((a, b) => a.end_us - a.start_us - (b.end_us - b.start_us))[0] ?? null;
}

/** The next span in time after the selected one or the cursor. @param {1 | -1} by @param {number} fromUs */
export function neighbourSpan(by, fromUs) {
  const rows = [...state.rows.values()]
    .filter((row) => row.kind !== "beat" && !row.deleted && !isHidden(row) && (row.status !== "rejected" || state.showRejected))
    .sort((a, b) => a.start_us - b.start_us || a.id.localeCompare(b.id));
  const at = rows.findIndex((row) => row.id === state.selection?.id);
  if (at >= 0) return rows[at + by] ?? null;
  return by > 0 ? (rows.find((row) => row.start_us >= fromUs) ?? null) : (rows.filter((row) => row.start_us < fromUs).at(-1) ?? null);
}
