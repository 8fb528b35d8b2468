// The Lorenz plot and the histogram of RR intervals on plain canvases. Classes of beats differ in colour and in shape.

import { classOf, color } from "../base/colors.js";
import { labelOfNumber } from "../base/config.js";
import { histogram } from "../strip/rr.js";

export const BIN_MS = 20;
const LEFT_PX = 44;
const BOTTOM_PX = 30;
const TOP_PX = 10;
const RIGHT_PX = 12;
const TICK_MS = 200;
const FONT = '11px system-ui, "DejaVu Sans", sans-serif';

/** Marks by class: what is common is small. */
export const MARKS = {
  "class-n": (c, x, y) => c.rect(x - 1, y - 1, 2, 2),
  "class-s": (c, x, y) => polygon(c, x, y, [[0, -4], [4, 3], [-4, 3]]),
  "class-v": (c, x, y) => c.rect(x - 2.5, y - 2.5, 5, 5),
  "class-f": (c, x, y) => polygon(c, x, y, [[0, -4], [4, 0], [0, 4], [-4, 0]]),
  "class-p": (c, x, y) => c.rect(x - 1, y - 4, 2, 8),
  "class-q": (c, x, y) => c.rect(x - 4, y - 1, 8, 2),
};

function polygon(context, x, y, points) {
  points.forEach(([dx, dy], i) => (i ? context.lineTo(x + dx, y + dy) : context.moveTo(x + dx, y + dy)));
  context.closePath();
}

/** @typedef {{width: number, height: number, endMs: number}} Plot */

/** A canvas over all of its element, sharp on this screen. @param {HTMLCanvasElement} canvas @param {Plot} plot */
function sized(canvas, { width, height }) {
  const ratio = devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.font = FONT;
  return context;
}

/** @param {Plot} plot */
const inner = ({ width, height }) => ({ w: width - LEFT_PX - RIGHT_PX, h: height - TOP_PX - BOTTOM_PX });
/** @param {Plot} plot @param {number} ms */
export const xOf = (plot, ms) => LEFT_PX + (ms / plot.endMs) * inner(plot).w;
/** @param {Plot} plot @param {number} ms */
export const yOf = (plot, ms) => TOP_PX + (1 - ms / plot.endMs) * inner(plot).h;
/** @param {Plot} plot @param {number} x @param {number} y pixels @returns {[number, number]} ms */
export const msAt = (plot, x, y) => [((x - LEFT_PX) / inner(plot).w) * plot.endMs, (1 - (y - TOP_PX) / inner(plot).h) * plot.endMs];

function axes(context, plot, xName, yName, isSquare) {
  const { w, h } = inner(plot);
  context.strokeStyle = color("rule");
  context.fillStyle = color("ink-soft");
  context.lineWidth = 1;
  context.textAlign = "center";
  context.beginPath();
  for (let ms = 0; ms <= plot.endMs; ms += TICK_MS) {
    const x = Math.round(xOf(plot, ms)) + 0.5;
    context.moveTo(x, TOP_PX);
    context.lineTo(x, TOP_PX + h);
    if (ms % (2 * TICK_MS) === 0) context.fillText(String(ms), x, TOP_PX + h + 13);
    if (!isSquare) continue;
    const y = Math.round(yOf(plot, ms)) + 0.5;
    context.moveTo(LEFT_PX, y);
    context.lineTo(LEFT_PX + w, y);
  }
  if (isSquare) line(context, xOf(plot, 0), yOf(plot, 0), xOf(plot, plot.endMs), yOf(plot, plot.endMs));
  context.stroke();
  context.fillText(xName, LEFT_PX + w / 2, plot.height - 4);
  context.textAlign = "right";
  if (isSquare) for (let ms = 0; ms <= plot.endMs; ms += 2 * TICK_MS) context.fillText(String(ms), LEFT_PX - 5, yOf(plot, ms) + 4);
  context.textAlign = "left";
  context.save();
  context.translate(11, TOP_PX + h / 2);
  context.rotate(-Math.PI / 2);
  context.textAlign = "center";
  context.fillText(yName, 0, 0);
  context.restore();
}

function line(context, x0, y0, x1, y1) {
  context.moveTo(x0, y0);
  context.lineTo(x1, y1);
}

/** All pairs, the rare classes on top. @param {HTMLCanvasElement} canvas @param {Plot} plot @param {import("../strip/rr.js").Pairs} pairs @param {[string, string]} names */
export function drawPairs(canvas, plot, pairs, names) {
  const context = sized(canvas, plot);
  axes(context, plot, names[0], names[1], true);
  for (const [name, mark] of Object.entries(MARKS)) {
    context.fillStyle = color(name);
    context.globalAlpha = name === "class-n" ? 0.45 : 0.85;
    context.beginPath();
    for (let k = 0; k < pairs.beats.length; k += 1) {
      if (classOfPair(pairs, k) === name) mark(context, xOf(plot, pairs.before[k]), yOf(plot, pairs.after[k]));
    }
    context.fill();
  }
  context.globalAlpha = 1;
}

const classOfPair = (pairs, k) => classOf(labelOfNumber.get(pairs.numbers[pairs.beats[k]])?.code ?? "Q");

/**
 * What is chosen, over the pairs: range or lasso, and a ring of accent around what lies in it.
 * @param {HTMLCanvasElement} canvas @param {Plot} plot @param {import("../strip/rr.js").Pairs} pairs @param {number[]} chosen
 * @param {[number, number][]} line of the range or the lasso, ms
 */
export function drawChosen(canvas, plot, pairs, chosen, line) {
  const context = sized(canvas, plot);
  context.strokeStyle = context.fillStyle = color("accent");
  context.beginPath();
  for (const k of chosen) context.rect(xOf(plot, pairs.before[k]) - 3, yOf(plot, pairs.after[k]) - 3, 6, 6);
  context.lineWidth = 1;
  context.globalAlpha = Math.min(1, Math.max(0.12, 150 / (chosen.length + 1))); // many rings would hide the classes
  context.stroke();
  context.globalAlpha = 1;
  if (line.length < 2) return;
  context.beginPath();
  line.forEach(([x, y], i) => (i ? context.lineTo(xOf(plot, x), yOf(plot, y)) : context.moveTo(xOf(plot, x), yOf(plot, y))));
  context.closePath();
  context.globalAlpha = 0.1;
  context.fill();
  context.globalAlpha = 1;
  context.setLineDash([4, 3]);
  context.stroke();
}

/** @param {HTMLCanvasElement} canvas @param {Plot} plot @param {import("../strip/rr.js").Pairs} pairs @param {number[]} chosen @param {[string, string]} names */
export function drawHistogram(canvas, plot, pairs, chosen, names) {
  const context = sized(canvas, plot);
  const { h } = inner(plot);
  const all = histogram(pairs, BIN_MS, plot.endMs, null);
  const some = histogram(pairs, BIN_MS, plot.endMs, chosen);
  const most = Math.max(...all, 1);
  axes(context, plot, names[0], names[1], false);
  const bars = (counts, tint, alpha) => {
    context.fillStyle = tint;
    context.globalAlpha = alpha;
    counts.forEach((n, i) => {
      const height = (n / most) * h;
      const x = xOf(plot, i * BIN_MS);
      if (n) context.fillRect(x, TOP_PX + h - Math.max(height, 1), Math.max(xOf(plot, (i + 1) * BIN_MS) - x - 1, 1), Math.max(height, 1));
    });
  };
  bars(all, color("ink-soft"), 0.5);
  bars(some, color("accent"), 1);
  context.fillStyle = color("ink-soft");
  context.textAlign = "right";
  context.fillText(String(most), LEFT_PX - 5, TOP_PX + 8);
  context.fillText("0", LEFT_PX - 5, TOP_PX + h);
}
