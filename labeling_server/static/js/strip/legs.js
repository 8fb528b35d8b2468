// Where the legs of the calipers stand: on samples of a lead's group, and what these are in time.

import { mainGroup } from "../base/config.js";
import { state } from "../base/state.js";
import { PAPER_TOP_PX, leads, pageS } from "../paper/layout.js";
import { lanes } from "../paper/montage.js";

/** @typedef {import("../base/state.js").Calipers} Calipers */

/** Seconds since the start of the main group at a sample of another. @param {import("../base/config.js").Group} group @param {number} sample */
export const secondsOfSample = (group, sample) => sample / group.fs_hz + (group.t0_us - mainGroup.t0_us) / 1e6;

/** The nearest sample of a group. @param {import("../base/config.js").Group} group @param {number} seconds of the main group */
export const sampleAtSeconds = (group, seconds) => Math.round((seconds - (group.t0_us - mainGroup.t0_us) / 1e6) * group.fs_hz);

/** @param {Calipers} calipers @returns {import("../base/config.js").Group} */
export const groupOf = (calipers) => leads[calipers.lead].group;

/** Both legs in seconds. @param {Calipers} calipers */
export function legsS(calipers) {
  const group = groupOf(calipers);
  return { startS: secondsOfSample(group, calipers.start), endS: secondsOfSample(group, calipers.end) };
}

/** @param {Calipers} calipers */
export function middleS(calipers) {
  const { startS, endS } = legsS(calipers);
  return (startS + endS) / 2;
}

/** Whether the reader sees them, wholly or in part: only then keys are theirs. */
export function isMeasuring() {
  if (!state.calipers || state.view !== "strip") return false;
  const { startS, endS } = legsS(state.calipers);
  return startS <= state.startS + pageS() && endS >= state.startS;
}

/** From the top of the lane to the line between the legs. */
const LINK_PX = 12;

/**
 * Height of the line between the legs: in the lane of the lead, at the top of the paper while that is not shown.
 * @param {ReturnType<import("../paper/layout.js").geometry>} g @param {Calipers} calipers
 */
export function linkTop(g, calipers) {
  const lane = lanes(g).find((one) => one.lead === leads[calipers.lead]);
  return (lane?.top ?? PAPER_TOP_PX) + LINK_PX;
}

const usOfLeg = (group, sample) => group.t0_us + Math.round((sample / group.fs_hz) * 1e6);
/** "group/lead". @param {import("../paper/montage.js").Lead} lead */
export const nameOf = ({ group, channel }) => `${group.name}/${channel.name}`;

/** "us,us,group/lead", for the address of the page. @param {Calipers} calipers */
export function addressOf(calipers) {
  const lead = leads[calipers.lead];
  return [usOfLeg(lead.group, calipers.start), usOfLeg(lead.group, calipers.end), nameOf(lead)].join(",");
}

/** The calipers that an address names; null when it names none of this recording. @param {string} text @returns {Calipers | null} */
export function calipersOf(text) {
  const [, startUs, endUs, name] = /^(\d+),(\d+),(.+)$/.exec(text) ?? [];
  const lead = leads.findIndex((one) => nameOf(one) === name);
  if (lead < 0) return null;
  const { group } = leads[lead];
  const [start, end] = [startUs, endUs].map((us) => Math.round(((Number(us) - group.t0_us) / 1e6) * group.fs_hz));
  const isWithin = start >= group.first_sample && start < end && end < group.next_sample;
  return isWithin ? { lead, start, end, leg: "start", isQt: false, isMarched: false } : null;
}
