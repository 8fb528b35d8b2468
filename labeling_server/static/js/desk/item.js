// The item that is read: where it lies, its signal, what is marked in it, and every step of that to take back.

import { getJson } from "../base/api.js";
import { reader } from "../base/config.js";
import { GAINS_MM_MV, SPEEDS_MM_S } from "../base/scale.js";
import { SampleStore } from "../signal/samples.js";

/**
 * @typedef {{start_us: number, end_us: number, label: string}} Mark a point has its end at its start
 * @typedef {{id: number, stream_id: number, start_us: number, end_us: number}} Item
 * @typedef {{name: string, answer: string, marks: Mark[]}} Lane what somebody said of it
 * @typedef {{group: import("../base/config.js").Group, channel: import("../base/config.js").Channel, i: number, store: SampleStore}} Lead
 */

export const desk = {
  /** @type {Item | null} */
  item: null,
  /** @type {Lead[]} */
  leads: [],
  /** @type {Mark[]} */
  marks: [],
  answer: "read",
  /** Other people's lanes, and the machine's. @type {Lane[]} */
  lanes: [],
  /** Place among the lanes of the one that is chosen. */
  lane: 0,
  showsMachine: false,
  /** Place among the marks; null when none is selected. @type {number | null} */
  selected: null,
  /** @type {"start" | "end" | null} */
  edge: null,
  cursorUs: 0,
  /** Where the page begins. */
  startUs: 0,
  /** @type {number | null} start of a span that is being marked */
  openUs: null,
  /** @type {number | null} from where is measured */
  anchorUs: null,
  speed: 25,
  gain: 10,
  mayEdit: true,
  /** Whether what is marked would be there after a reload. */
  isKept: true,
  /** What the last key had to say. */
  notice: "",
  /** Milliseconds that the item was looked at. */
  lookedMs: 0,
};

const VIEW_KEY = "rhythmark.desk.view";
const MAX_STEPS = 200;

/** @type {{marks: Mark[], answer: string}[]} */
let past = [];
/** @type {{marks: Mark[], answer: string}[]} */
let future = [];
/** @type {Map<number, Promise<{group: any}[]>>} */
const streams = new Map();
/** @type {Set<() => void>} */
const listeners = new Set();

/** @param {() => void} listener */
export const onDesk = (listener) => listeners.add(listener);

export function deskChanged() {
  for (const listener of listeners) listener();
}

export function restoreDeskView() {
  const kept = JSON.parse(localStorage.getItem(VIEW_KEY) ?? "{}");
  if (SPEEDS_MM_S.includes(kept.speed)) desk.speed = kept.speed;
  if (GAINS_MM_MV.includes(kept.gain)) desk.gain = kept.gain;
}

export const keepDeskView = () => localStorage.setItem(VIEW_KEY, JSON.stringify({ speed: desk.speed, gain: desk.gain }));

/** Of this person alone: two who share a browser must not see each other's marks. */
const draftKey = (id) => `rhythmark.desk.${reader.login}.${id}`;

/** Takes an item up, with what was marked in it before the page was left. @param {Item} item @param {Mark[]} marks @param {Lane[]} lanes @param {string} answer */
export async function takeUp(item, marks, lanes, answer = "read") {
  const leads = await leadsOf(item.stream_id);
  const kept = JSON.parse(localStorage.getItem(draftKey(item.id)) ?? "null");
  const from = (item.start_us + item.end_us) / 2;
  Object.assign(desk, {
    item, leads, lanes, lane: 0, selected: null, edge: null, openUs: null, anchorUs: null, startUs: item.start_us,
    cursorUs: Math.min(from, item.start_us + 5e6), marks: kept?.marks ?? sorted(marks), answer: kept?.answer ?? answer,
    lookedMs: 0, notice: "", mayEdit: true, isKept: true,
  });
  past = [];
  future = [];
  deskChanged();
}

/** Nothing is before the reader. */
export function putDown() {
  Object.assign(desk, { item: null, leads: [], marks: [], lanes: [], selected: null, openUs: null, anchorUs: null });
  deskChanged();
}

/** What was marked is on the server: it needs no copy here any more. @param {number} id */
export const forgetDraft = (id) => localStorage.removeItem(draftKey(id));

/** @param {number} id */
async function leadsOf(id) {
  if (!streams.has(id)) streams.set(id, getJson(`/api/streams/${id}`).then(withStores));
  try {
    return await streams.get(id);
  } catch (error) {
    streams.delete(id); // it is asked for again
    throw error;
  }
}

function withStores(stream) {
  const isEcg = (group) => group.channels.some((channel) => channel.unit === "mV");
  const groups = [...stream.groups].sort((a, b) => Number(isEcg(b)) - Number(isEcg(a)) || b.fs_hz - a.fs_hz);
  return groups.flatMap((group) => {
    const store = new SampleStore(group, stream.id);
    return group.channels.map((channel, i) => ({ group, channel, i, store }));
  });
}

/** The signal of a page, from the server or from memory. @param {number} fromUs @param {number} toUs */
export function ensureSignal(fromUs, toUs) {
  const stores = new Set(desk.leads.map((lead) => lead.store));
  const seconds = (store, us) => Math.max((us - store.group.t0_us) / 1e6, 0);
  return Promise.all([...stores].map((store) => store.ensure(seconds(store, fromUs), seconds(store, toUs))));
}

const sorted = (marks) => [...marks].sort((a, b) => a.start_us - b.start_us || a.end_us - b.end_us || a.label.localeCompare(b.label));

/** Changes what is said of the item, as one step that can be taken back. @param {Mark[]} marks @param {string} [answer] @param {Mark | null} [select] @param {boolean} [isGoingOn] part of the step before: an edge that is dragged */
export function edit(marks, answer = "read", select = null, isGoingOn = false) {
  if (!desk.item || !desk.mayEdit) return;
  if (!isGoingOn) past.push({ marks: desk.marks, answer: desk.answer });
  if (past.length > MAX_STEPS) past.shift();
  future = [];
  put(sorted(marks), answer);
  desk.selected = select ? desk.marks.indexOf(select) : null;
  if (desk.selected === null || desk.selected < 0) Object.assign(desk, { selected: null, edge: null });
  deskChanged();
}

function put(marks, answer) {
  desk.marks = marks;
  desk.answer = answer;
  try {
    localStorage.setItem(draftKey(desk.item.id), JSON.stringify({ marks, answer }));
    desk.isKept = true;
  } catch {
    desk.isKept = false; // a day of beats is more than a browser keeps
  }
}

/** @param {typeof past} from @param {typeof past} to */
function step(from, to) {
  const before = from.pop();
  if (!before || !desk.item) return false;
  to.push({ marks: desk.marks, answer: desk.answer });
  put(before.marks, before.answer);
  Object.assign(desk, { selected: null, edge: null });
  deskChanged();
  return true;
}

export const undo = () => step(past, future);
export const redo = () => step(future, past);
export const nSteps = () => past.length;

/** @param {string} notice */
export function tellDesk(notice) {
  desk.notice = notice;
  deskChanged();
}

export const isPoint = (mark) => mark.end_us === mark.start_us;
