// The menu: every action with its key, for whoever works by mouse.

import { reader, say } from "../base/config.js";
import { h, keyCap } from "../base/dom.js";
import { state } from "../base/state.js";
import { keysOf } from "./bindings.js";
import { closeOverlay } from "./overlays.js";

const GROUPS = ["review", "move", "edit", "measure", "view"];

/** @param {import("../page/actions.js").Action[]} actions */
export function showMenu(actions) {
  const button = document.getElementById("menu-button");
  const host = document.getElementById("overlays");
  const isOpen = () => host.querySelector(".menu") !== null;
  const toggle = () => {
    if (isOpen()) closeOverlay();
    else host.replaceChildren(content(actions));
    button.setAttribute("aria-expanded", String(isOpen()));
  };
  button.addEventListener("click", toggle);
  document.addEventListener("pointerdown", (event) => {
    if (isOpen() && !event.target.closest(".menu, #menu-button")) toggle();
  });
  document.getElementById("help-button").addEventListener("click", () => actions.find((action) => action.id === "help").run());
}

function content(actions) {
  return h(
    "div", { class: "menu", role: "menu" },
    ...GROUPS.map((group) =>
      h("div", { role: "group", "aria-label": say(`group.${group}`) }, h("h3", { role: "presentation" }, say(`group.${group}`)),
        ...actions.filter((action) => action.group === group).map(entry)),
    ),
  );
}

function entry(action) {
  const run = () => {
    closeOverlay();
    action.run();
  };
  const isRefused = (Boolean(action.writes) && (!reader.may_write || state.past !== null)) || action.when?.() === false;
  const props = { type: "button", role: "menuitem", onclick: run, disabled: isRefused };
  return h("button", props, h("span", {}, say(`do.${action.id}`)), keyCap(keysOf(action)[0]));
}
