// Every action with its keys, and the way to give it another one: a click on a key, or Enter on it, then the new key.

import { classOf } from "../base/colors.js";
import { labels, say } from "../base/config.js";
import { h, keyCap, keyName } from "../base/dom.js";
import { keyOf } from "../base/label_keys.js";
import { bind, isOwn, keysOf, unbind } from "./bindings.js";
import { closeOverlay, openOverlay } from "./overlays.js";
import { SPAN_KEYS } from "./palette.js";
import { currentView, viewActions } from "./views.js";

const GROUPS = ["review", "move", "edit", "measure", "view"];

/** @param {import("../page/actions.js").Action[]} pageActions those of the views come with them, of the one that is open first */
export function openHelp(pageActions) {
  if (document.querySelector("#overlays .help")) return void closeOverlay();
  const hint = h("p", { class: "soft", role: "status" }, say("help.change"));
  const inViews = viewActions();
  const actions = [...pageActions, ...inViews];
  const lists = h("div", {});
  const fill = () => lists.replaceChildren(...sections());
  const sections = () => {
    const page = h("div", { class: "columns" }, ...GROUPS.map((group) => column(group, say(`group.${group}`))));
    const groups = [...new Set([currentView()?.id, ...inViews.map((one) => one.group)])].filter(Boolean);
    const views = h("section", { class: "in-views" }, h("h3", {}, say("help.views")),
      h("div", { class: "columns" }, ...groups.map((group) => column(group, say(`${group}.title`)))));
    return currentView() ? [views, page] : [page, views];
  };
  const column = (group, title) =>
    h("div", {}, h("h3", {}, title), h("dl", {}, ...actions.filter((one) => one.group === group).flatMap(row)));
  const row = (action) => [h("dt", {}, keyButton(action)), h("dd", { class: isOwn(action) ? "own" : "" }, say(`do.${action.id}`))];
  const keyButton = (action) => {
    const name = say("help.change.one", { what: say(`do.${action.id}`) });
    const button = h("button", { type: "button", class: "quiet keys", "data-action": action.id, "aria-label": name, title: name }, ...keysOf(action).map(keyCap));
    button.addEventListener("click", () => {
      hint.textContent = say("help.press", { what: say(`do.${action.id}`) });
      button.classList.add("listening");
    });
    button.addEventListener("blur", () => button.classList.remove("listening"));
    button.addEventListener("keydown", (event) => listen(event, action, button));
    return button;
  };
  const listen = (event, action, button) => {
    if (!button.classList.contains("listening") || ["Shift", "Control", "Alt", "Meta", "Tab"].includes(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    button.classList.remove("listening");
    hint.textContent = changed(event, action);
    fill();
    lists.querySelector(`[data-action="${action.id}"]`)?.focus();
  };
  const changed = (event, action) => {
    if (event.key === "Escape") return say("help.change");
    if (event.key === "Backspace") {
      unbind(action);
      return say("help.default", { what: say(`do.${action.id}`) });
    }
    const key = keyOf(event);
    const refused = bind(actions, action, key);
    const values = { key: keyName(key), what: say(`do.${action.id}`), other: refused?.other ? say(`do.${refused.other.id}`) : "" };
    return say(refused ? `help.${refused.why}` : "help.changed", values);
  };
  const reset = () => {
    unbind();
    hint.textContent = say("help.change");
    fill();
  };
  fill();
  const footer = h("footer", {}, hint, h("button", { type: "button", class: "quiet", onclick: reset }, say("help.reset")));
  openOverlay("help", say("help.title"), lists, footer, labelHelp());
}

function labelHelp() {
  const beats = [...labels.values()].filter((label) => label.kind === "beat" && label.code !== "?");
  const item = (key, label) => h("span", { class: "label-key" }, keyCap(key), h("b", { class: classOf(label.code) }, label.code.length > 1 ? label.code : ""), label.name);
  return h(
    "div", { class: "label-help" },
    h("h3", {}, say("do.relabel.beat")), h("div", { class: "label-keys" }, ...beats.map((label) => item(label.code, label))),
    h("h3", {}, say("do.relabel.span")), h("div", { class: "label-keys" }, ...[...SPAN_KEYS].map(([key, code]) => item(key, labels.get(code)))),
  );
}
