// Filters for the eye: Butterworth sections of second order and a notch, run forth and back, so that nothing is shifted.
// Source of the coefficients: R. Bristow-Johnson, Cookbook formulae for audio EQ biquad filter coefficients.

/** @typedef {{b0: number, b1: number, b2: number, a1: number, a2: number}} Section normalised, a0 = 1 */

const BUTTERWORTH_Q = Math.SQRT1_2;
/** Run twice, a section takes 6 dB at its corner; moved by this, both runs together take 3 dB where they should. */
const TWICE = (Math.SQRT2 - 1) ** 0.25;

/** @param {number} [by] factor on the frequency before it is warped, where the shape of the filter is that of its law */
function corner(hz, fsHz, q, by = 1) {
  const w = 2 * Math.atan(Math.tan((Math.PI * hz) / fsHz) * by);
  return { cos: Math.cos(w), alpha: Math.sin(w) / (2 * q) };
}

/** 3 dB at `hz` after both runs. @param {number} hz @param {number} fsHz @returns {Section} */
export function highPass(hz, fsHz) {
  const { cos, alpha } = corner(hz, fsHz, BUTTERWORTH_Q, TWICE);
  const a0 = 1 + alpha;
  const b = (1 + cos) / 2 / a0;
  return { b0: b, b1: -2 * b, b2: b, a1: (-2 * cos) / a0, a2: (1 - alpha) / a0 };
}

/** 3 dB at `hz` after both runs. @param {number} hz @param {number} fsHz @returns {Section} */
export function lowPass(hz, fsHz) {
  const { cos, alpha } = corner(hz, fsHz, BUTTERWORTH_Q, 1 / TWICE);
  const a0 = 1 + alpha;
  const b = (1 - cos) / 2 / a0;
  return { b0: b, b1: 2 * b, b2: b, a1: (-2 * cos) / a0, a2: (1 - alpha) / a0 };
}

/** @param {number} hz @param {number} fsHz @param {number} q hz over the width of the notch @returns {Section} */
export function notch(hz, fsHz, q) {
  const { cos, alpha } = corner(hz, fsHz, q);
  const a0 = 1 + alpha;
  return { b0: 1 / a0, b1: (-2 * cos) / a0, b2: 1 / a0, a1: (-2 * cos) / a0, a2: (1 - alpha) / a0 };
}

/** Forth and back, in place; each run begins as if the first value had always been. @param {Float64Array} values @param {Section[]} sections */
export function filterBothWays(values, sections) {
  for (const section of sections) {
    for (const step of [1, -1]) run(values, section, step);
  }
}

function run(values, { b0, b1, b2, a1, a2 }, step) {
  const n = values.length;
  if (!n) return;
  let i = step > 0 ? 0 : n - 1;
  const first = values[i];
  const rest = (first * (b0 + b1 + b2)) / (1 + a1 + a2); // what comes out of a constant
  let z2 = b2 * first - a2 * rest;
  let z1 = z2 + b1 * first - a1 * rest;
  for (let left = n; left > 0; left -= 1, i += step) {
    const x = values[i];
    const y = b0 * x + z1;
    z1 = b1 * x - a1 * y + z2;
    z2 = b2 * x - a2 * y;
    values[i] = y;
  }
}
