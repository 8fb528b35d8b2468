// Fewer points than samples without losing a peak: minimum and maximum of every pixel column, in their order.

/** The value that means "no sample", by type of array; NaN is none of itself. */
const INVALID = new Map([
  [Int16Array, -32768],
  [Int32Array, -2147483648],
  [Float32Array, NaN],
]);

/** The value of these samples that means "no sample". @param {import("./samples.js").Samples} data */
export const invalidOf = (data) => INVALID.get(data.constructor);

/** @param {number} value @param {number} invalid as `invalidOf` says */
export const isSample = (value, invalid) => value !== invalid && value === value;

/**
 * @param {import("./samples.js").Samples} data interleaved samples of a run
 * @param {number} from first sample of the run to draw @param {number} to one past the last
 * @param {number} channel @param {number} nChannels
 * @param {(sample: number) => number} xAt @param {(value: number) => number} yAt
 * @param {number} perColumn samples in a pixel column
 * @returns {{x: Float64Array, y: Float64Array}[]} pieces between samples marked invalid
 */
export function tracePieces(data, from, to, channel, nChannels, xAt, yAt, perColumn) {
  const pieces = [];
  const invalid = invalidOf(data);
  let start = from;
  for (let i = from; i <= to; i += 1) {
    if (i < to && isSample(data[i * nChannels + channel], invalid)) continue;
    if (i > start) pieces.push(piece(data, start, i, channel, nChannels, xAt, yAt, perColumn));
    start = i + 1;
  }
  return pieces;
}

function piece(data, from, to, channel, nChannels, xAt, yAt, perColumn) {
  return perColumn > 2 ? columns(data, from, to, channel, nChannels, xAt, yAt, perColumn) : all(data, from, to, channel, nChannels, xAt, yAt);
}

function all(data, from, to, channel, nChannels, xAt, yAt) {
  const x = new Float64Array(to - from);
  const y = new Float64Array(to - from);
  for (let i = from; i < to; i += 1) {
    x[i - from] = xAt(i);
    y[i - from] = yAt(data[i * nChannels + channel]);
  }
  return { x, y };
}

function columns(data, from, to, channel, nChannels, xAt, yAt, perColumn) {
  const x = [];
  const y = [];
  let begin = from;
  while (begin < to) {
    // columns are cut at multiples of absolute positions, so that panning does not make the trace shimmer
    const end = Math.min(Math.max(Math.ceil((Math.floor(begin / perColumn) + 1) * perColumn), begin + 1), to);
    let low = begin;
    let high = begin;
    for (let i = begin; i < end; i += 1) {
      const value = data[i * nChannels + channel];
      if (value < data[low * nChannels + channel]) low = i;
      if (value > data[high * nChannels + channel]) high = i;
    }
    for (const i of low === high ? [low] : [Math.min(low, high), Math.max(low, high)]) {
      x.push(xAt(i));
      y.push(yAt(data[i * nChannels + channel]));
    }
    begin = end;
  }
  return { x: Float64Array.from(x), y: Float64Array.from(y) };
}

/**
 * A piece cut at two edges; where a line crosses one, its point there is between the two samples.
 * @param {{x: Float64Array, y: Float64Array}} piece @param {number} low @param {number} high
 */
export function clipped({ x, y }, low, high) {
  let from = 0;
  let to = x.length;
  while (from + 1 < to && x[from + 1] <= low) from += 1;
  while (to - 2 >= from && x[to - 2] >= high) to -= 1;
  const cutX = x.slice(from, to);
  const cutY = y.slice(from, to);
  const last = cutX.length - 1;
  if (last > 0) {
    moveTo(cutX, cutY, 0, 1, low);
    moveTo(cutX, cutY, last, last - 1, high);
  }
  return cutX[0] > high || cutX[last] < low ? { x: cutX.slice(0, 0), y: cutY.slice(0, 0) } : { x: cutX, y: cutY };
}

/** Moves a point that lies beyond an edge along the line to its neighbour onto the edge. */
function moveTo(x, y, i, neighbour, edge) {
  const isBeyond = i < neighbour ? x[i] < edge : x[i] > edge;
  const reaches = i < neighbour ? x[neighbour] > edge : x[neighbour] < edge;
  if (!isBeyond || !reaches) return;
  y[i] += ((y[neighbour] - y[i]) * (edge - x[i])) / (x[neighbour] - x[i]);
  x[i] = edge;
}
