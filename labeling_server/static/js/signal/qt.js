// QT corrected for heart rate. Pure: intervals in, intervals out, units in the names; no page, no state.

/** Milliseconds that Framingham adds for a second that RR is short of one. */
const FRAMINGHAM_MS_PER_S = 154;
/** Milliseconds that Hodges takes off for a beat a minute above sixty. */
const HODGES_MS_PER_BPM = 1.75;
const REFERENCE_BPM = 60;
const S_PER_MIN = 60;

/** Bazett, Heart 1920; 7: 353-370: QT / RR^(1/2). @param {number} qtMs @param {number} rrS */
export const bazettMs = (qtMs, rrS) => qtMs / Math.sqrt(rrS);

/** Fridericia, Acta Med Scand 1920; 53: 469-486: QT / RR^(1/3). @param {number} qtMs @param {number} rrS */
export const fridericiaMs = (qtMs, rrS) => qtMs / Math.cbrt(rrS);

/** Framingham: Sagie et al., Am J Cardiol 1992; 70: 797-801: QT + 0.154 (1 - RR), in seconds. @param {number} qtMs @param {number} rrS */
export const framinghamMs = (qtMs, rrS) => qtMs + FRAMINGHAM_MS_PER_S * (1 - rrS);

/** Hodges et al., J Am Coll Cardiol 1983; 1: 694: QT + 1.75 (HR - 60), in milliseconds and beats a minute. @param {number} qtMs @param {number} rrS */
export const hodgesMs = (qtMs, rrS) => qtMs + HODGES_MS_PER_BPM * (S_PER_MIN / rrS - REFERENCE_BPM);

/** By the name that readers know, in the order in which they are shown. */
export const CORRECTIONS = [
  ["Bazett", bazettMs],
  ["Fridericia", fridericiaMs],
  ["Framingham", framinghamMs],
  ["Hodges", hodgesMs],
];

/**
 * Intervals between neighbouring beats, seconds.
 * @param {number[]} samples of the beats, ascending @param {number} fsHz
 * @param {(from: number, to: number) => boolean} isWhole whether no sample is missing from one beat to the next: a gap is no RR interval
 */
export function rrIntervalsS(samples, fsHz, isWhole) {
  const found = [];
  for (let i = 1; i < samples.length; i += 1) {
    if (isWhole(samples[i - 1], samples[i])) found.push((samples[i] - samples[i - 1]) / fsHz);
  }
  return found;
}

/** Of an even number the mean of the two in the middle; null of nothing. @param {number[]} values */
export function median(values) {
  if (!values.length) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
