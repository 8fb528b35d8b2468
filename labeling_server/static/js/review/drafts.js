// An edge that is being moved: on the screen at once as moved, saved when the reader lets go.

import { groups, mainGroup, say } from "../base/config.js";
import { changed, selectedRow, state } from "../base/state.js";
import { exactUs, sampleOf, secondsOf, usOfSample } from "../base/time.js";
import { isPastRefused, revise, reviseBeat, saving } from "../edits/edits.js";
import { pageS } from "../paper/layout.js";
import { beatAt, ensureMarks, nearestBeat, refreshMarks } from "../paper/marks.js";
import { reveal } from "../strip/navigate.js";
import { repaint } from "../strip/paint.js";
import { selectedBeat } from "../strip/select.js";

const LEAST_US = 10000;
const IDLE_MS = 600;
/** A beat that is farther away is none that an edge belongs to, s. */
const SNAP_S = 5;

let idle = 0;
/** What was sent last: asked for again while it is on its way it is not sent twice. @type {{draft: any, done: Promise<any>}} */
let sent = { draft: null, done: Promise.resolve(null) };
/** While the pointer holds an edge it alone says when it lets go. */
let isHeld = false;

const groupOf = (row) => groups.find((group) => group.id === row.group_id) ?? mainGroup;

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

/** @param {boolean} held whether the pointer holds an edge */
export const holdEdge = (held) => void (isHeld = held);

export const hasEdge = () => state.edge !== null;

/** Puts the taken edge of the selected span on the sample nearest to a time; not saved yet. @param {number} us */
export function dragEdge(us) {
  const row = selectedRow();
  if (!row || !state.edge) return;
  const [first, last] = bounds();
  const base = state.draft?.base ?? row;
  const at = Math.min(Math.max(exactUs(us, groupOf(row)), first), last);
  const [start, end] = state.edge === "start"
    ? [Math.min(at, row.end_us - LEAST_US), row.end_us]
    : [row.start_us, Math.max(at, row.start_us + LEAST_US)];
  state.draft = { id: row.id, start_us: Math.round(start), end_us: Math.round(end), base };
  changed("saving", "draft");
  repaint();
}

/** The taken edge goes to the beat that is nearest to it. */
export async function snapEdge() {
  const { edge } = state;
  const row = selectedRow();
  if (!row || !edge) return;
  const at = edge === "start" ? row.start_us : row.end_us;
  await ensureMarks(secondsOf(at) - SNAP_S, secondsOf(at) + SNAP_S).catch(() => undefined);
  const beat = nearestBeat(sampleOf(at));
  if (state.edge !== edge || selectedRow()?.id !== row.id) return; // another one by now
  if (!beat || Math.abs(usOfSample(beat.sample) - at) > SNAP_S * 1e6) {
    saving.told = say("strip.edge.nobeat", { seconds: SNAP_S });
    return void changed("saving");
  }
  dragEdge(usOfSample(beat.sample));
  void commitDraft();
}

/** @param {number} ms how far, negative is left */
export function nudge(ms) {
  if (state.selection !== null && isPastRefused()) return;
  const beat = selectedBeat();
  if (beat) return void nudgeBeat(beat, Math.sign(ms));
  if (state.selection === null) return void nudgeCursor(ms);
  const row = selectedRow();
  if (!row) return;
  if (!state.edge) takeEdge("start");
  const byUs = Math.sign(ms) * Math.max(Math.abs(ms) * 1000, 1e6 / groupOf(row).fs_hz);
  dragEdge((state.edge === "start" ? row.start_us : row.end_us) + byUs);
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
  if (draft === sent.draft) return sent.done;
  const done = revise(draft.base, "move", { start_us: draft.start_us, end_us: draft.end_us });
  // the draft stays on the screen, dashed, until the database has it
  const settled = done.then((row) => {
    if (state.draft === draft) state.draft = null;
    repaint();
    changed("selection");
    return row;
  });
  sent = { draft, done: settled };
  return settled;
}

/** Of keys: what they moved is saved when Shift is let go. */
export const commitKeys = () => (isHeld ? Promise.resolve(null) : commitDraft());

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
