// Starts the desk: one item after the other, with keys alone, in the look of the workstation.

import { say } from "../base/config.js";
import { h, keyCap } from "../base/dom.js";
import { keyOf } from "../base/label_keys.js";
import { GAINS_MM_MV, SPEEDS_MM_S, stepped } from "../base/scale.js";
import { showOn } from "./canvas.js";
import { acknowledge, chooseLane, confirmDecided, countTime, flow, handIn, isOther, later, next, showOther, takeLane, toggleMachine } from "./flow.js";
import { desk, deskChanged, keepDeskView, redo, restoreDeskView, undo } from "./item.js";
import { answerInstead, label, labelOfKey, letGo, listenToDesk, mark, measure, moveCursor, nudge, remove, selectNext, SPAN_KEYS, takeEdge, turnPage } from "./marking.js";
import { sendDecision, showDeskPanels } from "./panels.js";

const { mode, project } = JSON.parse(document.getElementById("desk-config").textContent);

/** @typedef {{id: string, keys: string[], run: () => any, in?: string[]}} Action `in`: only in these modes */

const READS = ["read"];
const JUDGES = ["adjudicate", "audit"];

function enter() {
  if (mode === "read" && flow.hold?.why === "guideline") return acknowledge();
  if (!desk.item) return next();
  if (mode === "read") return handIn();
  if (mode === "audit" && !isOther()) return confirmDecided();
  return mode === "lesson" ? undefined : sendDecision();
}

function changeView(change) {
  Object.assign(desk, change);
  keepDeskView();
  deskChanged();
}

/** @type {Action[]} */
const actions = [
  { id: "enter", keys: ["Enter"], run: enter },
  { id: "later", keys: ["d"], run: later, in: READS },
  { id: "ambiguous", keys: ["q"], run: () => answerInstead("ambiguous") },
  { id: "unreadable", keys: ["x"], run: () => answerInstead("unreadable") },
  { id: "mark", keys: ["m"], run: mark },
  { id: "delete", keys: ["Delete", "Backspace"], run: remove },
  { id: "undo", keys: ["Ctrl+z"], run: undo },
  { id: "redo", keys: ["Ctrl+Shift+Z"], run: redo },
  { id: "lane.up", keys: ["ArrowUp"], run: () => chooseLane(-1), in: JUDGES },
  { id: "lane.down", keys: ["ArrowDown"], run: () => chooseLane(1), in: JUDGES },
  { id: "lane.take", keys: [" "], run: () => takeLane(false), in: JUDGES },
  { id: "lane.merge", keys: ["&"], run: () => takeLane(true), in: JUDGES },
  { id: "machine", keys: ["~"], run: toggleMachine, in: JUDGES },
  { id: "queue.next", keys: ["Ctrl+ArrowDown"], run: () => showOther(1), in: JUDGES },
  { id: "queue.previous", keys: ["Ctrl+ArrowUp"], run: () => showOther(-1), in: JUDGES },
  { id: "left", keys: ["ArrowLeft"], run: () => moveCursor(-1) },
  { id: "right", keys: ["ArrowRight"], run: () => moveCursor(1) },
  { id: "nudge.left", keys: ["Shift+ArrowLeft"], run: () => nudge(-1) },
  { id: "nudge.right", keys: ["Shift+ArrowRight"], run: () => nudge(1) },
  { id: "page.left", keys: ["PageUp"], run: () => turnPage(-0.9) },
  { id: "page.right", keys: ["PageDown"], run: () => turnPage(0.9) },
  { id: "previous", keys: [","], run: () => selectNext(-1) },
  { id: "next", keys: ["."], run: () => selectNext(1) },
  { id: "edge.start", keys: ["["], run: () => takeEdge("start") },
  { id: "edge.end", keys: ["]"], run: () => takeEdge("end") },
  { id: "measure", keys: ["C"], run: measure },
  { id: "gain.up", keys: ["+", "="], run: () => changeView({ gain: stepped(GAINS_MM_MV, desk.gain, 1) }) },
  { id: "gain.down", keys: ["-"], run: () => changeView({ gain: stepped(GAINS_MM_MV, desk.gain, -1) }) },
  { id: "speed.up", keys: [">"], run: () => changeView({ speed: stepped(SPEEDS_MM_S, desk.speed, 1) }) },
  { id: "speed.down", keys: ["<"], run: () => changeView({ speed: stepped(SPEEDS_MM_S, desk.speed, -1) }) },
  { id: "theme", keys: ["t"], run: () => document.getElementById("theme-button").click() },
  { id: "help", keys: ["?"], run: toggleHelp },
  { id: "escape", keys: ["Escape"], run: () => closeHelp() || letGo() },
].filter((action) => !action.in || action.in.includes(mode));

function closeHelp() {
  const host = document.getElementById("overlays");
  const had = host.childElementCount > 0;
  host.replaceChildren();
  return had;
}

function toggleHelp() {
  if (closeHelp()) return;
  const rows = actions.flatMap((action) => [h("dt", {}, ...action.keys.map(keyCap)), h("dd", {}, say(`desk.do.${action.id}`))]);
  const spans = [...SPAN_KEYS].flatMap(([key, code]) => [h("dt", {}, keyCap(key)), h("dd", {}, code)]);
  const close = h("button", { type: "button", class: "quiet", onclick: closeHelp, "aria-label": say("help.close") }, "×");
  document.getElementById("overlays").append(h("section", { class: "overlay help", role: "dialog", "aria-label": say("help.title") },
    h("header", {}, h("h2", {}, say("help.title")), close),
    h("div", { class: "columns" }, h("div", {}, h("dl", {}, ...rows)), h("div", {}, h("h3", {}, say("do.relabel.span")), h("dl", {}, ...spans), h("p", { class: "soft" }, say("desk.do.beat"))))));
}

function onKeyDown(event) {
  const isTyping = event.target instanceof HTMLElement && event.target.matches("input, textarea, select");
  if (event.defaultPrevented || event.altKey || event.isComposing) return;
  if (isTyping) return inField(event);
  const isControl = event.target instanceof HTMLElement && event.target.matches("button, a[href], summary");
  if (isControl && (event.key === "Enter" || event.key === " ")) return;
  const key = keyOf(event);
  const action = actions.find((one) => one.keys.includes(key));
  const meant = action || !desk.item || !desk.mayEdit || event.ctrlKey ? null : labelOfKey(key);
  if (!action && !meant) return;
  event.preventDefault();
  if (desk.notice) desk.notice = "";
  if (action && action.id !== "enter") flow.hasAsked = false;
  if (meant) label(meant);
  else action.run();
}

/** In the fields of a decision: Enter goes on to the next, with Ctrl, or in the last, it is sent; Esc goes back to the paper. */
function inField(event) {
  if (event.key === "Escape") event.target.blur();
  else if (event.key === "Enter" && !event.shiftKey) sendDecision();
  else return;
  event.preventDefault();
}

async function start() {
  flow.mode = mode;
  flow.projectId = project.id;
  restoreDeskView();
  const canvas = /** @type {HTMLCanvasElement} */ (document.getElementById("desk-paper-canvas"));
  showOn(canvas);
  listenToDesk(canvas);
  showDeskPanels(project.codes);
  document.addEventListener("keydown", onKeyDown);
  document.getElementById("help-button").addEventListener("click", toggleHelp);
  countTime();
  await next();
  document.body.dataset.ready = "1";
}

void start();
