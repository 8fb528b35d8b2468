// How severe, how certain, in which lead: what is said of the selected thing beside its label, by key or by button.

import { groups, mainGroup, reader, say, words } from "../base/config.js";
import { h, keyCap } from "../base/dom.js";
import { state } from "../base/state.js";
import { isSame, revise, reviseBeat, saving, standing } from "../edits/edits.js";
import { selectedBeat } from "../strip/select.js";
import { keyNow } from "../windows/bindings.js";
import { base } from "./decide.js";

/** @typedef {"severity" | "certainty"} Field */

/** @param {Field} field @param {string | null} word null takes back what was said */
function describe(field, word) {
  const beat = selectedBeat();
  if (beat) return reviseBeat(beat, "describe", { [field]: word });
  const row = base();
  return row ? revise(row, "describe", { [field]: word }) : null;
}

/** The word that is said of what is selected, or is on its way. @param {Field} field @returns {string | null} */
function wordOf(field) {
  const beat = selectedBeat();
  const row = state.rows.get(beat ? beat.id : state.selection?.id);
  if (row) return standing(row)[field];
  // a beat that nobody touched has no row before its first edit is saved
  const waiting = saving.pending.filter((edit) => edit.what === "beat" && edit.body.sample === beat?.sample);
  return Object.assign({}, ...waiting.map((edit) => edit.changes))[field] ?? null;
}

/** The next word, and after the last none. @param {Field} field */
export function stepWord(field) {
  if (!state.selection) return null;
  return describe(field, words[field][words[field].indexOf(wordOf(field)) + 1] ?? null);
}

/** A row of words of which one may be said; pressed again it is not. @param {import("../base/state.js").Row | null} row */
export function describeControls(row) {
  if (!reader.may_write && !row?.severity && !row?.certainty) return null;
  const line = (field, key) => h(
    "div", { class: "word-line", role: "group", "aria-label": say(`selection.${field}`) },
    h("h3", {}, say(`selection.${field}`), reader.may_write ? keyCap(key) : null),
    h("div", { class: "words" }, ...words[field].map((word) => wordButton(field, word, row?.[field] === word))),
  );
  return h("section", { class: "described" }, line("severity", keyNow("severity", "$")), line("certainty", keyNow("certainty", '"')));
}

function wordButton(field, word, isSaid) {
  const press = () => void describe(field, isSaid ? null : word);
  return h("button", { type: "button", "aria-pressed": isSaid, disabled: !reader.may_write, onclick: press }, say(`word.${word}`));
}

/** Names of the leads of a span's group. @param {import("../base/state.js").Row} row */
const leadNames = (row) => (groups.find((group) => group.id === row.group_id) ?? mainGroup).channels.map((channel) => channel.name);

/** @param {string | null} channel null for all leads */
function setLead(channel) {
  const row = base();
  return row ? revise(row, "correct", { channel }) : null;
}

/** All leads, then each alone. */
export function stepLead() {
  const row = state.selection?.kind === "span" ? state.rows.get(state.selection.id) : null;
  if (!row) return null;
  const places = [null, ...leadNames(row)];
  return setLead(places[(places.indexOf(standing(row).channel) + 1) % places.length]);
}

/** The lead of a span as a list to choose from; for who may not write its name. @param {import("../base/state.js").Row} row */
export function leadChoice(row) {
  if (!reader.may_write) return row.channel ?? say("selection.channel.all");
  const option = (value, text) => h("option", { value, selected: (row.channel ?? "") === value }, text);
  const list = h(
    "select", { id: "lead", "aria-label": say("do.scope"), title: say("do.scope") },
    option("", say("selection.channel.all")), ...leadNames(row).map((name) => option(name, name)),
  );
  list.addEventListener("change", () => {
    const channel = list.value || null;
    list.blur();
    void setLead(channel);
  });
  return list;
}

/** What a revision changed of all this: "severity mild → severe". @returns {string[]} */
export function differences(before, after) {
  const parts = ["severity", "certainty"].filter((field) => before[field] !== after[field]).map((field) =>
    say("history.word", { what: say(`selection.${field}`).toLowerCase(), from: wordText(before[field]), to: wordText(after[field]) }));
  if (before.channel !== after.channel) {
    const lead = (name) => name ?? say("selection.channel.all");
    parts.push(say("history.word", { what: say("selection.channel").toLowerCase(), from: lead(before.channel), to: lead(after.channel) }));
  }
  if (!isSame(before.evidence, after.evidence)) parts.push(...linkDifferences(before.evidence, after.evidence));
  return parts;
}

const wordText = (word) => (word ? say(`word.${word}`) : "–");

function linkDifferences(before, after) {
  const added = after.filter((id) => !before.includes(id)).length;
  const gone = before.filter((id) => !after.includes(id)).length;
  return [added ? say("history.linked", { n: added }) : "", gone ? say("history.unlinked", { n: gone }) : ""].filter(Boolean);
}
