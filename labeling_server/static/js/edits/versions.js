// Two versions of an annotation side by side: what is the same stands once over both columns, what differs is seen.

import { classOf } from "../base/colors.js";
import { say } from "../base/config.js";
import { h } from "../base/dom.js";
import { hmsMs } from "../base/time.js";
import { isSame } from "./edits.js";

/** @typedef {import("../review/history.js").Content} Content */
/** @typedef {{title: string, who: string, when: string}} Head of a column */

const statusOf = (content) => say(`status.${content.deleted ? "deleted" : content.status}`);

/** @param {Head} one @param {Head} other @param {Content} left @param {Content} right */
export function versionTable(one, other, left, right) {
  const rows = [
    ["conflict.label", left.label, right.label],
    ["selection.start", hmsMs(left.start_us), hmsMs(right.start_us)],
    ["selection.end", hmsMs(left.end_us), hmsMs(right.end_us)],
    ["selection.status", statusOf(left), statusOf(right)],
    ...described(left, right),
    ...(left.note !== right.note ? [["selection.comment", left.note || "–", right.note || "–"]] : []),
  ];
  const head = ({ title, who, when }) => h("th", { scope: "col" }, title, h("span", { class: "soft" }, who, h("br"), when));
  return h("table", { class: "versions" },
    h("thead", {}, h("tr", {}, h("td", {}), head(one), head(other))),
    h("tbody", {}, ...rows.map(([name, first, second]) => row(say(name), first, second))));
}

/** What else is said of it, where both say something else. @returns {[string, string, string][]} */
function described(left, right) {
  const texts = {
    severity: (one) => one.severity ?? "–", certainty: (one) => one.certainty ?? "–",
    channel: (one) => one.channel ?? say("selection.channel.all"), evidence: (one) => String(one.evidence?.length ?? 0),
  };
  return Object.entries(texts).filter(([field]) => !isSame(left[field], right[field]))
    .map(([field, text]) => [`selection.${field}`, text(left), text(right)]);
}

function row(name, first, second) {
  const same = first === second;
  const cell = (value) => h("td", { colspan: same ? 2 : 1, title: value }, h("span", { class: /^[A-Z]/.test(value) ? classOf(value) : "" }, same ? value : short(value)));
  return h("tr", { class: same ? "same" : "differs" }, h("th", { scope: "row" }, name), cell(first), ...(same ? [] : [cell(second)]));
}

/** Two bounds of one span are minutes apart at most: without the hour they fit beside each other. */
const short = (value) => (/^\d\d:\d\d:\d\d\.\d+$/.test(value) ? value.slice(3) : value);
