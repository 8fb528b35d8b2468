// What the calipers measure, in figures beside them, where no trace is if there is such a place.

import { say } from "../base/config.js";
import { h } from "../base/dom.js";
import { GUTTER_PX, PAPER_TOP_PX, pxAt, secondsAt } from "../paper/layout.js";
import { legsS, linkTop } from "./legs.js";
import { correctedText, differenceText, intervalText, rateText, rrText } from "./measure.js";

const GAP_PX = 8;
/** Below the line between the legs of the first lead. */
const INSET_PX = 20;
/** Between the heights that are tried: a free band of the readout's height and this is always found. */
const STEP_PX = 12;
/** What standing on a leg counts, and a pixel away from the line between the legs, against pixels of a trace that are hidden. */
const LEG_COST_PX = 6;
const DISTANCE_COST = 0.05;
/** So much better another place must be before the readout moves. */
const STAY_PX = 4;

const box = () => document.getElementById("calipers");
let shown = "";
/** Measured when the content changes: it would cost a layout a frame. */
let size = { width: 0, height: 0 };
/** Where it stood last: it stays there while nothing comes in its way. */
let lastPlace = "";

export function hideReadout() {
  box().hidden = true;
}

/**
 * @param {ReturnType<import("../paper/layout.js").geometry>} g @param {import("../paper/traces.js").Drawn} drawn
 * @param {import("../base/state.js").Calipers} calipers @param {import("./measure.js").Measured} found
 */
export function showReadout(g, drawn, calipers, found) {
  const element = box();
  element.hidden = false;
  const content = contentOf(found);
  const key = JSON.stringify(content);
  if (key !== shown) {
    element.replaceChildren(...content.map(line));
    size = { width: element.offsetWidth, height: element.offsetHeight };
  }
  shown = key;
  const { left, top } = placeFor(g, drawn, calipers);
  element.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
  Object.assign(element.dataset, { lead: found.lead, start: calipers.start, end: calipers.end, leg: calipers.leg });
}

/** Lines of [what, figure]; without a figure it is a remark. @returns {[string, string][]} */
function contentOf(found) {
  const { qt } = found;
  const lines = [[say("calipers.dt"), intervalText(found)], [say("calipers.hr"), rateText(found)], [say("calipers.dv", { lead: found.lead }), differenceText(found)]];
  if (!qt) return lines;
  const corrected = qt.corrected.map(([name, ms]) => [say("calipers.qtc", { name }), ms === null ? "–" : say("calipers.interval", { ms: correctedText(ms) })]);
  return [[say("calipers.qt"), intervalText(found)], lines[2], ...corrected, [rrText(qt), ""]];
}

const line = ([what, figure]) => (figure ? h("div", {}, h("span", {}, what), h("b", {}, figure)) : h("p", {}, what));

/** The place that costs least: pixels of traces that it hides, then how far it is. The last one stays as long as it is about as good. */
function placeFor(g, drawn, calipers) {
  const { startS, endS } = legsS(calipers);
  const legs = [pxAt(startS), pxAt(endS)];
  const link = linkTop(g, calipers);
  const heights = heightsOf(drawn);
  const places = placesFor(g, legs);
  const costs = places.map(({ left, top }) => {
    const isOnLeg = legs.some((px) => px > left && px < left + size.width);
    const hidden = hiddenOf(heights(left, left + size.width), top, top + size.height);
    return hidden + distance(top, link) * DISTANCE_COST + (isOnLeg ? LEG_COST_PX : 0);
  });
  const least = Math.min(...costs);
  const stays = places.findIndex((place, i) => place.name === lastPlace && costs[i] - least <= STAY_PX);
  const best = places[stays < 0 ? costs.indexOf(least) : stays];
  lastPlace = best.name;
  return best;
}

/** Right of the legs, left of them and between, at every height of the paper. */
function placesFor(g, [left, right]) {
  const within = (x) => Math.min(Math.max(x, GUTTER_PX + GAP_PX), g.width - size.width - GAP_PX);
  const columns = [right + GAP_PX, left - size.width - GAP_PX, (left + right - size.width) / 2].map(within);
  const tops = [];
  for (let top = PAPER_TOP_PX + INSET_PX; top + size.height + GAP_PX <= g.paperBottom; top += STEP_PX) tops.push(top);
  const heights = tops.length ? tops : [PAPER_TOP_PX + INSET_PX];
  return heights.flatMap((top) => columns.map((x, i) => ({ left: x, top, name: `${i}/${top}` })));
}

/** How far a place is from just below the line between the legs. */
const distance = (top, link) => Math.abs(top - link - GAP_PX);

/** Says which heights traces take between two pixels, each pair asked once. @returns {(from: number, to: number) => [number, number][]} */
function heightsOf({ xs, ys }) {
  /** @type {Map<number, [number, number][]>} */
  const known = new Map();
  return (from, to) => {
    if (!known.has(from)) known.set(from, xs.flatMap((x, i) => heightOf(x, ys[i], secondsAt(from), secondsAt(to))));
    return known.get(from);
  };
}

/** Top and bottom of a piece of a trace between two seconds, with the lines to the points on either side; nothing where it is not. */
function heightOf(x, y, from, to) {
  let [top, bottom] = [Infinity, -Infinity];
  for (let i = 0; i < x.length; i += 1) {
    if ((x[i + 1] ?? x[i]) < from || (x[i - 1] ?? x[i]) > to) continue;
    top = Math.min(top, y[i]);
    bottom = Math.max(bottom, y[i]);
  }
  return top <= bottom ? [[top, bottom]] : [];
}

/** Pixels of height that a place hides of traces. @param {[number, number][]} heights @param {number} top @param {number} bottom */
const hiddenOf = (heights, top, bottom) => heights.reduce((sum, [from, to]) => sum + Math.max(Math.min(bottom, to) - Math.max(top, from), 0), 0);
