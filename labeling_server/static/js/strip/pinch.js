// Two fingers zoom: on the strip what lies between them stays there, on the overview they make the brush wider or narrower.

import { listenToTwoFingers } from "../base/fingers.js";
import { onceAFrame } from "../base/frame.js";
import { PAGES_S, settledScale } from "../base/scale.js";
import { state } from "../base/state.js";
import { GUTTER_PX, pageS, place, secondsAt, signalPx } from "../paper/layout.js";
import { overviewSeconds } from "../paper/overview.js";
import { show, wholeS } from "./navigate.js";

/** Where the fingers want the strip. @typedef {{startS: number, pageS: number, atS: number}} Wish atS: stays where it is on the screen */

/** @type {Wish | null} */
let wish = null;

/** The cursor stays where it is on the screen. @param {number} startS @param {import("../base/scale.js").TimeScale} scale */
async function zoomTo(startS, scale) {
  const share = state.cursorS === null ? null : Math.min(state.cursorS / pageS(), 1);
  await show(startS, { scale });
  if (share !== null) state.cursorS = share * pageS();
}

const follow = onceAFrame(() => {
  if (wish) void zoomTo(wish.startS, { speed: state.speed, pageS: wish.pageS });
});

/** @param {number} atS @param {number} px of it from the left edge of the signal @param {number} page wanted length, s */
function want(atS, px, page) {
  const within = Math.min(Math.max(page, PAGES_S[0]), wholeS());
  wish = { startS: atS - (px / signalPx()) * within, pageS: within, atS };
  follow();
}

/** Near a speed of paper it is that speed, so that a zoom by hand ends at a scale that can be measured on. */
function settle() {
  if (!wish) return;
  const { startS, pageS: page, atS } = wish;
  wish = null;
  const scale = settledScale({ speed: place().speed, pageS: page }, signalPx());
  void zoomTo(atS - ((atS - startS) / page) * pageS(scale), scale);
}

/** @param {HTMLElement} strip @param {() => void} begun a drag of one finger ends there */
export function listenToPinch(strip, begun) {
  let [atS, firstS] = [0, 0];
  listenToTwoFingers(strip, {
    begin(middle) {
      begun();
      [atS, firstS] = [secondsAt(middle.x), pageS()];
    },
    move: (middle, spread) => want(atS, middle.x - GUTTER_PX, firstS / spread),
    end: settle,
  });
}

/** @param {HTMLElement} overview @param {() => void} begun */
export function listenToOverviewPinch(overview, begun) {
  let firstS = 0;
  listenToTwoFingers(overview, {
    begin() {
      begun();
      firstS = pageS(place());
    },
    move: (middle, spread) => want(overviewSeconds(middle.x), signalPx() / 2, firstS * spread),
    end: settle,
  });
}
