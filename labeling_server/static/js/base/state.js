// What the page knows, in one object, and who wants to hear that it changed.

import { mainGroup, stream } from "./config.js";
import { SPEEDS_MM_S } from "./scale.js";

/** Orders of the queue, in which `w` goes through them. */
export const ORDERS = ["urgency", "uncertainty", "time", "label", "risk"];

/**
 * @typedef {{id: string, stream_id: number, group_id: number, kind: string, label: string, channel: string | null,
 *   start_us: number, end_us: number, status: string, deleted: boolean, revision: number, confidence: number | null,
 *   figures: Object<string, number>, note: string, author: string, author_kind: string, author_version: string,
 *   urgency: number, ongoing: boolean, updated_us: number, updated_by: string, origin_sample: number | null,
 *   signal_changed_us: number | null, severity: string | null, certainty: string | null, evidence: string[]}} Row
 * @typedef {{sample: number, number: number, confidence: number | null, touched: number, id: string | null, run_id: number}} Beat
 * @typedef {{kind: "span", id: string} | {kind: "beat", sample: number}} Selection
 * @typedef {{id: string, start_us: number, end_us: number, base: Row}} Draft
 * @typedef {{lead: number, start: number, end: number, leg: "start" | "end" | "both", isQt: boolean, isMarched: boolean}} Calipers
 * lead: its place in `layout.leads`; start, end: samples of its group, start < end; leg: what keys move
 */

export const state = {
  /** Of the middle: "strip", or the id of another, see `views.js`. */
  view: "strip",
  startS: 0,
  speed: 25,
  /** Signal on the page, s, while it is not at a speed of paper. @type {number | null} */
  pageS: null,
  gain: 10,
  /** Filters of the display, see `filters.js`. */
  band: "none",
  mainsHz: 0,
  /** Which leads stand where, see `montage.js`; of "lead" the one that is shown. */
  montage: "all",
  lead: 0,
  /** What was asked for and is not here yet. @type {{startS: number, speed: number, pageS: number | null, anchorS?: number} | null} */
  wanted: null,
  follow: false,
  /** Whether the strip moves by itself, and how many times as fast as the clock. */
  playing: false,
  playRate: 1,
  /** Seconds from the left edge where the cursor stands; null is the middle. @type {number | null} */
  cursorS: null,
  /** @type {Selection | null} */
  selection: null,
  /** @type {"start" | "end" | null} */
  edge: null,
  /** @type {Draft | null} */
  draft: null,
  /** A beat that is being moved, samples. @type {{from: number, to: number} | null} */
  beatDraft: null,
  /** @type {number | null} start of a span that is being marked */
  markUs: null,
  /** @type {Calipers | null} */
  calipers: null,
  /** What the last key had to say, see `notice.js`. */
  notice: "",
  /** A past state that is looked at. @type {import("../review/past.js").Past | null} */
  past: null,
  /** Every span, event and touched beat that the page has seen. @type {Map<string, Row>} */
  rows: new Map(),
  /** @type {Row[]} */
  queue: [],
  /** Where in the queue the reader is, also after what stood there was decided. @type {{id: string, index: number} | null} */
  place: null,
  order: "urgency",
  showRejected: false,
  /** Whether what machines say is hidden, see `blind.js`. */
  blinded: false,
  /** What the panel of an acceptance would accept, while it is open. @type {import("../edits/accept_wish.js").Wish | null} */
  accepting: null,
  nextSample: mainGroup?.next_sample ?? 0,
  firstSample: mainGroup?.first_sample ?? 0,
  endedUs: stream.ended_us,
  /** When the server answered last and when this page last saw samples come (0: not yet), local clock, ms. */
  heardMs: Date.now(),
  grewMs: 0,
  offline: false,
};

const KEY = "rhythmark.view";

/** Speed, gain and filters that this reader left. */
export function restoreView() {
  const kept = JSON.parse(localStorage.getItem(KEY) ?? "{}");
  if (SPEEDS_MM_S.includes(kept.speed)) state.speed = kept.speed;
  if (kept.gain > 0) state.gain = kept.gain;
  if (ORDERS.includes(kept.order)) state.order = kept.order;
  state.blinded = kept.blinded === true;
  if (kept.montage) state.montage = kept.montage;
  if (kept.band) state.band = kept.band;
  if (kept.mainsHz > 0) state.mainsHz = kept.mainsHz;
}

export function keepView() {
  const { speed, gain, order, band, mainsHz, montage, blinded } = state;
  localStorage.setItem(KEY, JSON.stringify({ speed, gain, order, band, mainsHz, montage, blinded }));
}

/** @type {Map<string, Set<() => void>>} */
const listeners = new Map();

/** @param {string[]} topics view, marks, beats (other than they were), selection, figures, queue, saving, live, calipers, notice @param {() => void} listener */
export function on(topics, listener) {
  for (const topic of topics) {
    if (!listeners.has(topic)) listeners.set(topic, new Set());
    listeners.get(topic).add(listener);
  }
}

/** Tells everyone who listens, each once. @param {...string} topics */
export function changed(...topics) {
  const due = new Set(topics.flatMap((topic) => [...(listeners.get(topic) ?? [])]));
  for (const listener of due) listener();
}

/** Takes in what the server said of an annotation, unless something newer is here. @param {Row} row @returns {Row} the newest */
export function keepRow(row) {
  const known = state.rows.get(row.id);
  if (known && known.revision > row.revision) return known; // an edit was saved while this answer was on its way
  state.rows.set(row.id, row);
  return row;
}

/** The selected span, event or touched beat with what is being moved; null when none is. @returns {Row | null} */
export function selectedRow() {
  if (state.selection?.kind !== "span") return null;
  return withDraft(state.rows.get(state.selection.id) ?? null);
}

/** Whether a machine still extends it: not once the stream has ended, whatever it said last. @param {Row} row */
export const goesOn = (row) => row.ongoing && state.endedUs === null;

/** Whether the queue asks for it: a proposal, or one decided before samples of it came. @param {Row} row */
export const waits = (row) =>
  !row.deleted && (row.status === "proposed" || (row.signal_changed_us !== null && row.status !== "withdrawn"));

/** A row as it stands on the screen while an edge is being moved. @param {Row | null} row */
export function withDraft(row) {
  if (!row || state.draft?.id !== row.id) return row;
  return { ...row, start_us: state.draft.start_us, end_us: state.draft.end_us };
}
