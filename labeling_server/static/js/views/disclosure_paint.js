// Full disclosure on a plain canvas: a line of signal a minute, its time at the left, its beats on it, its spans below.
// What is too high for its line runs into the next one, as on paper; nothing is cut off and nothing is scaled to fit.

import { classOf, color, labelColor } from "../base/colors.js";
import { say } from "../base/config.js";
import { dateOf, hms, usOfSample, zoneOf } from "../base/time.js";
import { FONT, codeOf, drawBeats, drawCodes, drawSpans } from "../paper/line_marks.js";
import { invalidOf, isSample } from "../signal/decimate.js";
import { AXIS_PX, CODES_PX, PITCH_PX, TIME_PX } from "./disclosure_lines.js";

const BARS_TOP_PX = PITCH_PX - 8;
/** Of a line, where its median is. */
const MIDDLE_PX = 11;
/** Beside the peak of a beat that is not N, s: drawn in the colour of its class. */
const COMPLEX_S = [0.08, 0.12];
const AXIS_PARTS = 6;

/**
 * @typedef {{page: import("./disclosure_lines.js").Page, lines: import("./disclosure_lines.js").Line[],
 *   lead: {group: import("../base/config.js").Group, channel: import("../base/config.js").Channel, i: number}, pxPerUnit: number,
 *   strip: [number, number], cursorUs: number, width: number, height: number}} Picture strip: what the strip shows, us
 */

/** @param {HTMLCanvasElement} canvas @param {Picture} picture */
export function drawDisclosure(canvas, picture) {
  const ratio = devicePixelRatio || 1;
  const { width, height, lines } = picture;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const ctx = canvas.getContext("2d");
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  ctx.clearRect(0, 0, width, height);
  const g = { ...picture, ratio, left: TIME_PX, right: width - CODES_PX, pxPerUs: picture.page.widthPx / (picture.page.lineS * 1e6) };
  drawAxis(ctx, g);
  lines.forEach((line, i) => drawPlaces(ctx, g, line, topOf(i)));
  lines.forEach((line, i) => drawTime(ctx, g, line, lines[i - 1] ?? null, topOf(i)));
  lines.forEach((line, i) => drawTrace(ctx, g, line, topOf(i)) || drawNothing(ctx, g, topOf(i)));
  lines.forEach((line, i) => drawLineMarks(ctx, g, line, topOf(i)));
}

const topOf = (i) => AXIS_PX + i * PITCH_PX;

/** Seconds within a line, and where they are all the way down. */
function drawAxis(ctx, g) {
  ctx.font = FONT;
  ctx.textBaseline = "middle";
  const stepS = g.page.lineS / AXIS_PARTS;
  for (let n = 0; n <= AXIS_PARTS; n += 1) {
    const x = Math.round(g.left + n * stepS * 1e6 * g.pxPerUs);
    ctx.fillStyle = color("rule");
    ctx.fillRect(x, AXIS_PX - 2, 1, g.height);
    ctx.fillStyle = color("ink-soft");
    ctx.textAlign = "center";
    ctx.fillText(n ? String(n * stepS) : "0 s", x, AXIS_PX / 2);
  }
}

/** Behind the signal: what the strip shows, and the line and the time that the cursor stands on. */
function drawPlaces(ctx, g, line, top) {
  const endUs = line.us + g.page.lineS * 1e6;
  const xAt = (us) => g.left + (us - line.us) * g.pxPerUs;
  const [from, to] = g.strip.map((us) => Math.min(Math.max(us, line.us), endUs));
  if (to > from) {
    ctx.fillStyle = color("accent-soft");
    ctx.fillRect(xAt(from), top, Math.max(xAt(to) - xAt(from), 2), PITCH_PX);
    ctx.fillStyle = color("accent");
    for (const us of g.strip) if (us >= line.us && us < endUs) ctx.fillRect(xAt(us) - 0.5, top, 1, PITCH_PX);
  }
  if (g.cursorUs < line.us || g.cursorUs >= endUs) return;
  ctx.strokeStyle = color("accent");
  ctx.lineWidth = 1;
  ctx.strokeRect(g.left - 0.5, top + 0.5, g.right - g.left + 1, PITCH_PX - 1);
  ctx.fillStyle = color("accent");
  ctx.fillRect(xAt(g.cursorUs) - 1, top, 2, PITCH_PX);
  ctx.beginPath();
  ctx.moveTo(2, top + 5);
  ctx.lineTo(8, top + PITCH_PX / 2);
  ctx.lineTo(2, top + PITCH_PX - 5);
  ctx.fill();
}

/** The time of a line; the date where another day begins, the zone where it changes. */
function drawTime(ctx, g, line, before, top) {
  ctx.font = FONT;
  ctx.textBaseline = "middle";
  const middle = top + PITCH_PX / 2;
  const time = hms(line.us);
  ctx.textAlign = "right";
  ctx.fillStyle = color("ink");
  ctx.fillText(g.page.lineS % 60 ? time : time.slice(0, 5), g.left - 6, middle);
  const isNewDay = !before || dateOf(before.us) !== dateOf(line.us);
  const note = isNewDay ? dateOf(line.us).slice(5) : zoneOf(before.us) === zoneOf(line.us) ? "" : zoneOf(line.us);
  if (!note) return;
  ctx.textAlign = "left";
  ctx.fillStyle = color("ink-soft");
  ctx.fillText(note, 11, middle);
}

/**
 * A column of the canvas from the least to the greatest sample in it, joined to the column before. In pixels of the
 * screen, so that columns meet. @returns {boolean} whether there was anything to draw
 */
function drawTrace(ctx, g, line, top) {
  const { group, channel } = g.lead;
  const zero = medianOf(line.bins, g, line);
  if (zero === null) return false;
  const perSample = (g.pxPerUs * g.ratio * 1e6) / group.fs_hz;
  const lineLeft = (g.left + (group.t0_us - line.us) * g.pxPerUs) * g.ratio;
  const foot = (top + MIDDLE_PX) * g.ratio;
  const perDigit = (g.pxPerUnit / channel.gain) * g.ratio;
  const pen = {
    ctx, thick: g.ratio, left: g.left * g.ratio, right: g.right * g.ratio, last: null,
    xAt: (sample) => Math.round(lineLeft + sample * perSample),
    yAt: (digital) => foot - (digital - zero) * perDigit,
    tint: tinter(ctx, tintsOf(line, group)),
  };
  ctx.save();
  ctx.setTransform(1, 0, 0, 1, 0, 0);
  for (const chunk of line.bins) drawChunk(pen, chunk, g, line);
  ctx.restore();
  return true;
}

/** Bins of a chunk that lie on a line: [first, last). */
function binsOn({ start, size, n }, g, line) {
  const { group } = g.lead;
  const [from, to] = [line.us, line.us + g.page.lineS * 1e6].map((us) => (((us - group.t0_us) / 1e6) * group.fs_hz - start) / size);
  return [Math.max(Math.floor(from), 0), Math.min(Math.ceil(to), n)];
}

function drawChunk(pen, chunk, g, line) {
  const { low, high, start, size } = chunk;
  const { ctx, thick, xAt, yAt } = pen;
  const invalid = invalidOf(low);
  const [first, last] = binsOn(chunk, g, line);
  for (let i = first; i < last; i += 1) {
    if (!isSample(low[i], invalid)) {
      pen.last = null;
      continue;
    }
    const sample = start + i * size;
    const from = Math.max(xAt(sample), pen.left);
    const to = Math.min(Math.max(xAt(sample + size), from + 1), pen.right);
    const [one, other] = [yAt(high[i]), yAt(low[i])];
    const [upper, lower] = one < other ? [one, other] : [other, one]; // a lead of negative gain stands on its head
    const top = pen.last ? Math.min(upper, pen.last[1]) : upper;
    const bottom = pen.last ? Math.max(lower, pen.last[0]) : lower;
    pen.last = [upper, lower];
    pen.tint(sample, sample + size);
    ctx.fillRect(from, top - thick / 2, to - from, bottom - top + thick);
  }
}

/** Sets the colour for samples that come in order. @param {CanvasRenderingContext2D} ctx @param {{from: number, to: number, color: string}[]} tints in order */
function tinter(ctx, tints) {
  const usual = color("trace");
  let next = 0;
  let now = (ctx.fillStyle = usual);
  return (from, to) => {
    while (next < tints.length && tints[next].to <= from) next += 1;
    const wanted = next < tints.length && to > tints[next].from ? tints[next].color : usual;
    if (wanted !== now) ctx.fillStyle = now = wanted;
  };
}

/** On a page of an hour bundle branch block is as usual as N is: what is looked for are the other classes. @param {string} code */
const isUsual = (code) => classOf(code) === "class-n";

/** Samples of the lead around beats that are not of class N, in order, each with its colour. */
function tintsOf(line, group) {
  const sampleAt = (us) => ((us - group.t0_us) / 1e6) * group.fs_hz;
  const found = [];
  for (const { sample, number } of line.beats) {
    const code = codeOf(number);
    if (isUsual(code) || code === "PULSE") continue;
    const at = sampleAt(usOfSample(sample));
    found.push({ from: at - COMPLEX_S[0] * group.fs_hz, to: at + COMPLEX_S[1] * group.fs_hz, color: labelColor(code) });
  }
  return found;
}

/** The value that stands on a line's middle: half of its bins lie above. Of every fourth bin, which is enough; null without one. */
function medianOf(chunks, g, line) {
  const middles = [];
  for (const chunk of chunks) {
    const { low, high } = chunk;
    const invalid = invalidOf(low);
    const [first, last] = binsOn(chunk, g, line);
    for (let i = first; i < last; i += 4) if (isSample(low[i], invalid)) middles.push((low[i] + high[i]) / 2);
  }
  return middles.length ? Float64Array.from(middles).sort()[middles.length >> 1] : null;
}

function drawNothing(ctx, g, top) {
  ctx.font = FONT;
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  ctx.fillStyle = color("ink-soft");
  ctx.fillText(say("strip.nosamples"), g.left + 8, top + PITCH_PX / 2);
}

function drawLineMarks(ctx, g, line, top) {
  const usAt = (us) => g.left + (us - line.us) * g.pxPerUs;
  drawBeats(ctx, line.beats, (sample) => usAt(usOfSample(sample)), top, color("paper"), isUsual);
  drawSpans(ctx, line.spans, usAt, g.left, g.right, top + BARS_TOP_PX);
  drawCodes(ctx, line.spans, g.right + 6, CODES_PX - 10, top + PITCH_PX / 2);
}

/** The time under a point of the canvas; null beside the lines. @param {import("./disclosure_lines.js").Page} page @param {number} x @param {number} y */
export function usAtPoint(page, x, y) {
  const i = Math.floor((y - AXIS_PX) / PITCH_PX);
  const share = (x - TIME_PX) / page.widthPx;
  if (i < 0 || i >= page.n || share >= 1) return null;
  return (page.first + i + Math.max(share, 0)) * page.lineS * 1e6;
}

