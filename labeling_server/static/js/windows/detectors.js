// About the detectors: which ones read this recording, in which version, and how good that version was when measured.

import { getJson } from "../base/api.js";
import { say, stream } from "../base/config.js";
import { h } from "../base/dom.js";
import { closeOverlay, openOverlay } from "./overlays.js";

/**
 * @typedef {{measured: string, database: string, n_records: number, is_held_out: boolean, leads: string, figures: Object<string, number>}} Score
 * @typedef {{name: string, version: string, scores: Score[]}} Measured
 */

export async function openDetectors() {
  if (document.querySelector("#overlays .detectors")) return void closeOverlay();
  const body = h("div", { class: "measured", tabindex: "0", role: "region", "aria-label": say("detectors.title") }, h("p", { class: "soft" }, "…"));
  openOverlay("detectors", say("detectors.title"), h("p", { class: "soft" }, say("detectors.about")), body);
  body.focus({ preventScroll: true }); // arrows scroll it
  /** @type {Measured[]} */
  const found = await getJson(`/api/streams/${stream.id}/detectors`).catch((error) => void body.replaceChildren(h("p", { class: "problem" }, error.message)));
  if (found) body.replaceChildren(...(found.length ? found.map(section) : [h("p", { class: "empty" }, say("detectors.none"))]));
}

/** @param {Measured} one */
function section({ name, version, scores }) {
  const title = h("h3", {}, `${name} ${version}`);
  if (!scores.length) return h("section", { "data-detector": name }, title, h("p", { class: "soft" }, say("detectors.unmeasured")));
  return h("section", { "data-detector": name }, title, h("table", { class: "figures-table" }, h("tbody", {}, ...scores.map(row))));
}

/** @param {Score} score */
function row(score) {
  const where = say("detectors.where", { database: score.database, n: score.n_records, leads: score.leads });
  const how = say(score.is_held_out ? "detectors.heldout" : "detectors.insample");
  const figures = Object.entries(score.figures).map(([name, value]) => h("span", { class: "one" }, `${name} `, h("b", {}, String(value))));
  return h("tr", {}, h("th", { scope: "row" }, score.measured, h("br"), h("span", {}, `${where}, ${how}`)), h("td", {}, ...figures));
}
