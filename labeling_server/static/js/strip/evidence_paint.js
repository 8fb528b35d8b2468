// A short line over the bars and letters that the selected span rests on.

import { color } from "../base/colors.js";
import { mainGroup } from "../base/config.js";
import { shownEvidence } from "../edits/linking.js";
import { quadRows, setLayer } from "../paper/figures.js";
import { BEATS_PX, PAPER_TOP_PX } from "../paper/layout.js";
import { beatsBetween, showsBeats } from "../paper/marks.js";
import { visibleBars } from "./spans.js";

const LINE_PX = 2;
/** On either side of a beat. */
const HALF_PX = 6;

/** @param {ReturnType<import("../paper/layout.js").geometry>} g */
export function paintEvidence(g) {
  const rows = quadRows();
  const ids = new Set(shownEvidence());
  if (ids.size) {
    addBars(rows, g, ids);
    if (showsBeats(g.pxPerS)) addBeats(rows, g, ids);
  }
  setLayer("evidence", rows.columns);
}

function addBars(rows, g, ids) {
  for (const { row, left, right, top } of visibleBars(g)) {
    if (ids.has(row.id)) rows.push(Math.max(left, g.startS), Math.min(right, g.endS), top - LINE_PX, top, color("accent"));
  }
}

function addBeats(rows, g, ids) {
  const fs = mainGroup.fs_hz;
  const half = HALF_PX / g.pxPerS;
  const top = PAPER_TOP_PX - BEATS_PX;
  for (const beat of beatsBetween(Math.ceil(g.startS * fs), Math.ceil(g.endS * fs))) {
    if (ids.has(beat.id)) rows.push(beat.sample / fs - half, beat.sample / fs + half, top, top + LINE_PX, color("accent"));
  }
}
