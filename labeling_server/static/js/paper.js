// The paper and the signal on it: grid exactly to scale, pulse, leads, time axis.

import { color } from "./colors.js";
import { mainGroup, say } from "./config.js";
import { clipped, invalidOf, isSample, tracePieces } from "./decimate.js";
import { envelopePieces, extremesOfBins } from "./envelope_trace.js";
import { binSizeOf } from "./envelopes.js";
import { CONTEXT_S, filtered, isFiltered, isWithoutOffset } from "./filters.js";
import { lineRows, segmentRows, setLayer, textRows } from "./figures.js";
import { AXIS_PX, BEATS_PX, GUTTER_PX, PAPER_TOP_PX, ROW_KINDS, ROW_PX, leads, rowTop } from "./layout.js";
import { getPxPerMm } from "./scale.js";
import { state } from "./state.js";
import { hms, usOf } from "./time.js";

const PULSE_MM = 5;
const AXIS_STEPS_S = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 7200, 10800, 21600];
/** Between lines of the grid where time is not that of paper: each is drawn bold where the one before is drawn fine. */
const GRID_STEPS_S = [0.04, 0.2, 1, 10, 60, 300, 1800, 7200, 43200];
const GRID_GAP_PX = 3.5;
const AXIS_GAP_PX = 88;

/** Value that stands on the middle line of a lane, fixed when the lane is first drawn: the scale never moves by itself. */
const zeroOf = new Map();
/** Millimetres per unit of lanes that are not in mV, fixed likewise. */
const mmPerUnitOf = new Map();
/** Millimetres that what is first seen of such a lane fills. */
const LANE_MM = 15;
/** Of what says a number now and then, two tenths must not fill the lane: the next ones would leave it. */
const LEAST_SPAN = { Cel: 2, K: 2, "[degF]": 4, "%": 10, "/min": 40, "mm[Hg]": 40 };

/** Between fine lines, s, and how many of these a bold one is: a millimetre and five of them at a speed of paper. */
function gridSteps(g) {
  if (state.pageS === null) return [1 / state.speed, 5];
  const at = Math.max(GRID_STEPS_S.findIndex((step) => step * g.pxPerS >= GRID_GAP_PX), 0);
  return [GRID_STEPS_S[at], Math.round((GRID_STEPS_S[at + 1] ?? GRID_STEPS_S[at] * 5) / GRID_STEPS_S[at])];
}

/** Lines every millimetre, bold every fifth; they move with the signal as on paper. */
export function paintGrid(g) {
  const mm = getPxPerMm();
  const fine = segmentRows();
  const bold = segmentRows();
  const add = (isBold, x0, y0, x1, y1) =>
    (isBold ? bold : fine).push(x0, y0, x1, y1, color(isBold ? "grid-bold" : "grid-fine"));
  const [step, perBold] = gridSteps(g);
  for (let n = Math.ceil(g.startS / step - 1e-6); n <= g.endS / step + 1e-6; n += 1) {
    add(n % perBold === 0, n * step, PAPER_TOP_PX, n * step, g.paperBottom);
  }
  const middle = Math.round((PAPER_TOP_PX + g.paperBottom) / 2);
  const reach = Math.floor((g.paperBottom - PAPER_TOP_PX) / 2 / mm);
  for (let n = -reach; n <= reach; n += 1) add(n % 5 === 0, g.startS, middle + n * mm, g.endS, middle + n * mm);
  // coarse time: a line a millimetre would be a grey area for the eye, the scale stays as it is
  setLayer("grid_fine", fine.columns);
  setLayer("grid_bold", bold.columns);
}

/**
 * Traces of all leads.
 * @param {ReturnType<import("./layout.js").geometry>} g
 * @param {Map<number, import("./samples.js").SampleStore>} stores
 * @param {Map<number, import("./envelopes.js").EnvelopeStore>} envelopes
 */
export function paintLeads(g, stores, envelopes) {
  const traces = lineRows();
  const pulses = lineRows();
  const names = textRows();
  const lanePx = (g.paperBottom - PAPER_TOP_PX) / leads.length;
  leads.forEach((lead, i) => {
    const middle = PAPER_TOP_PX + lanePx * (i + 0.5);
    const size = binSizeOf(lead.group.fs_hz / g.pxPerS);
    const isWhole = size > 0 || !isFiltered() || lead.channel.unit !== "mV";
    const runs = size ? [] : visibleRuns(g, stores.get(lead.group.id), isWhole ? 0 : CONTEXT_S);
    const bins = size ? envelopes.get(lead.group.id).between(size, g.startS, g.endS) : [];
    const range = () => (size ? extremesOfBins(bins, lead.i, lead.group.channels.length) : extremes(lead, runs));
    const isThere = runs.length + bins.length > 0;
    const pxPerUnit = laneScale(lead, isThere, range) * getPxPerMm();
    const zero = laneZero(lead, isThere, range);
    const yAt = (digital) => middle - ((digital - lead.channel.offset) / lead.channel.gain - zero) * pxPerUnit;
    if (size) addEnvelope(traces, g, lead, bins, yAt);
    else if (isWhole) addTrace(traces, g, lead, runs, lead.i, lead.group.channels.length, yAt);
    else addFiltered(traces, g, lead, runs, yAt, middle, pxPerUnit);
    addPulse(pulses, g, middle, lead.channel.unit === "mV" ? pxPerUnit : 0);
    names.push(g.frameS + 6 / g.pxPerS, middle - Math.min(lanePx / 2 - 12, 46), lead.channel.name, color("ink"));
    if (lead.channel.unit !== "mV") {
      names.push(g.frameS + 6 / g.pxPerS, middle + 14, lead.channel.unit, color("ink-soft"));
    }
  });
  setLayer("trace", traces.columns);
  setLayer("pulse", pulses.columns);
  setLayer("names", names.columns);
}

function visibleRuns(g, store, contextS) {
  const fs = store.group.fs_hz;
  return store.runs(Math.floor((g.startS - contextS) * fs), Math.ceil((g.endS + contextS) * fs) + 1);
}

/** A lead as the filters of the display leave it; without its offset it stands on the middle line. */
function addFiltered(traces, g, lead, runs, yAt, middle, pxPerUnit) {
  const { group, i, channel } = lead;
  const done = filtered(runs, i, group.channels.length, group.fs_hz, group.id);
  const yOf = isWithoutOffset() ? (value) => middle - (value / channel.gain) * pxPerUnit : yAt;
  addTrace(traces, g, lead, done, 0, 1, yOf);
}

function addEnvelope(traces, g, lead, bins, yAt) {
  const { group, i } = lead;
  const shiftS = (group.t0_us - mainGroup.t0_us) / 1e6;
  const xAt = (sample) => sample / group.fs_hz + shiftS;
  const [from, to] = [g.startS, g.endS].map((at) => (at - shiftS) * group.fs_hz);
  for (const { x, y } of envelopePieces(bins, i, group.channels.length, from, to, xAt, yAt)) {
    // the bins at both edges reach beyond them
    traces.push(x.map((at) => Math.min(Math.max(at, g.startS), g.endS)), y, color("trace"));
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

/** One millivolt, 5 mm wide, at the left edge. */
function addPulse(pulses, g, middle, pxPerMv) {
  if (!pxPerMv) return;
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

function laneScale(lead, isThere, range) {
  if (lead.channel.unit === "mV") return state.gain;
  const key = `${lead.group.id}/${lead.i}`;
  if (!mmPerUnitOf.has(key) && isThere) {
    const [low, high] = range();
    const span = Math.max((high - low) / Math.abs(lead.channel.gain), LEAST_SPAN[lead.channel.unit] ?? 0);
    if (span > 0) mmPerUnitOf.set(key, LANE_MM / span);
  }
  return mmPerUnitOf.get(key) ?? 1;
}

/** Value of the lane's middle line: 0 for mV leads near it, else the middle of what is first seen, of mV to 0.5. */
function laneZero(lead, isThere, range) {
  const key = `${lead.group.id}/${lead.i}`;
  if (!zeroOf.has(key) && isThere) {
    const [low, high] = range();
    if (low > high) return 0; // nothing but "no sample" yet
    const middle = ((low + high) / 2 - lead.channel.offset) / lead.channel.gain;
    const isMillivolt = lead.channel.unit === "mV";
    const rounded = Math.abs(middle) < 2 ? 0 : Math.round(middle * 2) / 2;
    zeroOf.set(key, isMillivolt ? rounded : middle); // half a degree is the whole of a temperature's lane
  }
  return zeroOf.get(key) ?? 0;
}

function extremes(lead, runs) {
  let low = Infinity;
  let high = -Infinity;
  const step = lead.group.channels.length;
  for (const run of runs) {
    const invalid = invalidOf(run.data);
    for (let at = lead.i; at < run.data.length; at += step) {
      const value = run.data[at];
      if (!isSample(value, invalid)) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  return [low, high];
}

/** Clock times below the paper. */
export function paintAxis(g) {
  const texts = textRows();
  const ticks = segmentRows();
  const step = AXIS_STEPS_S.find((s) => s * g.pxPerS >= AXIS_GAP_PX) ?? 43200;
  for (let n = Math.ceil(g.startS / step); n * step <= g.endS; n += 1) {
    const at = n * step;
    ticks.push(at, g.paperBottom, at, g.paperBottom + 4, color("ink-soft"));
    // a name that would be cut off at an edge is left out
    if (Math.min(at - g.startS, g.endS - at) * g.pxPerS > 26) texts.push(at, g.paperBottom + 12, hms(usOf(at)), color("ink-soft"));
  }
  setLayer("axis", texts.columns);
  setLayer("axis_ticks", ticks.columns);
}

/** Names of the rows above the paper. */
export function paintRowNames(g) {
  const names = textRows();
  const x = g.frameS + 6 / g.pxPerS;
  for (const kind of ROW_KINDS) names.push(x, rowTop(kind) + ROW_PX / 2, say(`strip.${kind}`), color("ink-soft"));
  names.push(x, PAPER_TOP_PX - BEATS_PX / 2, say("strip.beats"), color("ink-soft"));
  setLayer("row_names", names.columns);
}

/** The newest sample of a running stream. */
export function paintHead(g) {
  const rows = segmentRows();
  const head = state.nextSample / mainGroup.fs_hz;
  if (state.endedUs === null && head > g.startS && head < g.endS) {
    rows.push(head, PAPER_TOP_PX, head, g.height - AXIS_PX, color("accent"));
  }
  setLayer("head", rows.columns);
}
