// The selected thing at the right: what it is, the figures it rests on, who did what to it; and conflicts.

import { getList } from "./api.js";
import { classOf } from "./colors.js";
import { labelOfNumber, labels, mainGroup, reader, say } from "./config.js";
import { conflictCard } from "./conflict.js";
import { comment, decide } from "./decide.js";
import { describeControls, differences, leadChoice } from "./describe.js";
import { h, keyCap, whenReleased } from "./dom.js";
import { saving, takeBack, takenBack } from "./edits.js";
import { evidenceOf, evidenceSection, linkingCard } from "./evidence_panel.js";
import { neighbourBeat } from "./marks.js";
import { selectedBeat } from "./select.js";
import { figuresSection } from "./span_figures.js";
import { goesOn, on, selectedRow, state } from "./state.js";
import { duration, hms, hmsMs, usOfSample } from "./time.js";

/** Shorter spans show milliseconds: their bounds would look the same. */
const FINE_US = 10e6;

const panel = () => document.getElementById("selection");
/** History by "id/revision". @type {Map<string, any[]>} */
const histories = new Map();

const fact = (name, value, title = null) => [h("dt", {}, name), h("dd", { title }, value)];

function statusBadge(row) {
  return h("span", { class: `badge ${row.deleted ? "deleted" : row.status}` }, say(`status.${row.deleted ? "deleted" : row.status}`));
}

/** Says why a decided span is asked for again. */
function changedSince(row) {
  if (row.signal_changed_us === null) return null;
  return h(
    "section", { class: "changed-since" }, h("span", { class: "badge changed" }, say("queue.changed")),
    h("p", {}, say("selection.changed", { time: hms(row.signal_changed_us) })),
  );
}

function head(code, name, badge) {
  return h("header", { class: "what" }, h("b", { class: `code ${classOf(code)}` }, code), h("span", { class: "name" }, name), badge);
}

function buttons() {
  if (!reader.may_write) return null;
  const button = (action, id, key) => h("button", { type: "button", class: `decision ${id}`, onclick: () => void decide(action) }, say(`do.${id}`), keyCap(key));
  return h("div", { class: "decisions" }, button("confirm", "accept", "Enter"), button("reject", "reject", "x"), button("ambiguous", "ambiguous", "q"));
}

function spanFacts(row) {
  const moved = state.draft?.id === row.id;
  const time = row.end_us - row.start_us < FINE_US ? hmsMs : hms;
  return h(
    "dl", { class: `facts-list ${moved ? "moving" : ""}` },
    ...fact(say("selection.start"), time(row.start_us), hmsMs(row.start_us)),
    ...fact(say("selection.end"), goesOn(row) ? `${time(row.end_us)} ${say("selection.ongoing")}` : time(row.end_us), hmsMs(row.end_us)),
    ...fact(say("selection.length"), duration(row.end_us - row.start_us)),
    ...fact(say("selection.channel"), leadChoice(row)),
  );
}

function originFacts(row) {
  return h(
    "dl", { class: "facts-list" },
    ...(row.confidence === null || row.kind !== "beat" ? [] : fact(say("selection.confidence"), row.confidence.toFixed(2))),
    ...fact(say("selection.source"), `${row.author}${row.author_version ? ` ${row.author_version}` : ""}`),
    ...fact(say("selection.revision"), String(row.revision)),
    ...(labels.get(row.label)?.snomed ? fact(say("selection.snomed"), labels.get(row.label).snomed) : []),
  );
}

function historyList(row) {
  const entries = histories.get(`${row.id}/${row.revision}`) ?? [];
  const lines = entries.map((entry) =>
    h("li", { "data-revision": entry.revision }, h("span", { class: "time" }, hms(entry.at_us)), h("b", {}, entry.login), h("span", {}, told(entry)), backButton(row, entry)),
  );
  return h(
    "section", {}, h("h3", {}, say("selection.history")),
    lines.length ? h("ol", { class: "history" }, ...lines.reverse()) : h("p", { class: "soft" }, row.revision ? "" : say("selection.history.none")),
  );
}

/** Takes this one revision back; not there when nothing of it stands any more. */
function backButton(row, entry) {
  if (!reader.may_write || !Object.keys(takenBack(row, entry)).length) return null;
  const name = say("selection.back", { what: told(entry), login: entry.login });
  return h("button", { type: "button", class: "quiet back", title: name, "aria-label": name, onclick: () => void takeBack(row, entry) }, "↶");
}

/** "relabel VT → VCOUPLET". */
function told(entry) {
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

/** Why, where it followed from what was done to another span. */
function because({ cause_id: id, cause_action: did, split_from: whole }, what) {
  const cause = state.rows.get(id);
  const isErased = did === "erase";
  const why = isErased ? say("selection.history.erased", { what }) : cause ? say("selection.history.cause", { what, label: cause.label, time: hms(cause.start_us) }) : what;
  return id && whole ? say("selection.history.part", { what: why }) : why;
}

const signed = (us) => `${us < 0 ? "−" : "+"}${duration(Math.abs(us))}`;

async function loadHistory(row) {
  const key = `${row.id}/${row.revision}`;
  if (histories.has(key) || row.revision === 0) return;
  histories.set(key, []);
  histories.set(key, await getList(`/api/spans/${row.id}/history`).catch(() => []));
  render();
}

function commentBox(note) {
  const area = h("textarea", { id: "comment", "aria-label": say("selection.comment"), rows: "2", maxlength: "4000", placeholder: say("selection.comment.hint"), disabled: !reader.may_write });
  area.value = note;
  area.addEventListener("keydown", (event) => {
    if (event.key === "Escape") area.value = note;
    else if (!(event.key === "Enter" && event.ctrlKey)) return;
    event.preventDefault();
    area.blur();
  });
  area.addEventListener("blur", () => {
    if (area.value !== note) void comment(area.value);
  });
  return h("section", {}, h("h3", {}, say("selection.comment")), area);
}

function spanContent(row) {
  void loadHistory(row);
  return [
    head(row.label, labels.get(row.label)?.name ?? "", statusBadge(row)), changedSince(row),
    spanFacts(row), buttons(), describeControls(row), originFacts(row), figuresSection(row),
    evidenceSection(row), evidenceOf(row), commentBox(row.note), historyList(row),
  ];
}

function beatContent(beat) {
  const label = labelOfNumber.get(beat.number);
  const row = beat.id ? state.rows.get(beat.id) : null;
  const at = state.beatDraft?.from === beat.sample ? state.beatDraft.to : beat.sample;
  const rr = [neighbourBeat(beat.sample, -1), neighbourBeat(beat.sample, 1)].map((other) =>
    other ? String(Math.round((Math.abs(other.sample - at) / mainGroup.fs_hz) * 1000)) : "–",
  );
  if (row) void loadHistory(row);
  return [
    head(label.code, label.name, row ? statusBadge(row) : h("span", { class: "badge proposed" }, say("status.proposed"))),
    h("dl", { class: "facts-list" },
      ...fact(say("selection.at"), hmsMs(usOfSample(at))),
      ...fact(say("selection.rr"), `${rr.join("/")} ms`),
      ...fact(say("selection.aami"), label.aami || "–"),
      ...(row || beat.confidence === null ? [] : fact(say("selection.confidence"), beat.confidence.toFixed(2)))),
    buttons(), describeControls(row), row ? evidenceOf(row) : null, row ? originFacts(row) : null,
    row ? commentBox(row.note) : null, row ? historyList(row) : null,
  ];
}

function render() {
  // what is being typed, or chosen from a list, is not taken away by an answer that comes meanwhile
  if (document.activeElement?.matches("#comment, #lead")) return;
  const beat = selectedBeat();
  const row = selectedRow();
  const body = beat ? beatContent(beat) : row ? spanContent(row) : [h("p", { class: "empty" }, say(state.blinded ? "blind.selection" : "selection.none"))];
  panel().replaceChildren(
    h("header", { class: "panel-head" }, h("h2", {}, say("selection.title"))),
    h("div", { class: "scroll" }, ...saving.conflicts.map(conflictCard), ...[linkingCard(), ...body].filter(Boolean)),
  );
}

export function showSelection() {
  on(["selection", "marks", "draft", "figures", "saving", "links"], whenReleased(render));
  render();
}
