// What would be cut, crossed out on its bar before it is saved.

import { color } from "../base/colors.js";
import { secondsOf } from "../base/time.js";
import { cutsAhead } from "../edits/overlaps.js";
import { quadRows, setLayer } from "../paper/figures.js";
import { ROW_PX, rowTop } from "../paper/layout.js";

const INSET_PX = 2;

/** @param {ReturnType<typeof import("../paper/layout.js").geometry>} g */
export function paintCuts(g) {
  const crossed = quadRows();
  for (const { row, startUs, endUs } of cutsAhead().cuts) {
    const [left, right] = [Math.max(secondsOf(startUs), g.startS), Math.min(secondsOf(endUs), g.endS)];
    const top = rowTop(row.kind) + INSET_PX;
    if (left < right) crossed.push(left, right, top, top + ROW_PX - 2 * INSET_PX, color("surface"));
  }
  setLayer("cuts", crossed.columns);
}
