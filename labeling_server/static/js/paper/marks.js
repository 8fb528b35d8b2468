// Beats and spans in memory: fetched for what is shown and around it, replaced by what the server says.

import { getJson, getList } from "../base/api.js";
import { Chunks } from "../base/chunks.js";
import { mainGroup, stream } from "../base/config.js";
import { changed, state } from "../base/state.js";
import { usOf, usOfSample } from "../base/time.js";
import { isBeatHidden, isHidden } from "./blind.js";

const CHUNK_S = 20;
/** Samples in a chunk of beats. */
export const size = mainGroup ? Math.max(Math.round(CHUNK_S * mainGroup.fs_hz), 1) : 1;

/** All beats in memory, in the order of samples. @type {import("../base/state.js").Beat[]} */
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

/** The beats of [from, to) samples that are shown. @param {number} from @param {number} to */
export const beatsBetween = (from, to) => beats.slice(lowerBound(from), lowerBound(to)).filter((beat) => !isBeatHidden(beat));

/** The beat at exactly this sample. @param {number} sample */
export function beatAt(sample) {
  const beat = beats[lowerBound(sample)];
  return beat?.sample === sample ? beat : null;
}

/** The beat nearest to a sample. @param {number} sample */
export function nearestBeat(sample) {
  return [neighbourBeat(sample, -1), neighbourBeat(sample - 1, 1)]
    .filter(Boolean)
    .sort((a, b) => Math.abs(a.sample - sample) - Math.abs(b.sample - sample))[0] ?? null;
}

/** The beat before (-1) or after (1) a sample. @param {number} sample @param {1 | -1} by */
export function neighbourBeat(sample, by) {
  let at = by > 0 ? lowerBound(sample + 1) : lowerBound(sample) - 1;
  while (beats[at] && isBeatHidden(beats[at])) at += by;
  return beats[at] ?? null;
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
  const [at, end] = [lowerBound(from), lowerBound(to)];
  const isNews = indices(from / mainGroup.fs_hz, (to - 1) / mainGroup.fs_hz).every((index) => loaded.has(index)) && areOthers(beats.slice(at, end), fresh);
  beats = [...beats.slice(0, at), ...fresh, ...beats.slice(end)];
  if (isNews) changed("beats");
}

/** Near the head of a running stream beats come by themselves. */
const SETTLED_S = 15;

/** Whether somebody edited beats: those that were here are not those that the server has. */
function areOthers(had, fresh) {
  const before = state.endedUs === null ? state.nextSample - SETTLED_S * mainGroup.fs_hz : Infinity;
  const [old, now] = [had, fresh].map((some) => some.filter((beat) => beat.sample < before));
  return old.length !== now.length || old.some((beat, i) => beat.sample !== now[i].sample || beat.number !== now[i].number);
}

/** Spans and events that are shown and touch [fromUs, toUs), in order of start. @param {number} fromUs @param {number} toUs */
export const spansBetween = (fromUs, toUs) => allSpansBetween(fromUs, toUs).filter((row) => !isHidden(row));

/** Hidden ones too, but none that are deleted. */
function allSpansBetween(fromUs, toUs) {
  return [...state.rows.values()]
    .filter((row) => row.kind !== "beat" && row.kind !== "pulse" && !row.deleted)
    .filter((row) => row.start_us < toUs && Math.max(row.end_us, row.start_us + 1) > fromUs)
    .sort((a, b) => a.start_us - b.start_us || a.end_us - b.end_us);
}

/** What the server says now of [from, to) samples: rows that it no longer has there are gone. */
export function replaceSpans(from, to, rows) {
  const said = new Set(rows.map((row) => row.id));
  for (const row of allSpansBetween(usOfSample(from), usOfSample(to))) {
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

/** Whether beats are shown at so many pixels a second: below, letters and ticks would be a grey area. @param {number} pxPerS */
export const showsBeats = (pxPerS) => pxPerS >= BEATS_FROM_PX_PER_S;

const SPANS_CHUNK_S = 3600;
const BEATS_FROM_PX_PER_S = 10;
/** The longest page that shows beats on any screen, s. */
const BEATS_PAGE_S = 400;
/** Hours whose spans are here. @type {Set<number>} */
const hours = new Set();

/** @param {number} fromS @param {number} toS */
function hourIndices(fromS, toS) {
  const [first, last] = [fromS, Math.min(toS, state.nextSample / mainGroup.fs_hz)].map((s) => Math.max(Math.floor(s / SPANS_CHUNK_S), 0));
  return Array.from({ length: Math.max(last - first + 1, 0) }, (_, i) => first + i);
}

/** @param {number} fromS @param {number} toS */
export const hasSpans = (fromS, toS) => hourIndices(fromS, toS).every((index) => hours.has(index));

/** Spans alone, for scales at which beats are not shown. @param {number} fromS @param {number} toS */
export const ensureSpans = (fromS, toS) => hourChunks.load(hourIndices(fromS, toS), (index) => hours.has(index));

const hourChunks = new Chunks(async (first, last) => {
  const [fromUs, toUs] = [usOf(first * SPANS_CHUNK_S), usOf((last + 1) * SPANS_CHUNK_S)];
  const rows = await getList(`/api/streams/${stream.id}/spans`, { start_us: fromUs, end_us: toUs });
  for (const row of rows) state.rows.set(row.id, row);
  for (let index = first; index <= last; index += 1) hours.add(index);
}, 24);

const chunks = new Chunks(async (first, last) => {
  await refreshMarks(first * size, (last + 1) * size);
  for (let index = first; index <= last; index += 1) loaded.add(index);
  letGo();
});

/** An hour and a half of beats; a reader who jumps through a day for hours must not fill the browser's memory. */
const MAX_LOADED = 270;
const MAX_HOURS = 48;
const MAX_ROWS = 4000;

/** Forgets what was fetched longest ago and is not on screen. */
function letGo() {
  const isShown = (index) => (index + 1) * CHUNK_S > state.startS - CHUNK_S && index * CHUNK_S < state.startS + 3 * BEATS_PAGE_S;
  const old = [...loaded].slice(0, Math.max(loaded.size - MAX_LOADED, 0)).filter((index) => !isShown(index));
  for (const index of old) {
    loaded.delete(index);
    beats.splice(lowerBound(index * size), lowerBound((index + 1) * size) - lowerBound(index * size));
  }
  for (const index of [...hours].slice(0, Math.max(hours.size - MAX_HOURS, 0))) hours.delete(index);
  if (state.rows.size > MAX_ROWS) letRowsGo();
}

/** Rows of places that are no longer in memory, but for those that the queue or the reader holds. */
function letRowsGo() {
  const held = new Set([...state.queue.map((row) => row.id), state.selection?.kind === "span" ? state.selection.id : ""]);
  for (const [id, row] of state.rows) {
    const [fromS, toS] = [row.start_us, row.end_us].map((us) => (us - mainGroup.t0_us) / 1e6);
    const isHere = indices(fromS, toS).some((index) => loaded.has(index)) || hourIndices(fromS, toS).some((index) => hours.has(index));
    if (!isHere && !held.has(id)) state.rows.delete(id);
  }
}

/** The live head moved: what was loaded beyond it was not yet there. @param {number} fromSample */
export function forgetFrom(fromSample) {
  for (const index of loaded) if ((index + 1) * size > fromSample) loaded.delete(index);
  const fromS = fromSample / mainGroup.fs_hz;
  for (const index of hours) if ((index + 1) * SPANS_CHUNK_S > fromS) hours.delete(index);
}

/** What was done to spans of [fromUs, toUs) on the server: those places are fetched anew. @param {number} fromUs @param {number} toUs */
export function forgetSpansBetween(fromUs, toUs) {
  const [fromS, toS] = [fromUs, toUs].map((us) => (us - mainGroup.t0_us) / 1e6);
  for (const index of loaded) if ((index + 1) * CHUNK_S > fromS && index * CHUNK_S < toS) loaded.delete(index);
  for (const index of hours) if ((index + 1) * SPANS_CHUNK_S > fromS && index * SPANS_CHUNK_S < toS) hours.delete(index);
}

/** What was done to beats of [from, to) on the server: those places are fetched anew. @param {number} from @param {number} to samples */
export function forgetBetween(from, to) {
  for (const index of loaded) if ((index + 1) * size > from && index * size < to) loaded.delete(index);
}
