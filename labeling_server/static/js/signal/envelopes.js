// Minima and maxima for when a pixel covers many samples: bins of a few sizes, by chunks, fetched once, kept in memory.

import { getBinary } from "../base/api.js";
import { Chunks } from "../base/chunks.js";
import { stream } from "../base/config.js";
import { unpackWindow } from "./samples.js";

/** Samples in a bin. From 512 on the server has them ready (x256 and x4096); below it takes them from the samples. */
export const BIN_SIZES = [32, 128, 512, 2048, 8192, 32768];
const BINS = 1024;
/** Chunks in one request; the server gives 16,384 bins at most. */
const CHUNKS_AT_ONCE = 8;
/** Some 12 kB each of three leads. */
const MAX_CHUNKS = 240;

/**
 * @typedef {{size: number, start: number, n: number, low: import("./samples.js").Samples, high: import("./samples.js").Samples}} Bins
 * Bins of `size` samples from sample `start` on, interleaved by channel; "no sample" where there is none.
 */

/**
 * The bin size for so many samples in a pixel; 0 where the samples themselves are drawn.
 * @param {number} perPixel @param {number[]} [sizes] to choose from
 */
export const binSizeOf = (perPixel, sizes = BIN_SIZES) => sizes.findLast((size) => size <= perPixel) ?? 0;

/** The envelopes of one channel group, or of one of its channels. */
export class EnvelopeStore {
  /**
   * @param {import("../base/config.js").Group} group
   * @param {{sizes?: number[], channel?: number | null, maxChunks?: number}} [what] bin sizes; one channel by its position
   */
  constructor(group, { sizes = BIN_SIZES, channel = null, maxChunks = MAX_CHUNKS } = {}) {
    this.group = group;
    this.channel = channel;
    this.maxChunks = maxChunks;
    this.next = group.next_sample;
    /** @type {Map<string, Bins & {loadedTo: number}>} */
    this.chunks = new Map();
    /** @type {Map<number, Chunks>} */
    this.loads = new Map(sizes.map((size) => [size, new Chunks((first, last) => this.fetchInto(size, first, last), CHUNKS_AT_ONCE)]));
  }

  /** @param {number} size @param {number} fromS @param {number} toS */
  indices(size, fromS, toS) {
    const perChunk = size * BINS;
    const first = Math.max(Math.floor((fromS * this.group.fs_hz) / perChunk), 0);
    const end = Math.floor(Math.max(this.next - 1, 0) / perChunk);
    const last = Math.min(Math.floor((toS * this.group.fs_hz) / perChunk), end);
    return Array.from({ length: Math.max(last - first + 1, 0) }, (_, i) => first + i);
  }

  /** Whether all of it can be drawn; at the head of a running stream it may be some bins behind. */
  has(size, fromS, toS) {
    return this.indices(size, fromS, toS).every((index) => this.chunks.has(`${size}/${index}`));
  }

  ensure(size, fromS, toS) {
    return this.loads.get(size).load(this.indices(size, fromS, toS), (index) => this.isNew(size, index));
  }

  /** Whether every bin of it that is complete by now is in memory. */
  isFresh(size, fromS, toS) {
    return this.indices(size, fromS, toS).every((index) => this.isNew(size, index));
  }

  /** Whether a chunk holds every bin that is complete by now. */
  isNew(size, index) {
    const chunk = this.chunks.get(`${size}/${index}`);
    return chunk !== undefined && Math.min((index + 1) * size * BINS, this.next) - chunk.loadedTo < size;
  }

  async fetchInto(size, first, last) {
    const [start, end] = [first * size * BINS, (last + 1) * size * BINS];
    const next = this.next;
    const query = { group_id: this.group.id, start, end, bins: (last - first + 1) * BINS, channel: this.channel, edges: "ends" };
    const { header, values } = unpackWindow(await getBinary(`/api/streams/${stream.id}/envelope`, query));
    const n = BINS * header.n_channels;
    const highs = values.subarray(values.length / 2);
    for (let index = first; index <= last; index += 1) {
      const at = (index - first) * n;
      // copies, so that one that stays does not hold those that went
      const [low, high] = [values.slice(at, at + n), highs.slice(at, at + n)];
      const key = `${size}/${index}`;
      this.chunks.delete(key); // the youngest last, so that the oldest go first
      this.chunks.set(key, { size, start: index * size * BINS, n: BINS, low, high, loadedTo: Math.min((index + 1) * size * BINS, next) });
    }
    while (this.chunks.size > this.maxChunks) this.chunks.delete(this.chunks.keys().next().value);
  }

  /** @param {number} size @param {number} fromS @param {number} toS @returns {Bins[]} what is in memory, in order */
  between(size, fromS, toS) {
    return this.indices(size, fromS, toS).flatMap((index) => this.chunks.get(`${size}/${index}`) ?? []);
  }

  /** @param {number} next one past the newest sample */
  grow(next) {
    this.next = next;
  }
}
