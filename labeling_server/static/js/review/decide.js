// What a reader decides about the selected thing.

import { labels } from "../base/config.js";
import { changed, state } from "../base/state.js";
import { exactUs, sampleOf, usOf } from "../base/time.js";
import { addBeat, addSpan, fetchRow, revise, reviseBeat, saving } from "../edits/edits.js";
import { cursorSeconds } from "../paper/layout.js";
import { beatAt, neighbourBeat, refreshMarks } from "../paper/marks.js";
import { repaint } from "../strip/paint.js";
import { rowAfter, selectBeat, selectRow, selectedBeat } from "../strip/select.js";
import { openPalette } from "../windows/palette.js";
import { focusComment } from "../windows/panels.js";
import { commitDraft } from "./drafts.js";

const LEAST_SPAN_US = 10000;
/** The label whose comment is what it says. */
const FREE = "NOTE";

/** A beat on its way into the database. @type {Promise<void> | null} */
let inserting = null;

/** The row that edits build on: as the database has it, with what was just moved on its way. */
export function base() {
  void commitDraft();
  return state.selection?.kind === "span" ? (state.rows.get(state.selection.id) ?? null) : null;
}

/** @param {"confirm" | "reject" | "ambiguous" | "delete"} action */
export function decide(action) {
  const beat = selectedBeat();
  if (beat) return decideBeat(beat, action);
  const row = base();
  if (!row) return null;
  const next = rowAfter(row.id);
  // a person confirms the bounds that stand on the screen, also of a span that the machine goes on extending
  const isPending = saving.pending.some((edit) => edit.id === row.id);
  const seen = action === "confirm" && !isPending ? { start_us: row.start_us, end_us: row.end_us } : {};
  const done = revise(row, action, seen);
  if (next) selectRow(state.rows.get(next.id) ?? next);
  return done;
}

async function decideBeat(beat, action) {
  const next = action === "ambiguous" ? null : neighbourBeat(beat.sample, 1);
  const done = reviseBeat(beat, action);
  if (next) selectBeat(next);
  return done;
}

/** @param {string} code */
export async function relabel(code) {
  await inserting;
  const beat = selectedBeat();
  const kind = labels.get(code)?.kind;
  if (beat) {
    if (kind !== "beat") return null;
    await commitDraft();
    const row = await reviseBeat(beatAt(state.selection?.sample) ?? beat, "relabel", { label: code });
    repaint();
    return row;
  }
  const row = base();
  if (!row || kind === "beat" || kind === "pulse") return null;
  const done = revise(row, "relabel", { label: code });
  if (code === FREE) focusComment();
  return done;
}

/** @param {string} note */
export function comment(note) {
  const beat = selectedBeat();
  if (beat) return reviseBeat(beat, "note", { note });
  const row = base();
  return row ? revise(row, "note", { note }) : null;
}

/** One after the other: each adds to what the one before left. @type {Promise<any>} */
let commenting = Promise.resolve();

/** A line more of the comment on what is selected now. @param {string} line @returns {Promise<import("../base/state.js").Row | null>} */
export function appendComment(line) {
  const { selection } = state;
  void commitDraft();
  const done = commenting.then(() => (selection?.kind === "beat" ? appendToBeat(selection.sample, line) : appendToRow(state.rows.get(selection?.id), line)));
  commenting = done.catch(() => null);
  return done;
}

const withLine = (note, line) => ({ note: note ? `${note}\n${line}` : line });

const appendToRow = (row, line) => (row ? revise(row, "note", withLine(row.note, line)) : null);

async function appendToBeat(sample, line) {
  const beat = beatAt(sample);
  if (!beat) return null;
  const row = beat.id ? (state.rows.get(beat.id) ?? (await fetchRow(beat.id))) : null;
  const noted = await reviseBeat(beat, "note", withLine(row?.note, line));
  // a machine beat has a row by now, which the next line belongs to
  if (noted) await refreshMarks(sample - 10, sample + 10);
  return noted;
}

/** First the start of a new span at the cursor, then its end and its label. */
export function mark() {
  const at = exactUs(usOf(cursorSeconds()));
  if (state.markUs === null) {
    state.markUs = at;
  } else {
    const [start, end] = [Math.min(state.markUs, at), Math.max(state.markUs, at)];
    // the marks stay until the label is chosen: Esc in the palette leads back to the end mark
    if (end - start >= LEAST_SPAN_US) openPalette("span", (code) => void added(start, end, code));
  }
  changed("saving", "selection");
  repaint();
}

/** Without a second mark: Esc. */
export function dropMark() {
  const had = state.markUs !== null;
  state.markUs = null;
  changed("saving");
  repaint();
  return had;
}

async function added(startUs, endUs, code) {
  state.markUs = null;
  const row = await addSpan(startUs, endUs, code);
  if (!row) return;
  selectRow(row, { move: false });
  if (code === FREE) focusComment();
}

/** A normal beat at the cursor; the next key gives it another label, also when it is pressed before the beat is saved. */
export function insertBeat() {
  const at = Math.round(sampleOf(usOf(cursorSeconds())));
  const sample = Math.min(Math.max(at, state.firstSample), state.nextSample - 1);
  state.selection = { kind: "beat", sample };
  inserting = insert(sample).finally(() => (inserting = null));
  return inserting;
}

async function insert(sample) {
  const row = await addBeat(sample, "N");
  if (!row) return;
  await refreshMarks(sample - 10, sample + 10);
  const beat = beatAt(sample);
  if (beat && state.selection?.kind === "beat" && state.selection.sample === sample) selectBeat(beat);
}
