// Samples by chunks of 20 s, fetched once, kept in memory, neighbours ahead.

import { getBinary } from "../base/api.js";
import { Chunks } from "../base/chunks.js";
import { stream } from "../base/config.js";

const CHUNK_S = 20;
const MIN_CHUNK = 16;
const MAX_CHUNKS = 90;
/** Of a header's `dtype`. */
const ARRAYS = { "<i2": Int16Array, "<i4": Int32Array, "<f4": Float32Array };
/** Samples times leads in one request; the server refuses more than twice as many. */
const MAX_VALUES = 1_000_000;

/** @typedef {Int16Array | Int32Array | Float32Array} Samples */
/** @typedef {{start: number, data: Samples, n: number}} Run */

/** Reads what `labeling_server.window_codec` wrote: the header, and all values. @param {ArrayBuffer} buffer */
export function unpackWindow(buffer) {
  const view = new DataView(buffer);
  if (view.getUint32(0, false) !== 0x52485731) throw new Error("window must begin with RHW1");
  const length = view.getUint32(4, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, length)));
  return { header, values: new ARRAYS[header.dtype](buffer, 8 + length) };
}

/** The header, and the runs of samples. @param {ArrayBuffer} buffer */
export function decodeWindow(buffer) {
  const { header, values: all } = unpackWindow(buffer);
  /** @type {Run[]} */
  const runs = [];
  let at = 0;
  for (const [start, n] of header.runs) {
    runs.push({ start, n, data: all.subarray(at, at + n * header.n_channels) });
    at += n * header.n_channels;
  }
  return { header, runs };
}

/** The samples of one channel group. */
export class SampleStore {
  /** @param {import("../base/config.js").Group} group @param {number} streamId of the recording */
  constructor(group, streamId = stream.id) {
    this.group = group;
    this.streamId = streamId;
    this.size = Math.max(Math.round(CHUNK_S * group.fs_hz), MIN_CHUNK); // a thermometer may say a number a minute
    this.next = group.next_sample;
    /** @type {Map<number, {runs: Run[], loadedTo: number}>} */
    this.chunks = new Map();
    const atMost = Math.max(Math.floor(MAX_VALUES / (this.size * group.channels.length)), 1);
    this.loads = new Chunks((first, last) => this.fetchInto(first, last, first * this.size), atMost);
  }

  /** @param {number} fromS @param {number} toS */
  indices(fromS, toS) {
    const first = Math.max(Math.floor((fromS * this.group.fs_hz) / this.size), 0);
    const last = Math.max(Math.floor((toS * this.group.fs_hz) / this.size), 0);
    const end = Math.floor(Math.max(this.next - 1, 0) / this.size);
    return Array.from({ length: Math.max(Math.min(last, end) - first + 1, 0) }, (_, i) => first + i);
  }

  /** Whether all of it is in memory. @param {number} fromS @param {number} toS */
  has(fromS, toS) {
    return this.indices(fromS, toS).every((index) => this.chunks.has(index));
  }

  /** @param {number} fromS @param {number} toS */
  ensure(fromS, toS) {
    return this.loads.load(this.indices(fromS, toS), (index) => this.chunks.has(index));
  }

  /** Chunks first to last, from a sample of the first on. @param {number} first @param {number} last @param {number} from */
  async fetchInto(first, last, from) {
    const query = { group_id: this.group.id, start: from, end: (last + 1) * this.size };
    const { header, runs } = decodeWindow(await getBinary(`/api/streams/${this.streamId}/window`, query));
    for (let index = first; index <= last; index += 1) this.keep(index, from, runs, header.next_sample);
  }

  /** What of an answer belongs to a chunk. @param {number} index @param {number} from @param {Run[]} runs @param {number} next */
  keep(index, from, runs, next) {
    const end = (index + 1) * this.size;
    const begin = Math.max(from, index * this.size);
    const chunk = this.chunks.get(index) ?? { runs: [], loadedTo: begin };
    for (const run of runs) {
      const part = cut(run, begin, end, this.group.channels.length);
      if (part.n > 0) join(chunk.runs, part, this.group.channels.length);
    }
    chunk.loadedTo = Math.min(end, Math.max(next, begin));
    this.chunks.delete(index); // the youngest last, so that the oldest go first
    this.chunks.set(index, chunk);
    while (this.chunks.size > MAX_CHUNKS) this.chunks.delete(this.chunks.keys().next().value);
  }

  /** New samples came: what is in memory of the last chunks is filled up. @param {number} next */
  async grow(next) {
    const before = this.next;
    this.next = next;
    if (next <= before) return;
    const first = Math.floor(Math.max(before - 1, 0) / this.size);
    const last = Math.floor((next - 1) / this.size);
    for (let index = first; index <= last; index += 1) {
      const chunk = this.chunks.get(index);
      if (chunk && chunk.loadedTo < Math.min((index + 1) * this.size, next)) await this.fetchInto(index, index, chunk.loadedTo);
    }
  }

  /** Runs in memory that touch [from, to) samples. @param {number} from @param {number} to */
  runs(from, to) {
    const found = [];
    for (const index of this.indices(from / this.group.fs_hz, to / this.group.fs_hz)) {
      for (const run of this.chunks.get(index)?.runs ?? []) {
        if (run.start < to && run.start + run.n > from) join(found, run, this.group.channels.length);
      }
    }
    return found;
  }
}

/** The samples of a run within [begin, end), not copied. @returns {Run} */
function cut(run, begin, end, nChannels) {
  const from = Math.max(begin - run.start, 0);
  const to = Math.min(end - run.start, run.n);
  return { start: run.start + from, n: to - from, data: run.data.subarray(from * nChannels, Math.max(to, from) * nChannels) };
}

/** Adds a run to a list; one that goes on where the last ended becomes part of it. */
function join(runs, run, nChannels) {
  const last = runs.at(-1);
  if (!last || last.start + last.n !== run.start) {
    runs.push({ ...run });
    return;
  }
  const data = new last.data.constructor((last.n + run.n) * nChannels);
  data.set(last.data.subarray(0, last.n * nChannels));
  data.set(run.data, last.n * nChannels);
  last.data = data;
  last.n += run.n;
}
