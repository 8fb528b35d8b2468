// Every edit on its way to the database, one after the other; nothing is shown as done before the server says so.
// What the server could not be given stays here (also over a reload), what somebody else changed becomes a conflict.

import { getJson, send } from "../base/api.js";
import { labelOfNumber, mainGroup, reader, say, stream } from "../base/config.js";
import { tell } from "../base/notice.js";
import { changed, keepRow, state } from "../base/state.js";
import { sampleOf, usOf, usOfSample } from "../base/time.js";
import { geometry } from "../paper/layout.js";
import { beatAt, refreshMarks } from "../paper/marks.js";
import { shownLeads } from "../paper/montage.js";
import { takeAlso } from "./aftermath.js";

/**
 * @typedef {import("../base/state.js").Row} Row
 * @typedef {{what: "revise" | "beat" | "add-span" | "add-beat" | "bulk" | "families", id: string | null, action: string, changes: any,
 *   expected: number | null, base: Row | null, body?: any, was?: any, undoes?: any, undone?: number, sinceMs: number, view: any,
 *   retried?: boolean}} Edit
 * undoes: the entry that it steps over; undone: the revision that it takes back, with what followed from it for other rows
 * @typedef {{deliver: (edit: Edit) => Promise<any>, finish: (edit: Edit, answer: any) => void,
 *   undoEntry: (edit: Edit, answer: any) => any, step?: (entry: any) => Partial<Edit>}} EditKind
 * @typedef {{id: string, what?: string, before?: any, after?: any, revision?: number, isWide?: boolean}} UndoEntry
 * revision: the one that it would take back; isWide: there is more to take back than this row's own fields
 * of edits that are of more than one row: `undoEntry` is null when there is nothing to undo, `step` undoes or redoes one
 */

const RETRY_S = 3;
const KEY = `rhythmark.edits.${stream.id}.${reader.login}`;
const CONTENT = ["label", "channel", "start_us", "end_us", "note", "severity", "certainty", "evidence"];
const FIELDS = [...CONTENT, "status", "deleted"];

/** Whether two values of a field are the same; those of evidence are lists. */
export const isSame = (one, other) => one === other || JSON.stringify(one) === JSON.stringify(other);

export const saving = {
  /** @type {Edit[]} */
  pending: [],
  /** @type {{edit: Edit, current: Row}[]} */
  conflicts: [],
  /** @type {UndoEntry[]} */
  undo: [],
  /** @type {UndoEntry[]} */
  redo: [],
  /** @type {number | null} */
  savedUs: null,
  /** Why the first pending edit waits. @type {string | null} */
  waiting: null,
  /** What the server refused last. @type {string | null} */
  refused: null,
  /** What the newest edit did, where that is not what is seen anyway. */
  told: "",
};

let isRunning = false;
/** The newest edit's end: an undo that is pressed before is meant for it. @type {Promise<any>} */
let last = Promise.resolve();
/** @type {Map<Edit, (row: Row | null) => void>} */
const settle = new Map();

/** @type {Map<string, EditKind>} */
const kinds = new Map();

/** @param {string} what @param {EditKind} kind */
export const registerEdits = (what, kind) => void kinds.set(what, kind);

function keep() {
  const { pending, conflicts, undo, redo } = saving;
  try {
    sessionStorage.setItem(KEY, JSON.stringify({ pending, conflicts, undo: undo.slice(-500), redo }));
  } catch {
    // several edits of a hundred thousand beats do not fit: they are sent, but do not outlive a reload
  }
  changed("saving");
}

/** What an earlier look at this page left behind. */
export function restoreEdits() {
  const kept = JSON.parse(sessionStorage.getItem(KEY) ?? "{}");
  Object.assign(saving, kept);
  for (const edit of saving.pending) edit.retried = true; // it may have arrived before the reload
  if (saving.pending.length) void run();
}

/** What was on the screen: goes into the history of the annotation. */
function viewOfNow() {
  const g = geometry();
  const leads = shownLeads().map((lead) => lead.channel.name);
  const { speed, pageS, gain, band, mainsHz, montage, view, blinded } = state;
  const paper = { speed_mm_s: speed, page_s: pageS, gain_mm_mv: gain, filter: band, mains_hz: mainsHz, montage, leads };
  return { proposals: !blinded, view, start_us: usOf(g.startS), end_us: usOf(g.endS), ...paper };
}

/** Says so where somebody tries to edit. @returns {boolean} whether a past state is looked at, which cannot be edited */
export function isPastRefused() {
  if (state.past) tell(say("past.readonly"));
  return state.past !== null;
}

/**
 * @param {Partial<Edit>} edit
 * @returns {Promise<any>} the row as saved (of other kinds the answer); null when it was refused or is in conflict
 */
export function submit(edit) {
  if (isPastRefused()) return Promise.resolve(null);
  if (!reader.may_write) {
    saving.refused = say("save.viewer");
    changed("saving");
    return Promise.resolve(null);
  }
  const whole = { id: null, action: "", changes: {}, expected: null, base: null, sinceMs: Date.now(), view: viewOfNow(), ...edit };
  saving.pending.push(/** @type {Edit} */ (whole));
  saving.refused = null;
  saving.told = "";
  keep();
  const done = new Promise((resolve) => settle.set(whole, resolve));
  last = done;
  void run();
  return done;
}

/** @param {Row} base as the reader saw it @param {string} action @param {any} [changes] */
export const revise = (base, action, changes = {}) =>
  submit({ what: "revise", id: base.id, action, changes, base, expected: base.revision });

/** A beat: one that nobody touched becomes a row with this edit. @param {import("../base/state.js").Beat} beat */
export async function reviseBeat(beat, action, changes = {}) {
  if (beat.id) {
    const row = state.rows.get(beat.id) ?? (await fetchRow(beat.id));
    return row ? revise(row, action, changes) : null;
  }
  const { sample, number, run_id: run } = beat;
  const body = { stream_id: stream.id, group_id: mainGroup.id, sample, number, run_id: run };
  const at = usOfSample(sample);
  const was = { label: labelOfNumber.get(number).code, start_us: at, end_us: at };
  return submit({ what: "beat", action, changes, body, was });
}

/** The current state of an annotation, into memory. @param {string} id @returns {Promise<Row | null>} */
export async function fetchRow(id) {
  const row = await getJson(`/api/spans/${id}`).catch(() => null);
  return row && keepRow(row);
}

/** Names what is added before it is sent: sent twice, because an answer was lost, it is still one. UUID version 4. */
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/** @param {number} startUs @param {number} endUs @param {string} label */
export const addSpan = (startUs, endUs, label) =>
  submit({
    what: "add-span",
    action: "add",
    body: { id: newId(), stream_id: stream.id, group_id: mainGroup.id, start_us: startUs, end_us: endUs, label, channel: null },
  });

/** @param {number} sample @param {string} label */
export const addBeat = (sample, label) =>
  submit({ what: "add-beat", action: "add", body: { id: newId(), stream_id: stream.id, group_id: mainGroup.id, sample, label } });

/** Steps wait for each other: what one takes back is told from what the one before left. @type {Promise<any>} */
let stepping = Promise.resolve();

/** @param {"undo" | "redo"} action */
function step(action) {
  stepping = Promise.all([last, stepping]).then(() => stepBack(action));
  return stepping;
}

export const undo = () => step("undo");
export const redo = () => step("redo");

/**
 * What taking back one revision alone would change: what it changed, but for what was changed again since.
 * @param {Row} row @param {{before: any, after: any}} entry of its history
 */
export function takenBack(row, { before, after }) {
  if (!before) return {}; // that it was added: deleting says so
  const fields = FIELDS.filter((field) => !isSame(before[field], after[field]) && isSame(row[field], after[field]));
  return Object.fromEntries(fields.map((field) => [field, before[field]]));
}

/** Takes back one revision, whatever came after it; itself an edit that can be undone. @param {Row} row @param {any} entry */
export const takeBack = (row, entry) =>
  submit({ what: "revise", id: row.id, action: "undo", changes: takenBack(row, entry), base: row, expected: row.revision, undone: entry.revision });

/** A row as it will stand when all that is on its way is saved. @param {Row} row @returns {Row} */
export const standing = (row) =>
  saving.pending.filter((edit) => edit.id === row.id).reduce((seen, edit) => ({ ...seen, ...edit.changes }), row);

/** Undo and redo are revisions of their own: the history only grows. Each takes back what one edit changed, and no more. */
async function stepBack(action) {
  const entry = saving[action].pop();
  if (!entry) return null;
  const kind = kinds.get(entry.what);
  if (kind?.step) return submit({ ...kind.step(entry), action, undoes: entry });
  const row = state.rows.get(entry.id) ?? (await fetchRow(entry.id));
  if (!row) {
    saving[action].push(entry); // not lost: pressed again it is tried again
    saving.refused = say("save.offline");
    changed("saving");
    return null;
  }
  const changes = takenBack(row, action === "undo" ? entry : { before: entry.after, after: entry.before });
  // of what it did to other rows, and of what the page never saw, the server knows
  if (Object.keys(changes).length || entry.isWide) {
    return submit({ what: "revise", id: row.id, action, changes, base: row, expected: row.revision, undoes: entry, undone: entry.revision });
  }
  saving.told = say("save.undo.nothing");
  keep();
  return null;
}

async function run() {
  if (isRunning) return;
  isRunning = true;
  while (saving.pending.length) {
    const edit = saving.pending[0];
    try {
      finish(edit, await deliver(edit));
    } catch (error) {
      if (error.mayRetry) {
        await wait(edit, error);
        continue;
      }
      if (error.status === 409 && error.body?.current) collide(edit, error.body.current);
      else refuse(edit, error);
    }
  }
  isRunning = false;
}

/** @param {Edit} edit @returns {Promise<any>} */
async function deliver(edit) {
  changed("saving");
  const kind = kinds.get(edit.what);
  if (kind) return kind.deliver(edit);
  const { action, changes, view } = edit;
  if (edit.what === "add-span") return send("POST", "/api/spans", { ...edit.body, view });
  if (edit.what === "add-beat") return send("POST", "/api/beats", { ...edit.body, view });
  if (edit.what === "beat") return send("POST", "/api/beats/machine", { ...edit.body, action, changes, view });
  const undone = edit.undone ? { undoes: edit.undone } : {};
  return send("PATCH", `/api/spans/${edit.id}`, { action, changes, view, ...undone }, edit.expected);
}

async function wait(edit, error) {
  saving.waiting = error.message;
  edit.retried = true;
  state.offline = error.status === 0;
  keep();
  await new Promise((resolve) => setTimeout(resolve, RETRY_S * 1000));
}

/** @param {Edit} edit @param {any} answer */
function finish(edit, answer) {
  saving.waiting = null;
  saving.savedUs = answer.updated_us;
  const kind = kinds.get(edit.what);
  remember(edit, kind ? kind.undoEntry(edit, answer) : entryOf(edit, answer), answer.revision);
  if (!kind) return finishRow(edit, answer);
  kind.finish(edit, answer);
  drop(edit, answer);
  changed("marks", "selection", "queue");
}

/** @param {Edit} edit @param {Row & {also?: Row[], n_left?: number}} answer */
function finishRow(edit, { also = [], n_left: left = 0, ...row }) {
  state.rows.set(row.id, row);
  saving.told = takeAlso(also, left, saving.pending.slice(1)) || saving.told;
  if (edit.what === "beat") nameBeat(edit.body.sample, row.id);
  for (const later of saving.pending.slice(1)) follow(later, edit, row);
  if (state.draft?.id === row.id) state.draft.base = row;
  drop(edit, row);
  if (row.kind === "beat" || row.kind === "pulse") {
    const at = sampleOf(row.start_us);
    const from = Math.min(at, edit.body?.sample ?? at, edit.base ? sampleOf(edit.base.start_us) : at);
    void refreshMarks(Math.max(from - 400, 0), Math.max(at, from) + 400).then(() => changed("marks", "beats"));
  }
  changed("marks", "selection", "queue");
}

/** It has a row from now on, also before the page has asked for it anew. */
function nameBeat(sample, id) {
  const beat = beatAt(sample);
  if (beat) beat.id = id;
}

/** A later edit of the same thing was made on what this one left, and takes back to it. @param {Edit} later @param {Edit} edit @param {Row} row */
function follow(later, edit, row) {
  const isSameBeat = edit.what === "beat" && later.what === "beat" && later.body.sample === edit.body.sample && later.body.run_id === edit.body.run_id;
  if (isSameBeat) Object.assign(later, { what: "revise", id: row.id });
  if (later.id === row.id) Object.assign(later, { expected: row.revision, base: row });
}

/** Whether it makes a machine beat a row, so that others can rest on it, and says nothing of it. @param {Edit} edit */
const isTouch = (edit) => edit.what === "beat" && edit.action === "link" && !Object.keys(edit.changes).length;

function remember(edit, entry, revision) {
  // what is stepped over next is the revision that this step made
  if (edit.undoes && edit.action === "undo") saving.redo.push({ ...edit.undoes, revision });
  else if (edit.undoes && edit.action === "redo") saving.undo.push({ ...edit.undoes, revision });
  else if (entry) {
    saving.undo.push(entry);
    saving.redo = [];
  }
}

/** What undoes and redoes an edit of one row: the fields that it may have changed. */
function entryOf(edit, row) {
  if (isTouch(edit)) return null;
  const fields = edit.action === "reset" ? FIELDS : [...Object.keys(edit.changes), "status", "deleted"];
  const content = (source) => Object.fromEntries(fields.map((field) => [field, source[field]]));
  const isWide = Boolean(row.also?.length);
  return { id: row.id, before: content(stateBefore(edit, row)), after: content(row), revision: row.revision, isWide };
}

/** What an undo goes back to. */
function stateBefore(edit, row) {
  if (edit.base) return edit.base;
  if (edit.what === "beat") {
    return { ...row, status: "proposed", deleted: false, note: "", severity: null, certainty: null, evidence: [], ...edit.was };
  }
  return { ...row, deleted: true };
}

function drop(edit, row) {
  saving.pending = saving.pending.filter((other) => other !== edit);
  settle.get(edit)?.(row);
  settle.delete(edit);
  keep();
}

/** @param {Edit} edit @param {Row} current */
function collide(edit, current) {
  // the answer to an earlier attempt was lost on the way
  const wasMine = edit.retried && current.revision === (edit.expected ?? 0) + 1 && current.updated_by === reader.login
    && Object.entries(edit.changes).every(([field, value]) => isSame(current[field], value));
  // a beat that somebody touched before has its row
  if (wasMine || isTouch(edit)) return finish(edit, current);
  state.rows.set(current.id, current);
  saving.waiting = null;
  edit.id = current.id;
  saving.conflicts.push({ edit, current });
  // what followed on the same thing waits for the same decision
  for (const later of saving.pending.slice(1).filter((other) => other.id === current.id)) {
    Object.assign(edit.changes, later.changes);
    edit.action = later.action;
    drop(later, null);
  }
  drop(edit, null);
  changed("marks", "selection", "queue");
}

/** @param {Edit} edit */
function refuse(edit, error) {
  saving.waiting = null;
  saving.refused = error.message;
  if (edit.undoes) (edit.action === "undo" ? saving.undo : saving.redo).push(edit.undoes);
  drop(edit, null);
  changed("marks", "selection", "queue");
}

/** What a conflict would leave if mine were used. @param {{edit: Edit, current: Row}} conflict */
export function mineOf({ edit, current }) {
  const seen = edit.base ?? current;
  const status = { confirm: "confirmed", reject: "rejected", ambiguous: "ambiguous", relabel: "corrected", move: "corrected" }[edit.action];
  return { ...seen, ...(status ? { status } : {}), ...edit.changes, deleted: edit.action === "delete" || edit.changes.deleted || false };
}

/** Both versions were looked at: the other's stands. @param {{edit: Edit, current: Row}} conflict */
export function takeTheirs(conflict) {
  saving.conflicts = saving.conflicts.filter((other) => other !== conflict);
  keep();
  changed("marks", "selection");
}

/** Mine becomes the newest revision, on top of theirs. @param {{edit: Edit, current: Row}} conflict */
export function takeMine(conflict) {
  const { edit } = conflict;
  const current = state.rows.get(conflict.current.id) ?? conflict.current;
  const mine = mineOf(conflict);
  takeTheirs(conflict);
  const content = Object.fromEntries(CONTENT.map((field) => [field, mine[field]]));
  const changes = { ...content, ...edit.changes };
  return submit({ what: "revise", id: current.id, action: edit.action, changes, base: current, expected: current.revision, undone: edit.undone });
}

addEventListener("beforeunload", (event) => {
  if (saving.pending.length || saving.conflicts.length) event.preventDefault();
});
