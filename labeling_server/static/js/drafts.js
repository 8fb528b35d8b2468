// An edge that is being moved: on the screen at once as moved, saved when the reader lets go.

import { revise, reviseBeat, saving } from "./edits.js";
import { pageS } from "./layout.js";
import { beatAt, refreshMarks } from "./marks.js";
import { reveal } from "./navigate.js";
import { repaint } from "./paint.js";
import { changed, selectedRow, state } from "./state.js";
import { selectedBeat } from "./select.js";
import { secondsOf, usOfSample } from "./time.js";

const LEAST_US = 10000;
const IDLE_MS = 600;

let idle = 0;

/** Bounds of the recording, microseconds. */
const bounds = () => [usOfSample(state.firstSample), usOfSample(state.nextSample)];

/** @param {"start" | "end"} edge */
export function takeEdge(edge) {
  const row = selectedRow();
  if (!row || row.kind === "beat") return;
  state.edge = edge;
  void reveal(secondsOf(edge === "start" ? row.start_us : row.end_us));
  changed("selection");
}

/** Puts the taken edge of the selected span somewhere; not saved yet. @param {number} us */
export function dragEdge(us) {
  const row = selectedRow();
  if (!row || !state.edge) return;
  const [first, last] = bounds();
  const base = state.draft?.base ?? row;
  const at = Math.min(Math.max(us, first), last);
  const [start, end] = state.edge === "start"
    ? [Math.min(at, row.end_us - LEAST_US), row.end_us]
    : [row.start_us, Math.max(at, row.start_us + LEAST_US)];
  state.draft = { id: row.id, start_us: Math.round(start), end_us: Math.round(end), base };
  changed("saving", "draft");
  repaint();
}

/** @param {number} ms how far, negative is left */
export function nudge(ms) {
  const beat = selectedBeat();
  if (beat) return void nudgeBeat(beat, Math.sign(ms));
  if (state.selection === null) return void nudgeCursor(ms);
  const row = selectedRow();
  if (!row) return;
  if (!state.edge) takeEdge("start");
  dragEdge((state.edge === "start" ? row.start_us : row.end_us) + ms * 1000);
  const moved = selectedRow();
  void reveal(secondsOf(state.edge === "start" ? moved.start_us : moved.end_us));
  clearTimeout(idle);
  idle = setTimeout(commitDraft, IDLE_MS);
}

function nudgeCursor(ms) {
  state.cursorS = Math.max((state.cursorS ?? pageS() / 2) + ms / 1000, 0);
  repaint();
}

function nudgeBeat(beat, by) {
  const to = Math.min(Math.max((state.beatDraft?.to ?? beat.sample) + by, state.firstSample), state.nextSample - 1);
  state.beatDraft = { from: beat.sample, to };
  changed("saving", "selection");
  repaint();
  clearTimeout(idle);
  idle = setTimeout(commitDraft, IDLE_MS);
}

async function commitBeat({ from, to }) {
  const beat = beatAt(from);
  const at = usOfSample(to);
  const row = beat && from !== to ? await reviseBeat(beat, "move", { start_us: at, end_us: at }) : null;
  if (row) await refreshMarks(Math.min(from, to) - 10, Math.max(from, to) + 10);
  state.beatDraft = null;
  if (row && state.selection?.kind === "beat" && state.selection.sample === from) state.selection = { kind: "beat", sample: to };
  changed("selection", "marks");
  repaint();
  return row;
}

/** What was moved becomes an edit. */
export function commitDraft() {
  clearTimeout(idle);
  const { draft, beatDraft } = state;
  if (beatDraft) return commitBeat(beatDraft);
  if (!draft) return Promise.resolve(null);
  const done = revise(draft.base, "move", { start_us: draft.start_us, end_us: draft.end_us });
  // the draft stays on the screen, dashed, until the database has it
  return done.then((row) => {
    if (state.draft === draft) state.draft = null;
    repaint();
    changed("selection");
    return row;
  });
}

/** Esc while moving: back to what the database has. */
export function dropDraft() {
  clearTimeout(idle);
  const had = state.draft !== null && !saving.pending.some((edit) => edit.id === state.draft?.id);
  const hadBeat = state.beatDraft !== null;
  state.draft = null;
  state.beatDraft = null;
  repaint();
  changed("saving", "selection");
  return had || hadBeat;
}

export const hasDraft = () => state.draft !== null || state.beatDraft !== null;
