// A walk over beats that were chosen in a view, one after the other on the strip, in the order of the view.

import { mainGroup } from "../base/config.js";
import { state } from "../base/state.js";
import { beatAt } from "../paper/marks.js";
import { showCentered } from "../strip/navigate.js";
import { selectBeat } from "../strip/select.js";
import { closeView } from "../windows/views.js";

/** @type {{samples: number[], at: number, moved: (at: number) => void} | null} */
let walk = null;
/** Whether the strip is on its way to a beat. */
let isOnWay = false;

/** @param {number[]} samples of the beats @param {number} at place of the first to show @param {(at: number) => void} moved hears of each step */
export function beginWalk(samples, at, moved) {
  walk = { samples, at, moved };
  return showWalk();
}

async function showWalk() {
  const sample = walk.samples[walk.at];
  closeView();
  isOnWay = true;
  await showCentered(sample / mainGroup.fs_hz);
  if (walk.samples[walk.at] !== sample) return; // the next step was faster
  isOnWay = false;
  const beat = beatAt(sample);
  if (beat) selectBeat(beat);
}

/** While a beat of the walk is selected on the strip, the next one is the walk's, not that in time. @param {1 | -1} by @returns {boolean} */
export function stepWalk(by) {
  const here = walk?.samples[walk.at];
  const isThere = state.selection?.kind === "beat" && state.selection.sample === here;
  if (here === undefined || !(isThere || isOnWay) || state.view !== "strip") return false;
  walk.at = Math.min(Math.max(walk.at + by, 0), walk.samples.length - 1);
  walk.moved(walk.at);
  void showWalk();
  return true;
}
