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

/** The neighbour of a value in a list of steps. @param {number[]} steps @param {number} value @param {1 | -1} by */
export function stepped(steps, value, by) {
  const at = steps.indexOf(value);
  return steps[Math.min(Math.max(at + by, 0), steps.length - 1)];
}
