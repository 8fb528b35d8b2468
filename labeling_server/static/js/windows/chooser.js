// A list to choose from: type to filter, Enter takes the one that is marked, arrows move the mark, a click takes.

import { say } from "../base/config.js";
import { h } from "../base/dom.js";
import { closeOverlay, openOverlay } from "./overlays.js";

/**
 * @typedef {{cells: (Node | null)[], take: () => void}} Choice
 * @param {{kind: string, title: string, none: string, find: (typed: string) => Choice[]}} what `find` gives those that fit, the best first
 */
export function openChooser({ kind, title, none, find }) {
  const list = h("ol", { class: "choices", role: "listbox", id: "choices", "aria-label": title });
  const input = h("input", {
    type: "text", placeholder: say("palette.hint"), "aria-label": title, spellcheck: "false", role: "combobox",
    "aria-controls": "choices", "aria-expanded": "true", "aria-autocomplete": "list",
  });
  let at = 0;
  const take = (choice) => {
    closeOverlay();
    choice.take();
  };
  const item = (choice, i) =>
    h("li", { role: "option", id: `choice-${i}`, "aria-selected": i === at, onclick: () => take(choice) }, ...choice.cells);
  const fill = () => {
    const found = find(input.value);
    at = Math.min(Math.max(at, 0), Math.max(found.length - 1, 0));
    list.replaceChildren(...(found.length ? found.map(item) : [h("li", { class: "soft", role: "option", "aria-disabled": true }, none)]));
    list.children[at]?.scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", found.length ? `choice-${at}` : "");
  };
  const press = (event) => {
    const found = find(input.value);
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      at += event.key === "ArrowDown" ? 1 : -1;
      fill();
    } else if (event.key === "Enter" && found.length) take(found[at]);
    else if (event.key === "Escape") closeOverlay();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  input.addEventListener("input", () => {
    at = 0;
    fill();
  });
  input.addEventListener("keydown", press);
  fill();
  openOverlay(kind, title, input, list);
  input.focus();
}
