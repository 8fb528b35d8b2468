// What the panel of an acceptance would accept: its wish, and the proposals on the page that it is of. The rule is the
// server's (`storage/acceptances.py`); its counts stand in the panel, this draws the outlines.

import { state } from "../base/state.js";
import { usOf, usOfSample } from "../base/time.js";
import { cursorSeconds, pageS, place } from "../paper/layout.js";
import { spansBetween } from "../paper/marks.js";
import { exclusiveLayerOf, isCutting, isSameScope } from "./overlaps.js";

/** Certainties go from 0 to 1 in so many steps. */
export const STEPS = 20;
const EMERGENT = 3;

/** @typedef {{range: "mark" | "page" | "whole", steps: number, label: string | null, emergent: boolean}} Wish */

/** Ranges that there are now. @returns {Wish["range"][]} */
export const rangesNow = () => (state.markUs === null ? ["page", "whole"] : ["mark", "page", "whole"]);

/** @param {Wish} wish @returns {[number, number]} half-open, microseconds */
export function boundsOf({ range }) {
  const whole = /** @type {[number, number]} */ ([usOfSample(state.firstSample), usOfSample(state.nextSample)]);
  if (range === "whole") return whole;
  const [from, to] = range === "page" ? [usOf(place().startS), usOf(place().startS + pageS(place()))] : marked();
  return [Math.max(from, 0), Math.max(to, from)];
}

/** From the mark to the cursor. */
function marked() {
  const [mark, at] = [state.markUs ?? 0, usOf(cursorSeconds())];
  return [Math.min(mark, at), Math.max(mark, at)];
}

/** @param {Wish} wish within [0, 1] */
export const certaintyOf = ({ steps }) => steps / STEPS;

/** Whether the open panel would accept it. @param {import("../base/state.js").Row} row */
export const isWished = (row) => isMeant(row) && !isInTheWay(row);

/** Whether something is decided where it is, or a surer one accepted: nothing is cut unseen. @param {import("../base/state.js").Row} row @returns {boolean} */
function isInTheWay(row) {
  if (!exclusiveLayerOf(row.label) || row.end_us <= row.start_us) return false;
  const others = spansBetween(row.start_us, row.end_us).filter((other) => isSameScope(other, row) && isMeant(other) && isBefore(other, row));
  return isCutting(row) || others.some((other) => !isInTheWay(other));
}

const sureness = (row) => Math.fround(row.confidence ?? 0);

/** The surer one, of equals that which begins earlier. @param {import("../base/state.js").Row} one @param {import("../base/state.js").Row} other */
function isBefore(one, other) {
  const by = sureness(other) - sureness(one) || one.start_us - other.start_us;
  return by === 0 ? one.id < other.id : by < 0;
}

/** @param {import("../base/state.js").Row} row */
function isMeant(row) {
  const wish = state.accepting;
  if (!wish || row.status !== "proposed" || row.deleted || row.ongoing || row.kind === "beat" || row.kind === "pulse") return false;
  if ((wish.label !== null && row.label !== wish.label) || (row.urgency >= EMERGENT && !wish.emergent)) return false;
  const [from, to] = boundsOf(wish);
  if (row.start_us < from || row.start_us >= to || row.end_us > to) return false;
  // confidences are stored in single precision, and compared so
  return Math.fround(row.confidence ?? 0) >= Math.fround(certaintyOf(wish));
}
