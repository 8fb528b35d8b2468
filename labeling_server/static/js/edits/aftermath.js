// What an edit changed beside its own row, because decided spans of an exclusive layer must not overlap: taken in, and told.

import { say } from "../base/config.js";
import { state } from "../base/state.js";
import { isDecided, piecesText } from "./overlaps.js";

/**
 * @typedef {import("../base/state.js").Row} Row
 * @typedef {import("./edits.js").Edit} Edit
 * @typedef {import("./overlaps.js").Piece} Piece
 * @typedef {[number, number]} Range half-open, microseconds
 */

/**
 * Other rows as they stand now, into memory; edits of them that wait follow on what they are now.
 * @param {Row[]} also @param {number} left how many an undo could not put back @param {Edit[]} pending
 * @returns {string} what happened to them, in words; empty when nothing did
 */
export function takeAlso(also, left, pending) {
  const known = also.map((row) => state.rows.get(row.id) ?? null);
  also.forEach((row) => {
    state.rows.set(row.id, row);
    for (const edit of pending) if (edit.id === row.id && edit.what === "revise") follow(edit, row);
    if (state.draft?.id === row.id) {
      Object.assign(state.draft, unmoved(state.draft, state.draft.base, row));
      state.draft.base = row;
    }
  });
  return told(also, known, left);
}

/** @param {Edit} edit @param {Row} row */
function follow(edit, row) {
  if (edit.base) Object.assign(edit.changes, unmoved(edit.changes, edit.base, row));
  Object.assign(edit, { base: row, expected: row.revision });
}

/** Bounds that the reader has left as they were are those of the row now. */
function unmoved(bounds, base, row) {
  return Object.fromEntries(["start_us", "end_us"].filter((edge) => bounds[edge] === base[edge] && edge in bounds).map((edge) => [edge, row[edge]]));
}

/** "cut AFIB 12:03:10–12:05:00; Ctrl+Z undoes". @param {Row[]} also @param {(Row | null)[]} known as they were */
function told(also, known, left) {
  const pairs = also.map((now, i) => ({ now, was: known[i] }));
  const codes = [...new Set(also.map((row) => row.label))];
  const pieces = codes.map((label) => changeOf(label, pairs.filter(({ now }) => now.label === label)));
  const [lost, back] = [pieces.flatMap((piece) => piece.lost), pieces.flatMap((piece) => piece.back)];
  const parts = [
    ...(lost.length ? [say("cuts.done", { what: piecesText(lost) })] : []),
    ...(back.length ? [say("cuts.back", { what: piecesText(back) })] : []),
    ...(left ? [say("cuts.left", { n: left })] : []),
  ];
  return parts.join("; ");
}

/** Where a label no longer stands, and where it stands again. @returns {{lost: Piece[], back: Piece[]}} */
function changeOf(label, pairs) {
  // a second part is new to the page; what else it never saw has bounds that nobody can tell
  const unseen = pairs.filter(({ now, was }) => !was && now.revision > 1);
  const seen = pairs.filter((pair) => !unseen.includes(pair));
  const before = seen.flatMap(({ was }) => rangeOf(was));
  const after = seen.flatMap(({ now }) => rangeOf(now));
  const pieces = (ranges) => ranges.map(([startUs, endUs]) => ({ label, startUs, endUs }));
  const unknown = unseen.length ? [{ label, startUs: null, endUs: null }] : [];
  return { lost: [...pieces(less(before, after)), ...unknown], back: pieces(less(after, before)) };
}

/** @param {Row | null} row @returns {Range[]} */
const rangeOf = (row) => (row && isDecided(row) ? [[row.start_us, row.end_us]] : []);

/** What of some ranges lies in none of the others. @param {Range[]} ranges @param {Range[]} others @returns {Range[]} */
function less(ranges, others) {
  let left = ranges;
  for (const [from, to] of others) {
    left = left.flatMap(([start, end]) => /** @type {Range[]} */ ([[start, Math.min(end, from)], [Math.max(start, to), end]]).filter(([a, b]) => a < b));
  }
  return left.sort((a, b) => a[0] - b[0]);
}
