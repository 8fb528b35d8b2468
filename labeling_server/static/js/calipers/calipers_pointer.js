// The calipers under the pointer: a leg is dragged by itself, the line between the legs moves both.

import { state } from "../base/state.js";
import { PAPER_TOP_PX, geometry, pxAt, secondsAt } from "../paper/layout.js";
import { groupOf, isMeasuring, legsS, linkTop, sampleAtSeconds } from "../strip/legs.js";
import { chooseLeg, putLeg } from "./calipers.js";

/** A finger is broader than a mouse is exact. */
const REACH_PX = { mouse: 6, pen: 10, touch: 16 };

/** @typedef {{leg: "start" | "end" | "both", offsetS: number}} Grip offsetS: from the leg to where it was taken */

/** What of them is under the pointer; null for nothing. @param {number} x @param {number} y @param {string} kind of pointer @returns {Grip | null} */
export function caliperAt(x, y, kind) {
  if (!isMeasuring() || y < PAPER_TOP_PX) return null;
  const { startS, endS } = legsS(state.calipers);
  const reach = REACH_PX[kind] ?? REACH_PX.touch;
  const [left, right] = [pxAt(startS), pxAt(endS)];
  const isStart = Math.abs(x - left) < Math.abs(x - right);
  const [px, atS] = isStart ? [left, startS] : [right, endS];
  if (Math.abs(x - px) <= reach) return { leg: isStart ? "start" : "end", offsetS: secondsAt(x) - atS };
  const isOnLink = x > left && x < right && Math.abs(y - linkTop(geometry(), state.calipers)) <= reach;
  return isOnLink ? { leg: "both", offsetS: secondsAt(x) - startS } : null;
}

/** From now on keys move what the pointer took. @param {Grip} grip */
export const takeCaliper = (grip) => chooseLeg(grip.leg);

/** To the sample nearest to where the pointer is. @param {Grip} grip @param {number} x */
export function dragCaliper(grip, x) {
  if (!state.calipers) return; // Esc took them away under the pointer
  putLeg(grip.leg, sampleAtSeconds(groupOf(state.calipers), secondsAt(x) - grip.offsetS));
}
