// Who did what to an annotation: fetched once a revision, told in a few words.

import { getList } from "../base/api.js";
import { say } from "../base/config.js";
import { state } from "../base/state.js";
import { duration, hms } from "../base/time.js";
import { differences } from "./describe.js";

/**
 * @typedef {{kind: string, label: string, channel: string | null, start_us: number, end_us: number, status: string,
 *   deleted: boolean, note: string}} Content
 * @typedef {{revision: number, action: string, login: string, at_us: number, before: Content | null, after: Content,
 *   view: Object<string, any>, bulk_id: string | null, cause_id?: string | null, cause_action?: string | null,
 *   split_from?: string | null}} Entry
 */

const MOST_KEPT = 100;

/** By "id/revision": what came, and what was asked for. @type {Map<string, {entries: Entry[], asked: Promise<Entry[]>}>} */
const kept = new Map();

const keyOf = (row) => `${row.id}/${row.revision}`;

/** What is here of it by now, oldest first. @param {import("../base/state.js").Row} row @returns {Entry[]} */
export const historyHere = (row) => kept.get(keyOf(row))?.entries ?? [];

/** Whether it was asked for. @param {import("../base/state.js").Row} row */
export const hasHistory = (row) => row.revision === 0 || kept.has(keyOf(row));

/** Oldest first; empty where no person touched it. @param {import("../base/state.js").Row} row @returns {Promise<Entry[]>} */
export function historyOf(row) {
  if (row.revision === 0) return Promise.resolve([]);
  const key = keyOf(row);
  if (!kept.has(key)) kept.set(key, { entries: [], asked: ask(row.id, key) });
  while (kept.size > MOST_KEPT) kept.delete(kept.keys().next().value);
  return kept.get(key).asked;
}

async function ask(id, key) {
  try {
    const entries = await getList(`/api/spans/${id}/history`);
    if (kept.has(key)) kept.get(key).entries = entries;
    return entries;
  } catch (error) {
    kept.delete(key); // it is asked for again
    throw error;
  }
}

const signed = (us) => `${us < 0 ? "−" : "+"}${duration(Math.abs(us))}`;

/** "relabel VT → VCOUPLET". @param {Entry} entry */
export function told(entry) {
  const { action, before, after, bulk_id: bulk } = entry;
  if (!before) return because(entry, `${action} ${after.label}`);
  const parts = [];
  if (before.label !== after.label) parts.push(`${before.label} → ${after.label}`);
  if (before.start_us !== after.start_us) parts.push(`start ${signed(after.start_us - before.start_us)}`);
  if (before.end_us !== after.end_us && after.end_us !== after.start_us) parts.push(`end ${signed(after.end_us - before.end_us)}`);
  parts.push(...differences(before, after));
  if (before.status !== after.status) parts.push(say(`status.${after.status}`));
  const what = `${action}${parts.length ? `: ${parts.join(", ")}` : ""}`;
  return bulk ? say("selection.history.bulk", { what }) : because(entry, what);
}

/** Why, where it followed from what was done to another span. @param {Entry} entry @param {string} what */
function because({ cause_id: id, cause_action: did, split_from: whole }, what) {
  const cause = state.rows.get(id);
  const isErased = did === "erase";
  const why = isErased ? say("selection.history.erased", { what }) : cause ? say("selection.history.cause", { what, label: cause.label, time: hms(cause.start_us) }) : what;
  return id && whole ? say("selection.history.part", { what: why }) : why;
}
