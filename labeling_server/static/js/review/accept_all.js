// Many proposals accepted at once: a range, a certainty, one label or all; what would be accepted is outlined on the strip
// and counted before it is done. The panel stops nothing: the strip goes on moving below it.

import { getJson, send } from "../base/api.js";
import { reader, say, stream } from "../base/config.js";
import { h, keyCap } from "../base/dom.js";
import { changed, on, state } from "../base/state.js";
import { STEPS, boundsOf, certaintyOf, rangesNow } from "../edits/accept_wish.js";
import { fetchRow, newId, registerEdits, saving, submit } from "../edits/edits.js";
import { forgetSpansBetween } from "../paper/marks.js";
import { refreshPage } from "../strip/navigate.js";
import { repaint } from "../strip/paint.js";
import { closeOverlay, openOverlay } from "../windows/overlays.js";
import { refreshQueue } from "./queue.js";

/**
 * @typedef {import("../edits/accept_wish.js").Wish} Wish
 * @typedef {{n_given: number, n_changed: number, n_emergent: number, n_unsure: number, n_ongoing: number, n_overlapping: number}} Counts
 * @typedef {Counts & {start_us: number, end_us: number, n_changed_since: number, updated_us: number}} Acceptance
 * @typedef {Counts & {by_label: Object<string, number>, given_by_label: Object<string, number>, unseen?: string}} Preview
 * @typedef {{range: HTMLSelectElement, label: HTMLSelectElement, least: HTMLInputElement, figure: HTMLElement,
 *   emergent: HTMLInputElement, told: HTMLElement, apply: HTMLButtonElement, leave: HTMLElement}} Parts
 */

const PREVIEW_MS = 80;
/** Most of what detectors say with less is worth a look. */
const FIRST_STEPS = 18;
const path = `/api/streams/${stream.id}/proposals/accept`;
const count = (n) => n.toLocaleString("en");
const sayOf = (key, n, values = {}) => say(n === 1 ? `${key}.one` : key, { n: count(n), ...values });
const next = (list, one, by = 1) => list[(list.indexOf(one) + by + list.length) % list.length];

/** What the reader chose last. */
let lastSteps = FIRST_STEPS;
/** While the panel is open; its wish is `state.accepting`, which the strip draws. @type {Parts | null} */
let parts = null;
/** What the server said last of the wish. @type {Preview | null} */
let seen = null;
let due = 0;
let newest = 0;

/** The panel; the same key again closes it. */
export function openAcceptAll() {
  if (!reader.may_write || state.blinded) {
    saving.told = say(reader.may_write ? "blind.accept" : "save.viewer");
    return changed("saving");
  }
  if (parts) return void closeOverlay();
  state.accepting = { range: rangesNow()[0], steps: lastSteps, label: null, emergent: false };
  seen = null;
  show();
  return choose({});
}

function show() {
  parts = makeParts();
  const row = (text, keys, ...content) => h("div", { class: "wish" }, h("span", {}, text), h("span", {}, ...content), h("span", { class: "hint" }, ...keys.map(keyCap)));
  openOverlay(
    "accept", say("accept.title"), row(say("accept.range"), ["r"], parts.range),
    row(say("accept.least"), ["ArrowDown", "ArrowUp"], parts.least, parts.figure), row(say("accept.label"), ["l"], parts.label),
    h("label", { class: "choice" }, parts.emergent, say("accept.emergent"), keyCap("e")), parts.told, h("footer", {}, parts.leave, parts.apply),
  );
  const closed = new MutationObserver(() => {
    if (parts?.told.isConnected) return;
    closed.disconnect();
    document.removeEventListener("keydown", press, true);
    [state.accepting, parts] = [null, null];
    repaint();
  });
  closed.observe(document.getElementById("overlays"), { childList: true });
  document.addEventListener("keydown", press, true);
  parts.told.focus({ preventScroll: true }); // so that neither Space nor Enter is a button's
}

/** @returns {Parts} */
function makeParts() {
  const range = chooser(say("accept.range"), (value) => ({ range: value }));
  const label = chooser(say("accept.label"), (value) => ({ label: value || null }));
  const least = h("input", { type: "range", min: "0", max: String(STEPS), step: "1", "aria-label": say("accept.least") });
  least.addEventListener("input", () => choose({ steps: Number(least.value) }));
  const emergent = h("input", { type: "checkbox" });
  emergent.addEventListener("change", () => choose({ emergent: emergent.checked }));
  const apply = h("button", { type: "button", class: "primary", onclick: () => void accept() }, say("accept.apply"), keyCap("Enter"));
  const leave = h("button", { type: "button", class: "quiet", onclick: closeOverlay }, say("bulk.leave"), keyCap("Escape"));
  const told = h("div", { class: "told", role: "status", tabindex: "-1" });
  return { range, label, least, figure: h("b", { class: "figures" }), emergent, told, apply, leave };
}

/** @param {string} name @param {(value: string) => any} fieldsOf of the wish */
function chooser(name, fieldsOf) {
  const element = h("select", { "aria-label": name });
  element.addEventListener("change", () => {
    element.blur(); // so that keys are the panel's again
    choose(fieldsOf(element.value));
  });
  return element;
}

const labelsNow = () => labelsOf(seen, state.accepting);

const KEYS = {
  ArrowUp: ({ steps }) => choose({ steps: Math.min(steps + 1, STEPS) }),
  ArrowDown: ({ steps }) => choose({ steps: Math.max(steps - 1, 0) }),
  r: ({ range }) => choose({ range: next(rangesNow(), range) }),
  l: ({ label }) => choose({ label: next(labelsNow(), label) }),
  L: ({ label }) => choose({ label: next(labelsNow(), label, -1) }),
  e: ({ emergent }) => choose({ emergent: !emergent }),
  Escape: () => void closeOverlay(),
  Enter: () => void (parts.apply.disabled || accept()),
};

/** Wherever the focus is; what the panel does not know is the page's. @param {KeyboardEvent} event */
function press(event) {
  const { key, target } = event;
  const isTheirs = target instanceof HTMLTextAreaElement || (target instanceof HTMLSelectElement && key.startsWith("Arrow"));
  if (!KEYS[key] || event.ctrlKey || event.altKey || event.metaKey || isTheirs || (key === "Enter" && target === parts.leave)) return;
  event.preventDefault();
  event.stopPropagation();
  KEYS[key](state.accepting);
}

/** @param {Partial<Wish>} fields */
function choose(fields) {
  Object.assign(state.accepting, fields);
  lastSteps = state.accepting.steps;
  render();
  look();
  repaint();
}

function render() {
  const { accepting: wish } = state;
  if (!rangesNow().includes(wish.range)) wish.range = "page";
  const option = (value, text, isChosen) => h("option", { value, selected: isChosen }, text);
  parts.range.replaceChildren(...rangesNow().map((one) => option(one, say(`accept.range.${one}`), one === wish.range)));
  parts.label.replaceChildren(...labelsNow().map((one) => option(one ?? "", one ?? say("accept.label.all"), one === wish.label)));
  parts.least.value = String(wish.steps);
  parts.figure.textContent = certaintyOf(wish).toFixed(2);
  parts.emergent.checked = wish.emergent;
  if (seen) parts.told.replaceChildren(...foretold(seen).map((line, i) => h("p", { class: i ? "soft" : "head" }, line)));
  parts.apply.disabled = seen === null || (seen.unseen === undefined && seen.n_changed === 0);
}

/** Asks what would be accepted; of many keys once. */
function look() {
  clearTimeout(due);
  const number = (newest += 1); // what is on its way is of another wish
  due = setTimeout(async () => {
    const { accepting: wish } = state;
    const found = wish && (await preview(wish));
    if (!wish || number !== newest || state.accepting !== wish) return;
    seen = found;
    render();
  }, PREVIEW_MS);
}

/** The page's range goes where the strip goes; what others decided is seen as well. */
on(["view", "queue"], () => parts && look());

/** All, and those that lie in the range. @param {Preview | null} found @param {Wish} wish @returns {(string | null)[]} */
function labelsOf(found, { label }) {
  const there = Object.keys(found?.given_by_label ?? {});
  return [null, ...there, ...(label && !there.includes(label) ? [label] : [])];
}

/** @param {Wish} wish */
function bodyOf(wish) {
  const [start_us, end_us] = boundsOf(wish);
  return { start_us, end_us, label: wish.label, min_confidence: certaintyOf(wish), include_emergent: wish.emergent };
}

/** What the server says that would change; why it does not say it, while it cannot. @param {Wish} wish @returns {Promise<Preview>} */
async function preview(wish) {
  try {
    return await send("POST", path, { ...bodyOf(wish), is_preview: true });
  } catch (error) {
    return { n_given: 0, n_changed: 0, n_emergent: 0, n_unsure: 0, n_ongoing: 0, n_overlapping: 0, by_label: {}, given_by_label: {}, unseen: error.message };
  }
}

/** "34 are accepted: 20 AFIB, 14 PAUSE", and what stays. @param {Preview} seen @returns {string[]} */
function foretold(seen) {
  if (seen.unseen !== undefined) return [say("accept.unseen", { why: seen.unseen })];
  const what = Object.entries(seen.by_label).map(([code, n]) => `${count(n)} ${code}`).join(", ");
  return [what ? sayOf("accept.foretold", seen.n_changed, { what }) : say("accept.nothing"), ...staying(seen)];
}

/** @param {Counts} seen @returns {string[]} */
function staying(seen) {
  const why = { unsure: "accept.unsure", emergent: "accept.emergent.stay", ongoing: "accept.ongoing", overlapping: "accept.overlapping" };
  return Object.entries(why).filter(([name]) => seen[`n_${name}`]).map(([name, key]) => sayOf(key, seen[`n_${name}`]));
}

function accept() {
  const body = bodyOf(state.accepting);
  if (state.accepting.range === "mark") state.markUs = null;
  closeOverlay();
  return submit({ what: "accept", id: newId(), action: "confirm", body });
}

const isStep = (edit) => edit.action === "undo" || edit.action === "redo";

registerEdits("accept", {
  async deliver(edit) {
    const answer = await (isStep(edit)
      ? send("POST", `/api/proposals/accept/${edit.id}/${edit.action}`, {})
      : send("POST", path, { ...edit.body, id: edit.id, view: edit.view }));
    await rebase(answer);
    return answer;
  },
  finish(edit, answer) {
    const left = answer.n_changed_since;
    const rest = isStep(edit) ? (left ? [say("bulk.since", { n: count(left) })] : []) : staying(answer);
    const what = sayOf("accept.spans", answer.n_changed - (isStep(edit) ? left : 0));
    saving.told = [say(`accept.done.${edit.action}`, { what }), ...rest].join(", ");
    void takeIn(answer);
  },
  undoEntry: (edit, answer) => (answer.n_changed ? { what: "accept", id: edit.id } : null),
  step: (entry) => ({ what: "accept", id: entry.id }),
});

/** @param {Acceptance} answer @param {import("../base/state.js").Row} row */
const isWithin = (answer, row) => row.start_us >= answer.start_us && row.end_us <= answer.end_us;

/** Edits that wait behind it were made before their spans were revised by it: they follow on what it left. @param {Acceptance} answer */
async function rebase(answer) {
  for (const later of saving.pending.slice(1)) {
    if (later.what !== "revise" || !later.base || !isWithin(answer, later.base)) continue;
    const row = await getJson(`/api/spans/${later.id}`);
    if (row.updated_by === reader.login) Object.assign(later, { base: row, expected: row.revision });
  }
}

/** What the page had of these spans is old. @param {Acceptance} answer */
async function takeIn(answer) {
  forgetSpansBetween(answer.start_us, answer.end_us);
  const selected = state.selection?.kind === "span" ? state.selection.id : null;
  await Promise.all([refreshPage(), refreshQueue(), selected && fetchRow(selected)]).catch(() => undefined);
  changed("marks", "selection");
  repaint();
}
