// Somebody else was faster: both versions side by side, the reader decides, nothing is lost meanwhile.

import { classOf } from "./colors.js";
import { reader, say } from "./config.js";
import { h, keyCap } from "./dom.js";
import { isSame, mineOf, takeMine, takeTheirs } from "./edits.js";
import { hms, hmsMs } from "./time.js";

/** @param {{edit: any, current: import("./state.js").Row}} conflict */
export function conflictCard(conflict) {
  const { current } = conflict;
  const mine = mineOf(conflict);
  const when = (login, us) => h("span", { class: "soft" }, login, h("br"), hms(us));
  const state = (row) => say(`status.${row.deleted ? "deleted" : row.status}`);
  const rows = [
    ["conflict.label", current.label, mine.label],
    ["selection.start", hmsMs(current.start_us), hmsMs(mine.start_us)],
    ["selection.end", hmsMs(current.end_us), hmsMs(mine.end_us)],
    ["selection.status", state(current), state(mine)],
    ...described(current, mine),
    ...(current.note !== mine.note ? [["selection.comment", current.note || "–", mine.note || "–"]] : []),
  ];
  return h(
    "section", { class: "conflict", role: "alert", "data-id": current.id },
    h("h3", {}, say("conflict.title", { login: current.updated_by })),
    h("p", { class: "soft" }, say("conflict.text")),
    h("table", {},
      h("thead", {}, h("tr", {}, h("th", {}),
        h("th", { scope: "col" }, say("conflict.theirs"), when(current.updated_by, current.updated_us)),
        h("th", { scope: "col" }, say("conflict.mine"), when(reader.login, conflict.edit.sinceMs * 1000)))),
      h("tbody", {}, ...rows.map(([name, theirs, ours]) => versionRow(say(name), theirs, ours)))),
    h("div", { class: "decisions" },
      h("button", { type: "button", class: "theirs", onclick: () => takeTheirs(conflict) }, say("conflict.take.theirs"), keyCap("k")),
      h("button", { type: "button", class: "mine", onclick: () => void takeMine(conflict) }, say("conflict.take.mine"), keyCap("u"))),
  );
}

/** What else is said of it, where both say something else. @returns {[string, string, string][]} */
function described(theirs, mine) {
  const texts = {
    severity: (row) => row.severity ?? "–", certainty: (row) => row.certainty ?? "–",
    channel: (row) => row.channel ?? say("selection.channel.all"), evidence: (row) => String(row.evidence?.length ?? 0),
  };
  return Object.entries(texts).filter(([field]) => !isSame(theirs[field], mine[field]))
    .map(([field, text]) => [`selection.${field}`, text(theirs), text(mine)]);
}

/** What is the same in both stands once, over both columns; what differs stands side by side. */
function versionRow(name, theirs, ours) {
  const same = theirs === ours;
  const cell = (value) => h("td", { colspan: same ? 2 : 1, title: value }, h("span", { class: /^[A-Z]/.test(value) ? classOf(value) : "" }, same ? value : short(value)));
  return h("tr", { class: same ? "same" : "differs" }, h("th", { scope: "row" }, name), cell(theirs), ...(same ? [] : [cell(ours)]));
}

/** Two bounds of one span are minutes apart at most: without the hour they fit beside each other. */
const short = (value) => (/^\d\d:\d\d:\d\d\.\d+$/.test(value) ? value.slice(3) : value);
