// A past state on the strip: dashed, in ink, over how it stands now, with its revision at its left end.

import { color } from "../base/colors.js";
import { say } from "../base/config.js";
import { state } from "../base/state.js";
import { secondsOf } from "../base/time.js";
import { quadRows, segmentRows, setLayer, textRows } from "../paper/figures.js";
import { PAPER_TOP_PX, ROW_PX, rowTop } from "../paper/layout.js";

const INSET_PX = 1;
const LEAST_PX = 5;
const NAME_PX = 12;

/** @param {ReturnType<import("../paper/layout.js").geometry>} g */
export function paintPast(g) {
  const layers = { ghost: quadRows(), ghost_edges: segmentRows(), ghost_names: textRows() };
  if (state.past) add(layers, g, state.past.entry);
  for (const [name, rows] of Object.entries(layers)) setLayer(name, rows.columns);
}

/** @param {import("../review/history.js").Entry} entry */
function add(layers, g, entry) {
  const { revision, after } = entry;
  const left = secondsOf(after.start_us);
  const right = secondsOf(after.end_us);
  if (right < g.startS || left > g.endS) return;
  const ink = color("ink");
  for (const at of new Set([left, right])) if (at >= g.startS && at <= g.endS) layers.ghost_edges.push(at, PAPER_TOP_PX, at, g.paperBottom, ink);
  if (after.kind !== "beat" && after.kind !== "pulse") {
    const top = rowTop(after.kind) + INSET_PX;
    const [from, to] = [Math.max(left, g.startS), Math.min(Math.max(right, left + LEAST_PX / g.pxPerS), g.endS)];
    layers.ghost.push(from, to, top, top + ROW_PX - 2 * INSET_PX, ink);
  }
  const status = say(`status.${after.deleted ? "deleted" : after.status}`);
  const name = say("past.name", { revision, label: after.label, status });
  layers.ghost_names.push(Math.max(left, g.startS) + 4 / g.pxPerS, PAPER_TOP_PX + NAME_PX, name, ink);
}
