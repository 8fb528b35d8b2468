// Beat letters above the strip, in the colour of their class; a dot below those that a person made or changed.

import { color, labelColor } from "../base/colors.js";
import { labelOfNumber, mainGroup } from "../base/config.js";
import { state } from "../base/state.js";
import { pointRows, quadRows, segmentRows, setLayer, textRows } from "../paper/figures.js";
import { BEATS_PX, PAPER_TOP_PX } from "../paper/layout.js";
import { beatsBetween, showsBeats } from "../paper/marks.js";

const LEAST_GAP_PX = 11;
const CHIP_PX = 9;

export function paintBeats(g) {
  const letters = textRows();
  const ticks = segmentRows();
  const dots = pointRows();
  const chip = quadRows();
  const marks = segmentRows();
  const fs = mainGroup.fs_hz;
  const middle = PAPER_TOP_PX - BEATS_PX / 2;
  let lastPx = -Infinity;
  const shown = showsBeats(g.pxPerS) ? beatsBetween(Math.ceil(g.startS * fs), Math.ceil(g.endS * fs)) : [];
  for (const beat of shown) {
    const at = (state.beatDraft?.from === beat.sample ? state.beatDraft.to : beat.sample) / fs;
    const code = labelOfNumber.get(beat.number)?.code ?? "Q";
    const isSelected = state.selection?.kind === "beat" && state.selection.sample === beat.sample;
    const tint = labelColor(code);
    ticks.push(at, PAPER_TOP_PX - 4, at, PAPER_TOP_PX, tint);
    if (isSelected) {
      chip.push(at - CHIP_PX / g.pxPerS, at + CHIP_PX / g.pxPerS, middle - 10, middle + 8, color("accent"));
      marks.push(at, PAPER_TOP_PX, at, g.paperBottom, color("accent"));
    }
    // where letters would touch, normal ones give way, the others never
    const px = at * g.pxPerS;
    if (isSelected || px - lastPx >= LEAST_GAP_PX || code !== "N") {
      letters.push(at, middle - 1, code === "PULSE" ? "p" : code, isSelected ? color("on-fill") : tint);
      lastPx = px;
    }
    if (beat.touched) dots.push(at, PAPER_TOP_PX - 6, tint);
  }
  setLayer("beats", letters.columns);
  setLayer("beat_ticks", ticks.columns);
  setLayer("beat_dots", dots.columns);
  setLayer("beat_chip", chip.columns);
  setLayer("marks", marks.columns);
}
