// The paper: grid exactly to scale, time axis, names of the rows.

import { color } from "../base/colors.js";
import { mainGroup, say } from "../base/config.js";
import { getPxPerMm } from "../base/scale.js";
import { state } from "../base/state.js";
import { hms, hmsTenths, usOf } from "../base/time.js";
import { segmentRows, setLayer, textRows } from "./figures.js";
import { AXIS_PX, BEATS_PX, PAPER_TOP_PX, ROW_KINDS, ROW_PX, rowTop } from "./layout.js";

const AXIS_STEPS_S = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 7200, 10800, 21600];
/** Between lines of the grid where time is not that of paper: each is drawn bold where the one before is drawn fine. */
const GRID_STEPS_S = [0.04, 0.2, 1, 10, 60, 300, 1800, 7200, 43200];
const GRID_GAP_PX = 3.5;
const AXIS_GAP_PX = 88;

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

/** Clock times below the paper. */
export function paintAxis(g) {
  const texts = textRows();
  const ticks = segmentRows();
  const step = AXIS_STEPS_S.find((s) => s * g.pxPerS >= AXIS_GAP_PX) ?? 43200;
  const said = step < 1 ? hmsTenths : hms; // two ticks of one second would bear one name
  for (let n = Math.ceil(g.startS / step); n * step <= g.endS; n += 1) {
    const at = n * step;
    ticks.push(at, g.paperBottom, at, g.paperBottom + 4, color("ink-soft"));
    // a name that would be cut off at an edge is left out
    if (Math.min(at - g.startS, g.endS - at) * g.pxPerS > 26) texts.push(at, g.paperBottom + 12, said(usOf(at)), color("ink-soft"));
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
