// The mouse: a click selects or puts the cursor, edges are dragged, the wheel pans, the overview goes.

import { notePointer } from "./calipers.js";
import { caliperAt, dragCaliper, takeCaliper } from "./calipers_pointer.js";
import { commitDraft, dragEdge, holdEdge } from "./drafts.js";
import { HANDLE_PX, PAPER_TOP_PX, BEATS_PX, geometry, pxAt, secondsAt, GUTTER_PX } from "./layout.js";
import { nearestBeat } from "./marks.js";
import { followHead, pan, show, showCentered, stepScale } from "./navigate.js";
import { overviewSeconds } from "./overview.js";
import { placeCursor, repaint } from "./paint.js";
import { selectBeat, selectRow } from "./select.js";
import { papersOf, visibleBars } from "./spans.js";
import { changed, selectedRow, state } from "./state.js";
import { mainGroup, reader } from "./config.js";
import { sampleOf, secondsOf, usOf, usOfSample } from "./time.js";

const BEAT_REACH_PX = 12;
const GRAB_PX = HANDLE_PX / 2 + 2;
const PAN_FROM_PX = 4;
const WHEEL_PAGES = 0.1;
/** With Shift an edge that is dragged nearer to a beat lies on it. */
const SNAP_PX = 8;

const place = (event, element) => {
  const box = element.getBoundingClientRect();
  return { x: event.clientX - box.left, y: event.clientY - box.top };
};

/** The edge of the selected span under the pointer. @param {number} x @param {number} y */
function edgeAt(x, y) {
  const row = selectedRow();
  if (!row || row.kind === "beat" || y < PAPER_TOP_PX || !reader.may_write) return null;
  if (!papersOf(geometry(), row).some((paper) => y >= paper.top && y <= paper.bottom)) return null;
  const far = (us) => Math.abs(pxAt(secondsOf(us)) - x);
  if (far(row.end_us) <= GRAB_PX) return "end";
  return far(row.start_us) <= GRAB_PX ? "start" : null;
}

/** Where an edge goes under the pointer. @param {number} x @param {boolean} isSnapping */
function edgeUs(x, isSnapping) {
  const us = usOf(secondsAt(x));
  const beat = isSnapping ? nearestBeat(sampleOf(us)) : null;
  return beat && Math.abs(pxAt(beat.sample / mainGroup.fs_hz) - x) <= SNAP_PX ? usOfSample(beat.sample) : us;
}

function barAt(x, y) {
  const at = secondsAt(x);
  return visibleBars(geometry()).find((bar) => y >= bar.top && y <= bar.bottom && at >= bar.left && at <= bar.right) ?? null;
}

function click(x, y) {
  const bar = barAt(x, y);
  if (bar) return selectRow(bar.row, { move: false });
  const beat = nearestBeat(sampleOf(usOf(secondsAt(x))));
  const isBeatRow = y >= PAPER_TOP_PX - BEATS_PX && y < PAPER_TOP_PX;
  if (isBeatRow && beat && Math.abs(pxAt(beat.sample / mainGroup.fs_hz) - x) <= BEAT_REACH_PX) return selectBeat(beat);
  state.cursorS = Math.max(secondsAt(x) - state.startS, 0);
  changed("cursor");
  repaint();
}

/** @param {HTMLElement} strip */
function listenToStrip(strip) {
  /** @type {null | {x: number, y: number, startS: number, edge: "start" | "end" | null, moved: boolean,
   *   caliper: import("./calipers_pointer.js").Grip | null}} */
  let grip = null;
  strip.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || event.target.closest("button")) return;
    const { x, y } = place(event, strip);
    notePointer(y);
    const caliper = caliperAt(x, y, event.pointerType);
    grip = { x, y, startS: state.startS, edge: caliper ? null : edgeAt(x, y), moved: false, caliper };
    if (caliper) takeCaliper(caliper);
    if (grip.edge) state.edge = grip.edge;
    holdEdge(grip.edge !== null);
    strip.setPointerCapture(event.pointerId);
  });
  strip.addEventListener("pointermove", (event) => {
    const { x, y } = place(event, strip);
    notePointer(y);
    if (!grip) return hover(strip, x, y, event.pointerType);
    if (!grip.moved && Math.abs(x - grip.x) < PAN_FROM_PX) return;
    grip.moved = true;
    if (grip.caliper) dragCaliper(grip.caliper, x);
    else if (grip.edge) dragEdge(edgeUs(x, event.shiftKey));
    else void show(grip.startS - (x - grip.x) / geometry().pxPerS);
  });
  strip.addEventListener("pointerup", () => {
    holdEdge(false);
    if (grip && !grip.moved && !grip.caliper) click(grip.x, grip.y);
    else if (grip?.edge) void commitDraft();
    grip = null;
  });
  strip.addEventListener("pointercancel", () => {
    holdEdge(false);
    grip = null;
  });
  strip.addEventListener("wheel", (event) => {
    if (event.ctrlKey) return; // the browser's zoom
    event.preventDefault();
    const by = Math.sign(event.deltaY || event.deltaX);
    if (event.shiftKey) void stepScale(by > 0 ? -1 : 1, secondsAt(place(event, strip).x));
    else void pan(by * WHEEL_PAGES);
  }, { passive: false });
}

function hover(strip, x, y, kind) {
  const caliper = caliperAt(x, y, kind);
  strip.style.cursor = caliper?.leg === "both" ? "grab" : caliper || edgeAt(x, y) ? "ew-resize" : barAt(x, y) ? "pointer" : "default";
  if (state.markUs === null || x < GUTTER_PX) return;
  // while a span is being marked its open end follows the pointer
  state.cursorS = secondsAt(x) - state.startS;
  changed("cursor");
  placeCursor();
  repaint();
}

/** @param {HTMLElement} overview */
function listenToOverview(overview) {
  let isDown = false;
  const go = (event) => void showCentered(overviewSeconds(place(event, overview).x));
  overview.addEventListener("pointerdown", (event) => {
    isDown = true;
    overview.setPointerCapture(event.pointerId);
    go(event);
  });
  overview.addEventListener("pointermove", (event) => isDown && go(event));
  overview.addEventListener("pointerup", () => (isDown = false));
}

export function listenToPointer() {
  listenToStrip(document.getElementById("strip"));
  listenToOverview(document.getElementById("overview"));
  document.getElementById("follow").addEventListener("click", () => void followHead());
}
