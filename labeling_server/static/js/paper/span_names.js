// What a span is called on the strip and in lists: its label, what is said of it, its lead.

import { say } from "../base/config.js";
import { goesOn } from "../base/state.js";

/** A free label is its comment's first words: no more than this of them, characters. */
const WORDS_LENGTH = 28;

/** @param {string} note */
function firstWords(note) {
  const line = note.trim().split("\n", 1)[0];
  if (line.length <= WORDS_LENGTH) return line;
  const cut = line.slice(0, WORDS_LENGTH + 1);
  return `${cut.slice(0, Math.max(cut.lastIndexOf(" "), WORDS_LENGTH / 2)).trim()}…`;
}

/** The label; of a free one what it says. @param {import("../base/state.js").Row} row */
export const labelOf = (row) => (row.label === "NOTE" && row.note.trim() ? firstWords(row.note) : row.label);

/** "AFIB ++ prob.", "STDEV · V5". @param {import("../base/state.js").Row} row */
export function shortName(row) {
  const grades = ["severity", "certainty"].filter((field) => row[field]).map((field) => say(`sign.${field}.${row[field]}`));
  return [[labelOf(row), ...grades].join(" "), row.channel].filter(Boolean).join(" · ");
}

/** As it stands on its bar. @param {import("../base/state.js").Row} row */
export function nameOf(row) {
  const name = goesOn(row) ? `${shortName(row)} …` : shortName(row);
  return row.signal_changed_us === null ? name : say("strip.changed", { label: name });
}
