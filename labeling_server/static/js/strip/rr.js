// RR intervals of the whole recording: pairs for the Lorenz plot, and which of them lie in a range or within a lasso.

import { labelOfNumber, mainGroup } from "../base/config.js";
import { state } from "../base/state.js";
import { beatMarks, ensureBeatMarks } from "./beat_marks.js";

/** Beyond it a beat was missed or the recording has a gap. */
const LONGEST_MS = 3000;

/**
 * Of beat i the interval before and the one after it, ms; beats that lack one of the two have no pair.
 * @typedef {{samples: number[], numbers: number[], beats: Int32Array, before: Float32Array,
 *   after: Float32Array}} Pairs
 * @typedef {{x0: number, x1: number, y0: number, y1: number}} Range of both intervals, ms
 */

/** @returns {Promise<Pairs>} */
export async function fetchPairs() {
  await ensureBeatMarks(state.firstSample, state.nextSample);
  const marks = beatMarks(state.firstSample, state.nextSample).filter(({ number }) => labelOfNumber.get(number)?.kind === "beat");
  const [samples, numbers] = [marks.map((mark) => mark.sample), marks.map((mark) => mark.number)];
  const perSample = 1000 / mainGroup.fs_hz;
  const kept = [];
  for (let i = 1; i + 1 < samples.length; i += 1) {
    const before = (samples[i] - samples[i - 1]) * perSample;
    const after = (samples[i + 1] - samples[i]) * perSample;
    if (before > 0 && after > 0 && before <= LONGEST_MS && after <= LONGEST_MS) kept.push(i);
  }
  const interval = (from, to) => Float32Array.from(kept, (i) => (samples[i + to] - samples[i + from]) * perSample);
  return { samples, numbers, beats: Int32Array.from(kept), before: interval(-1, 0), after: interval(0, 1) };
}

/** Upper end of the axes: whole fifths of a second that hold all but one of a thousand. @param {Pairs} pairs */
export function axisEnd({ before }) {
  const sorted = Float32Array.from(before).sort();
  const most = sorted[Math.floor(sorted.length * 0.999)] ?? 0;
  return Math.min(Math.max(Math.ceil((most * 1.1) / 200) * 200, 1400), LONGEST_MS);
}

/** Places of the pairs in a range. @param {Pairs} pairs @param {Range} range */
export function inRange({ before, after }, { x0, x1, y0, y1 }) {
  const found = [];
  for (let k = 0; k < before.length; k += 1) {
    if (before[k] >= x0 && before[k] < x1 && after[k] >= y0 && after[k] < y1) found.push(k);
  }
  return found;
}

/** Places of the pairs within a closed line: odd number of crossings to the right. @param {Pairs} pairs @param {[number, number][]} line ms */
export function inLasso({ before, after }, line) {
  const found = [];
  for (let k = 0; k < before.length; k += 1) if (isWithin(before[k], after[k], line)) found.push(k);
  return found;
}

function isWithin(x, y, line) {
  let inside = false;
  for (let i = 0, j = line.length - 1; i < line.length; j = i, i += 1) {
    const [[xi, yi], [xj, yj]] = [line[i], line[j]];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) inside = !inside;
  }
  return inside;
}

/** How many intervals lie in each bin of the axis. @param {Pairs} pairs @param {number} binMs @param {number} endMs @param {number[] | null} some places, null for all */
export function histogram({ before }, binMs, endMs, some) {
  const counts = new Uint32Array(Math.ceil(endMs / binMs));
  const add = (k) => before[k] < endMs && (counts[Math.floor(before[k] / binMs)] += 1);
  if (some) some.forEach(add);
  else before.forEach((_, k) => add(k));
  return counts;
}
