// Beats and spans in memory: fetched for what is shown and around it, replaced by what the server says.

import { getJson } from "./api.js";
import { Chunks } from "./chunks.js";
import { mainGroup, stream } from "./config.js";
import { state } from "./state.js";
import { usOfSample } from "./time.js";

const CHUNK_S = 20;
const size = mainGroup ? Math.max(Math.round(CHUNK_S * mainGroup.fs_hz), 1) : 1;

/** All beats in memory, in the order of samples. @type {import("./state.js").Beat[]} */
let beats = [];
/** @type {Set<number>} */
const loaded = new Set();

/** First place in the beats at or after a sample. @param {number} sample */
function lowerBound(sample) {
  let low = 0;
  let high = beats.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (beats[middle].sample < sample) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** @param {number} from @param {number} to */
export const beatsBetween = (from, to) => beats.slice(lowerBound(from), lowerBound(to));

/** The beat at exactly this sample. @param {number} sample */
export function beatAt(sample) {
  const beat = beats[lowerBound(sample)];
  return beat?.sample === sample ? beat : null;
}

/** The beat nearest to a sample. @param {number} sample */
export function nearestBeat(sample) {
  const at = lowerBound(sample);
  return [beats[at - 1], beats[at]]
    .filter(Boolean)
    .sort((a, b) => Math.abs(a.sample - sample) - Math.abs(b.sample - sample))[0] ?? null;
}

/** The beat before (-1) or after (1) a sample. @param {number} sample @param {1 | -1} by */
export function neighbourBeat(sample, by) {
  return beats[by > 0 ? lowerBound(sample + 1) : lowerBound(sample) - 1] ?? null;
}

/** @param {number} from @param {number} to samples @param {any} columns as the server sends beats */
export function replaceBeats(from, to, columns) {
  const fresh = columns.samples.map((sample, i) => ({
    sample,
    number: columns.numbers[i],
    confidence: columns.confidences[i],
    touched: columns.touched[i],
    id: columns.ids[i],
    run_id: columns.run_ids[i],
  }));
  const at = lowerBound(from);
  beats = [...beats.slice(0, at), ...fresh, ...beats.slice(lowerBound(to))];
}

/** Spans and events that touch [fromUs, toUs) and are not deleted, in order of start. @param {number} fromUs @param {number} toUs */
export function spansBetween(fromUs, toUs) {
  return [...state.rows.values()]
    .filter((row) => row.kind !== "beat" && row.kind !== "pulse" && !row.deleted)
    .filter((row) => row.start_us < toUs && Math.max(row.end_us, row.start_us + 1) > fromUs)
    .sort((a, b) => a.start_us - b.start_us || a.end_us - b.end_us);
}

/** What the server says now of [from, to) samples: rows that it no longer has there are gone. */
export function replaceSpans(from, to, rows) {
  const said = new Set(rows.map((row) => row.id));
  for (const row of spansBetween(usOfSample(from), usOfSample(to))) {
    // what lies beyond the asked range as well is asked for again when it is shown
    if (!said.has(row.id)) state.rows.delete(row.id);
  }
  for (const row of rows) state.rows.set(row.id, row);
}

/** The state of [from, to) samples, taken in; gives the answer. @param {number} from @param {number} to */
export async function refreshMarks(from, to) {
  const answer = await getJson(`/api/streams/${stream.id}/live`, { group_id: mainGroup.id, start: from, end: to });
  replaceBeats(answer.start, answer.end, answer.beats);
  replaceSpans(answer.start, answer.end, answer.spans);
  return answer;
}

/** @param {number} fromS @param {number} toS */
function indices(fromS, toS) {
  const first = Math.max(Math.floor((fromS * mainGroup.fs_hz) / size), 0);
  const last = Math.max(Math.floor((toS * mainGroup.fs_hz) / size), 0);
  return Array.from({ length: Math.max(last - first + 1, 0) }, (_, i) => first + i);
}

/** @param {number} fromS @param {number} toS */
export const hasMarks = (fromS, toS) => indices(fromS, toS).every((index) => loaded.has(index));

/** @param {number} fromS @param {number} toS */
export const ensureMarks = (fromS, toS) => chunks.load(indices(fromS, toS), (index) => loaded.has(index));

const chunks = new Chunks(async (first, last) => {
  await refreshMarks(first * size, (last + 1) * size);
  for (let index = first; index <= last; index += 1) loaded.add(index);
});

/** The live head moved: what was loaded beyond it was not yet there. @param {number} fromSample */
export function forgetFrom(fromSample) {
  for (const index of loaded) if ((index + 1) * size > fromSample) loaded.delete(index);
}
