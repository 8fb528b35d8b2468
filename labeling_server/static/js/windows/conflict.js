// Somebody else was faster: both versions side by side, the reader decides, nothing is lost meanwhile.

import { reader, say } from "../base/config.js";
import { h, keyCap } from "../base/dom.js";
import { hms } from "../base/time.js";
import { mineOf, takeMine, takeTheirs } from "../edits/edits.js";
import { versionTable } from "../edits/versions.js";

/** @param {{edit: any, current: import("../base/state.js").Row}} conflict */
export function conflictCard(conflict) {
  const { current } = conflict;
  const theirs = { title: say("conflict.theirs"), who: current.updated_by, when: hms(current.updated_us) };
  const mine = { title: say("conflict.mine"), who: reader.login, when: hms(conflict.edit.sinceMs * 1000) };
  return h(
    "section", { class: "conflict", role: "alert", "data-id": current.id },
    h("h3", {}, say("conflict.title", { login: current.updated_by })),
    h("p", { class: "soft" }, say("conflict.text")),
    versionTable(theirs, mine, current, mineOf(conflict)),
    h("div", { class: "decisions" },
      h("button", { type: "button", class: "theirs", onclick: () => takeTheirs(conflict) }, say("conflict.take.theirs"), keyCap("k")),
      h("button", { type: "button", class: "mine", onclick: () => void takeMine(conflict) }, say("conflict.take.mine"), keyCap("u"))),
  );
}
