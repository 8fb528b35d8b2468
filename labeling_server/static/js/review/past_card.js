// In the panel: which past state is looked at, who made it, and how it differs from now.

import { say } from "../base/config.js";
import { h, keyCap } from "../base/dom.js";
import { dateOf, hms } from "../base/time.js";
import { versionTable } from "../edits/versions.js";
import { keyNow } from "../windows/bindings.js";
import { told } from "./history.js";
import { leavePast } from "./past.js";

const at = (us) => `${dateOf(us)} ${hms(us)}`;

/** @param {import("../base/state.js").Row} row as it stands now @param {import("./past.js").Past} past */
export function pastCard(row, { entry }) {
  const then = { title: say("past.then", { revision: entry.revision }), who: entry.login, when: hms(entry.at_us) };
  const now = { title: say("past.now", { revision: row.revision }), who: row.updated_by, when: hms(row.updated_us) };
  return h(
    "section", { class: "past", role: "status", "data-revision": entry.revision },
    h("h3", {}, say("past.title", { revision: entry.revision, last: row.revision })),
    h("p", {}, say("past.text", { what: told(entry), date: dateOf(entry.at_us) })),
    versionTable(then, now, entry.after, row),
    h("p", { class: "soft" }, drawnThen(entry.view ?? {})),
    h("button", { type: "button", onclick: leavePast }, say("past.back"), " ", keyCap(keyNow("deselect", "Escape"))),
  );
}

/** What was on the screen when it was done. @param {Object<string, any>} view */
function drawnThen({ start_us: startUs, end_us: endUs, speed_mm_s: speed, gain_mm_mv: gain, filter, leads }) {
  if (!Number.isFinite(startUs) || !Number.isFinite(endUs)) return say("past.noview");
  const shown = Array.isArray(leads) ? leads.join(" ") : "";
  const band = filter && filter !== "none" ? filter : say("strip.filter");
  return say("past.view", { from: at(startUs), to: hms(endUs), speed: speed ?? "–", gain: gain ?? "–", filter: band, leads: shown });
}
