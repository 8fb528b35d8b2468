// Families as cards: a letter, a count, the template with its spread and members.

import { labelColor, classOf } from "../base/colors.js";
import { labels, say } from "../base/config.js";
import { h } from "../base/dom.js";
import { counted, countedLetters } from "../windows/letters.js";
import { cardFrame, drawFamily } from "./family_draw.js";

/** @typedef {import("./family_store.js").Family} Family */
/** @typedef {import("./family_store.js").Known} Known */

/** Numbers of families that were split off by hand begin there. */
export const FIRST_BY_HAND = 2 ** 30;
/** Largest families whose templates must fit their cards. */
const FITTED = 12;

/** @param {Family} family */
export const mainLabel = (family) => Object.keys(family.labels)[0] ?? "?";

/** @param {Family} family */
export function titleOf({ number, by_hand: byHand }) {
  if (!number) return say("families.other");
  if (number >= FIRST_BY_HAND) return say("families.off", { n: number - FIRST_BY_HAND });
  return say(byHand ? "families.byHand" : "families.family", { n: number });
}

/** Bounds of the templates of the largest families, mV. @param {Family[]} some */
export function rangeOf(some) {
  const shown = some.filter((family) => family.template).slice(0, FITTED);
  const values = shown.flatMap(({ template, spread }) => template.flatMap((lead, i) => lead.flatMap((mv, n) => [mv - spread[i][n], mv + spread[i][n]])));
  return { low: Math.min(-0.2, ...values), high: Math.max(0.5, ...values) };
}

/**
 * What a card says, above and below its picture.
 * @param {Family} family @param {number} nBeats of all families @param {{note?: string, tick?: Node | null}} [more]
 */
export function cardContent(family, nBeats, { note = titleOf(family), tick = null } = {}) {
  const code = mainLabel(family);
  const share = (100 * family.count) / Math.max(nBeats, 1);
  const percent = share >= 10 ? share.toFixed(0) : share >= 0.1 ? share.toFixed(1) : "<0.1";
  return [
    h("header", {}, h("b", { class: `code ${classOf(code)}` }, code), h("span", { class: "figures" }, counted(family.count)), h("span", { class: "figures soft" }, `${percent} %`),
      family.n_touched ? h("span", { class: "touched", title: say("families.reviewed", { n: counted(family.n_touched) }) }, `● ${counted(family.n_touched)}`) : null,
      h("span", { class: "soft title" }, note), tick),
    family.template ? h("canvas", {}) : h("p", { class: "soft" }, say("families.other.text")),
    h("p", { class: "counts" }, ...countedLetters(Object.entries(family.labels))),
  ];
}

/** @param {Family} family */
export const cardName = (family) => `${titleOf(family)}: ${counted(family.count)} ${labels.get(mainLabel(family))?.name ?? ""}`;

/** Draws the cards of families, which bear `data-family`. @param {HTMLElement} host @param {Known} known @param {Family[]} families */
export function drawCards(host, known, families) {
  const frame = cardFrame(known.shape, rangeOf(families));
  host.style.setProperty("--card-width", `${frame.width}px`);
  for (const family of families) {
    const canvas = host.querySelector(`[data-family="${family.number}"] canvas`);
    if (canvas) drawFamily(canvas, known.shape, frame, labelColor(mainLabel(family)), family, (known.members.get(family.number) ?? []).map((member) => member.points));
  }
}
