// What a unit is on the paper in each lane: millivolts as the reader chose, of other signals a round number to 10 mm.

import { state } from "../base/state.js";
import { invalidOf, isSample } from "./decimate.js";

/** Value that stands on the middle line of a lane, fixed when the lane is first drawn: the scale never moves by itself. */
const zeroOf = new Map();
/** Units of lanes that are not in mV on `BAR_MM`, fixed likewise. */
const barUnitsOf = new Map();
export const BAR_MM = 10;
/** Millimetres that what is first seen of such a lane fills at most. */
const LANE_MM = 15;
/** Of what says a number now and then, two tenths must not fill the lane: the next ones would leave it. */
const LEAST_SPAN = { Cel: 2, K: 2, "[degF]": 4, "%": 10, "/min": 40, "mm[Hg]": 40 };
/** UCUM as people write it; what is not here stands as it is. */
const WRITTEN = { Cel: "°C", "[g]": "g", "[degF]": "°F", "mm[Hg]": "mmHg", "m/s2": "m/s²", "1": "" };

const keyOf = (lead) => `${lead.group.id}/${lead.i}`;

/** @param {string} unit in UCUM notation */
export const writtenUnit = (unit) => WRITTEN[unit] ?? unit;

/**
 * Millimetres a unit.
 * @param {import("../paper/montage.js").Lead} lead @param {boolean} isThere whether anything of it is in memory
 * @param {() => number[]} range least and greatest digital value in view
 */
export function laneScale(lead, isThere, range) {
  if (lead.channel.unit === "mV") return state.gain;
  if (!barUnitsOf.has(keyOf(lead)) && isThere) {
    const [low, high] = range();
    const span = Math.max((high - low) / Math.abs(lead.channel.gain), LEAST_SPAN[lead.channel.unit] ?? 0);
    if (span > 0 && span < Infinity) barUnitsOf.set(keyOf(lead), roundedUp((span * BAR_MM) / LANE_MM));
  }
  return BAR_MM / (barUnitsOf.get(keyOf(lead)) ?? BAR_MM);
}

/** What `BAR_MM` stand for: "0.5 NU"; null of leads in mV, and while nothing was seen. @param {import("../paper/montage.js").Lead} lead */
export function barName(lead) {
  const units = barUnitsOf.get(keyOf(lead));
  return units === undefined ? null : `${units} ${writtenUnit(lead.channel.unit)}`.trim();
}

/** The next of 1, 2, 5, 10, 20 ... or 0.5, 0.2 ... @param {number} value */
function roundedUp(value) {
  const power = Math.floor(Math.log10(value));
  const factor = [1, 2, 5, 10].find((one) => one * 10 ** power >= value * 0.999) ?? 10;
  return Number((factor * 10 ** power).toPrecision(1));
}

/** Value of the lane's middle line: 0 for mV leads near it, else the middle of what is first seen, of mV to 0.5. */
export function laneZero(lead, isThere, range) {
  if (!zeroOf.has(keyOf(lead)) && isThere) {
    const [low, high] = range();
    if (low > high) return 0; // nothing but "no sample" yet
    const middle = ((low + high) / 2 - lead.channel.offset) / lead.channel.gain;
    const isMillivolt = lead.channel.unit === "mV";
    const rounded = Math.abs(middle) < 2 ? 0 : Math.round(middle * 2) / 2;
    zeroOf.set(keyOf(lead), isMillivolt ? rounded : middle); // half a degree is the whole of a temperature's lane
  }
  return zeroOf.get(keyOf(lead)) ?? 0;
}

/** Least and greatest digital value of a lead; [Infinity, -Infinity] where there is none. */
export function extremes(lead, runs) {
  let low = Infinity;
  let high = -Infinity;
  const step = lead.group.channels.length;
  for (const run of runs) {
    const invalid = invalidOf(run.data);
    for (let at = lead.i; at < run.data.length; at += step) {
      const value = run.data[at];
      if (!isSample(value, invalid)) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  return [low, high];
}
