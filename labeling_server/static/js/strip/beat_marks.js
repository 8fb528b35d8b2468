// Where the beats of hours are and what they are called, for views that show thousands: packed, fetched once, bounded.
// Where the strip has the beats themselves, with what the reader just did to them, those count.

import { getBinary } from "../base/api.js";
import { Chunks } from "../base/chunks.js";
import { mainGroup, stream } from "../base/config.js";
import { on, state } from "../base/state.js";
import { saving } from "../edits/edits.js";
import { beatsBetween, hasMarks, size as stripChunk } from "../paper/marks.js";
import { unpackWindow } from "../signal/samples.js";

const CHUNK_S = 1200;
/** Three days, some 15 kB a chunk. */
const MAX_CHUNKS = 216;
const fs = mainGroup?.fs_hz ?? 1;
const chunkSamples = Math.max(Math.round(CHUNK_S * fs), 1);

/** @typedef {{sample: number, number: number}} BeatMark */
/** @type {Map<number, {samples: Float64Array, numbers: Int32Array, loadedTo: number}>} */
const kept = new Map();

const indices = (from, to) => {
  const first = Math.max(Math.floor(from / chunkSamples), 0);
  const last = Math.floor((Math.min(to, state.nextSample) - 1) / chunkSamples);
  return Array.from({ length: Math.max(last - first + 1, 0) }, (_, i) => first + i);
};

/** Whether a chunk holds all that is there by now. */
const isFresh = (index) => {
  const chunk = kept.get(index);
  return chunk !== undefined && chunk.loadedTo > 0 && chunk.loadedTo >= Math.min((index + 1) * chunkSamples, state.nextSample);
};

/** Whether all of it can be drawn; at the head of a running stream it may be a little behind. @param {number} from @param {number} to samples */
export const hasBeatMarks = (from, to) => indices(from, to).every((index) => kept.has(index));

/** @param {number} from @param {number} to samples */
export const areBeatMarksFresh = (from, to) => indices(from, to).every(isFresh);

/** @param {number} from @param {number} to samples */
export const ensureBeatMarks = (from, to) => chunks.load(indices(from, to), isFresh);

/** What colleagues did since is asked for anew. */
export const forgetBeatMarks = () => kept.clear();

let savedUs = saving.savedUs;

/** After an edit they are asked for again, and drawn as they are until then. */
on(["saving"], () => {
  if (saving.savedUs === savedUs) return;
  savedUs = saving.savedUs;
  for (const chunk of kept.values()) chunk.loadedTo = 0;
});

const chunks = new Chunks(async (first, last) => {
  const [start, end] = [first * chunkSamples, (last + 1) * chunkSamples];
  const next = state.nextSample;
  const { blinded } = state;
  const buffer = await getBinary(`/api/streams/${stream.id}/beat-marks`, { group_id: mainGroup.id, start, end, by: blinded ? "people" : "all" });
  if (blinded !== state.blinded) return; // asked for again
  const { header, values } = unpackWindow(buffer);
  const samples = Float64Array.from(values.subarray(0, header.n_beats), (offset) => start + offset);
  const numbers = values.subarray(header.n_beats);
  for (let index = first; index <= last; index += 1) {
    const [low, high] = [index, index + 1].map((at) => lowerBound(samples, at * chunkSamples));
    kept.delete(index); // the youngest last, so that the oldest go first
    kept.set(index, { samples: samples.slice(low, high), numbers: numbers.slice(low, high), loadedTo: Math.min((index + 1) * chunkSamples, next) });
  }
  while (kept.size > MAX_CHUNKS) kept.delete(kept.keys().next().value);
}, 16);

/** First place at or after a value of an ascending list. */
function lowerBound(list, value) {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The beats of [from, to) samples that are in memory, in order. @param {number} from @param {number} to @returns {BeatMark[]} */
export function beatMarks(from, to) {
  const found = [];
  for (let at = Math.max(from, 0); at < to; ) {
    const end = Math.min((Math.floor(at / stripChunk) + 1) * stripChunk, to);
    // half a sample in, so that rounding does not ask for the chunk before
    if (hasMarks((at + 0.5) / fs, (end - 0.5) / fs)) found.push(...beatsBetween(at, end));
    else addPacked(found, at, end);
    at = end;
  }
  return found;
}

function addPacked(found, from, to) {
  for (const index of indices(from, to)) {
    const chunk = kept.get(index);
    if (!chunk) continue;
    const end = lowerBound(chunk.samples, to);
    for (let i = lowerBound(chunk.samples, from); i < end; i += 1) found.push({ sample: chunk.samples[i], number: chunk.numbers[i] });
  }
}
