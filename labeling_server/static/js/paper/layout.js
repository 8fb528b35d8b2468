// Where things stand in the strip, in pixels from the top, and what a pixel is in time.

import { groups } from "../base/config.js";
import { pxPerSecond } from "../base/scale.js";
import { state } from "../base/state.js";

/** Left of the signal: names of rows and leads, the calibration pulse. */
export const GUTTER_PX = 56;
export const ROW_PX = 20;
export const BEATS_PX = 24;
export const AXIS_PX = 20;
export const ROW_KINDS = ["rhythm", "event", "quality"];
export const PAPER_TOP_PX = 4 + ROW_KINDS.length * ROW_PX + BEATS_PX;
export const HANDLE_PX = 8;

const strip = () => document.getElementById("strip");

/** ECG on top, then the faster before the slower: pulse, respiration, motion, and what says a number now and then. */
const stacked = [...groups].sort((a, b) => Number(isEcg(b)) - Number(isEcg(a)) || (isEcg(a) ? 0 : b.fs_hz - a.fs_hz));

/** @param {import("../base/config.js").Group} group */
function isEcg(group) {
  return group.channels.some((channel) => channel.unit === "mV");
}

/** Every lead of every group, in the order in which they are stacked. */
export const leads = stacked.flatMap((group) => group.channels.map((channel, i) => ({ group, channel, i })));

/** @returns {{width: number, height: number, paperBottom: number, pxPerS: number, startS: number, endS: number, frameS: number}} */
export function geometry() {
  const box = strip();
  const width = Math.max(box.clientWidth, 200);
  const height = Math.max(box.clientHeight, 200);
  const pxPerS = pxPerSecond(state, width - GUTTER_PX);
  return {
    width,
    height,
    paperBottom: height - AXIS_PX,
    pxPerS,
    startS: state.startS,
    endS: state.startS + (width - GUTTER_PX) / pxPerS,
    frameS: state.startS - GUTTER_PX / pxPerS,
  };
}

/** Width of the signal's part of the strip, px. */
export const signalPx = () => Math.max(strip().clientWidth, 200) - GUTTER_PX;

/** Pixels in a second, now or at another scale. @param {import("../base/scale.js").TimeScale} [scale] */
export const pxPerS = (scale = state) => pxPerSecond(scale, signalPx());

/** Seconds of signal that fit into the strip. @param {import("../base/scale.js").TimeScale} [scale] */
export const pageS = (scale = state) => signalPx() / pxPerS(scale);

/** @param {number} px from the left edge of the strip */
export const secondsAt = (px) => state.startS + (px - GUTTER_PX) / pxPerS();

/** @param {number} seconds */
export const pxAt = (seconds) => GUTTER_PX + (seconds - state.startS) * pxPerS();

/** Where the strip is, or is about to be: what a key means is where the keys before it went. */
export const place = () => state.wanted ?? state;

/** Where the cursor stands, or will stand there, seconds since the start of the recording. */
export const cursorSeconds = () => place().startS + (state.cursorS ?? pageS(place()) / 2);

/** Top of a row of spans. @param {string} kind */
export const rowTop = (kind) => 4 + Math.max(ROW_KINDS.indexOf(kind), 0) * ROW_PX;
