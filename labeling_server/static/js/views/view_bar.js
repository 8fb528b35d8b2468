// What stands above a view: its lead to choose, and its keys, which are buttons as well.

import { say } from "../base/config.js";
import { h, keyCap } from "../base/dom.js";
import { keysOf } from "../windows/bindings.js";
import { leads } from "./disclosure_lines.js";

/** @param {number} lead @param {(lead: number) => void} choose @returns {HTMLSelectElement} */
export function leadSelect(lead, choose) {
  const options = leads.map((one, i) => h("option", { value: i, selected: i === lead }, one.channel.name));
  const select = h("select", { "aria-label": say("view.lead"), title: say("view.lead") }, ...options);
  select.addEventListener("change", () => {
    select.blur(); // so that keys are those of the view again
    choose(Number(select.value));
  });
  return select;
}

/** @param {import("../windows/views.js").ViewAction[]} actions of the view @param {string} text what they do together */
export function keyButtons(actions, text) {
  const button = (action) => {
    const run = (event) => {
      event.currentTarget.blur(); // Enter is the view's again
      action.run();
    };
    const name = say(`do.${action.id}`);
    return h("button", { type: "button", class: "quiet", "aria-label": name, title: name, onclick: run }, keyCap(keysOf(action)[0]));
  };
  return h("span", { class: "hint soft" }, ...actions.map(button), text);
}
