// The Lorenz plot: each RR interval against the next, and how often each is; what is chosen there is walked over on the
// strip or relabelled. A lasso by pointer, a range by arrow keys.

import { classOf } from "../base/colors.js";
import { labelOfNumber, say } from "../base/config.js";
import { h, keyCap } from "../base/dom.js";
import { beatOfKey } from "../base/label_keys.js";
import { saving } from "../edits/edits.js";
import { bulkEdit } from "../review/bulk.js";
import { beginWalk } from "../review/walk.js";
import { axisEnd, fetchPairs, inLasso, inRange } from "../strip/rr.js";
import { keyNow } from "../windows/bindings.js";
import { counted, countedLetters, relabelButton } from "../windows/letters.js";
import { hasOverlay } from "../windows/overlays.js";
import { openPalette } from "../windows/palette.js";
import { registerView } from "../windows/views.js";
import { drawChosen, drawHistogram, drawPairs, msAt } from "./lorenz_draw.js";

const STEP_MS = 20;
/** How classes are drawn, see `lorenz_draw.js`. */
const LEGEND = [["N", "·"], ["S", "▲"], ["V", "■"], ["F", "◆"], ["/", "|"], ["Q", "–"]];
/** Where the range begins: short before, whatever after, which is where early beats lie. */
const FIRST_MS = { x0: 300, x1: 600, y0: 300 };
const LEAST_MS = 20;

/** @type {import("../strip/rr.js").Pairs | null} */
let pairs = null;
/** @type {import("../strip/rr.js").Range | null} */
let range = null;
/** @type {[number, number][]} */
let lasso = [];
/** Places of the chosen pairs. @type {number[]} */
let chosen = [];
let endMs = 1400;
/** @type {HTMLElement | null} */
let host = null;
let problem = "";
let seenSavedUs = null;
let drawn = "";

async function refresh() {
  seenSavedUs = saving.savedUs;
  try {
    pairs = await fetchPairs();
    endMs = axisEnd(pairs);
    problem = "";
    choose();
  } catch (error) {
    problem = error.message;
  }
  render();
}

/** What lies in the range or within the lasso by now. */
function choose() {
  chosen = !pairs ? [] : range ? inRange(pairs, range) : lasso.length > 2 ? inLasso(pairs, lasso) : [];
}

function render() {
  if (!host) return;
  host.replaceChildren(
    head(),
    pairs && !pairs.beats.length ? h("p", { class: "empty" }, problem || say("lorenz.empty")) : plots(),
  );
  draw();
}

function head() {
  const counts = new Map();
  for (const k of chosen) {
    const code = labelOfNumber.get(pairs.numbers[pairs.beats[k]])?.code ?? "?";
    counts.set(code, (counts.get(code) ?? 0) + 1);
  }
  return h(
    "header", { class: "view-head" }, h("h2", {}, say("lorenz.title")),
    h("span", { class: "figures", id: "lorenz-chosen" }, problem || say("lorenz.chosen", { n: counted(chosen.length), all: counted(pairs?.beats.length ?? 0) }), " ", ...countedLetters([...counts])),
    relabelButton(chooseLabel),
  );
}

function plots() {
  const scatter = h("div", { class: "plot square", role: "img", "aria-label": say("lorenz.title") }, h("canvas", { class: "points" }), h("canvas", { class: "over" }));
  const bars = h("div", { class: "plot", role: "img", "aria-label": say("lorenz.histogram") }, h("canvas", { class: "histogram" }));
  listen(scatter, true);
  listen(bars, false);
  const legend = h("p", { class: "legend" }, ...LEGEND.flatMap(([code, shape]) => [h("span", { class: classOf(code) }, `${shape} ${code}`), " "]));
  const hints = h(
    "p", { class: "legend soft" }, h("span", {}, say("lorenz.hint.lasso")), h("span", {}, keyCap(keyNow("lorenz.right", "ArrowRight")), " ", say("lorenz.hint.move")),
    h("span", {}, keyCap(keyNow("lorenz.wider", "Shift+ArrowRight")), " ", say("lorenz.hint.size")), h("span", {}, keyCap(keyNow("lorenz.strip", ".")), " ", say("lorenz.hint.strip")),
  );
  return h("div", { class: "lorenz" }, scatter, h("div", { class: "side" }, bars, legend, hints));
}

/** @param {string} selector */
const plotOf = (selector) => {
  const box = host.querySelector(selector);
  return { width: box.clientWidth, height: box.clientHeight, endMs };
};

const corners = ({ x0, x1, y0, y1 }) => [[x0, y0], [x1, y0], [x1, Math.min(y1, endMs)], [x0, Math.min(y1, endMs)]];

function draw() {
  drawn = signature();
  if (!pairs?.beats.length) return;
  drawPairs(host.querySelector(".points"), plotOf(".plot.square"), pairs, [say("lorenz.before"), say("lorenz.after")]);
  drawOver();
}

function drawOver() {
  drawChosen(host.querySelector(".over"), plotOf(".plot.square"), pairs, chosen, range ? corners(range) : lasso);
  drawHistogram(host.querySelector(".histogram"), plotOf(".plot:not(.square)"), pairs, chosen, [say("lorenz.before"), say("lorenz.beats")]);
  host.querySelector(".view-head").replaceWith(head());
}

const signature = () => [host?.clientWidth, host?.clientHeight, devicePixelRatio, document.documentElement.dataset.theme].join();

/** Another choice: nothing is fetched, the points are not drawn again. */
function rechosen() {
  choose();
  if (pairs?.beats.length) drawOver();
}

/** @param {HTMLElement} plot @param {boolean} isScatter a lasso is drawn there, on the histogram a range of RR */
function listen(plot, isScatter) {
  let isDown = false;
  const at = (event) => {
    const box = plot.getBoundingClientRect();
    return msAt({ width: box.width, height: box.height, endMs }, event.clientX - box.left, event.clientY - box.top);
  };
  let from = 0;
  plot.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    isDown = true;
    plot.setPointerCapture(event.pointerId);
    range = null;
    lasso = isScatter ? [at(event)] : [];
    [from] = at(event);
    rechosen();
  });
  plot.addEventListener("pointermove", (event) => {
    if (!isDown) return;
    if (isScatter) lasso.push(at(event));
    else range = { x0: Math.min(from, at(event)[0]), x1: Math.max(from, at(event)[0]), y0: 0, y1: Infinity };
    rechosen();
  });
  for (const kind of ["pointerup", "pointercancel"]) plot.addEventListener(kind, () => (isDown = false));
}

/** @param {number} dx @param {number} dy ms @param {boolean} isSize only the far edges */
function move(dx, dy, isSize) {
  if (!range) {
    range = { ...FIRST_MS, y1: endMs };
    lasso = [];
    return rechosen();
  }
  const { x0, x1, y0, y1 } = range;
  const [top, left] = isSize ? [0, 0] : [dy, dx];
  range = { x0: x0 + left, x1: Math.max(x1 + dx, x0 + left + LEAST_MS), y0: y0 + top, y1: Math.max(y1 + dy, y0 + top + LEAST_MS) };
  return rechosen();
}

const beatsOf = () => chosen.map((k) => pairs.beats[k]).map((i) => ({ sample: pairs.samples[i], number: pairs.numbers[i] }));

/** What is chosen, after a look at what that would change. @param {string} label */
async function relabel(label) {
  if (chosen.length) await bulkEdit({ action: "relabel", label, beats: beatsOf() });
}

const chooseLabel = () => openPalette("beat", (code) => void relabel(code));

function letGo() {
  range = null;
  lasso = [];
  rechosen();
}

function walk() {
  if (chosen.length) void beginWalk(beatsOf().map((beat) => beat.sample), 0, () => undefined);
}

/** @type {import("../windows/views.js").ViewAction[]} */
const actions = [
  { id: "lorenz.left", keys: ["ArrowLeft"], run: () => move(-STEP_MS, 0, false) },
  { id: "lorenz.right", keys: ["ArrowRight"], run: () => move(STEP_MS, 0, false) },
  { id: "lorenz.up", keys: ["ArrowUp"], run: () => move(0, STEP_MS, false) },
  { id: "lorenz.down", keys: ["ArrowDown"], run: () => move(0, -STEP_MS, false) },
  { id: "lorenz.narrower", keys: ["Shift+ArrowLeft"], run: () => move(-STEP_MS, 0, true) },
  { id: "lorenz.wider", keys: ["Shift+ArrowRight"], run: () => move(STEP_MS, 0, true) },
  { id: "lorenz.higher", keys: ["Shift+ArrowUp"], run: () => move(0, STEP_MS, true) },
  { id: "lorenz.lower", keys: ["Shift+ArrowDown"], run: () => move(0, -STEP_MS, true) },
  { id: "lorenz.strip", keys: [".", ",", "Enter"], run: walk },
  { id: "lorenz.label", keys: ["l"], run: chooseLabel, writes: true },
  { id: "lorenz.clear", keys: ["Escape"], run: letGo, when: () => !hasOverlay() && (range !== null || lasso.length > 0) },
];

/** A letter is for all that is chosen. @param {string} key @returns {boolean} */
function press(key) {
  const code = hasOverlay() ? null : beatOfKey(key);
  if (code !== null) void relabel(code);
  return code !== null;
}

registerView({
  id: "lorenz",
  isOfMachines: true,
  open(element) {
    host = element;
    render();
    void refresh();
  },
  close() {
    host = null;
  },
  paint() {
    if (saving.savedUs !== seenSavedUs && !saving.pending.length) void refresh();
    else if (signature() !== drawn) draw();
  },
  actions,
  press,
  beats: () => Promise.resolve(beatsOf()),
});
