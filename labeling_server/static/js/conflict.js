// Somebody else was faster: both versions side by side, the reader decides, nothing is lost meanwhile.

import { reader, say } from "./config.js";
import { h, keyCap } from "./dom.js";
import { mineOf, takeMine, takeTheirs } from "./edits.js";
import { hms } from "./time.js";
import { versionTable } from "./versions.js";

/** @param {{edit: any, current: import("./state.js").Row}} conflict */
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
