// The calipers over the strip: legs, the line between them, what they measure, and the interval repeated to both sides.

import { color } from "../base/colors.js";
import { state } from "../base/state.js";
import { pointRows, quadRows, segmentRows, setLayer } from "../paper/figures.js";
import { PAPER_TOP_PX, leads } from "../paper/layout.js";
import { groupOf, isMeasuring, legsS, linkTop } from "./legs.js";
import { digitalAt, measured } from "./measure.js";
import { hideReadout, showReadout } from "./readout.js";

const GRIP_PX = 4;
/** Closer together repeated intervals are no lines but a grey area. */
const MARCH_LEAST_PX = 4;

/**
 * @param {ReturnType<import("../paper/layout.js").geometry>} g
 * @param {Map<number, import("../signal/samples.js").SampleStore>} stores
 * @param {import("../paper/traces.js").Drawn} drawn
 */
export function paintCalipers(g, stores, drawn) {
  const layers = { calipers: segmentRows(), caliper_march: segmentRows(), caliper_grips: quadRows(), caliper_points: pointRows() };
  if (isMeasuring()) {
    const { calipers } = state;
    const legs = legsS(calipers);
    addLegs(layers, g, calipers, legs);
    addPoints(layers.caliper_points, calipers, legs, stores, drawn);
    if (calipers.isMarched) addMarch(layers.caliper_march, g, legs.startS, (calipers.end - calipers.start) / groupOf(calipers).fs_hz);
    showReadout(g, drawn, calipers, measured(calipers, stores));
  } else {
    hideReadout();
  }
  for (const [name, rows] of Object.entries(layers)) setLayer(name, rows.columns);
}

const isSeen = (g, seconds) => seconds >= g.startS && seconds <= g.endS;

function addLegs(layers, g, calipers, { startS, endS }) {
  const link = linkTop(g, calipers);
  layers.calipers.push(Math.max(startS, g.startS), link, Math.min(endS, g.endS), link, color("accent"));
  const half = GRIP_PX / g.pxPerS;
  for (const [leg, at] of [["start", startS], ["end", endS]]) {
    if (!isSeen(g, at)) continue;
    layers.calipers.push(at, PAPER_TOP_PX, at, g.paperBottom, color("accent"));
    // the leg that keys move has a grip, so that it is not told by a colour
    if (calipers.leg === leg || calipers.leg === "both") layers.caliper_grips.push(at - half, at + half, link - GRIP_PX, link + GRIP_PX, color("accent"));
  }
}

/** A dot where each leg meets the trace: that lead is measured, at that value. */
function addPoints(points, calipers, { startS, endS }, stores, drawn) {
  const own = drawn.lanes.filter(({ lane }) => lane.lead === leads[calipers.lead]);
  for (const [sample, at] of [[calipers.start, startS], [calipers.end, endS]]) {
    const digital = digitalAt(stores, calipers.lead, sample);
    const shown = own.filter(({ lane }) => at >= lane.startS && at <= lane.endS);
    if (digital !== null) for (const { yOf } of shown) points.push(at, yOf(digital), color("accent"));
  }
}

/** Where the interval would lie if it went on, before and after. */
function addMarch(march, g, startS, stepS) {
  if (stepS * g.pxPerS < MARCH_LEAST_PX) return;
  for (let n = Math.ceil((g.startS - startS) / stepS); startS + n * stepS <= g.endS; n += 1) {
    if (n !== 0 && n !== 1) march.push(startS + n * stepS, PAPER_TOP_PX, startS + n * stepS, g.paperBottom, color("accent"));
  }
}
