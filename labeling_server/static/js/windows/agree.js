// A small window that shows what something would change before it is done: Enter does it, Escape leaves it.

import { say } from "../base/config.js";
import { h, keyCap } from "../base/dom.js";
import { closeOverlay, openOverlay } from "./overlays.js";

/**
 * @returns {{apply: HTMLButtonElement, ask: (kind: string, title: string, ...content: Node[]) => Promise<boolean>}}
 * `apply` is disabled where there is nothing to do; `ask` opens the window and says what the reader wants
 */
export function agreement() {
  let answer = (/** @type {boolean} */ _) => undefined;
  const apply = h("button", { type: "button", class: "primary", onclick: () => answer(true) }, say("bulk.apply"), keyCap("Enter"));
  const leave = h("button", { type: "button", class: "quiet", onclick: () => answer(false) }, say("bulk.leave"), keyCap("Escape"));
  /** Wherever the focus went: Enter must not accept what is selected behind the window. @param {KeyboardEvent} event */
  const press = (event) => {
    if (event.key !== "Escape" && (event.key !== "Enter" || event.target === leave)) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.key === "Escape") answer(false);
    else if (!apply.disabled) answer(true);
  };
  const ask = (kind, title, ...content) =>
    new Promise((resolve) => {
      const closed = new MutationObserver(() => apply.isConnected || answer(false));
      answer = (wanted) => {
        closed.disconnect();
        document.removeEventListener("keydown", press, true);
        if (apply.isConnected) closeOverlay();
        resolve(wanted);
      };
      openOverlay(kind, title, ...content, h("footer", {}, leave, apply));
      closed.observe(document.getElementById("overlays"), { childList: true });
      document.addEventListener("keydown", press, true);
      (apply.disabled ? leave : apply).focus();
    });
  return { apply, ask };
}
