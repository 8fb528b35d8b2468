// Spans as bars, one row a kind, their shape telling the status; the selected one also over the signal.

import { color, labelColor } from "../base/colors.js";
import { state, withDraft } from "../base/state.js";
import { secondsOf, usOf } from "../base/time.js";
import { isWished } from "../edits/accept_wish.js";
import { quadRows, segmentRows, setLayer, textRows, lineRows } from "../paper/figures.js";
import { HANDLE_PX, PAPER_TOP_PX, ROW_PX, rowTop } from "../paper/layout.js";
import { spansBetween } from "../paper/marks.js";
import { lanes } from "../paper/montage.js";
import { nameOf } from "../paper/span_names.js";
import { paintCuts } from "./cuts_paint.js";

const INSET_PX = 2;
const LEAST_PX = 5;
const NOTCH_PX = 7;
/** Half the height of a handle. */
const GRIP_PX = 16;

/**
 * The bars in view, with what the pointer needs to find them.
 * @typedef {{row: import("../base/state.js").Row, left: number, right: number, top: number, bottom: number}} Bar
 * @returns {Bar[]} times in seconds, heights in pixels
 */
export function visibleBars(g) {
  const rows = spansBetween(usOf(g.startS) - 5e6, usOf(g.endS) + 5e6).map(withDraft);
  const isShown = (row) => row.status !== "rejected" || state.showRejected || row.id === state.selection?.id;
  return rows.filter(isShown).map((row) => bar(g, row)).filter((one) => one.right > g.startS && one.left < g.endS);
}

function bar(g, row) {
  const left = secondsOf(row.start_us);
  const right = Math.max(secondsOf(row.end_us), left + LEAST_PX / g.pxPerS);
  const top = rowTop(row.kind) + INSET_PX;
  return { row, left, right, top, bottom: top + ROW_PX - 2 * INSET_PX };
}

export function paintSpans(g) {
  const layers = {
    proposed: quadRows(), filled: quadRows(), ambiguous: quadRows(), ring: quadRows(),
    struck: segmentRows(), notches: lineRows(), span_labels: textRows(),
  };
  // the shorter lies on the longer, and has its name at its own left end
  const bars = visibleBars(g).sort((a, b) => b.right - b.left - (a.right - a.left));
  for (const one of bars) addBar(layers, g, one);
  addNames(layers.span_labels, g, bars.reverse());
  for (const [name, rows] of Object.entries(layers)) setLayer(name, rows.columns);
  paintSelected(g);
  paintCuts(g);
}

function addBar(layers, g, { row, left, right, top, bottom }) {
  const tint = labelColor(row.label);
  const from = Math.max(left, g.startS);
  const to = Math.min(right, g.endS);
  const look = lookOf(row);
  layers[look].push(from, to, top, bottom, tint);
  if (row.status === "corrected" && look === "filled") addNotch(layers.notches, g, to, top);
  if (row.status === "rejected") layers.struck.push(from, (top + bottom) / 2, to, (top + bottom) / 2, tint);
  if (isWished(row)) layers.ring.push(from, to, top - 1, bottom + 1, color("ink"));
  if (row.id === state.selection?.id) {
    layers.ring.push(from, to, top - 1, bottom + 1, color("accent"));
  }
}

/** What is being moved is not saved yet, so it is dashed whatever its status. */
const lookOf = (row) =>
  state.draft?.id === row.id ? "proposed" : ({ confirmed: "filled", corrected: "filled", ambiguous: "ambiguous" }[row.status] ?? "proposed");

/** Names at the left ends of bars, each where none stands yet. @param {Bar[]} bars the shortest first */
function addNames(names, g, bars) {
  /** @type {Map<number, [number, number][]>} */
  const taken = new Map();
  for (const one of bars) {
    const { row, top, bottom } = one;
    if (!taken.has(top)) taken.set(top, []);
    const places = taken.get(top);
    const from = Math.max(one.left, g.startS);
    const to = Math.min(one.right, g.endS);
    const name = isWished(row) ? `✓ ${nameOf(row)}` : nameOf(row);
    const width = (name.length * 8 + 8) / g.pxPerS;
    const at = firstFree(places, from, width);
    const y = (top + bottom) / 2 + 1;
    if (at + width <= to) {
      names.push(at + 5 / g.pxPerS, y, name, lookOf(row) === "filled" ? color("on-fill") : labelColor(row.label));
      places.push([at, at + width]);
    } else if (!places.some(([begin, end]) => begin < to + width && end > to) && isFree(g, row, to, name)) {
      // a name that does not fit stands after its bar where nothing else does
      names.push(to + 4 / g.pxPerS, y, name, labelColor(row.label));
      places.push([to, to + width]);
    }
    if (to - from < (g.endS - g.startS) / 2) places.push([from, to]);
  }
}

/** First second from which on a width is free. @param {[number, number][]} places @param {number} from @param {number} width */
function firstFree(places, from, width) {
  let at = from;
  for (const [begin, end] of [...places].sort((a, b) => a[0] - b[0])) if (at < end && at + width > begin) at = end;
  return at;
}

function isFree(g, row, right, name) {
  const end = right + (name.length * 8 + 10) / g.pxPerS;
  return end < g.endS && !spansBetween(usOf(right), usOf(end)).some((other) => other.kind === row.kind && other.id !== row.id);
}

/** A corner cut out of the upper right. */
function addNotch(notches, g, right, top) {
  const width = NOTCH_PX / g.pxPerS;
  notches.push([right - width, right, right], [top, top, top + NOTCH_PX], color("surface"));
}

/** Shade, edges and handles of the selected span over the signal; the start of a span that is being marked. */
function paintSelected(g) {
  const shade = quadRows();
  const edges = segmentRows();
  const handles = quadRows();
  const row = state.selection?.kind === "span" ? withDraft(state.rows.get(state.selection.id)) : null;
  if (row && row.kind !== "beat") {
    const [left, right] = [secondsOf(row.start_us), secondsOf(row.end_us)];
    const tint = labelColor(row.label);
    for (const paper of papersOf(g, row)) {
      const [from, to] = [Math.max(left, paper.startS), Math.min(right, paper.endS)];
      if (to > from && paper.isOwn) shade.push(from, to, paper.top, paper.bottom, tint);
      addEdge(edges, handles, paper, g.pxPerS, left, "start", tint);
      addEdge(edges, handles, paper, g.pxPerS, right, "end", tint);
    }
  }
  if (state.markUs !== null) addMark(shade, edges, g);
  setLayer("shade", shade.columns);
  setLayer("edges", edges.columns);
  setLayer("handles", handles.columns);
}

/**
 * The paper that a span is of: all of it, or that of its one lead, wherever the montage has it; all where it has it not.
 * @returns {{top: number, bottom: number, startS: number, endS: number, isOwn: boolean}[]}
 */
export function papersOf(g, row) {
  const whole = { top: PAPER_TOP_PX, bottom: g.paperBottom, startS: g.startS, endS: g.endS, isOwn: row.channel === null };
  const own = lanes(g).filter(({ lead }) => lead.group.id === row.group_id && lead.channel.name === row.channel);
  return own.length ? own.map((lane) => ({ ...lane, isOwn: true })) : [whole];
}

function addEdge(edges, handles, paper, pxPerS, at, which, tint) {
  if (at < paper.startS || at > paper.endS) return;
  const isActive = state.edge === which;
  const tone = isActive ? color("accent") : tint;
  const half = HANDLE_PX / 2 / pxPerS;
  const reach = Math.min(GRIP_PX, (paper.bottom - paper.top) / 4);
  // in the middle of one lead would be its trace
  const middle = paper.lead ? paper.bottom - reach - INSET_PX : (paper.top + paper.bottom) / 2;
  edges.push(at, paper.top, at, paper.bottom, tone);
  handles.push(at - half, at + half, middle - reach, middle + reach, tone);
}

function addMark(shade, edges, g) {
  const at = secondsOf(state.markUs);
  const cursor = g.startS + (state.cursorS ?? (g.endS - g.startS) / 2);
  const [left, right] = [Math.max(Math.min(at, cursor), g.startS), Math.min(Math.max(at, cursor), g.endS)];
  if (right > left) shade.push(left, right, PAPER_TOP_PX, g.paperBottom, color("accent"));
  if (at >= g.startS && at <= g.endS) edges.push(at, PAPER_TOP_PX, at, g.paperBottom, color("accent"));
}
