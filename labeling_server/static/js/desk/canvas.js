// The item on paper: grid and signal to scale, what is marked above it, the cursor, and what is measured.

import { color, labelColor } from "../base/colors.js";
import { labels, say } from "../base/config.js";
import { onceAFrame } from "../base/frame.js";
import { getPxPerMm } from "../base/scale.js";
import { duration, hms } from "../base/time.js";
import { clipped, tracePieces } from "../signal/decimate.js";
import { extremes } from "../signal/lane_scale.js";
import { desk, ensureSignal, isPoint } from "./item.js";

export const GUTTER_PX = 64;
const LANE_PX = 44;
const BAR_PX = 16;
const AXIS_PX = 20;
const PULSE_MM = 5;
const FONT = '12px system-ui, "DejaVu Sans", sans-serif';
const STEPS_S = [0.2, 0.5, 1, 2, 5, 10, 20, 60];

/** @type {HTMLCanvasElement} */
let canvas;

/** @param {HTMLCanvasElement} element */
export function showOn(element) {
  canvas = element;
  new ResizeObserver(repaintDesk).observe(canvas.parentElement);
  document.addEventListener("rhythmark:theme", () => requestAnimationFrame(repaintDesk));
}

/** Rows above the paper: other people's, then the own one. @returns {{name: string, marks: import("./item.js").Mark[], answer: string, isOwn: boolean, isChosen: boolean}[]} */
export function rows() {
  const others = desk.lanes.filter((lane) => lane.name !== say("desk.machine") || desk.showsMachine);
  const own = { name: say(desk.lanes.length ? "desk.decision" : "desk.own"), marks: desk.marks, answer: desk.answer };
  return [...others.map((lane, i) => ({ ...lane, isOwn: false, isChosen: i === desk.lane })), { ...own, isOwn: true, isChosen: false }];
}

export const pxPerS = () => desk.speed * getPxPerMm();
export const widthS = () => Math.max(canvas.clientWidth - GUTTER_PX, 100) / pxPerS();
export const xOf = (us) => GUTTER_PX + ((us - desk.startUs) / 1e6) * pxPerS();
export const usAt = (x) => desk.startUs + Math.round(((x - GUTTER_PX) / pxPerS()) * 1e6);
export const paperTop = () => rows().length * LANE_PX + 4;

/** The own mark under a point, spans before the beats below them. @param {number} x @param {number} y */
export function markAt(x, y) {
  const top = (rows().length - 1) * LANE_PX;
  if (y < top || y > top + LANE_PX) return null;
  const isBar = y < top + BAR_PX + 6;
  const near = desk.marks.map((mark, i) => ({ mark, i })).filter(({ mark }) => isPoint(mark) !== isBar);
  const found = near.filter(({ mark }) => (isPoint(mark) ? Math.abs(xOf(mark.start_us) - x) < 10 : x >= xOf(mark.start_us) - 3 && x <= xOf(mark.end_us) + 3));
  found.sort((a, b) => Math.abs(xOf(a.mark.start_us) - x) - Math.abs(xOf(b.mark.start_us) - x));
  return found.length ? found[0].i : null;
}

export const repaintDesk = onceAFrame(() => {
  paint();
  if (!desk.item) return;
  const [from, to] = [desk.startUs, desk.startUs + widthS() * 1e6];
  const { id } = desk.item;
  void ensureSignal(from, Math.min(to, desk.item.end_us)).then(() => desk.item?.id === id && desk.startUs === from && paint());
});

function paint() {
  const ratio = devicePixelRatio || 1;
  const [width, height] = [canvas.parentElement.clientWidth, canvas.parentElement.clientHeight];
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    Object.assign(canvas, { width: Math.round(width * ratio), height: Math.round(height * ratio) });
    Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
  }
  const c = canvas.getContext("2d");
  c.setTransform(ratio, 0, 0, ratio, 0, 0);
  c.clearRect(0, 0, width, height);
  c.font = FONT;
  c.textBaseline = "middle";
  if (!desk.item) return;
  const g = { c, width, height, top: paperTop(), bottom: height - AXIS_PX };
  grid(g);
  outside(g);
  selection(g);
  leads(g);
  rows().forEach((row, i) => lane(g, row, i * LANE_PX));
  axis(g);
  cursor(g);
}

function line(c, x0, y0, x1, y1) {
  c.moveTo(x0, y0);
  c.lineTo(x1, y1);
}

function grid({ c, width, top, bottom }) {
  const mm = getPxPerMm();
  const shift = ((desk.startUs - desk.item.start_us) / 1e6) * desk.speed; // lines move with the signal, as on paper
  const middle = Math.round((top + bottom) / 2);
  const reach = Math.floor((bottom - top) / 2 / mm);
  for (const isBold of [false, true]) {
    c.beginPath();
    for (let n = Math.ceil(shift); GUTTER_PX + (n - shift) * mm <= width; n += 1) {
      const x = Math.round(GUTTER_PX + (n - shift) * mm) + 0.5;
      if ((n % 5 === 0) === isBold) line(c, x, top, x, bottom);
    }
    for (let n = -reach; n <= reach; n += 1) {
      const y = Math.round(middle + n * mm) + 0.5;
      if ((n % 5 === 0) === isBold) line(c, GUTTER_PX, y, width, y);
    }
    c.strokeStyle = color(isBold ? "grid-bold" : "grid-fine");
    c.lineWidth = 1;
    c.stroke();
  }
}

/** What does not belong to the item is not shown as if it did. */
function outside({ c, width, top, bottom }) {
  c.fillStyle = color("sunken");
  const [from, to] = [xOf(desk.item.start_us), xOf(desk.item.end_us)];
  if (from > GUTTER_PX) c.fillRect(GUTTER_PX, top, from - GUTTER_PX, bottom - top);
  if (to < width) c.fillRect(to, top, width - to, bottom - top);
}

function selection({ c, width, top, bottom }) {
  const mark = desk.selected === null ? null : desk.marks[desk.selected];
  const [from, to] = mark ? [mark.start_us, mark.end_us] : desk.openUs === null ? [0, 0] : [desk.openUs, desk.cursorUs].sort((a, b) => a - b);
  if (to <= from) return;
  const [left, right] = [Math.max(xOf(from), GUTTER_PX), Math.min(xOf(to), width)];
  if (right <= left) return;
  // what covers the whole item says nothing by its colour, and would dim the paper
  const isWhole = from <= desk.item.start_us && to >= desk.item.end_us;
  c.fillStyle = color("accent-soft");
  c.globalAlpha = isWhole ? 0 : 0.6;
  c.fillRect(left, top, right - left, bottom - top);
  c.globalAlpha = 1;
  c.fillStyle = color("accent");
  for (const [edge, us] of [["start", from], ["end", to]]) {
    const x = xOf(us);
    if (x >= GUTTER_PX) c.fillRect(x - (edge === desk.edge ? 1.5 : 0.5), top, edge === desk.edge ? 3 : 1, bottom - top);
  }
}

function leads({ c, width, top, bottom }) {
  const height = (bottom - top) / Math.max(desk.leads.length, 1);
  const endUs = Math.min(usAt(width), desk.item.end_us);
  desk.leads.forEach((lead, n) => {
    const middle = top + height * (n + 0.5);
    const { group, channel, i, store } = lead;
    const at = (us) => ((us - group.t0_us) / 1e6) * group.fs_hz;
    const from = Math.max(Math.floor(at(Math.max(desk.startUs, desk.item.start_us))), 0);
    const to = Math.ceil(at(endUs)) + 1;
    const runs = store.runs(from, to);
    const scale = scaleOf(lead, runs);
    c.strokeStyle = color("trace");
    c.lineWidth = 1.1;
    c.lineJoin = "round";
    c.save();
    c.beginPath();
    c.rect(GUTTER_PX, top, width - GUTTER_PX, bottom - top);
    c.clip();
    for (const run of runs) {
      const first = Math.max(from - run.start, 0);
      const last = Math.min(to - run.start, run.n);
      const xAt = (k) => xOf(group.t0_us + ((run.start + k) / group.fs_hz) * 1e6);
      const yAt = (value) => middle - ((value - channel.offset) / channel.gain - scale.zero) * scale.px;
      for (const piece of tracePieces(run.data, first, last, i, group.channels.length, xAt, yAt, group.fs_hz / pxPerS())) {
        const { x, y } = clipped(piece, xOf(desk.item.start_us), xOf(desk.item.end_us));
        c.beginPath();
        x.forEach((px, k) => (k ? c.lineTo(px, y[k]) : c.moveTo(px, y[k])));
        c.stroke();
      }
    }
    c.restore();
    pulse(c, lead, middle, scale);
  });
}

/** Pixels a unit, and the value on the middle line: millivolts at the gain, of others what is in view fills 15 mm. */
function scaleOf(lead, runs) {
  const { channel, i, store } = lead;
  const [low, high] = extremes(lead, runs).map((value) => (value - channel.offset) / channel.gain);
  if (channel.unit === "mV") {
    const middle = (low + high) / 2;
    return { px: desk.gain * getPxPerMm(), zero: Math.abs(middle) < 2 || !Number.isFinite(middle) ? 0 : Math.round(middle * 2) / 2 };
  }
  store.scales ??= new Map(); // fixed when it is first seen: a scale that moves by itself misleads
  if (!store.scales.has(i) && high > low) store.scales.set(i, { px: (15 * getPxPerMm()) / (high - low), zero: (low + high) / 2 });
  return store.scales.get(i) ?? { px: 1, zero: 0 };
}

function pulse(c, { channel }, middle, scale) {
  c.fillStyle = color("ink");
  c.fillText(channel.name, 6, middle - Math.max(desk.gain * getPxPerMm(), 12) - 10);
  if (channel.unit !== "mV") return;
  const width = PULSE_MM * getPxPerMm();
  const left = GUTTER_PX - width - 12;
  c.beginPath();
  [[left - 4, 0], [left, 0], [left, 1], [left + width, 1], [left + width, 0], [left + width + 4, 0]]
    .forEach(([x, mv], k) => (k ? c.lineTo(x, middle - mv * scale.px) : c.moveTo(x, middle)));
  c.strokeStyle = color("trace");
  c.stroke();
}

function lane({ c, width }, row, top) {
  c.fillStyle = color(row.isChosen ? "accent-soft" : "surface");
  c.fillRect(0, top, width, LANE_PX - 2);
  c.fillStyle = color(row.isOwn || row.isChosen ? "ink" : "ink-soft");
  c.fillText(row.name, 6, top + BAR_PX - 4);
  if (row.answer !== "read") {
    c.fillStyle = color("warn");
    c.fillText(say(`agreement.${row.answer}`), GUTTER_PX + 6, top + BAR_PX - 4);
  }
  row.marks.forEach((mark, i) => {
    const isSelected = row.isOwn && i === desk.selected;
    if (isPoint(mark)) letter(c, mark, top, isSelected, width);
    else bar(c, mark, top, isSelected, width);
  });
}

function bar(c, mark, top, isSelected, width) {
  const [left, right] = [Math.max(xOf(mark.start_us), GUTTER_PX), Math.min(xOf(mark.end_us), width)];
  if (right <= left) return;
  const tint = labelColor(mark.label);
  c.fillStyle = tint;
  c.globalAlpha = isSelected ? 0.5 : 0.25;
  c.fillRect(left, top + 3, right - left, BAR_PX);
  c.globalAlpha = 1;
  c.strokeStyle = tint;
  c.lineWidth = isSelected ? 2 : 1;
  c.strokeRect(left + 0.5, top + 3.5, right - left - 1, BAR_PX - 1);
  c.fillStyle = color("ink");
  c.save();
  c.beginPath();
  c.rect(left, top, right - left, LANE_PX);
  c.clip();
  c.fillText(mark.label, left + 5, top + 3 + BAR_PX / 2);
  c.restore();
}

function letter(c, mark, top, isSelected, width) {
  const x = xOf(mark.start_us);
  if (x < GUTTER_PX || x > width) return;
  const y = top + BAR_PX + 14;
  c.fillStyle = labelColor(mark.label);
  c.textAlign = "center";
  const text = labels.has(mark.label) ? mark.label : "·";
  c.font = `${isSelected ? "700 14px" : "600 12px"} system-ui, "DejaVu Sans", sans-serif`;
  c.fillText(text, x, y);
  c.font = FONT;
  c.textAlign = "left";
  if (!isSelected) return;
  c.strokeStyle = color("accent");
  c.lineWidth = 1.5;
  c.strokeRect(x - 9, y - 9, 18, 18);
}

function axis({ c, width, bottom }) {
  const step = STEPS_S.find((s) => s * pxPerS() >= 88) ?? 60;
  c.fillStyle = color("ink-soft");
  c.strokeStyle = color("ink-soft");
  c.textAlign = "center";
  c.beginPath();
  const first = Math.ceil((desk.startUs - desk.item.start_us) / 1e6 / step);
  for (let n = Math.max(first, 0); ; n += 1) {
    const us = desk.item.start_us + n * step * 1e6;
    const x = xOf(us);
    if (x > width - 26 || us > desk.item.end_us) break;
    line(c, x, bottom, x, bottom + 4);
    if (x > GUTTER_PX + 26) c.fillText(hms(us), x, bottom + 12);
  }
  c.stroke();
  c.textAlign = "left";
}

function cursor({ c, width, top, bottom }) {
  const x = Math.round(xOf(desk.cursorUs)) + 0.5;
  if (x < GUTTER_PX || x > width) return;
  c.strokeStyle = color("accent");
  c.lineWidth = 1;
  c.setLineDash([4, 3]);
  c.beginPath();
  line(c, x, 0, x, bottom);
  if (desk.anchorUs !== null) line(c, Math.round(xOf(desk.anchorUs)) + 0.5, top, Math.round(xOf(desk.anchorUs)) + 0.5, bottom);
  c.stroke();
  c.setLineDash([]);
  if (desk.anchorUs === null) return;
  const us = Math.abs(desk.cursorUs - desk.anchorUs);
  const text = us ? say("desk.measured", { length: duration(us), rate: Math.round(60e6 / us) }) : say("desk.measuring");
  c.fillStyle = color("surface");
  const wide = c.measureText(text).width + 12;
  const left = Math.min(x + 6, width - wide);
  c.fillRect(left, top + 6, wide, 20);
  c.fillStyle = color("ink");
  c.fillText(text, left + 6, top + 16);
}
