// A page of rhythm on a plain canvas: rows of consecutive time in one lead on calibrated paper, as a recorder prints it.

import { color } from "../base/colors.js";
import { mainGroup } from "../base/config.js";
import { dateOf, hms, secondsOf, usOfSample } from "../base/time.js";
import { FONT, drawBeats, drawCodes, drawSpans } from "../paper/line_marks.js";
import { tracePieces } from "../signal/decimate.js";

/** Left of a row: its time; right of it: the codes of its spans. */
export const TIME_PX = 64;
export const CODES_PX = 68;
/** From row to row: three bold boxes, so that the grid goes through. */
export const ROW_MM = 15;
const BARS_MM = 13;

/**
 * @typedef {{us: number, runs: import("../signal/samples.js").Run[], beats: import("../strip/beat_marks.js").BeatMark[],
 *   spans: import("../base/state.js").Row[]}} PageRow
 * @typedef {{rows: PageRow[], rowS: number, lead: any, source: {column: number, nColumns: number, offset: number}, pxPerMm: number, pxPerS: number, gain: number, zero: number,
 *   strip: [number, number], cursorUs: number, width: number, height: number}} Picture
 */

/** @param {HTMLCanvasElement} canvas @param {Picture} g */
export function drawPage(canvas, g) {
  const ratio = devicePixelRatio || 1;
  if (canvas.width !== Math.round(g.width * ratio) || canvas.height !== Math.round(g.height * ratio)) {
    canvas.width = Math.round(g.width * ratio);
    canvas.height = Math.round(g.height * ratio);
  }
  const ctx = canvas.getContext("2d");
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  ctx.clearRect(0, 0, g.width, g.height);
  const topOf = (i) => i * ROW_MM * g.pxPerMm;
  drawGrid(ctx, g, ratio);
  g.rows.forEach((row, i) => drawPlaces(ctx, g, row, topOf(i)));
  g.rows.forEach((row, i) => drawTime(ctx, g, row, g.rows[i - 1] ?? null, topOf(i)));
  g.rows.forEach((row, i) => drawTrace(ctx, g, row, topOf(i)));
  g.rows.forEach((row, i) => drawRowMarks(ctx, g, row, topOf(i)));
}

/** A line a millimetre, bold every fifth, on whole pixels of the screen. */
function drawGrid(ctx, g, ratio) {
  const [width, height] = [g.rowS * g.pxPerS, g.rows.length * ROW_MM * g.pxPerMm];
  const snapped = (px) => Math.round(px * ratio) / ratio;
  for (const isBold of [false, true]) {
    ctx.fillStyle = color(isBold ? "grid-bold" : "grid-fine");
    for (let n = 0; n * g.pxPerMm <= width + 0.5; n += 1) if (isBold === (n % 5 === 0)) ctx.fillRect(snapped(TIME_PX + n * g.pxPerMm), 0, 1, height);
    for (let n = 0; n * g.pxPerMm <= height + 0.5; n += 1) if (isBold === (n % 5 === 0)) ctx.fillRect(TIME_PX, snapped(n * g.pxPerMm), width, 1);
  }
}

function drawPlaces(ctx, g, row, top) {
  const xAt = (us) => TIME_PX + ((us - row.us) / 1e6) * g.pxPerS;
  const endUs = row.us + g.rowS * 1e6;
  const height = ROW_MM * g.pxPerMm;
  const [from, to] = g.strip.map((us) => Math.min(Math.max(us, row.us), endUs));
  ctx.fillStyle = color("accent");
  if (to > from) {
    ctx.globalAlpha = 0.1;
    ctx.fillRect(xAt(from), top, xAt(to) - xAt(from), height);
    ctx.globalAlpha = 1;
  }
  if (g.cursorUs < row.us || g.cursorUs >= endUs) return;
  ctx.fillRect(xAt(g.cursorUs) - 1, top, 2, height);
  ctx.fillRect(0, top + 4, 3, height - 8);
}

function drawTime(ctx, g, row, before, top) {
  ctx.font = FONT;
  ctx.textAlign = "right";
  ctx.textBaseline = "middle";
  const middle = top + (ROW_MM / 2) * g.pxPerMm;
  ctx.fillStyle = color("ink");
  ctx.fillText(hms(row.us), TIME_PX - 6, middle);
  if (before && dateOf(before.us) === dateOf(row.us)) return;
  ctx.fillStyle = color("ink-soft");
  ctx.fillText(dateOf(row.us).slice(5), TIME_PX - 6, middle - 14);
}

function drawTrace(ctx, g, row, top) {
  const { group, channel } = g.lead;
  const { column, nColumns, offset } = g.source;
  const middle = top + (ROW_MM / 2) * g.pxPerMm;
  const perUnit = g.gain * g.pxPerMm;
  const yAt = (digital) => middle - ((digital - offset) / channel.gain - g.zero) * perUnit;
  const startS = (row.us - group.t0_us) / 1e6;
  const [first, last] = [Math.floor(startS * group.fs_hz), Math.ceil((startS + g.rowS) * group.fs_hz) + 1];
  ctx.strokeStyle = color("trace");
  ctx.lineWidth = 1.25;
  ctx.lineJoin = "round";
  ctx.save();
  ctx.beginPath(); // only at its ends: what is too high runs into the next row, as on paper
  ctx.rect(TIME_PX, 0, g.rowS * g.pxPerS, g.height);
  ctx.clip();
  for (const run of row.runs) {
    const [from, to] = [Math.max(first - run.start, 0), Math.min(last - run.start, run.n)];
    if (to <= from) continue;
    const xAt = (n) => TIME_PX + ((run.start + n) / group.fs_hz - startS) * g.pxPerS;
    for (const piece of tracePieces(run.data, from, to, column, nColumns, xAt, yAt, group.fs_hz / g.pxPerS)) stroke(ctx, piece);
  }
  ctx.restore();
}

function stroke(ctx, { x, y }) {
  ctx.beginPath();
  ctx.moveTo(x[0], y[0]);
  for (let i = 1; i < x.length; i += 1) ctx.lineTo(x[i], y[i]);
  ctx.stroke();
}

function drawRowMarks(ctx, g, row, top) {
  const xAt = (us) => TIME_PX + ((us - row.us) / 1e6) * g.pxPerS;
  drawBeats(ctx, row.beats, (sample) => xAt(usOfSample(sample)), top + 1, color("paper"));
  drawSpans(ctx, row.spans, xAt, TIME_PX, TIME_PX + g.rowS * g.pxPerS, top + BARS_MM * g.pxPerMm);
  drawCodes(ctx, row.spans, TIME_PX + g.rowS * g.pxPerS + 6, CODES_PX - 8, top + (ROW_MM / 2) * g.pxPerMm);
}

/** Samples of the main group within a row: beats are counted in them. @param {number} us @param {number} rowS @returns {[number, number]} */
export const samplesOfRow = (us, rowS) =>
  /** @type {[number, number]} */ ([us, us + rowS * 1e6].map((at) => Math.ceil(secondsOf(at) * mainGroup.fs_hz - 1e-6)));
