// The views of the middle: the strip, and what can lie over it. Queue, overview and selection stay, and the strip keeps
// its size below, so that every place that is shown in a view is one of the strip.

import { say } from "../base/config.js";
import { h } from "../base/dom.js";
import { onceAFrame } from "../base/frame.js";
import { changed, on, state } from "../base/state.js";
import { actionOf } from "./bindings.js";

/**
 * @typedef {Omit<import("../page/actions.js").Action, "group">} ViewAction
 * @typedef {{id: string, open: (host: HTMLElement) => any, close?: () => void, paint?: () => void, actions?: ViewAction[],
 *   hears?: () => boolean, press?: (key: string) => boolean, beats?: () => Promise<{sample: number, number: number}[]>,
 *   isOfMachines?: boolean}} View
 * `open` fills an empty element that is on screen, `paint` follows what changed (place, selection, marks, size). `actions`
 * have their keys before all others while the view is open and `hears` says yes; they stand in the help and can be given
 * other keys (text: `do.ID`). `press` takes a key that is none of theirs, such as a beat's letter, and says whether it
 * did. `beats` are those that are chosen in it, for edits of many. `isOfMachines`: it rests on what machines found, and a
 * reader who reads blind does not see it.
 */

/** @type {Map<string, View>} */
const views = new Map();

const host = () => document.getElementById("view");

/** @param {View} view */
export function registerView(view) {
  const actions = (view.actions ?? []).map((action) => ({ ...action, group: view.id, view: view.id }));
  views.set(view.id, { ...view, actions });
}

/** What keys do in the views, in the order in which they were registered. @returns {import("../page/actions.js").Action[]} */
export const viewActions = () => [...views.values()].flatMap((view) => /** @type {any[]} */ (view.actions));

/** The view in place of the strip; null while the strip is there. @returns {View | null} */
export const currentView = () => viewOf(state.view);

/** @param {string} id @returns {View | null} */
function viewOf(id) {
  const view = views.get(id) ?? null;
  return view?.isOfMachines && state.blinded ? { id, actions: [], open: (element) => element.append(h("p", { class: "empty" }, say("blind.view"))) } : view;
}

/** Shows a view; the same again goes back to the strip. @param {string} id */
export function toggleView(id) {
  const isOpen = state.view === id;
  closeView();
  if (!isOpen) openView(id);
}

/** @param {string} id @returns {boolean} whether there is such a view; without it the strip stays */
export function openView(id) {
  const view = viewOf(id);
  if (!view || state.view === id) return view !== null;
  closeView();
  state.view = id;
  host().hidden = false;
  host().dataset.view = id;
  view.open(host());
  changed("view");
  return true;
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
export function pressInView(key) {
  const view = currentView();
  if (!view) return false;
  const action = view.hears?.() === false ? null : actionOf(/** @type {any[]} */ (view.actions), key);
  if (!action) return view.press?.(key) ?? false;
  action.run();
  return true;
}

/** Lets the view follow what changes, once a frame. */
export function listenToViews() {
  const due = onceAFrame(() => currentView()?.paint?.());
  on(["view", "marks", "selection", "queue", "saving"], due);
  document.addEventListener("rhythmark:theme", due);
  new ResizeObserver(due).observe(host());
}
