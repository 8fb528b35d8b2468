// The selected thing at the right: what it is, the figures it rests on, who did what to it; and conflicts.

import { classOf } from "../base/colors.js";
import { labelOfNumber, labels, mainGroup, reader, say } from "../base/config.js";
import { h, keyCap, whenReleased } from "../base/dom.js";
import { goesOn, on, selectedRow, state } from "../base/state.js";
import { duration, hms, hmsMs, usOfSample } from "../base/time.js";
import { saving, takeBack, takenBack } from "../edits/edits.js";
import { neighbourBeat } from "../paper/marks.js";
import { revisionAddress } from "../strip/address.js";
import { selectedBeat } from "../strip/select.js";
import { keyNow } from "../windows/bindings.js";
import { conflictCard } from "../windows/conflict.js";
import { comment, decide } from "./decide.js";
import { describeControls, leadChoice } from "./describe.js";
import { evidenceOf, evidenceSection, linkingCard } from "./evidence_panel.js";
import { hasHistory, historyHere, historyOf, told } from "./history.js";
import { openRevision } from "./past.js";
import { pastCard } from "./past_card.js";
import { figuresSection } from "./span_figures.js";

/** Shorter spans show milliseconds: their bounds would look the same. */
const FINE_US = 10e6;

const panel = () => document.getElementById("selection");

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
  if (!reader.may_write || state.past) return null;
  const button = (action, id, key) => h("button", { type: "button", class: `decision ${id}`, onclick: () => void decide(action) }, say(`do.${id}`), keyCap(keyNow(id, key)));
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
    ...fact(say("selection.channel"), state.past ? (row.channel ?? say("selection.channel.all")) : leadChoice(row)),
  );
}

function originFacts(row) {
  return h(
    "dl", { class: "facts-list" },
    ...(row.confidence === null || row.kind !== "beat" ? [] : fact(say("selection.confidence"), row.confidence.toFixed(2))),
    ...fact(say("selection.source"), `${row.author}${row.author_version ? ` ${row.author_version}` : ""}`),
    ...fact(say("selection.revision"), String(row.revision)),
    ...(labels.get(row.label)?.snomed ? fact(say("selection.snomed"), labels.get(row.label).snomed) : []),
    ...(labels.get(row.label)?.icd10 ? fact(say("selection.icd10"), labels.get(row.label).icd10) : []),
  );
}

function historyList(row) {
  const lines = historyHere(row).map((entry) =>
    h("li", { "data-revision": entry.revision, "aria-current": String(state.past?.entry.revision === entry.revision) },
      h("span", { class: "time" }, revisionLink(row, entry), hms(entry.at_us)), h("b", {}, entry.login), h("span", {}, told(entry)), backButton(row, entry)),
  );
  return h(
    "section", {}, h("h3", {}, say("selection.history")),
    lines.length ? h("ol", { class: "history" }, ...lines.reverse()) : h("p", { class: "soft" }, row.revision ? "" : say("selection.history.none")),
  );
}

/** The annotation as this revision left it; also a link to send. */
function revisionLink(row, entry) {
  const name = say("past.open", { revision: entry.revision, what: told(entry) });
  /** @param {MouseEvent} event */
  const open = (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return; // a page of its own
    event.preventDefault();
    void openRevision(row, entry.revision);
  };
  return h("a", { class: "revision", href: revisionAddress(row.id, entry.revision), "aria-label": name, title: name, onclick: open }, `#${entry.revision}`);
}

/** Takes this one revision back; not there when nothing of it stands any more. */
function backButton(row, entry) {
  if (!reader.may_write || state.past || !Object.keys(takenBack(row, entry)).length) return null;
  const name = say("selection.back", { what: told(entry), login: entry.login });
  return h("button", { type: "button", class: "quiet back", title: name, "aria-label": name, onclick: () => void takeBack(row, entry) }, "↶");
}

function loadHistory(row) {
  if (!hasHistory(row)) void historyOf(row).then(render, () => undefined);
}

function commentBox(note) {
  if (state.past) return null;
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
  loadHistory(row);
  return [
    head(row.label, labels.get(row.label)?.name ?? "", statusBadge(row)), changedSince(row),
    spanFacts(row), buttons(), state.past ? null : describeControls(row), originFacts(row), figuresSection(row),
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
  if (row) loadHistory(row);
  return [
    head(label.code, label.name, row ? statusBadge(row) : h("span", { class: "badge proposed" }, say("status.proposed"))),
    h("dl", { class: "facts-list" },
      ...fact(say("selection.at"), hmsMs(usOfSample(at))),
      ...fact(say("selection.rr"), `${rr.join("/")} ms`),
      ...fact(say("selection.aami"), label.aami || "–"),
      ...(row || beat.confidence === null ? [] : fact(say("selection.confidence"), beat.confidence.toFixed(2)))),
    buttons(), state.past ? null : describeControls(row), row ? evidenceOf(row) : null, row ? originFacts(row) : null,
    row ? commentBox(row.note) : null, row ? historyList(row) : null,
  ];
}

function render() {
  // what is being typed, or chosen from a list, is not taken away by an answer that comes meanwhile
  if (document.activeElement?.matches("#comment, #lead")) return;
  const beat = selectedBeat();
  const row = selectedRow();
  const body = beat ? beatContent(beat) : row ? spanContent(row) : [h("p", { class: "empty" }, say(state.blinded ? "blind.selection" : "selection.none"))];
  const past = state.past ? state.rows.get(state.past.id) : null;
  const focused = panel().contains(document.activeElement) ? document.activeElement.getAttribute("aria-label") : null;
  panel().replaceChildren(
    h("header", { class: "panel-head" }, h("h2", {}, say("selection.title"))),
    h("div", { class: "scroll" }, ...[...saving.conflicts.map(conflictCard), past && pastCard(past, state.past), linkingCard(), ...body].filter(Boolean)),
  );
  // a link or button that the reader is on is made anew, and still the one that the reader is on
  if (focused) [...panel().querySelectorAll("[aria-label]")].find((one) => one.getAttribute("aria-label") === focused)?.focus();
}

export function showSelection() {
  on(["selection", "marks", "draft", "figures", "saving", "links"], whenReleased(render));
  render();
}
