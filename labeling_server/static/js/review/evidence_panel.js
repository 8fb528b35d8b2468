// Links in the panel at the right: what the selected thing rests on, what rests on it, and which span is being linked.

import { classOf } from "../base/colors.js";
import { reader, say } from "../base/config.js";
import { h, keyCap } from "../base/dom.js";
import { state } from "../base/state.js";
import { hms } from "../base/time.js";
import { linkingRow, titleOf } from "../edits/linking.js";
import { labelOf } from "../paper/span_names.js";
import { selectedBeat } from "../strip/select.js";
import { keyNow } from "../windows/bindings.js";
import { endLinking, goToLinked, link, linkedRow, loadLinks, removeLink, restingOn } from "./evidence.js";

/** @typedef {import("../base/state.js").Row} Row */

/** @param {Row} row */
export function evidenceSection(row) {
  loadLinks(row);
  const button = h("button", { type: "button", class: "quiet link", title: say("do.link"), "aria-label": say("do.link"), onclick: () => void link() }, say("link.begin"), keyCap(keyNow("link", "K")));
  if (!row.evidence.length && !reader.may_write) return null;
  return h(
    "section", { class: "evidence" },
    h("header", {}, h("h3", {}, say("selection.evidence")), reader.may_write ? button : null),
    row.evidence.length ? h("ol", { class: "links" }, ...row.evidence.map((id) => entry(row, id))) : null,
  );
}

/** What rests on it: only where something does. @param {Row} row */
export function evidenceOf(row) {
  loadLinks(row);
  const rows = restingOn(row);
  if (!rows.length) return null;
  return h("section", { class: "evidence" }, h("h3", {}, say("selection.evidence.of")), h("ol", { class: "links" }, ...rows.map((one) => h("li", {}, place(one)))));
}

function entry(row, id) {
  const other = linkedRow(id);
  if (!other) return h("li", { class: "soft", "data-id": id }, "…");
  const name = say("link.remove", { what: titleOf(other) });
  const remove = h("button", { type: "button", class: "quiet remove", title: name, "aria-label": name, onclick: () => void removeLink(row, id) }, "×");
  return h("li", { "data-id": id }, place(other), reader.may_write ? remove : null);
}

/** Goes there. What is deleted or rejected is struck through, and says so. @param {Row} row */
function place(row) {
  const gone = row.deleted ? "deleted" : row.status === "rejected" ? "rejected" : null;
  const name = [h("b", { class: classOf(row.label) }, labelOf(row)), h("span", { class: "time" }, hms(row.start_us))];
  return h(
    "button", { type: "button", class: "quiet place", onclick: () => void goToLinked(row) },
    ...(gone ? [h("s", {}, ...name), h("span", { class: "soft" }, say(`status.${gone}`))] : name),
  );
}

/** While a span is being linked: which, and what the key would do to what is selected. */
export function linkingCard() {
  const row = linkingRow();
  if (!row) return null;
  const beat = selectedBeat();
  const otherId = beat ? beat.id : state.selection?.id;
  const isOther = Boolean(state.selection) && otherId !== row.id;
  const isLinked = row.evidence.includes(otherId);
  const toggle = h("button", { type: "button", class: "toggle", onclick: () => void link() }, say(isLinked ? "link.take" : "link.add"), keyCap(keyNow("link", "K")));
  return h(
    "section", { class: "linking", role: "status" },
    h("p", {}, say("link.title", { what: titleOf(row), n: row.evidence.length })),
    isOther ? null : h("p", { class: "soft" }, say("link.choose")),
    h("div", { class: "decisions" }, isOther ? toggle : null,
      h("button", { type: "button", class: "done", onclick: () => void endLinking() }, say("link.done"), keyCap("Escape"))),
  );
}
