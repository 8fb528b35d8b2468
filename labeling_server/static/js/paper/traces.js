// The signal on the paper: each lead in its lane, at the scale that the page says, with the pulse that proves it.

import { color } from "../base/colors.js";
import { mainGroup } from "../base/config.js";
import { getPxPerMm } from "../base/scale.js";
import { clipped, tracePieces } from "../signal/decimate.js";
import { envelopePieces, extremesOfBins } from "../signal/envelope_trace.js";
import { binSizeOf } from "../signal/envelopes.js";
import { BAR_MM, barName, extremes, laneScale, laneZero } from "../signal/lane_scale.js";
import { lineRows, setLayer, textRows } from "./figures.js";
import { CONTEXT_S, filtered, isLeadFiltered, isWithoutOffset } from "./filters.js";
import { GUTTER_PX, PAPER_TOP_PX } from "./layout.js";
import { lanes } from "./montage.js";

const PULSE_MM = 5;
const DIVIDER_MM = 6;
const NAME_PX = 8;
const BAR_GAP_PX = 6;

/**
 * What is on the paper: the pieces of all traces, seconds and pixels, and for each lane how a digital value as it is
 * drawn there (stored, or filtered) becomes a height.
 * @typedef {{xs: ArrayLike<number>[], ys: ArrayLike<number>[], lanes: {lane: import("./montage.js").Lane, yOf: (digital: number) => number}[]}} Drawn
 */

/**
 * Traces of all leads.
 * @param {ReturnType<import("./layout.js").geometry>} g
 * @param {Map<number, import("../signal/samples.js").SampleStore>} stores
 * @param {Map<number, import("../signal/envelopes.js").EnvelopeStore>} envelopes
 * @returns {Drawn}
 */
export function paintLeads(g, stores, envelopes) {
  const layers = { trace: lineRows(), pulse: lineRows(), names: textRows(), bar_names: textRows() };
  const done = lanes(g).map((lane) => {
    const { id } = lane.lead.group;
    return { lane, yOf: paintLane(layers, g, lane, stores.get(id), envelopes.get(id)) };
  });
  for (const [name, rows] of Object.entries(layers)) setLayer(name, rows.columns);
  return { xs: layers.trace.columns.xs, ys: layers.trace.columns.ys, lanes: done };
}

function paintLane(layers, g, lane, store, envelope) {
  const { lead } = lane;
  const part = { ...g, startS: lane.startS, endS: lane.endS };
  const middle = (lane.top + lane.bottom) / 2;
  const size = binSizeOf(lead.group.fs_hz / g.pxPerS);
  const isWhole = !isLeadFiltered(lead, g.pxPerS);
  const runs = size ? [] : visibleRuns(part, store, isWhole ? 0 : CONTEXT_S);
  const bins = size ? envelope.between(size, part.startS, part.endS) : [];
  const range = () => (size ? extremesOfBins(bins, lead.i, lead.group.channels.length) : extremes(lead, runs));
  const isThere = runs.length + bins.length > 0;
  const pxPerUnit = laneScale(lead, isThere, range) * getPxPerMm();
  const zero = laneZero(lead, isThere, range);
  const yAt = (digital) => middle - ((digital - lead.channel.offset) / lead.channel.gain - zero) * pxPerUnit;
  // without its offset a lead stands on the middle line
  const yOf = isWhole || !isWithoutOffset() ? yAt : (value) => middle - (value / lead.channel.gain) * pxPerUnit;
  if (size) addEnvelope(layers.trace, part, lead, bins, yAt);
  else if (isWhole) addTrace(layers.trace, part, lead, runs, lead.i, lead.group.channels.length, yAt);
  else addFiltered(layers.trace, part, lead, runs, yOf);
  const isMillivolt = lead.channel.unit === "mV";
  if (!lane.isFirst) addDivider(layers.pulse, lane.startS, middle);
  else if (isMillivolt) addPulse(layers.pulse, g, middle, pxPerUnit);
  else if (barName(lead) !== null) addBar(layers.pulse, g, middle);
  addNames(layers, g, lane, lane.isFirst && isMillivolt ? pxPerUnit : 0);
  return yOf;
}

/** The name stands above the pulse, or below its foot where the lane is too low; of other units also what the bar is. */
function addNames(layers, g, { lead, top, bottom, startS, isFirst }, pulsePx) {
  const middle = (top + bottom) / 2;
  const x = (isFirst ? g.frameS : startS) + 6 / g.pxPerS;
  const above = middle - Math.max(Math.min((bottom - top) / 2 - 12, 46), pulsePx + NAME_PX);
  layers.names.push(x, above < top + NAME_PX ? middle + 12 : above, lead.channel.name, color("ink"));
  const bar = barName(lead);
  if (bar !== null && isFirst) layers.bar_names.push(x, middle + 14, bar, color("ink-soft"));
}

/** Where one lead of a row ends and the next begins. */
function addDivider(pulses, at, middle) {
  const half = (DIVIDER_MM / 2) * getPxPerMm();
  pulses.push([at, at], [middle - half, middle + half], color("trace"));
}

function visibleRuns(g, store, contextS) {
  const fs = store.group.fs_hz;
  return store.runs(Math.floor((g.startS - contextS) * fs), Math.ceil((g.endS + contextS) * fs) + 1);
}

/** A lead as the filters of the display leave it. */
function addFiltered(traces, g, lead, runs, yOf) {
  const { group, i } = lead;
  const done = filtered(runs, i, group.channels.length, group.fs_hz, group.id);
  addTrace(traces, g, lead, done, 0, 1, yOf);
}

function addEnvelope(traces, g, lead, bins, yAt) {
  const { group, i } = lead;
  const shiftS = (group.t0_us - mainGroup.t0_us) / 1e6;
  const xAt = (sample) => sample / group.fs_hz + shiftS;
  const [from, to] = [g.startS, g.endS].map((at) => (at - shiftS) * group.fs_hz);
  for (const { x, y } of envelopePieces(bins, i, group.channels.length, from, to, xAt, yAt)) {
    // the bins at both edges reach beyond them, and what would hide the rows and the clock is cut off at the paper's edge
    const onPaper = (px) => Math.min(Math.max(px, PAPER_TOP_PX), g.paperBottom);
    traces.push(x.map((at) => Math.min(Math.max(at, g.startS), g.endS)), y.map(onPaper), color("trace-band"));
  }
}

function addTrace(traces, g, lead, runs, column, nColumns, yAt) {
  const { group } = lead;
  const shiftS = (group.t0_us - mainGroup.t0_us) / 1e6;
  const perColumn = group.fs_hz / g.pxPerS;
  for (const run of runs) {
    // one sample beyond either edge, so that a line between two samples outside of the page crosses it
    const from = Math.max(Math.floor((g.startS - shiftS) * group.fs_hz) - run.start, 0);
    const to = Math.min(Math.ceil((g.endS - shiftS) * group.fs_hz) + 1 - run.start, run.n);
    if (to <= from) continue;
    const xAt = (n) => (run.start + n) / group.fs_hz + shiftS;
    for (const piece of tracePieces(run.data, from, to, column, nColumns, xAt, yAt, perColumn)) {
      const { x, y } = clipped(piece, g.startS, g.endS);
      if (x.length) traces.push(x, y, color("trace"));
    }
  }
}

/** Ten millimetres at the left edge, of a lead that is not in mV. */
function addBar(pulses, g, middle) {
  const x = (px) => g.frameS + px / g.pxPerS;
  const [right, half] = [GUTTER_PX - BAR_GAP_PX, (BAR_MM / 2) * getPxPerMm()];
  const [left, top, bottom] = [right - 4, middle - half, middle + half];
  pulses.push([left, right, right, left].map(x), [top, top, bottom, bottom], color("trace"));
}

/** One millivolt, 5 mm wide, at the left edge. */
function addPulse(pulses, g, middle, pxPerMv) {
  const x = (px) => g.frameS + px / g.pxPerS;
  const width = PULSE_MM * getPxPerMm();
  const left = GUTTER_PX - width - 12;
  const foot = middle;
  pulses.push(
    [left - 4, left, left, left + width, left + width, left + width + 4].map(x),
    [foot, foot, foot - pxPerMv, foot - pxPerMv, foot, foot],
    color("trace"),
  );
}
