// What people did to families by hand, whoever and whenever, with the way to take it back and to make it again.

import { getJson } from "../base/api.js";
import { mainGroup, reader, say, stream } from "../base/config.js";
import { h } from "../base/dom.js";
import { behindBar as soon } from "../base/loading.js";
import { changed } from "../base/state.js";
import { dateOf, hms } from "../base/time.js";
import { saving, submit } from "../edits/edits.js";
import { counted } from "../windows/letters.js";
import { openOverlay } from "../windows/overlays.js";

/**
 * @typedef {{id: string, action: "merge" | "split", login: string, at_us: number, n_given: number, n_beats: number,
 *   n_affected: number, undone_by: string | null}} Entry
 */

const SHOWN = 50;

/** Opens the list, the newest first. */
export async function openFamilyHistory() {
  const list = h("ol", { class: "history family-history" });
  try {
    await fill(list);
  } catch (error) {
    saving.refused = error.message;
    changed("saving");
    return;
  }
  openOverlay("family-edits", say("families.history.title"), list);
  list.querySelector("button")?.focus();
}

/** @param {HTMLElement} list */
async function fill(list) {
  /** @type {Entry[]} */
  const entries = await soon(getJson(`/api/streams/${stream.id}/families/edits`, { group_id: mainGroup.id, limit: SHOWN }));
  list.replaceChildren(...(entries.length ? entries.map((entry) => line(entry, list)) : [h("li", { class: "soft" }, say("families.history.none"))]));
}

/** @param {Entry} entry @param {HTMLElement} list */
function line(entry, list) {
  const what = say(`families.done.${entry.action}`, { n: counted(entry.n_given), beats: counted(entry.n_beats) });
  const since = entry.undone_by ? say("families.history.undone", { login: entry.undone_by }) : entry.n_affected ? "" : say("families.history.moot");
  const action = entry.undone_by ? "redo" : "undo";
  const name = say(`families.history.${action}`, { what, login: entry.login });
  const step = async () => {
    if (!(await submit({ what: "families", id: entry.id, action }))) return;
    await fill(list);
    list.querySelector(`[data-edit="${entry.id}"]`)?.focus();
  };
  return h(
    "li", {},
    h("span", { class: "time" }, `${dateOf(entry.at_us)} ${hms(entry.at_us)}`), h("b", {}, entry.login), h("span", {}, h(entry.undone_by ? "s" : "span", {}, what), since ? `, ${since}` : ""),
    reader.may_write ? h("button", { type: "button", class: "quiet back", "data-edit": entry.id, title: name, "aria-label": name, onclick: () => void step() }, entry.undone_by ? "↷" : "↶") : null,
  );
}
