// Full disclosure: the whole recording, a line a minute, in one lead at a stated scale. A click or Enter goes there.

import { say } from "../base/config.js";
import { h } from "../base/dom.js";
import { onceAFrame } from "../base/frame.js";
import { behindBar } from "../base/loading.js";
import { getPxPerMm, stepped } from "../base/scale.js";
import { state } from "../base/state.js";
import { dateOf, hms, usOf, usOfSample } from "../base/time.js";
import { isFiltered } from "../paper/filters.js";
import { pageS } from "../paper/layout.js";
import { forgetBeatMarks } from "../strip/beat_marks.js";
import { registerView } from "../windows/views.js";
import { AXIS_PX, CODES_PX, LINES_S, PITCH_PX, TIME_PX, extentOf, hasPage, isPageFresh, leads, lineOf, linesOf, loadPage, usOfLine } from "./disclosure_lines.js";
import { drawDisclosure, usAtPoint } from "./disclosure_paint.js";
import { goThere } from "./go_there.js";
import { keyButtons, leadSelect } from "./view_bar.js";

const KEY = "rhythmark.disclosure";
export const GAINS_MM_MV = [1.25, 2.5, 5, 10, 20];
/** Millimetres a unit of leads that are not in mV, which have no scale that everybody reads. */
const MM_PER_UNIT = 1;
/** Parts of a line that the cursor moves by. */
const CURSOR_PARTS = 12;

const kept = { lineS: 60, gain: 5, lead: leads[0]?.channel.name ?? "", ...JSON.parse(localStorage.getItem(KEY) ?? "{}") };
const view = {
  lineS: LINES_S.includes(kept.lineS) ? kept.lineS : 60,
  gain: GAINS_MM_MV.includes(kept.gain) ? kept.gain : 5,
  lead: Math.max(leads.findIndex((lead) => lead.channel.name === kept.lead), 0),
  cursorUs: 0,
  /** Whether the reader has gone elsewhere with the cursor; else it follows the strip. */
  isAway: false,
  /** Where the strip was when the cursor followed it last, s. */
  followedS: NaN,
};

/** @type {null | {root: HTMLElement, lines: HTMLElement, canvas: HTMLCanvasElement, spacer: HTMLElement, scale: HTMLElement, cursor: HTMLElement, lead: HTMLSelectElement}} */
let parts = null;
/** What is waited for. @type {string} */
let awaited = "";
/** @type {import("./disclosure_lines.js").Page | null} what stands on the canvas */
let painted = null;

function keep() {
  localStorage.setItem(KEY, JSON.stringify({ lineS: view.lineS, gain: view.gain, lead: leads[view.lead].channel.name }));
}

const later = onceAFrame(paint);

/** @param {HTMLElement} host */
function open(host) {
  if (!leads.length) return void host.append(h("p", { class: "empty" }, say("strip.empty")));
  forgetBeatMarks();
  Object.assign(view, { isAway: false, followedS: NaN });
  const lead = leadSelect(view.lead, (chosen) => stepLead(chosen - view.lead));
  const scale = h("span", { class: "figures", title: say("disclosure.median") });
  const cursor = h("span", { class: "figures", role: "status" });
  const canvas = h("canvas", { role: "img", "aria-label": say("disclosure.title") });
  const spacer = h("div", { class: "spacer" });
  const lines = h("div", { class: "lines", tabindex: "-1", onscroll: later, onclick: click }, canvas, spacer);
  for (const kind of ["wheel", "pointerdown"]) lines.addEventListener(kind, () => (view.isAway = true), { passive: true });
  const root = h("section", { class: "disclosure", "aria-label": say("disclosure.title") },
    h("header", { class: "viewbar" }, h("h2", {}, say("disclosure.title")), lead, scale, cursor,
      keyButtons(keys.lead, say("view.lead")), keyButtons(keys.line, say("disclosure.time")),
      keyButtons(keys.gain, say("disclosure.gain")), keyButtons(keys.go, say("view.go"))),
    lines);
  parts = { root, lines, canvas, spacer, scale, cursor, lead };
  host.append(root);
  lines.focus({ preventScroll: true }); // so that Enter is no button's that was clicked before
}

function close() {
  parts = null;
  painted = null;
  awaited = "";
}

/** Lines that fit. */
const nShown = () => Math.max(Math.floor((parts.lines.clientHeight - AXIS_PX) / PITCH_PX), 1);

/** Lines from which on the page can begin. */
function range() {
  const { first, last } = extentOf(view.lineS);
  return { first, last: Math.max(last - nShown() + 1, first) };
}

/** The page that the scroll bar stands at. @returns {import("./disclosure_lines.js").Page} */
function wanted() {
  const { first, last } = range();
  const n = Math.min(nShown(), extentOf(view.lineS).last - first + 1);
  const top = Math.min(first + Math.round(parts.lines.scrollTop / PITCH_PX), last);
  const widthPx = Math.max(parts.lines.clientWidth - TIME_PX - CODES_PX, 100);
  return { first: top, n, lineS: view.lineS, lead: view.lead, widthPx };
}

/** So long that the scroll bar tells where in the recording the page is. */
function layOut() {
  const { first, last } = range();
  parts.spacer.style.height = `${(last - first) * PITCH_PX}px`;
  const [width, height] = [parts.lines.clientWidth, parts.lines.clientHeight];
  Object.assign(parts.canvas.style, { width: `${width}px`, height: `${height}px` });
}

/** @param {number} line that the page begins with */
function scrollTo(line) {
  parts.lines.scrollTop = (line - range().first) * PITCH_PX;
}

/** Scrolls just so far that the cursor's line is on the page; from farther than a page with what is around it. */
function reveal() {
  const line = lineOf(view.cursorUs, view.lineS);
  const { first, n } = wanted();
  if (line < first - n || line >= first + 2 * n) scrollTo(line - Math.floor(n / 3));
  else if (line < first) scrollTo(line);
  else if (line >= first + n) scrollTo(line - n + 1);
}

/** The cursor goes where the strip goes, unless the reader looks elsewhere while the strip follows the live signal. */
function followStrip() {
  if (view.followedS === state.startS) return;
  const isFirst = Number.isNaN(view.followedS);
  view.followedS = state.startS;
  if (view.isAway && state.follow) return;
  view.isAway = false;
  view.cursorUs = bounded(usOf(state.startS + pageS() / 2));
  if (isFirst) scrollTo(lineOf(view.cursorUs, view.lineS) - Math.floor(nShown() / 3));
  else reveal();
}

function bounded(us) {
  return Math.min(Math.max(us, usOfSample(state.firstSample)), usOfSample(Math.max(state.nextSample - 1, state.firstSample)));
}

function paint() {
  if (!parts) return;
  layOut();
  followStrip();
  const page = wanted();
  tellScale();
  if (hasPage(page)) draw(page);
  if (!isPageFresh(page) || !hasPage(page)) void fetchPage(page);
  else fetchAhead(page);
}

function draw(page) {
  const begin = performance.now();
  const lead = leads[page.lead];
  const lines = linesOf(page);
  drawDisclosure(parts.canvas, {
    page, lead, lines, pxPerUnit: (lead.channel.unit === "mV" ? view.gain : MM_PER_UNIT) * getPxPerMm(),
    strip: [usOf(state.startS), usOf(state.startS + pageS())], cursorUs: view.cursorUs,
    width: parts.lines.clientWidth, height: parts.lines.clientHeight,
  });
  painted = page;
  parts.cursor.textContent = `${dateOf(view.cursorUs)} ${hms(view.cursorUs)}`;
  tell(page, lines, performance.now() - begin);
}

/** The old picture stays until the new one is in memory. */
async function fetchPage(page) {
  const name = JSON.stringify(page);
  if (awaited === name) return;
  awaited = name;
  try {
    await behindBar(loadPage(page));
    later();
  } catch {
    // the status line says that the server does not answer; what changes next asks again
  } finally {
    if (awaited === name) awaited = "";
  }
}

let ahead = 0;

/** The pages on both sides, when nothing else is to do. */
function fetchAhead(page) {
  clearTimeout(ahead);
  ahead = setTimeout(() => {
    for (const by of [1, -1]) void loadPage({ ...page, first: page.first + by * page.n }).catch(() => undefined);
  }, 60);
}

function tellScale() {
  const { unit } = leads[view.lead].channel;
  const amplitude = unit === "mV" ? `${view.gain} mm/mV` : `${MM_PER_UNIT} mm/${unit}`;
  const scale = say("disclosure.scale", { line: view.lineS < 60 ? `${view.lineS} s` : `${view.lineS / 60} min`, amplitude });
  parts.scale.textContent = isFiltered() ? `${scale}, ${say("disclosure.unfiltered")}` : scale;
  parts.lead.value = String(view.lead);
}

/** What is on the canvas, for whoever looks at the page from outside: people's scripts, screen readers, tests. */
function tell(page, lines, paintMs) {
  Object.assign(parts.root.dataset, {
    firstUs: usOfLine(page.first, page.lineS), lines: page.n, lineS: page.lineS, gain: view.gain,
    lead: leads[page.lead].channel.name, cursorUs: view.cursorUs, paintMs: paintMs.toFixed(1), paintedAt: performance.now(),
    beats: lines.reduce((n, line) => n + line.beats.length, 0),
    spans: new Set(lines.flatMap((line) => line.spans.map((row) => row.id))).size,
  });
}

/** @param {number} us */
function moveCursor(us) {
  view.isAway = true;
  view.cursorUs = bounded(us);
  reveal();
  later();
}

/** @param {1 | -1} by */
function movePage(by) {
  const n = Math.max(wanted().n - 1, 1);
  scrollTo(Math.max(wanted().first + by * n, range().first));
  moveCursor(view.cursorUs + by * n * view.lineS * 1e6);
}

function changeLine(by) {
  const at = Math.min(Math.max(LINES_S.indexOf(view.lineS) + by, 0), LINES_S.length - 1);
  if (LINES_S[at] === view.lineS) return;
  view.lineS = LINES_S[at];
  keep();
  layOut();
  scrollTo(lineOf(view.cursorUs, view.lineS) - Math.floor(nShown() / 2));
  later();
}

function changeGain(by) {
  view.gain = stepped(GAINS_MM_MV, view.gain, by);
  keep();
  later();
}

function stepLead(by) {
  view.lead = (view.lead + by + leads.length) % leads.length;
  keep();
  later();
}

/** @param {MouseEvent} event */
function click(event) {
  if (!painted) return;
  const box = parts.canvas.getBoundingClientRect();
  const us = usAtPoint(painted, event.clientX - box.left, event.clientY - box.top);
  if (us !== null) void goThere(bounded(us));
}

/** By what stands together above the lines. @type {Object<string, import("../windows/views.js").ViewAction[]>} */
const keys = {
  lead: [
    { id: "disclosure.lead.previous", keys: ["{"], run: () => stepLead(-1) },
    { id: "disclosure.lead.next", keys: ["}"], run: () => stepLead(1) },
  ],
  line: [
    { id: "disclosure.longer", keys: ["<"], run: () => changeLine(1) },
    { id: "disclosure.shorter", keys: [">"], run: () => changeLine(-1) },
  ],
  gain: [
    { id: "disclosure.gain.down", keys: ["-"], run: () => changeGain(-1) },
    { id: "disclosure.gain.up", keys: ["+", "="], run: () => changeGain(1) },
  ],
  go: [{ id: "disclosure.go", keys: ["Enter"], run: () => void goThere(view.cursorUs) }],
  move: [
    { id: "disclosure.up", keys: ["ArrowUp"], run: () => moveCursor(view.cursorUs - view.lineS * 1e6) },
    { id: "disclosure.down", keys: ["ArrowDown"], run: () => moveCursor(view.cursorUs + view.lineS * 1e6) },
    { id: "disclosure.left", keys: ["ArrowLeft"], run: () => moveCursor(view.cursorUs - (view.lineS * 1e6) / CURSOR_PARTS) },
    { id: "disclosure.right", keys: ["ArrowRight"], run: () => moveCursor(view.cursorUs + (view.lineS * 1e6) / CURSOR_PARTS) },
    { id: "disclosure.page.up", keys: ["PageUp"], run: () => movePage(-1) },
    { id: "disclosure.page.down", keys: ["PageDown"], run: () => movePage(1) },
    { id: "disclosure.home", keys: ["Home"], run: () => moveCursor(usOfSample(state.firstSample)) },
    { id: "disclosure.end", keys: ["End"], run: () => moveCursor(usOfSample(state.nextSample)) },
  ],
};

registerView({ id: "disclosure", open, close, paint, actions: Object.values(keys).flat(), hears: () => parts !== null });
