// Beats and spans beside a line of signal on a plain canvas: what the strip says with layers, small.

import { color, labelColor } from "../base/colors.js";
import { labelOfNumber, labels } from "../base/config.js";
import { state } from "../base/state.js";

/** Of a bar below a line. */
export const BAR_PX = 3;
const LEAST_BAR_PX = 3;
const LETTER_PX = 10;
/** From the top of the ticks to the foot of a letter: what is below stays to be seen. */
const LETTER_FOOT_PX = 8;
const HATCH_PX = 3;
export const FONT = "11px system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif";

/** Code of a beat as a letter; N has none: what is usual needs no word. @param {number} number */
export const codeOf = (number) => labelOfNumber.get(number)?.code ?? "Q";

/**
 * A tick a beat in the colour of its class; those that are not usual have their letter instead. Where letters would touch,
 * the first stands for those that follow, which keep a tick.
 * @param {CanvasRenderingContext2D} ctx @param {import("../strip/beat_marks.js").BeatMark[]} beats
 * @param {(sample: number) => number} xAt @param {number} top of the ticks, px @param {string} paper colour behind
 * @param {(code: string) => boolean} [isUsual]
 */
export function drawBeats(ctx, beats, xAt, top, paper, isUsual = (code) => code === "N") {
  ctx.font = `bold ${FONT}`;
  ctx.textAlign = "center";
  ctx.textBaseline = "alphabetic";
  ctx.lineJoin = "round";
  ctx.strokeStyle = paper;
  ctx.lineWidth = 2;
  let reached = -Infinity;
  for (const { sample, number } of beats) {
    const code = codeOf(number);
    const x = xAt(sample);
    const isSelected = state.selection?.kind === "beat" && state.selection.sample === sample;
    ctx.fillStyle = isSelected ? color("accent") : labelColor(code);
    if ((isUsual(code) || x - reached < LETTER_PX) && !isSelected) {
      ctx.fillRect(x - 0.5, top, 1, isUsual(code) ? 3 : 5);
      continue;
    }
    const letter = code === "PULSE" ? "p" : code;
    ctx.strokeText(letter, x, top + LETTER_FOOT_PX);
    ctx.fillText(letter, x, top + LETTER_FOOT_PX);
    reached = x;
  }
}

/** The longest below, so that what is short lies on top. @param {import("../base/state.js").Row[]} rows */
export const inOrderOfLength = (rows) => [...rows].sort((a, b) => b.end_us - b.start_us - (a.end_us - a.start_us));

/**
 * Bars of spans in two rows, quality below; the shape says the status.
 * @param {CanvasRenderingContext2D} ctx @param {import("../base/state.js").Row[]} rows
 * @param {(us: number) => number} xAt @param {number} left @param {number} right @param {number} top of the upper row, px
 */
export function drawSpans(ctx, rows, xAt, left, right, top) {
  for (const row of inOrderOfLength(rows)) {
    const from = Math.round(Math.max(xAt(row.start_us), left));
    const to = Math.round(Math.min(Math.max(xAt(row.end_us), from + LEAST_BAR_PX), right + LEAST_BAR_PX));
    const at = Math.round(top) + (row.kind === "quality" ? BAR_PX + 1 : 0);
    drawBar(ctx, row, from, to, at, xAt(row.end_us) <= right);
    if (row.id !== state.selection?.id) continue;
    ctx.strokeStyle = color("accent");
    ctx.lineWidth = 1.5;
    ctx.strokeRect(from - 1.5, at - 1.5, to - from + 3, BAR_PX + 3);
  }
}

/** @param {boolean} hasEnd whether its end is on this line */
function drawBar(ctx, row, from, to, top, hasEnd) {
  const tint = labelColor(row.label);
  ctx.fillStyle = tint;
  ctx.strokeStyle = tint;
  if (row.status === "confirmed" || row.status === "corrected") {
    const notch = row.status === "corrected" && hasEnd ? 2 : 0;
    ctx.fillRect(from, top, to - from, BAR_PX);
    if (notch) ctx.clearRect(to - notch - 1, top, notch + 1, notch);
  } else if (row.status === "rejected") {
    ctx.fillRect(from, top + 1, to - from, 1);
  } else if (row.status === "ambiguous") {
    for (let x = from; x < to; x += 2 * HATCH_PX) ctx.fillRect(x, top, Math.min(HATCH_PX, to - x), BAR_PX);
  } else {
    ctx.lineWidth = 1;
    ctx.strokeRect(from + 0.5, top + 0.5, Math.max(to - from - 1, 1), BAR_PX - 1);
  }
}

/** Codes of the spans of a line, the urgent ones first, as many as fit. @param {CanvasRenderingContext2D} ctx @param {import("../base/state.js").Row[]} rows */
export function drawCodes(ctx, rows, left, width, middle) {
  const urgency = (code) => labels.get(code)?.urgency ?? 0;
  const codes = [...new Set(rows.filter((row) => row.status !== "rejected").map((row) => row.label))].sort((a, b) => urgency(b) - urgency(a));
  ctx.font = FONT;
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  let x = left;
  for (const [i, code] of codes.entries()) {
    const more = codes.length - i > 1 ? `+${codes.length - i - 1}` : "";
    const isLast = more !== "" && x + ctx.measureText(code).width + 4 + ctx.measureText(codes[i + 1]).width > left + width;
    ctx.fillStyle = labelColor(code);
    ctx.fillText(code, x, middle);
    x += ctx.measureText(code).width + 4;
    if (!isLast) continue;
    ctx.fillStyle = color("ink-soft");
    ctx.fillText(more, x, middle);
    return;
  }
}
