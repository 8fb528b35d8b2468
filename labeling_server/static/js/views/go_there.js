// From a view of hours to the strip: the view closes, the time is in the middle, at the speed of paper.

import { state } from "../base/state.js";
import { secondsOf } from "../base/time.js";
import { pageS } from "../paper/layout.js";
import { show } from "../strip/navigate.js";
import { closeView } from "../windows/views.js";

/** A strip of more is no place to read a beat, s. */
const LONGEST_S = 60;

/** @param {number} us */
export function goThere(us) {
  closeView();
  const scale = { speed: state.speed, pageS: pageS() > LONGEST_S ? null : state.pageS };
  state.cursorS = null; // the middle, where that time will be
  return show(secondsOf(us) - pageS(scale) / 2, { scale });
}
