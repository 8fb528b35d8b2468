// Local extremes of a signal, to the sample. Pure.

/**
 * Where a signal turns round by at least a threshold, as a hand with a pencil would follow it: every maximum and minimum
 * that the signal leaves again, and came to, by that much. Noise below the threshold turns nothing.
 * @param {ArrayLike<number>} values without gaps @param {number} threshold above 0, in their unit
 * @returns {number[]} places, ascending; of a flat top its middle
 */
export function turningPoints(values, threshold) {
  const found = [];
  /** The way the signal goes: 1 up, -1 down, 0 not known yet. */
  let way = 0;
  let high = 0;
  let low = 0;
  for (let i = 1; i < values.length; i += 1) {
    if (values[i] > values[high]) high = i;
    if (values[i] < values[low]) low = i;
    if (way >= 0 && values[high] - values[i] >= threshold) {
      // the first turn is the edge of what is looked at as often as an extreme of the signal
      if (way > 0) found.push(middleOfTop(values, high));
      way = -1;
      low = i;
    } else if (way <= 0 && values[i] - values[low] >= threshold) {
      if (way < 0) found.push(middleOfTop(values, low));
      way = 1;
      high = i;
    }
  }
  return found;
}

function middleOfTop(values, at) {
  let last = at;
  while (last + 1 < values.length && values[last + 1] === values[at]) last += 1;
  return (at + last) >> 1;
}

/**
 * The turning point nearest to a place and no further than a reach; null without one. What turns is told from noise by
 * the range of the signal within the reach.
 * @param {ArrayLike<number>} values @param {number} at @param {number} reach @param {number} share of the range that a turn must have
 */
export function nearestPeak(values, at, reach, share) {
  const near = Array.from(values).slice(Math.max(at - reach, 0), at + reach + 1);
  const range = Math.max(...near) - Math.min(...near);
  if (!(range > 0)) return null;
  const inReach = turningPoints(values, range * share).filter((place) => Math.abs(place - at) <= reach);
  return inReach.reduce((best, place) => (best === null || Math.abs(place - at) < Math.abs(best - at) ? place : best), null);
}
