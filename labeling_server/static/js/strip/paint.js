// Paints the strip: one call fills every layer, one frame shows it.

import { refreshColors } from "../base/colors.js";
import { mainGroup } from "../base/config.js";
import { onceAFrame } from "../base/frame.js";
import { getPxPerMm } from "../base/scale.js";
import { state } from "../base/state.js";
import { hasFigures, setFrame } from "../paper/figures.js";
import { GUTTER_PX, geometry, pageS, pxAt } from "../paper/layout.js";
import { paintOverview } from "../paper/overview.js";
import { paintAxis, paintGrid, paintHead, paintRowNames } from "../paper/paper.js";
import { paintLeads } from "../paper/traces.js";
import { paintBeats } from "./beats.js";
import { paintCalipers } from "./calipers_paint.js";
import { paintEvidence } from "./evidence_paint.js";
import { paintPast } from "./past_paint.js";
import { paintSpans } from "./spans.js";

/** @type {Map<number, import("../signal/samples.js").SampleStore>} */
let stores = new Map();
/** @type {Map<number, import("../signal/envelopes.js").EnvelopeStore>} */
let envelopes = new Map();
let lastFrame = "";

/**
 * @param {Map<number, import("../signal/samples.js").SampleStore>} samples store by group id
 * @param {Map<number, import("../signal/envelopes.js").EnvelopeStore>} bins likewise
 */
export function paintFrom(samples, bins) {
  [stores, envelopes] = [samples, bins];
}

/** Paints before the next frame; many calls in one frame are one painting. */
export const repaint = onceAFrame(paint);

/** Everything, now. */
export function paint() {
  if (!mainGroup || !hasFigures()) return;
  const g = geometry();
  setFrame("strip", g.width, g.height, g.frameS, g.endS);
  const frame = [g.width, g.height, g.startS, g.pxPerS, state.pageS, getPxPerMm(), document.documentElement.dataset.theme].join();
  if (frame !== lastFrame) {
    paintGrid(g);
    paintAxis(g);
    paintRowNames(g);
    lastFrame = frame;
  }
  const drawn = paintLeads(g, stores, envelopes);
  paintHead(g);
  paintSpans(g);
  paintBeats(g);
  paintEvidence(g);
  paintPast(g);
  paintCalipers(g, stores, drawn);
  paintOverview();
  placeCursor();
  tell(g);
}

/** The cursor is a line of the page, not of the figure: it moves without a painting. */
export function placeCursor() {
  const px = pxAt(state.startS + (state.cursorS ?? pageS() / 2));
  const cursor = document.getElementById("cursor");
  cursor.style.transform = `translateX(${Math.round(px)}px)`;
  cursor.hidden = px < GUTTER_PX;
}

/** What is on the screen, for whoever looks at the page from outside: people's scripts, screen readers, tests. */
function tell(g) {
  const strip = document.getElementById("strip");
  strip.dataset.startUs = String(mainGroup.t0_us + Math.round(g.startS * 1e6));
  strip.dataset.endUs = String(mainGroup.t0_us + Math.round(g.endS * 1e6));
  strip.dataset.pxPerS = String(g.pxPerS);
  strip.dataset.pageS = String(g.endS - g.startS);
  strip.dataset.paintedAt = String(performance.now());
}

document.addEventListener("rhythmark:theme", () => {
  refreshColors();
  repaint();
});
