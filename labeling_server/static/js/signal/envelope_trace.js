// A trace of minima and maxima: from low to high and on to the next bin's high and low, so that no line is drawn twice.

import { invalidOf, isSample } from "./decimate.js";

/**
 * @param {import("./envelopes.js").Bins[]} chunks in order
 * @param {number} channel @param {number} nChannels
 * @param {number} from first sample to draw @param {number} to one past the last
 * @param {(sample: number) => number} xAt @param {(value: number) => number} yAt
 * @returns {{x: number[], y: number[]}[]} pieces between bins that hold nothing
 */
export function envelopePieces(chunks, channel, nChannels, from, to, xAt, yAt) {
  const pieces = [];
  let piece = { x: [], y: [] };
  let reached = -1;
  const end = () => {
    if (piece.x.length) pieces.push(piece);
    piece = { x: [], y: [] };
  };
  for (const { size, start, n, low, high } of chunks) {
    const invalid = invalidOf(low);
    const first = Math.max(Math.floor((from - start) / size), 0);
    const last = Math.min(Math.ceil((to - start) / size), n);
    for (let i = first; i < last; i += 1) {
      const at = i * nChannels + channel;
      const number = start / size + i;
      if (number !== reached + 1 || !isSample(low[at], invalid)) end();
      reached = number;
      if (!isSample(low[at], invalid)) continue;
      const x = xAt(start + (i + 0.5) * size);
      const [one, other] = number % 2 ? [high[at], low[at]] : [low[at], high[at]];
      piece.x.push(x, x);
      piece.y.push(yAt(one), yAt(other));
    }
  }
  end();
  return pieces;
}

/** Smallest and largest value of a channel; low > high when there is none. @param {import("./envelopes.js").Bins[]} chunks */
export function extremesOfBins(chunks, channel, nChannels) {
  let [least, most] = [Infinity, -Infinity];
  for (const { low, high, n } of chunks) {
    const invalid = invalidOf(low);
    for (let at = channel; at < n * nChannels; at += nChannels) {
      if (!isSample(low[at], invalid)) continue;
      if (low[at] < least) least = low[at];
      if (high[at] > most) most = high[at];
    }
  }
  return [least, most];
}
