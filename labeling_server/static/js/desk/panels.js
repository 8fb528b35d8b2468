// Beside the paper: on the left what is to be done, on the right what is said of the item, and the decision.

import { classOf } from "../base/colors.js";
import { labels, say } from "../base/config.js";
import { h, keyCap, whenReleased } from "../base/dom.js";
import { dateOf, duration, hms, hmsMs } from "../base/time.js";
import { acknowledge, decide, flow, isOther, showThis } from "./flow.js";
import { desk, isPoint, nSteps, onDesk } from "./item.js";
import { select } from "./marking.js";

/** @type {string[]} */
let codes = [];

/** @param {string[]} ofProject the project's error taxonomy */
export function showDeskPanels(ofProject) {
  codes = ofProject;
  onDesk(whenReleased(paintPanels));
  document.getElementById("desk-decision")?.addEventListener("submit", (event) => {
    event.preventDefault();
    sendDecision();
  });
  const select_ = document.getElementById("decision-code");
  select_?.append(...codes.map((code) => h("option", { value: code }, code)));
}

function paintPanels() {
  paintQueue();
  paintSaid();
  paintHold();
  paintStatus();
}

function paintQueue() {
  const list = document.getElementById("desk-queue");
  if (flow.mode === "read") {
    const { n_done = 0, n_left = 0, n_later = 0, due_us: due = null } = flow.progress ?? {};
    const fact = (name, value) => [h("dt", {}, say(`desk.progress.${name}`)), h("dd", {}, String(value))];
    list.replaceChildren(
      h("dl", { class: "facts-list" }, ...fact("done", n_done), ...fact("left", n_left), ...fact("later", n_later), ...(due ? fact("due", dateOf(due)) : [])),
      due && n_left && Date.now() * 1000 > due ? h("p", { class: "problem" }, say("desk.overdue")) : "",
      n_done + n_left ? h("progress", { max: n_done + n_left, value: n_done, "aria-label": say("desk.progress.done") }) : "",
      flow.ofTest ? h("p", { class: "soft" }, say("desk.test")) : "",
      flow.isAssisted ? h("p", { class: "soft" }, say("desk.assisted")) : "",
      clauses(),
    );
    return;
  }
  list.replaceChildren(...flow.queue.map(entry), clauses());
}

/** @param {import("./flow.js").Waiting} waiting */
function entry(waiting) {
  const isHere = waiting.item.id === desk.item?.id;
  return h("button", { type: "button", class: "quiet desk-entry", "aria-current": isHere, onclick: () => showThis(waiting) },
    h("b", {}, say("desk.item", { number: waiting.item.id, at: hms(waiting.item.start_us) })), h("span", { class: "soft" }, waiting.why));
}

/** The clauses of what is selected; with nothing selected all titles. */
function clauses() {
  if (!flow.guideline) return "";
  const mark = desk.selected === null ? null : desk.marks[desk.selected];
  const own = mark ? flow.guideline.clauses.filter((clause) => clause.labels.includes(mark.label)) : [];
  const shown = own.length ? own : flow.guideline.clauses;
  const clause = (one) => h("details", { open: own.length > 0 && one.text !== "" }, h("summary", {}, `${one.number} ${one.title}`), h("p", {}, one.text));
  return h("section", { class: "desk-clauses" }, h("h3", {}, say("desk.guideline", { version: flow.guideline.version })), ...shown.map(clause));
}

function paintSaid() {
  const list = document.getElementById("desk-marks");
  if (!desk.item) return void list.replaceChildren(h("p", { class: "empty" }, say("desk.marks.none")));
  const rows = desk.marks.slice(0, 300).map((mark, i) => {
    const where = isPoint(mark) ? hmsMs(mark.start_us) : `${hms(mark.start_us)}, ${duration(mark.end_us - mark.start_us)}`;
    return h("button", { type: "button", class: "quiet desk-mark", "aria-pressed": i === desk.selected, onclick: () => select(i) },
      h("b", { class: classOf(mark.label) }, mark.label), h("span", { class: "soft" }, labels.get(mark.label)?.name ?? ""), h("span", { class: "time" }, where));
  });
  const answer = desk.answer === "read" ? null : h("p", { class: "badge ambiguous" }, say(`agreement.${desk.answer}`));
  list.replaceChildren(...[answer, ...rows, rows.length || answer ? null : h("p", { class: "empty" }, say(desk.mayEdit ? "desk.marks.empty" : "desk.marks.nothing"))].filter(Boolean));
  const form = document.getElementById("desk-decision");
  if (form) form.hidden = flow.mode === "audit" && !isOther();
}

function paintHold() {
  const box = document.getElementById("desk-hold");
  const isHeld = !desk.item && flow.saving !== "busy";
  box.hidden = !isHeld;
  if (!isHeld) return;
  if (flow.hold?.why === "guideline") return void box.replaceChildren(...guidelineHold());
  const text = flow.hold ? say(`desk.hold.${flow.hold.why}`, flow.hold.values) : say(`desk.done.${flow.mode}`);
  box.replaceChildren(h("p", {}, flow.saving === "refused" ? flow.problem : text));
}

function guidelineHold() {
  if (!flow.guideline) return [];
  const { version, why, clauses: all } = flow.guideline;
  return [
    h("h2", {}, say("desk.hold.guideline", { version })), h("p", { class: "soft" }, why),
    h("div", { class: "desk-text" }, ...all.flatMap((clause) => [h("h3", {}, `${clause.number} ${clause.title}`), h("p", {}, clause.text)])),
    h("button", { type: "button", class: "primary", onclick: acknowledge }, say("desk.acknowledge"), " ", keyCap("Enter")),
  ];
}

function paintStatus() {
  const set = (id, text) => (document.getElementById(id).textContent = text);
  set("desk-paper", say("desk.paper", { speed: desk.speed, gain: desk.gain }));
  set("desk-notice", desk.notice);
  set("desk-steps", nSteps() ? say("desk.steps", { n: nSteps() }) : "");
  set("desk-position", desk.item ? say("desk.position", { at: hmsMs(desk.cursorUs), length: duration(desk.item.end_us - desk.item.start_us) }) : "");
  const save = document.getElementById("desk-save");
  save.dataset.kind = flow.saving;
  const text = { "": "", busy: say("desk.saving"), saved: say("desk.saved", { at: hms(flow.savedAt * 1000) }), waiting: say("desk.waiting", { why: flow.problem }), refused: flow.problem };
  save.textContent = desk.isKept || flow.saving === "busy" ? text[flow.saving] : say("desk.not.kept");
}

/** To the fields that a decision wants, or, with all of them filled in, away with it. */
export function sendDecision() {
  const [code, reason] = ["decision-code", "decision-reason"].map((id) => /** @type {HTMLInputElement} */ (document.getElementById(id)));
  document.getElementById("desk-decision").hidden = false;
  if (!code.value) return code.focus();
  if (!reason.value.trim()) return reason.focus();
  const given = [code.value, reason.value.trim()];
  return void decide(given[0], given[1])?.then(() => {
    if (flow.saving === "refused") return;
    [code.value, reason.value] = ["", ""];
    code.blur();
    reason.blur();
  });
}
