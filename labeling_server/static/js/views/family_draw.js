// Beats on small pieces of calibrated paper: a template with its spread and members, and the strip around one beat.

import { color } from "../base/colors.js";
import { GAINS_MM_MV, getPxPerMm } from "../base/scale.js";
import { state } from "../base/state.js";

/**
 * @typedef {{before: number, points: number, pointHz: number, names: string[]}} Shape what a template's points are
 * @typedef {{low: number, high: number}} Range of mV that a lane should show
 * @typedef {{width: number, height: number, laneWidth: number, laneHeight: number, perRow: number, zero: number,
 *   pxPerMv: number, pxPerS: number}} Frame
 */

const PAD_PX = 6;
const LEAST_LANE_PX = 56;
const MOST_LANE_PX = 176;
const MOST_STRIP_LANE_PX = 110;
const MOST_IN_ROW = 6;
/** Paper speed of templates: a QRS is looked at, not a rhythm. With many leads as the strip's usual one. */
const SPEED_MM_S = 50;
const SPEED_MANY_MM_S = 25;
const MANY_LEADS = 3;
const GRID_MM = 5;

/** Millimetres a second of templates with so many leads. @param {number} nLeads */
const templateSpeed = (nLeads) => (nLeads > MANY_LEADS ? SPEED_MANY_MM_S : SPEED_MM_S);

/** The largest gain, up to the reader's, at which a lane of so many pixels holds the range, mm/mV. @param {Range} range @param {number} most */
function fittingGain({ low, high }, most) {
  const fits = GAINS_MM_MV.filter((gain) => gain <= state.gain && (high - low) * gain * getPxPerMm() + 2 * PAD_PX <= most);
  return fits.at(-1) ?? GAINS_MM_MV[0];
}

/** Scale of templates as text. @param {Shape} shape @param {Range} range */
export const cardScale = (shape, range) => `${templateSpeed(shape.names.length)} mm/s   ${fittingGain(range, MOST_LANE_PX)} mm/mV`;

/** A canvas of so many CSS pixels, sharp on this screen. @param {HTMLCanvasElement} canvas @param {number} width @param {number} height */
function sized(canvas, width, height) {
  const ratio = devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return context;
}

/** Height of a lane and its line of 0 mV, the same for all cards; what is higher is cut off, never shrunk by itself. */
function lane(/** @type {Range} */ { low, high }, pxPerMv, /** @type {number} */ most) {
  const wanted = (high - low) * pxPerMv + 2 * PAD_PX;
  const height = Math.round(Math.min(Math.max(wanted, LEAST_LANE_PX), most));
  const share = high > low ? high / (high - low) : 0.5;
  return { height, zero: Math.round(PAD_PX + share * (height - 2 * PAD_PX)) };
}

/** Where the leads of a card lie. @param {Shape} shape @param {Range} range @returns {Frame} */
export function cardFrame(shape, range) {
  const pxPerMv = fittingGain(range, MOST_LANE_PX) * getPxPerMm();
  const pxPerS = templateSpeed(shape.names.length) * getPxPerMm();
  const { height: laneHeight, zero } = lane(range, pxPerMv, MOST_LANE_PX);
  const laneWidth = (shape.points / shape.pointHz) * pxPerS;
  const perRow = Math.min(shape.names.length, MOST_IN_ROW);
  const nRows = Math.ceil(shape.names.length / perRow);
  const width = Math.ceil(perRow * laneWidth + (perRow - 1) * PAD_PX);
  return { width, height: nRows * laneHeight + (nRows - 1) * PAD_PX, laneWidth, laneHeight, perRow, zero, pxPerMv, pxPerS };
}

/** Lines every 5 mm, through 0 mV and through the R peak. */
function grid(context, width, height, zero, atR) {
  const step = GRID_MM * getPxPerMm();
  context.strokeStyle = color("grid-bold");
  context.lineWidth = 1;
  context.beginPath();
  for (let x = atR % step; x <= width; x += step) line(context, Math.round(x) + 0.5, 0, Math.round(x) + 0.5, height);
  for (let y = zero % step; y <= height; y += step) line(context, 0, Math.round(y) + 0.5, width, Math.round(y) + 0.5);
  context.stroke();
}

function line(context, x0, y0, x1, y1) {
  context.moveTo(x0, y0);
  context.lineTo(x1, y1);
}

/** @param {ArrayLike<number>} values mV; not a number leaves a gap */
function trace(context, values, xAt, yAt, from = 0, step = 1) {
  context.beginPath();
  let isDown = false;
  for (let i = from, n = 0; i < values.length; i += step, n += 1) {
    const value = values[i];
    if (Number.isNaN(value)) isDown = false;
    else if (isDown) context.lineTo(xAt(n), yAt(value));
    else {
      context.moveTo(xAt(n), yAt(value));
      isDown = true;
    }
  }
  context.stroke();
}

function name(context, text) {
  context.fillStyle = color("ink-soft");
  context.font = '600 11px system-ui, "DejaVu Sans", sans-serif';
  context.textBaseline = "top";
  context.fillText(text, 3, 2);
}

/**
 * A family: members faint, the spread as a band, the template over them.
 * @param {HTMLCanvasElement} canvas @param {Shape} shape @param {Frame} frame @param {string} tint
 * @param {{template: number[][], spread: number[][]}} family @param {Float32Array[]} members leads interleaved
 */
export function drawFamily(canvas, shape, frame, tint, family, members) {
  const context = sized(canvas, frame.width, frame.height);
  context.lineJoin = "round";
  const xAt = (/** @type {number} */ n) => ((n + 0.5) / shape.pointHz) * frame.pxPerS;
  const yAt = (/** @type {number} */ mv) => frame.zero - mv * frame.pxPerMv;
  shape.names.forEach((lead, i) => {
    context.save();
    context.translate((i % frame.perRow) * (frame.laneWidth + PAD_PX), Math.floor(i / frame.perRow) * (frame.laneHeight + PAD_PX));
    context.beginPath();
    context.rect(0, 0, frame.laneWidth, frame.laneHeight);
    context.clip();
    grid(context, frame.laneWidth, frame.laneHeight, frame.zero, xAt(shape.before));
    context.strokeStyle = context.fillStyle = tint;
    context.lineWidth = 1;
    context.globalAlpha = 0.16;
    for (const member of members) trace(context, member, xAt, yAt, i, shape.names.length);
    band(context, family.template[i], family.spread[i], xAt, yAt);
    context.globalAlpha = 1;
    context.lineWidth = 1.75;
    trace(context, family.template[i], xAt, yAt);
    name(context, lead);
    context.restore();
  });
}

/** Mean and one standard deviation on both sides. */
function band(context, mean, spread, xAt, yAt) {
  context.beginPath();
  mean.forEach((value, n) => context.lineTo(xAt(n), yAt(value + spread[n])));
  for (let n = mean.length - 1; n >= 0; n -= 1) context.lineTo(xAt(n), yAt(mean[n] - spread[n]));
  context.closePath();
  context.fill();
}

/** Scale of the strips as text. @param {Range} range */
export const stripScale = (range) => `${SPEED_MANY_MM_S} mm/s   ${fittingGain(range, MOST_STRIP_LANE_PX)} mm/mV`;

/**
 * @typedef {{start: number, n: number, leads: Float32Array[]}} Piece samples of a strip in mV, by lead
 * @param {{names: string[], reachS: number, fsHz: number}} strip @param {Range} range
 */
export function stripFrame(strip, range) {
  const pxPerMv = fittingGain(range, MOST_STRIP_LANE_PX) * getPxPerMm();
  const pxPerS = SPEED_MANY_MM_S * getPxPerMm();
  const { height: laneHeight, zero } = lane(range, pxPerMv, MOST_STRIP_LANE_PX);
  return { width: Math.round(2 * strip.reachS * pxPerS), height: laneHeight * strip.names.length, laneHeight, zero, pxPerMv, pxPerS };
}

/**
 * The signal around one beat, leads stacked.
 * @param {HTMLCanvasElement} canvas @param {ReturnType<typeof stripFrame>} frame
 * @param {{names: string[], reachS: number, fsHz: number}} strip @param {number} sample of the beat @param {Piece[]} pieces
 */
export function drawStrip(canvas, frame, strip, sample, pieces) {
  const context = sized(canvas, frame.width, frame.height);
  context.lineJoin = "round";
  const middle = frame.width / 2;
  context.fillStyle = color("accent-soft");
  const half = 0.12 * frame.pxPerS;
  context.fillRect(middle - half, 0, 2 * half, frame.height);
  grid(context, frame.width, frame.height, frame.zero, middle);
  strip.names.forEach((lead, i) => {
    context.save();
    context.translate(0, i * frame.laneHeight);
    const xAt = (start) => (n) => middle + ((start + n - sample) / strip.fsHz) * frame.pxPerS;
    const yAt = (mv) => frame.zero - mv * frame.pxPerMv;
    context.strokeStyle = color("trace");
    context.lineWidth = 1.2;
    for (const piece of pieces) trace(context, piece.leads[i], xAt(piece.start), yAt);
    name(context, lead);
    context.restore();
  });
}
