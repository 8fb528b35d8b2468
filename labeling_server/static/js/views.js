// The views of the middle: the strip, and what can lie over it. Queue, overview and selection stay, and the strip keeps
// its size below, so that every place that is shown in a view is one of the strip.

import { say } from "./config.js";
import { h } from "./dom.js";
import { changed, on, state } from "./state.js";

/**
 * @typedef {{id: string, open: (host: HTMLElement) => any, close?: () => void, paint?: () => void,
 *   press?: (key: string) => boolean, isOfMachines?: boolean}} View
 * `open` fills an empty element that is on screen, `paint` follows what changed (place, selection, marks, size), `press`
 * takes a key before the actions do and says whether it did; `isOfMachines`: it rests on what machines found, and a
 * reader who reads blind does not see it.
 */

/** @type {Map<string, View>} */
const views = new Map();

const host = () => document.getElementById("view");

/** @param {View} view */
export const registerView = (view) => void views.set(view.id, view);

/** The view in place of the strip; null while the strip is there. @returns {View | null} */
export const currentView = () => viewOf(state.view);

/** @param {string} id @returns {View | null} */
function viewOf(id) {
  const view = views.get(id) ?? null;
  return view?.isOfMachines && state.blinded ? { id, open: (element) => element.append(h("p", { class: "empty" }, say("blind.view"))) } : view;
}

/** Shows a view; the same again goes back to the strip. @param {string} id */
export function toggleView(id) {
  const isOpen = state.view === id;
  closeView();
  if (!isOpen) openView(id);
}

/** @param {string} id of a registered view; another one leaves the strip */
export function openView(id) {
  const view = viewOf(id);
  if (!view || state.view === id) return;
  closeView();
  state.view = id;
  host().hidden = false;
  host().dataset.view = id;
  view.open(host());
  changed("view");
}

/** Back to the strip. @returns {boolean} whether another view was there */
export function closeView() {
  const view = currentView();
  if (!view) return false;
  view.close?.();
  state.view = "strip";
  host().hidden = true;
  host().replaceChildren();
  delete host().dataset.view;
  changed("view");
  return true;
}

/** @param {string} key as `keys.js` names it @returns {boolean} whether the view took it */
export const pressInView = (key) => currentView()?.press?.(key) ?? false;

/** Lets the view follow what changes, once a frame. */
export function listenToViews() {
  let isDue = false;
  const due = () => {
    if (isDue || !currentView()?.paint) return;
    isDue = true;
    requestAnimationFrame(() => {
      isDue = false;
      currentView()?.paint?.();
    });
  };
  on(["view", "marks", "selection", "queue", "saving"], due);
  document.addEventListener("rhythmark:theme", due);
  new ResizeObserver(due).observe(host());
}
