// Fewer points than samples without losing a peak: minimum and maximum of every pixel column, in their order.

/**
 * @param {Int16Array} data interleaved samples of a run
 * @param {number} from first sample of the run to draw @param {number} to one past the last
 * @param {number} channel @param {number} nChannels
 * @param {(sample: number) => number} xAt @param {(value: number) => number} yAt
 * @param {number} perColumn samples in a pixel column
 * @returns {{x: Float64Array, y: Float64Array}[]} pieces between samples marked invalid (-32768)
 */
export function tracePieces(data, from, to, channel, nChannels, xAt, yAt, perColumn) {
  const pieces = [];
  let start = from;
  for (let i = from; i <= to; i += 1) {
    if (i < to && data[i * nChannels + channel] !== -32768) continue;
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
