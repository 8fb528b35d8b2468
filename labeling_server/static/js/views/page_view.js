// The page: as many rows of consecutive time as fit, in one lead at the speed and gain of the strip, grid included.

import { say } from "../base/config.js";
import { h } from "../base/dom.js";
import { onceAFrame } from "../base/frame.js";
import { behindBar } from "../base/loading.js";
import { getPxPerMm } from "../base/scale.js";
import { state, withDraft } from "../base/state.js";
import { dateOf, hms, secondsOf, usOf, usOfSample } from "../base/time.js";
import { CONTEXT_S, filterName, filtered, isFiltered, isWithoutOffset } from "../paper/filters.js";
import { pageS } from "../paper/layout.js";
import { ensureSpans, hasSpans, spansBetween } from "../paper/marks.js";
import { invalidOf, isSample } from "../signal/decimate.js";
import { areBeatMarksFresh, beatMarks, ensureBeatMarks, forgetBeatMarks, hasBeatMarks } from "../strip/beat_marks.js";
import { stores } from "../strip/navigate.js";
import { registerView } from "../windows/views.js";
import { leads } from "./disclosure_lines.js";
import { goThere } from "./go_there.js";
import { CODES_PX, ROW_MM, TIME_PX, drawPage, samplesOfRow } from "./page_paint.js";
import { keyButtons, leadSelect } from "./view_bar.js";

/** Samples of which one is looked at for a median. */
const EVERY = 25;
const view = { startUs: 0, cursorUs: 0, lead: 0, followedS: NaN };
/** @type {null | {root: HTMLElement, box: HTMLElement, canvas: HTMLCanvasElement, scale: HTMLElement, cursor: HTMLElement, lead: HTMLSelectElement}} */
let parts = null;
let awaited = "";

const later = onceAFrame(paint);

/** @param {HTMLElement} host */
function open(host) {
  if (!leads.length) return void host.append(h("p", { class: "empty" }, say("strip.empty")));
  forgetBeatMarks();
  view.followedS = NaN;
  const scale = h("span", { class: "figures" });
  const cursor = h("span", { class: "figures", role: "status" });
  const canvas = h("canvas", { role: "img", "aria-label": say("page.title") });
  const box = h("div", { class: "rows", tabindex: "-1" }, canvas);
  box.addEventListener("wheel", (event) => scrollBy(Math.sign(event.deltaY)), { passive: true });
  listenToDrag(box);
  box.addEventListener("click", click);
  const lead = leadSelect(view.lead, (chosen) => stepLead(chosen - view.lead));
  const root = h("section", { class: "rhythm-page", "aria-label": say("page.title") },
    h("header", { class: "viewbar" }, h("h2", {}, say("page.title")), lead, scale, cursor,
      keyButtons(keys.lead, say("view.lead")), keyButtons(keys.turn, say("page.turn")), keyButtons(keys.go, say("view.go"))),
    box);
  parts = { root, box, canvas, scale, cursor, lead };
  host.append(root);
  box.focus({ preventScroll: true }); // so that Enter is no button's that was clicked before
}

/** A finger or a held button pushes the rows. @param {HTMLElement} box */
function listenToDrag(box) {
  /** @type {number | null} */
  let y = null;
  let isDragged = false;
  box.addEventListener("pointerdown", (event) => {
    [y, isDragged] = [event.clientY, false];
  });
  box.addEventListener("pointermove", (event) => {
    const rowPx = ROW_MM * getPxPerMm();
    if (y === null || Math.abs(event.clientY - y) < rowPx) return;
    isDragged = true;
    scrollBy(event.clientY < y ? 1 : -1);
    y = event.clientY;
  });
  for (const kind of ["pointerup", "pointercancel", "pointerleave"]) box.addEventListener(kind, () => (y = null));
  // the click that ends a drag goes nowhere
  box.addEventListener("click", (event) => isDragged && event.stopImmediatePropagation(), { capture: true });
}

function close() {
  parts = null;
  awaited = "";
}

/** Rows that fit, and whole seconds of paper in one. */
function layout() {
  const pxPerMm = getPxPerMm();
  const pxPerS = state.speed * pxPerMm;
  const width = Math.max(parts.box.clientWidth - TIME_PX - CODES_PX, 100);
  const n = Math.max(Math.floor(parts.box.clientHeight / (ROW_MM * pxPerMm)), 1);
  return { pxPerMm, pxPerS, n, rowS: Math.max(Math.floor(width / pxPerS), 1) };
}

function bounded(us) {
  return Math.min(Math.max(us, usOfSample(state.firstSample)), usOfSample(Math.max(state.nextSample - 1, state.firstSample)));
}

/** The cursor goes where the strip goes, and the page with it. */
function followStrip({ n, rowS }) {
  if (view.followedS === state.startS) return;
  const isFirst = Number.isNaN(view.followedS);
  view.followedS = state.startS;
  view.cursorUs = bounded(usOf(state.startS + pageS() / 2));
  // whole seconds of the clock, so that rows are what one would print
  if (isFirst) view.startUs = Math.floor(usOf(state.startS) / 1e6) * 1e6;
  reveal(n, rowS);
}

/** Rows move by whole rows until the cursor is on the page. */
function reveal(n, rowS) {
  const row = Math.floor((view.cursorUs - view.startUs) / (rowS * 1e6));
  if (row < 0) view.startUs += row * rowS * 1e6;
  else if (row >= n) view.startUs += (row - n + 1) * rowS * 1e6;
}

function paint() {
  if (!parts) return;
  const at = layout();
  followStrip(at);
  const { group, channel } = leads[view.lead];
  const filter = isDrawnFiltered() ? filterName() : say("strip.filter");
  parts.scale.textContent = say("page.scale", { speed: state.speed, gain: `${state.gain} mm/${channel.unit}`, row: at.rowS, filter });
  const [fromS, toS] = [view.startUs, view.startUs + at.n * at.rowS * 1e6].map(secondsOf);
  const store = stores.get(group.id);
  const range = samplesOfRow(view.startUs, at.n * at.rowS);
  const isHere = store.has(...around(fromS, toS)) && hasBeatMarks(...range) && hasSpans(fromS, toS);
  if (isHere) draw(at, store);
  if (!isHere || !areBeatMarksFresh(...range)) void fetchPage(at, store, fromS, toS);
}

async function fetchPage(at, store, fromS, toS) {
  const name = [view.startUs, at.n, at.rowS, view.lead, state.nextSample, isDrawnFiltered()].join();
  if (awaited === name) return;
  awaited = name;
  try {
    const range = samplesOfRow(view.startUs, at.n * at.rowS);
    await behindBar(Promise.all([store.ensure(...around(fromS, toS)), ensureBeatMarks(...range), ensureSpans(fromS, toS)]));
    later();
    const lengthS = toS - fromS;
    for (const by of [1, -1]) void store.ensure(fromS + by * lengthS, toS + by * lengthS).catch(() => undefined);
  } catch {
    // the status line says that the server does not answer; what changes next asks again
  } finally {
    if (awaited === name) awaited = "";
  }
}

/** Rows are drawn from samples at every speed, so that the filters of the strip can always be on them. */
const isDrawnFiltered = () => isFiltered() && leads[view.lead].channel.unit === "mV";

/** With what a filter has to see on both sides. @param {number} fromS @param {number} toS @returns {[number, number]} */
const around = (fromS, toS) => (isDrawnFiltered() ? [fromS - CONTEXT_S, toS + CONTEXT_S] : [fromS, toS]);

/** What gives the runs of [from, to) samples as they are drawn: the page is filtered as a whole, once. */
function sourceOf(at, store, { group, channel, i }) {
  if (!isDrawnFiltered()) return { runs: (from, to) => store.runs(from, to), column: i, nColumns: group.channels.length, offset: channel.offset };
  const startS = (view.startUs - group.t0_us) / 1e6;
  const [from, to] = around(startS, startS + at.n * at.rowS).map((seconds) => Math.round(seconds * group.fs_hz));
  const done = filtered(store.runs(from, to), i, group.channels.length, group.fs_hz, group.id);
  // without its offset a lead stands on the middle of its row
  return { runs: () => done, column: 0, nColumns: 1, offset: isWithoutOffset() ? 0 : channel.offset };
}

function draw(at, store) {
  const lead = leads[view.lead];
  const source = sourceOf(at, store, lead);
  const isShown = (row) => row.status !== "rejected" || state.showRejected || row.id === state.selection?.id;
  const rows = Array.from({ length: at.n }, (_, i) => {
    const us = view.startUs + i * at.rowS * 1e6;
    const startS = (us - lead.group.t0_us) / 1e6;
    return {
      us,
      runs: source.runs(Math.floor(startS * lead.group.fs_hz), Math.ceil((startS + at.rowS) * lead.group.fs_hz) + 1),
      beats: beatMarks(...samplesOfRow(us, at.rowS)),
      spans: spansBetween(us, us + at.rowS * 1e6).map(withDraft).filter(isShown),
    };
  });
  const [width, height] = [parts.box.clientWidth, parts.box.clientHeight];
  Object.assign(parts.canvas.style, { width: `${width}px`, height: `${height}px` });
  drawPage(parts.canvas, {
    ...at, rows, lead, source, gain: state.gain, zero: zeroOf(rows, lead, source), width, height, cursorUs: view.cursorUs,
    strip: [usOf(state.startS), usOf(state.startS + pageS())],
  });
  parts.cursor.textContent = `${dateOf(view.cursorUs)} ${hms(view.cursorUs)}`;
  Object.assign(parts.root.dataset, {
    startUs: view.startUs, rows: at.n, rowS: at.rowS, lead: lead.channel.name, cursorUs: view.cursorUs, filter: isDrawnFiltered() ? filterName() : "",
    beats: rows.reduce((n, row) => n + row.beats.length, 0), paintedAt: performance.now(),
  });
}

/** Value on the middle of the rows: 0, or as on the strip, for a lead far from it, its median to half a unit. */
function zeroOf(rows, { channel }, { column, nColumns, offset }) {
  const values = [];
  for (const { data } of new Set(rows.flatMap(({ runs }) => runs))) {
    const invalid = invalidOf(data);
    for (let at = column; at < data.length; at += nColumns * EVERY) if (isSample(data[at], invalid)) values.push(data[at]);
  }
  if (!values.length) return 0;
  const median = (Float64Array.from(values).sort()[values.length >> 1] - offset) / channel.gain;
  return Math.abs(median) < 2 ? 0 : Math.round(median * 2) / 2;
}

function moveCursor(us) {
  view.cursorUs = bounded(us);
  const { n, rowS } = layout();
  reveal(n, rowS);
  later();
}

/** The page goes by rows, and the cursor with it. @param {number} rows */
function scrollBy(rows) {
  const byUs = bounded(view.cursorUs + rows * layout().rowS * 1e6) - view.cursorUs;
  view.startUs += Math.round(byUs / (layout().rowS * 1e6)) * layout().rowS * 1e6;
  moveCursor(view.cursorUs + byUs);
}

/** @param {number} rows that the cursor moves by */
const moveBy = (rows) => moveCursor(view.cursorUs + rows * layout().rowS * 1e6);

function stepLead(by) {
  view.lead = (view.lead + by + leads.length) % leads.length;
  parts.lead.value = String(view.lead);
  later();
}

/** @param {MouseEvent} event */
function click(event) {
  const box = parts.canvas.getBoundingClientRect();
  const { pxPerMm, pxPerS, n, rowS } = layout();
  const row = Math.floor((event.clientY - box.top) / (ROW_MM * pxPerMm));
  const withinS = (event.clientX - box.left - TIME_PX) / pxPerS;
  if (row < n && withinS < rowS) void goThere(bounded(view.startUs + (row * rowS + Math.max(withinS, 0)) * 1e6));
}

/** By what stands together above the rows. @type {Object<string, import("../windows/views.js").ViewAction[]>} */
const keys = {
  lead: [
    { id: "page.lead.previous", keys: ["{"], run: () => stepLead(-1) },
    { id: "page.lead.next", keys: ["}"], run: () => stepLead(1) },
  ],
  turn: [
    { id: "page.turn.back", keys: ["PageUp"], run: () => scrollBy(-layout().n) },
    { id: "page.turn.on", keys: ["PageDown"], run: () => scrollBy(layout().n) },
  ],
  go: [{ id: "page.go", keys: ["Enter"], run: () => void goThere(view.cursorUs) }],
  move: [
    { id: "page.row.up", keys: ["ArrowUp"], run: () => moveBy(-1) },
    { id: "page.row.down", keys: ["ArrowDown"], run: () => moveBy(1) },
    { id: "page.second.left", keys: ["ArrowLeft"], run: () => moveCursor(view.cursorUs - 1e6) },
    { id: "page.second.right", keys: ["ArrowRight"], run: () => moveCursor(view.cursorUs + 1e6) },
    { id: "page.home", keys: ["Home"], run: () => moveCursor(usOfSample(state.firstSample)) },
    { id: "page.end", keys: ["End"], run: () => moveCursor(usOfSample(state.nextSample)) },
  ],
};

registerView({ id: "page", open, close, paint, actions: Object.values(keys).flat(), hears: () => parts !== null });
