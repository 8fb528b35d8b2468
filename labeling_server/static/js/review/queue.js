// The proposals that wait, at the left: the most urgent on top, the next one is always one key away.

import { getJson } from "../base/api.js";
import { classOf } from "../base/colors.js";
import { say, stream } from "../base/config.js";
import { h, whenReleased } from "../base/dom.js";
import { ORDERS, changed, goesOn, keepView, on, state, waits } from "../base/state.js";
import { duration, hms } from "../base/time.js";
import { saving } from "../edits/edits.js";
import { fetchRows } from "../strip/navigate.js";
import { selectRow } from "../strip/select.js";
import { inOrder, isDeferred } from "./deferred.js";

const LIMIT = 500;

/** Asks the server which proposals wait. */
export async function refreshQueue() {
  const rows = await getJson("/api/queue", { stream_id: stream.id, order: state.order, limit: LIMIT });
  for (const row of rows) {
    const known = state.rows.get(row.id);
    if (!known || known.revision <= row.revision) state.rows.set(row.id, row);
  }
  state.queue = inOrder(rows);
  changed("queue");
  if (!state.selection) fetchRows(state.queue.slice(0, 3));
}

export function cycleOrder() {
  state.order = ORDERS[(ORDERS.indexOf(state.order) + 1) % ORDERS.length];
  keepView();
  return refreshQueue();
}

/** Entries by id, with what they say: what stays the same is not made anew at every key. @type {Map<string, {says: string, element: HTMLElement}>} */
const entries = new Map();

function entryOf(row, pendingIds) {
  const isSaving = pendingIds.has(row.id);
  const shown = state.rows.get(row.id) ?? row;
  const says = [shown.revision, shown.end_us, shown.label, shown.confidence, shown.signal_changed_us, goesOn(shown), isSaving, isDeferred(row.id)].join();
  const known = entries.get(row.id);
  if (known?.says === says) return known.element;
  const element = made(row, shown, isSaving);
  entries.set(row.id, { says, element });
  return element;
}

function made(row, shown, isSaving) {
  const confidence = shown.confidence === null ? "" : shown.confidence.toFixed(2);
  return h(
    "li",
    {
      class: `entry urgency-${shown.urgency} ${isSaving ? "saving" : ""}`,
      "aria-current": "false",
      "data-id": row.id,
      title: `${shown.label} · ${shown.author} ${shown.author_version}`,
      onclick: () => selectRow(state.rows.get(row.id) ?? shown),
    },
    h("i", { class: `swatch ${classOf(shown.label)}` }),
    h("b", {}, shown.label),
    h("span", { class: "time" }, hms(shown.start_us)),
    h("span", { class: "length" }, isSaving ? say("queue.saving") : `${duration(shown.end_us - shown.start_us)}${goesOn(shown) ? " …" : ""}`),
    h("span", { class: "confidence" }, confidence),
    shown.signal_changed_us === null ? null : h("span", { class: "badge changed" }, say("queue.changed")),
    isDeferred(row.id) ? h("span", { class: "badge later" }, say("queue.later")) : null,
  );
}

function render() {
  const list = document.getElementById("queue-list");
  // what was decided here and is saved has left the queue; the server says so at its next answer
  state.queue = state.queue.filter((row) => {
    const now = state.rows.get(row.id);
    return !now || waits(now);
  });
  const pendingIds = new Set(saving.pending.map((edit) => edit.id));
  const rows = state.blinded ? [] : state.queue.map((row) => entryOf(row, pendingIds));
  arrange(list, rows.length ? rows : [h("li", { class: "empty" }, say(state.blinded ? "blind.queue" : "queue.empty"))]);
  const queued = new Set(state.queue.map((row) => row.id));
  for (const id of entries.keys()) if (!queued.has(id)) entries.delete(id);
  document.getElementById("queue-count").textContent = rows.length ? String(rows.length) : "";
  const order = document.getElementById("queue-order");
  order.textContent = say(`queue.${state.order}`);
  order.title = say(`queue.${state.order}.why`);
  markCurrent(list);
}

/** Has these elements in this order, moving none that stands right. @param {HTMLElement} list @param {HTMLElement[]} elements */
function arrange(list, elements) {
  const wanted = new Set(elements);
  for (const child of [...list.children]) if (!wanted.has(child)) child.remove();
  elements.forEach((element, i) => {
    if (list.children[i] !== element) list.insertBefore(element, list.children[i] ?? null);
  });
}

/** @param {HTMLElement} list */
function markCurrent(list) {
  const before = list.querySelector('[aria-current="true"]');
  const now = entries.get(state.selection?.id)?.element ?? null;
  if (before && before !== now) before.setAttribute("aria-current", "false");
  if (!now || before === now) return;
  now.setAttribute("aria-current", "true");
  now.scrollIntoView({ block: "nearest" });
}

export function showQueue() {
  document.getElementById("queue-order").addEventListener("click", () => void cycleOrder());
  on(["queue", "selection", "saving"], whenReleased(render));
  render();
}
