// What stands above a view: its lead to choose, and its keys, which are buttons as well.

import { say } from "./config.js";
import { leads } from "./disclosure_lines.js";
import { h, keyCap } from "./dom.js";

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

/** @param {string[]} keys @param {string} text what they do @param {(key: string) => any} press */
export function keyButtons(keys, text, press) {
  const button = (key) => {
    const run = (event) => {
      event.currentTarget.blur(); // Enter is the view's again
      press(key);
    };
    return h("button", { type: "button", class: "quiet", "aria-label": `${text} ${key}`, onclick: run }, keyCap(key));
  };
  return h("span", { class: "hint soft" }, ...keys.map(button), text);
}
