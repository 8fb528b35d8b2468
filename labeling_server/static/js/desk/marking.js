// What keys and pointer do to the marks of an item: begin and end spans, set beats, label, move, delete.

import { say } from "../base/config.js";
import { DIGITS, beatOfKey } from "../base/label_keys.js";
import { invalidOf, isSample } from "../signal/decimate.js";
import { GUTTER_PX, markAt, paperTop, repaintDesk, usAt, widthS, xOf } from "./canvas.js";
import { desk, deskChanged, edit, isPoint, onDesk, tellDesk } from "./item.js";

/** As in the workstation; N is a normal beat here, which the cursor sets. */
export const SPAN_KEYS = new Map([...DIGITS, ["s", "SR"]]);
const STEP_US = 200_000;
const NUDGE_US = 20_000;
/** A beat that a key sets lies on the highest point so near, or where the slope from there ends, so far away at most. */
const PEAK_US = 80_000;
const CLIMB_US = 200_000;

/** The label that a key means: a beat, or a span by its digit. @param {string} key */
export function labelOfKey(key) {
  const span = SPAN_KEYS.get(key);
  const mark = desk.selected === null ? null : desk.marks[desk.selected];
  if (span && (mark ? !isPoint(mark) : true)) return { code: span, isBeat: false };
  const code = beatOfKey(key);
  return code === null ? null : { code, isBeat: true };
}

/** A label for what is selected; with nothing selected a beat at the cursor, or a span of the whole item. @param {{code: string, isBeat: boolean}} label */
export function label({ code, isBeat }) {
  const mark = desk.selected === null ? null : desk.marks[desk.selected];
  if (desk.openUs !== null && !isBeat) return endSpan(code);
  if (mark && isPoint(mark) === isBeat) return replace(mark, { ...mark, label: code });
  if (isBeat) return addBeat(code);
  const { start_us, end_us } = desk.item;
  return add({ start_us, end_us, label: code });
}

function replace(mark, now, isGoingOn = false) {
  edit(desk.marks.map((one) => (one === mark ? now : one)), "read", now, isGoingOn);
}

/** Spans of one label do not overlap: what they cover together is one. @param {import("./item.js").Mark} mark */
function add(mark) {
  const touching = desk.marks.filter((one) => one.label === mark.label && !isPoint(one) && one.start_us <= mark.end_us && one.end_us >= mark.start_us);
  const joined = { ...mark, start_us: Math.min(mark.start_us, ...touching.map((one) => one.start_us)), end_us: Math.max(mark.end_us, ...touching.map((one) => one.end_us)) };
  edit([...desk.marks.filter((one) => !touching.includes(one)), joined], "read", joined);
}

function addBeat(code) {
  const at = peakNear(desk.cursorUs);
  const beat = { start_us: at, end_us: at, label: code };
  edit([...desk.marks.filter((one) => !isPoint(one) || Math.abs(one.start_us - at) > 1000), beat], "read", beat);
}

/** The sample that stands out most near a time, in the first lead. @param {number} us */
function peakNear(us) {
  const [lead] = desk.leads;
  if (!lead) return us;
  const { group, channel, i, store } = lead;
  const at = (time) => Math.round(((time - group.t0_us) / 1e6) * group.fs_hz);
  const [from, to] = [at(us - CLIMB_US), at(us + CLIMB_US)];
  const found = [];
  for (const run of store.runs(from, to)) {
    const invalid = invalidOf(run.data);
    for (let k = Math.max(from - run.start, 0); k < Math.min(to - run.start, run.n); k += 1) {
      const value = run.data[k * group.channels.length + i];
      if (isSample(value, invalid)) found.push([run.start + k, (value - channel.offset) / channel.gain]);
    }
  }
  if (!found.length) return us;
  const middle = found.map(([, value]) => value).sort((a, b) => a - b)[found.length >> 1];
  const height = (k) => (found[k] ? Math.abs(found[k][1] - middle) : -1);
  const near = found.map((_, k) => k).filter((k) => Math.abs(found[k][0] - at(us)) <= at(us + PEAK_US) - at(us));
  let best = near.reduce((top, k) => (height(k) > height(top) ? k : top), near[0] ?? 0);
  while (height(best + 1) > height(best)) best += 1;
  while (height(best - 1) > height(best)) best -= 1;
  const [sample] = found[best];
  const peak = group.t0_us + Math.round((sample / group.fs_hz) * 1e6);
  return Math.min(Math.max(peak, desk.item.start_us), desk.item.end_us - 1);
}

/** Begins a span at the cursor; the second time it ends there and waits for its label. */
export function mark() {
  if (!desk.mayEdit) return;
  if (desk.openUs === null) {
    Object.assign(desk, { openUs: desk.cursorUs, selected: null, edge: null });
    tellDesk(say("desk.open"));
    return;
  }
  if (desk.openUs === desk.cursorUs) return tellDesk(say("desk.open.length"));
  return tellDesk(say("desk.open.label"));
}

function endSpan(code) {
  const [start_us, end_us] = [desk.openUs, desk.cursorUs].sort((a, b) => a - b);
  desk.openUs = null;
  if (end_us > start_us) add({ start_us, end_us, label: code });
  else tellDesk(say("desk.open.length"));
}

export function remove() {
  if (desk.selected === null) return;
  const gone = desk.marks[desk.selected];
  edit(desk.marks.filter((one) => one !== gone));
}

/** @param {"ambiguous" | "unreadable"} answer the same again takes it back */
export function answerInstead(answer) {
  if (desk.answer === answer) edit(desk.marks, "read");
  else edit([], answer);
}

/** @param {1 | -1} by */
export function selectNext(by) {
  if (!desk.marks.length) return;
  const from = desk.selected ?? (by > 0 ? desk.marks.findIndex((one) => one.start_us >= desk.cursorUs) - 1 : desk.marks.length);
  select(Math.min(Math.max(from + by, 0), desk.marks.length - 1));
}

/** @param {number | null} place */
export function select(place) {
  Object.assign(desk, { selected: place, edge: null, openUs: null });
  if (place !== null) moveTo(desk.marks[place].start_us, false);
  deskChanged();
}

/** @param {"start" | "end"} edge */
export function takeEdge(edge) {
  const mark = desk.selected === null ? null : desk.marks[desk.selected];
  if (!mark || isPoint(mark)) return;
  desk.edge = edge;
  moveTo(edge === "start" ? mark.start_us : mark.end_us, false);
  deskChanged();
}

/** Moves what is selected, or its edge, a little; else the cursor. @param {number} by */
export function nudge(by) {
  const mark = desk.selected === null ? null : desk.marks[desk.selected];
  if (!mark) return moveTo(desk.cursorUs + by * NUDGE_US);
  if (isPoint(mark)) {
    const at = clamp(mark.start_us + by * NUDGE_US, true);
    replace(mark, { ...mark, start_us: at, end_us: at });
    return moveTo(at);
  }
  if (!desk.edge) return moveTo(desk.cursorUs + by * NUDGE_US);
  return dragEdge(mark, (desk.edge === "start" ? mark.start_us : mark.end_us) + by * NUDGE_US);
}

/** @param {import("./item.js").Mark} mark @param {number} us @param {boolean} [isGoingOn] */
function dragEdge(mark, us, isGoingOn = false) {
  const { edge } = desk;
  const at = clamp(us, false);
  const now = edge === "start" ? { ...mark, start_us: Math.min(at, mark.end_us - NUDGE_US) } : { ...mark, end_us: Math.max(at, mark.start_us + NUDGE_US) };
  const others = desk.marks.filter((one) => one !== mark && one.label === mark.label && !isPoint(one));
  if (others.some((one) => one.start_us < now.end_us && one.end_us > now.start_us)) return;
  replace(mark, now, isGoingOn);
  desk.edge = edge;
  moveTo(edge === "start" ? now.start_us : now.end_us);
}

/** Within the item; a point before its end. */
const clamp = (us, isAPoint) => Math.min(Math.max(us, desk.item.start_us), desk.item.end_us - (isAPoint ? 1 : 0));

/** @param {number} by steps of 0.2 s */
export const moveCursor = (by) => moveTo(desk.cursorUs + by * STEP_US);

/** The cursor, and the page with it where it would leave it. @param {number} us */
export function moveTo(us, isToldOf = true) {
  desk.cursorUs = clamp(us, false);
  const wide = widthS() * 1e6;
  if (desk.cursorUs < desk.startUs || desk.cursorUs > desk.startUs + wide) turnTo(desk.cursorUs - wide / 2);
  if (isToldOf) deskChanged();
}

/** @param {number} us where the page is to begin */
function turnTo(us) {
  const last = Math.max(desk.item.end_us - widthS() * 1e6, desk.item.start_us);
  desk.startUs = Math.round(Math.min(Math.max(us, desk.item.start_us), last));
}

/** @param {number} by pages */
export function turnPage(by) {
  turnTo(desk.startUs + by * widthS() * 1e6);
  desk.cursorUs = clamp(Math.max(Math.min(desk.cursorUs, desk.startUs + widthS() * 1e6), desk.startUs), false);
  deskChanged();
}

export function measure() {
  desk.anchorUs = desk.anchorUs === null ? desk.cursorUs : null;
  deskChanged();
}

/** @returns {boolean} whether there was something to let go */
export function letGo() {
  if (desk.openUs === null && desk.anchorUs === null && desk.selected === null) return false;
  if (desk.openUs !== null) desk.openUs = null;
  else if (desk.anchorUs !== null) desk.anchorUs = null;
  else Object.assign(desk, { selected: null, edge: null });
  deskChanged();
  return true;
}

/** @param {HTMLCanvasElement} canvas */
export function listenToDesk(canvas) {
  let [isDragging, hasMoved] = [false, false];
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (!desk.item || event.button !== 0) return;
    const { x, y } = place(event);
    const found = markAt(x, y);
    if (found !== null) return select(found);
    const mark = desk.selected === null ? null : desk.marks[desk.selected];
    const reach = event.pointerType === "mouse" ? 6 : 18;
    const edge = mark && !isPoint(mark) && y > paperTop() ? ["start", "end"].find((one) => Math.abs(xOf(mark[`${one}_us`]) - x) <= reach) : null;
    if (edge && desk.mayEdit) {
      desk.edge = edge;
      [isDragging, hasMoved] = [true, false];
      canvas.setPointerCapture(event.pointerId);
    } else if (x >= GUTTER_PX) moveTo(usAt(x));
  });
  canvas.addEventListener("pointermove", (event) => {
    const mark = desk.selected === null ? null : desk.marks[desk.selected];
    if (!isDragging || !mark) return;
    dragEdge(mark, usAt(place(event).x), hasMoved);
    hasMoved = true;
  });
  for (const kind of ["pointerup", "pointercancel"]) canvas.addEventListener(kind, () => (isDragging = false));
  canvas.addEventListener("wheel", (event) => {
    if (!desk.item || event.ctrlKey) return;
    event.preventDefault();
    turnPage(0.1 * Math.sign(event.deltaY || event.deltaX));
  }, { passive: false });
  onDesk(repaintDesk);
}
