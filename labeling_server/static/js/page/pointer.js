// Mouse, pen and finger: a click or tap selects or puts the cursor, edges are dragged, empty signal is pushed, the wheel
// pans, the overview goes. A finger that rests marks the start of a span and, lifted elsewhere, its end.

import { mainGroup, reader } from "../base/config.js";
import { changed, selectedRow, state } from "../base/state.js";
import { sampleOf, secondsOf, usOf, usOfSample } from "../base/time.js";
import { notePointer } from "../calipers/calipers.js";
import { caliperAt, dragCaliper, takeCaliper } from "../calipers/calipers_pointer.js";
import { BEATS_PX, GUTTER_PX, HANDLE_PX, PAPER_TOP_PX, geometry, pxAt, secondsAt } from "../paper/layout.js";
import { nearestBeat } from "../paper/marks.js";
import { overviewSeconds } from "../paper/overview.js";
import { mark } from "../review/decide.js";
import { commitDraft, dragEdge, dropDraft, holdEdge } from "../review/drafts.js";
import { followHead, pan, show, showCentered, stepScale } from "../strip/navigate.js";
import { placeCursor, repaint } from "../strip/paint.js";
import { listenToOverviewPinch, listenToPinch } from "../strip/pinch.js";
import { selectBeat, selectRow } from "../strip/select.js";
import { papersOf, visibleBars } from "../strip/spans.js";

/**
 * How exact a pointer is, px: `edge` to either side of an edge, `beat` of a beat's letter, `row` above and below rows,
 * `drag` before a press is a drag. A finger is broader than a mouse is exact.
 */
const REACH = {
  mouse: { edge: HANDLE_PX / 2 + 2, beat: 12, row: 0, drag: 4 },
  pen: { edge: 10, beat: 14, row: 2, drag: 6 },
  touch: { edge: 18, beat: 24, row: 8, drag: 10 },
};
const WHEEL_PAGES = 0.1;
/** With Shift an edge that is dragged nearer to a beat lies on it. */
const SNAP_PX = 8;
const REST_MS = 500;

/** @typedef {{edge: number, beat: number, row: number, drag: number}} Reach */
/**
 * What was pressed: an edge, a leg of the calipers, or nothing but signal.
 * @typedef {{x: number, y: number, startS: number, edge: "start" | "end" | null, moved: boolean, reach: Reach, rest: number,
 *   isMarking: boolean, caliper: import("../calipers/calipers_pointer.js").Grip | null}} Grip
 */

const reachOf = (event) => REACH[event.pointerType] ?? REACH.touch;

const place = (event, element) => {
  const box = element.getBoundingClientRect();
  return { x: event.clientX - box.left, y: event.clientY - box.top };
};

/** The edge of the selected span under the pointer. @param {number} x @param {number} y @param {Reach} reach */
function edgeAt(x, y, reach) {
  const row = selectedRow();
  if (!row || row.kind === "beat" || y < PAPER_TOP_PX || !reader.may_write || state.past) return null;
  if (!papersOf(geometry(), row).some((paper) => y >= paper.top && y <= paper.bottom)) return null;
  const [start, end] = [row.start_us, row.end_us].map((us) => Math.abs(pxAt(secondsOf(us)) - x));
  if (Math.min(start, end) > reach.edge) return null;
  return start < end ? "start" : "end";
}

/** Where an edge goes under the pointer. @param {number} x @param {boolean} isSnapping */
function edgeUs(x, isSnapping) {
  const us = usOf(secondsAt(x));
  const beat = isSnapping ? nearestBeat(sampleOf(us)) : null;
  return beat && Math.abs(pxAt(beat.sample / mainGroup.fs_hz) - x) <= SNAP_PX ? usOfSample(beat.sample) : us;
}

function barAt(x, y, reach) {
  const at = secondsAt(x);
  const far = (bar) => Math.max(bar.top - y, y - bar.bottom, 0);
  const reachS = reach.row / geometry().pxPerS;
  const near = visibleBars(geometry()).filter((bar) => far(bar) <= reach.row && at >= bar.left - reachS && at <= bar.right + reachS);
  // of rows that lie closer than a finger is broad the nearest; there the shortest, which lies on top
  return near.sort((a, b) => far(a) - far(b) || a.right - a.left - (b.right - b.left))[0] ?? null;
}

function beatUnder(x, y, reach) {
  const isRow = y >= PAPER_TOP_PX - BEATS_PX - reach.row && y < PAPER_TOP_PX + reach.row;
  const beat = isRow ? nearestBeat(sampleOf(usOf(secondsAt(x)))) : null;
  return beat && Math.abs(pxAt(beat.sample / mainGroup.fs_hz) - x) <= reach.beat ? beat : null;
}

function click(x, y, reach) {
  const bar = barAt(x, y, REACH.mouse);
  const beat = bar ? null : beatUnder(x, y, reach);
  const near = bar ?? (beat ? null : barAt(x, y, reach));
  if (near) return selectRow(near.row, { move: false });
  if (beat) return selectBeat(beat);
  putCursor(x);
  return undefined;
}

function putCursor(x) {
  state.cursorS = Math.max(secondsAt(x) - state.startS, 0);
  changed("cursor");
  placeCursor();
  repaint();
}

/** @param {HTMLElement} strip */
function listenToStrip(strip) {
  /** @type {Grip | null} */
  let grip = null;
  const letGo = () => {
    holdEdge(false);
    clearTimeout(grip?.rest);
    grip = null;
  };
  strip.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || event.target.closest("button")) return;
    grip = taken(event, strip);
    strip.setPointerCapture(event.pointerId);
  });
  strip.addEventListener("pointermove", (event) => {
    const { x, y } = place(event, strip);
    notePointer(y);
    if (!grip) return hover(strip, x, y, event);
    if (!grip.moved && Math.abs(x - grip.x) < grip.reach.drag) return undefined;
    clearTimeout(grip.rest);
    grip.moved = true;
    return drag(grip, x, event.shiftKey);
  });
  strip.addEventListener("pointerup", (event) => {
    if (!grip) return;
    const { isMarking, moved, edge, caliper } = grip;
    if (isMarking) endMark(grip, place(event, strip).x);
    else if (!moved && !caliper) click(grip.x, grip.y, grip.reach);
    else if (edge) void commitDraft();
    letGo();
  });
  const cancel = () => {
    if (grip?.edge) dropDraft();
    letGo();
  };
  strip.addEventListener("pointercancel", cancel);
  listenToPinch(strip, cancel);
  strip.addEventListener("contextmenu", (event) => grip && event.preventDefault()); // what a finger that rests asks for elsewhere
  strip.addEventListener("wheel", (event) => {
    if (event.ctrlKey) return; // the browser's zoom
    event.preventDefault();
    const by = Math.sign(event.deltaY || event.deltaX);
    if (event.shiftKey) void stepScale(by > 0 ? -1 : 1, secondsAt(place(event, strip).x));
    else void pan(by * WHEEL_PAGES);
  }, { passive: false });
}

/** What a press takes. @param {PointerEvent} event @param {HTMLElement} strip @returns {Grip} */
function taken(event, strip) {
  const { x, y } = place(event, strip);
  const reach = reachOf(event);
  notePointer(y);
  const caliper = caliperAt(x, y, event.pointerType);
  const edge = caliper ? null : edgeAt(x, y, reach);
  if (caliper) takeCaliper(caliper);
  if (edge) state.edge = edge;
  holdEdge(edge !== null);
  /** @type {Grip} */
  const grip = { x, y, startS: state.startS, edge, moved: false, reach, rest: 0, isMarking: false, caliper };
  const mayMark = event.pointerType === "touch" && reader.may_write && !state.past && y >= PAPER_TOP_PX && x >= GUTTER_PX;
  if (mayMark && !caliper && !edge) grip.rest = setTimeout(() => beginMark(grip), REST_MS);
  return grip;
}

/** A finger that rests is where a span begins; or ends, where one was begun. @param {Grip} grip */
function beginMark(grip) {
  grip.isMarking = true;
  putCursor(grip.x);
  mark();
}

/** Lifted elsewhere it is the end; at the same place the end is still to come. @param {Grip} grip @param {number} x */
function endMark(grip, x) {
  if (!grip.moved || state.markUs === null) return;
  putCursor(x);
  mark();
}

/** @param {Grip} grip @param {number} x @param {boolean} isSnapping */
function drag(grip, x, isSnapping) {
  if (grip.caliper) dragCaliper(grip.caliper, x);
  else if (grip.edge) dragEdge(edgeUs(x, isSnapping));
  else if (grip.isMarking) putCursor(x);
  else void show(grip.startS - (x - grip.x) / geometry().pxPerS);
}

/** @param {HTMLElement} strip @param {number} x @param {number} y @param {PointerEvent} event */
function hover(strip, x, y, event) {
  const caliper = caliperAt(x, y, event.pointerType);
  const reach = reachOf(event);
  strip.style.cursor = caliper?.leg === "both" ? "grab" : caliper || edgeAt(x, y, reach) ? "ew-resize" : barAt(x, y, reach) ? "pointer" : "default";
  if (state.markUs === null || x < GUTTER_PX) return;
  // while a span is being marked its open end follows the pointer
  putCursor(x);
}

/** @param {HTMLElement} overview */
function listenToOverview(overview) {
  let isDown = false;
  const go = (event) => void showCentered(overviewSeconds(place(event, overview).x));
  listenToOverviewPinch(overview, () => (isDown = false));
  overview.addEventListener("pointerdown", (event) => {
    isDown = true;
    overview.setPointerCapture(event.pointerId);
    go(event);
  });
  overview.addEventListener("pointermove", (event) => isDown && go(event));
  for (const kind of ["pointerup", "pointercancel"]) overview.addEventListener(kind, () => (isDown = false));
}

export function listenToPointer() {
  listenToStrip(document.getElementById("strip"));
  listenToOverview(document.getElementById("overview"));
  document.getElementById("follow").addEventListener("click", () => void followHead());
}
