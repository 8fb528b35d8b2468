// Which span is being linked to what it rests on, and what is shown of links: known to whoever draws, before any edit.

import { say } from "../base/config.js";
import { state } from "../base/state.js";
import { hms } from "../base/time.js";
import { shortName } from "../paper/span_names.js";
import { standing } from "./edits.js";

/** @typedef {import("../base/state.js").Row} Row */

/** The span that is being linked. @type {string | null} */
let linkingId = null;

/** @param {string | null} id */
export const setLinking = (id) => void (linkingId = id);

/** The span that is being linked; null without one. @returns {Row | null} */
export function linkingRow() {
  const row = linkingId ? state.rows.get(linkingId) : null;
  if (row?.deleted) linkingId = null; // also when it is there again
  return row && linkingId ? standing(row) : null;
}

/** What a row is called in a sentence. @param {Row} row */
export const titleOf = (row) => `${shortName(row)} ${hms(row.start_us)}`;

export function linkingHint() {
  const row = linkingRow();
  return row ? say("link.hint", { what: titleOf(row), n: row.evidence.length }) : "";
}

/** Ids of what the selected span, or the one that is being linked, rests on. @returns {string[]} */
export function shownEvidence() {
  const row = linkingRow() ?? state.rows.get(state.selection?.kind === "span" ? state.selection.id : "");
  return row?.evidence ?? [];
}
