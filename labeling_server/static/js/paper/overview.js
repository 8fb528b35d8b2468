// The whole recording in 60 px: heart rate, events, quality, where the strip is. A click goes there.

import { getJson } from "../base/api.js";
import { color, classOf, labelColor } from "../base/colors.js";
import { labels, mainGroup, say, stream } from "../base/config.js";
import { on, state } from "../base/state.js";
import { hms, secondsOf, usOf } from "../base/time.js";
import { isPersonsStatus } from "./blind.js";
import { lineRows, quadRows, segmentRows, setFrame, setLayer, textRows } from "./figures.js";
import { GUTTER_PX, geometry } from "./layout.js";

const HEIGHT = 60;
const RATE_TOP = 5;
const RATE_BOTTOM = 34;
const EVENTS_TOP = 36;
const QUALITY_TOP = 43;
const BAR_PX = 6;
const AXIS_PX = 54;
const REST_MS = 800;

/** @type {{edges_us: number[], rate_bpm: (number | null)[], spans: [number, number, string, string][]} | null} */
let content = null;

/** Asks the server for the whole recording in little. */
export async function refreshOverview() {
  if (!mainGroup) return;
  const bins = Math.max(Math.min(Math.floor(document.getElementById("overview").clientWidth / 2), 600), 50);
  content = await getJson(`/api/streams/${stream.id}/overview`, { group_id: mainGroup.id, bins });
  paintOverview();
}

/** First and last second of the recording as the overview shows it. */
export function extent() {
  const from = state.firstSample / mainGroup.fs_hz;
  return { from, to: Math.max(state.nextSample / mainGroup.fs_hz, from + 60) };
}

let due = 0;

/** Rates follow edits of beats; while a reader goes on, they wait: a day's beats are read for it. */
on(["beats"], () => {
  clearTimeout(due);
  due = setTimeout(() => void refreshOverview().catch(() => undefined), REST_MS);
});

const frame = () => {
  const width = Math.max(document.getElementById("overview").clientWidth, 200);
  const { from, to } = extent();
  const perPx = (to - from) / (width - GUTTER_PX - 8);
  return { width, from, to, perPx, left: from - GUTTER_PX * perPx, right: to + 8 * perPx };
};

/** @param {number} px from the left edge of the overview */
export function overviewSeconds(px) {
  const f = frame();
  return Math.min(Math.max(f.left + px * f.perPx, f.from), f.to);
}

export function paintOverview() {
  const f = frame();
  setFrame("overview", f.width, HEIGHT, f.left, f.right);
  paintBrush(f);
  if (content) {
    paintRate(f);
    paintEvents(f);
  }
  paintTimes(f);
}

function paintBrush(f) {
  const g = geometry();
  const left = Math.max(g.startS, f.left);
  const right = Math.max(g.endS, left + 3 * f.perPx);
  const brush = quadRows();
  const edges = segmentRows();
  brush.push(left, right, 1, 50, color("accent"));
  for (const at of [left, right]) edges.push(at, 1, at, 50, color("accent"));
  setLayer("overview_brush", brush.columns);
  setLayer("overview_brush_edges", edges.columns);
}

/** Whole tens that hold the middle of the rates: [low, high]. */
function rateRange(all) {
  const rates = all.filter((rate) => rate !== null);
  if (!rates.length) return [40, 120];
  return [Math.min(50, Math.floor(Math.min(...rates) / 10) * 10), Math.max(100, Math.ceil(Math.max(...rates) / 10) * 10)];
}

function paintRate(f) {
  // the rate is that of beats which machines found
  const rates = state.blinded ? [] : content.rate_bpm;
  const [low, high] = rateRange(rates);
  const yAt = (rate) => RATE_BOTTOM - ((rate - low) / (high - low)) * (RATE_BOTTOM - RATE_TOP);
  const lines = lineRows();
  let xs = [];
  let ys = [];
  const flush = () => {
    if (xs.length) lines.push(xs, ys, color("rate"));
    [xs, ys] = [[], []];
  };
  rates.forEach((rate, i) => {
    if (rate === null) return flush();
    xs.push(secondsOf((content.edges_us[i] + content.edges_us[i + 1]) / 2));
    ys.push(yAt(rate));
  });
  flush();
  setLayer("overview_rate", lines.columns);
  const rules = segmentRows();
  const texts = textRows();
  const x = f.left + 6 * f.perPx;
  for (const rate of state.blinded ? [] : [high, low]) {
    rules.push(f.from, yAt(rate), f.to, yAt(rate), color("rule"));
    texts.push(f.from - 22 * f.perPx, yAt(rate) + (rate === high ? 4 : -3), String(rate), color("ink-soft"));
  }
  texts.push(x, (RATE_TOP + RATE_BOTTOM) / 2, state.blinded ? "" : "HR", color("ink-soft"));
  setLayer("overview_rules", rules.columns);
  setLayer("overview_texts", texts.columns);
}

function paintEvents(f) {
  const bars = quadRows();
  const shown = content.spans.filter(([, , , status]) => (state.blinded ? isPersonsStatus(status) : status !== "rejected"));
  // the urgent ones last, so that they are on top
  shown.sort((a, b) => (labels.get(a[2])?.urgency ?? 0) - (labels.get(b[2])?.urgency ?? 0));
  for (const [startUs, endUs, code] of shown) {
    const left = secondsOf(startUs);
    const top = classOf(code) === "class-q" ? QUALITY_TOP : EVENTS_TOP;
    bars.push(left, Math.max(secondsOf(endUs), left + 2 * f.perPx), top, top + BAR_PX, labelColor(code));
  }
  setLayer("overview_spans", bars.columns);
}

function paintTimes(f) {
  const texts = textRows();
  const steps = [60, 120, 300, 600, 1800, 3600, 7200, 14400];
  const step = steps.find((s) => s / f.perPx >= 110) ?? 28800;
  for (let at = Math.ceil(f.from / step) * step; at <= f.to; at += step) {
    const px = (at - f.left) / f.perPx;
    if (px > GUTTER_PX + 22 && px < f.width - 28) texts.push(at, AXIS_PX, hms(usOf(at)), color("ink-soft"));
  }
  setLayer("overview_times", texts.columns);
}

document.getElementById("overview").title = say("overview.rate");
