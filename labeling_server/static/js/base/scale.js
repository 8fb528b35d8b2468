// Millimetres of paper on this screen. Calibrated once a browser; never changed by anything but the reader.

const KEY = "rhythmark.px_per_mm";
/** CSS: 96 px are one inch. */
export const DEFAULT_PX_PER_MM = 96 / 25.4;
export const SPEEDS_MM_S = [5, 12.5, 25, 50];
export const GAINS_MM_MV = [2.5, 5, 10, 20, 40];

let pxPerMm = read();

function read() {
  const kept = Number(localStorage.getItem(KEY));
  return kept > 1 && kept < 40 ? kept : DEFAULT_PX_PER_MM;
}

export const getPxPerMm = () => pxPerMm;

/** @param {number | null} value null goes back to 96 dpi */
export function setPxPerMm(value) {
  if (value === null) localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, String(value));
  pxPerMm = read();
}

/** Signal on one page, s, beyond the speeds of paper: from a second to a day. */
export const PAGES_S = [1, 2, 60, 120, 300, 600, 1800, 3600, 10800, 21600, 43200, 86400];
/** Steps that differ by less look the same. */
const LEAST_RATIO = 1.2;

/**
 * How much time a millimetre is: a speed of paper, or, with `pageS`, so many seconds on the page whatever its width.
 * @typedef {{speed: number, pageS: number | null}} TimeScale
 */

/** Pixels in a second. @param {TimeScale} scale @param {number} widthPx of the signal's part of the strip */
export const pxPerSecond = ({ speed, pageS }, widthPx) => (pageS === null ? speed * pxPerMm : widthPx / pageS);

/**
 * The next time scale, faster (1) or slower (-1), among the speeds of paper and the lengths of a page.
 * @param {TimeScale} scale @param {1 | -1} by @param {number} widthPx @param {number} wholeS length of the recording
 * @returns {TimeScale} the same when there is none
 */
export function steppedScale(scale, by, widthPx, wholeS) {
  const { speed } = scale;
  const pages = [...PAGES_S.filter((pageS) => pageS < wholeS), Math.max(wholeS, PAGES_S[0])];
  const all = [...SPEEDS_MM_S.map((one) => ({ speed: one, pageS: null })), ...pages.map((pageS) => ({ speed, pageS }))];
  const ratio = (one) => (pxPerSecond(one, widthPx) / pxPerSecond(scale, widthPx)) ** by;
  const ahead = all.filter((one) => ratio(one) >= LEAST_RATIO).sort((a, b) => ratio(a) - ratio(b));
  return ahead[0] ?? scale;
}

/** By so much a length of the page may differ from a speed of paper that is meant. */
const SETTLED_RATIO = 1.08;

/** The speed of paper that a length of the page is nearly, else that length. @param {TimeScale} scale @param {number} widthPx @returns {TimeScale} */
export function settledScale(scale, widthPx) {
  const far = (speed) => Math.abs(Math.log(pxPerSecond({ speed, pageS: null }, widthPx) / pxPerSecond(scale, widthPx)));
  const near = SPEEDS_MM_S.find((speed) => far(speed) <= Math.log(SETTLED_RATIO));
  return near === undefined ? scale : { speed: near, pageS: null };
}

/** The neighbour of a value in a list of steps. @param {number[]} steps @param {number} value @param {1 | -1} by */
export function stepped(steps, value, by) {
  const at = steps.indexOf(value);
  return steps[Math.min(Math.max(at + by, 0), steps.length - 1)];
}
