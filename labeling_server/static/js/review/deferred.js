// "Later" is no answer: what was put off stands at the end of this reader's queue for this visit, and nothing is written.

import { reader, say, stream } from "../base/config.js";
import { changed, state } from "../base/state.js";
import { saving } from "../edits/edits.js";
import { selectRow } from "../strip/select.js";
import { commitDraft } from "./drafts.js";

const KEY = `rhythmark.later.${stream.id}.${reader.login}`;

/** Ids in the order in which they were put off. @type {Set<string>} */
const later = new Set(JSON.parse(sessionStorage.getItem(KEY) ?? "[]"));

/** @param {string} id */
export const isDeferred = (id) => later.has(id);

/** A queue with what was put off behind the rest of it. @param {import("../base/state.js").Row[]} rows */
export function inOrder(rows) {
  const byId = new Map(rows.map((row) => [row.id, row]));
  return [...rows.filter((row) => !later.has(row.id)), ...[...later].map((id) => byId.get(id)).filter(Boolean)];
}

/** Puts the selected proposal to the end of the queue; what followed it is selected. */
export function defer() {
  const at = state.queue.findIndex((row) => row.id === state.selection?.id);
  if (at < 0) {
    saving.told = say("queue.later.none");
    changed("saving");
    return;
  }
  void commitDraft();
  const { id } = state.queue[at];
  const next = state.queue[at + 1] ?? state.queue[0];
  later.delete(id); // put off again it is behind all others again
  later.add(id);
  sessionStorage.setItem(KEY, JSON.stringify([...later]));
  state.queue = inOrder(state.queue);
  changed("queue");
  selectRow(state.rows.get(next.id) ?? next);
}
