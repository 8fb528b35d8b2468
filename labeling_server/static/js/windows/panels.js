// The panels at both sides: a handle makes them wider, a key folds them, the browser remembers.

import { changed } from "../base/state.js";
import { keepingCursor } from "../strip/navigate.js";
import { repaint } from "../strip/paint.js";

const KEY = "rhythmark.panels";
const LEAST_PX = 140;
const MOST_PX = 420;
const page = () => document.getElementById("workstation");
const kept = { queue: 190, selection: 236, folded: [], ...JSON.parse(localStorage.getItem(KEY) ?? "{}") };

function apply() {
  for (const name of ["queue", "selection"]) {
    const isFolded = kept.folded.includes(name);
    page().style.setProperty(`--${name}-width`, isFolded ? "0px" : `${kept[name]}px`);
    page().classList.toggle(`no-${name}`, isFolded);
  }
  localStorage.setItem(KEY, JSON.stringify(kept));
}

/** The comment on what is selected takes the keys; a folded panel unfolds for it. */
export function focusComment() {
  if (kept.folded.includes("selection")) fold("selection");
  document.getElementById("comment")?.focus();
}

/** @param {"queue" | "selection"} name */
export function fold(name) {
  kept.folded = kept.folded.includes(name) ? kept.folded.filter((other) => other !== name) : [...kept.folded, name];
  void keepingCursor(apply);
}

function listen(name, sign) {
  const handle = document.getElementById(`${name}-handle`);
  handle.addEventListener("pointerdown", (event) => {
    handle.setPointerCapture(event.pointerId);
    const [x, width] = [event.clientX, kept[name]];
    const move = (moved) => {
      kept[name] = Math.min(Math.max(width + sign * (moved.clientX - x), LEAST_PX), MOST_PX);
      apply();
    };
    handle.addEventListener("pointermove", move);
    handle.addEventListener("pointerup", () => handle.removeEventListener("pointermove", move), { once: true });
  });
  handle.addEventListener("dblclick", () => fold(name));
}

export function showPanels() {
  apply();
  listen("queue", 1);
  listen("selection", -1);
  new ResizeObserver(() => {
    changed("view");
    repaint();
  }).observe(document.getElementById("strip"));
}
