// The keyboard. Letters of beats label the selected beat, digits the selected span; everything else is an action's key.
// Keys with Ctrl or Alt belong to the browser, except those that an action names.

import { beatOfKey, keyOf } from "../base/label_keys.js";
import { state } from "../base/state.js";
import { isPastRefused, takeMine, takeTheirs, saving } from "../edits/edits.js";
import { relabel } from "../review/decide.js";
import { commitKeys } from "../review/drafts.js";
import { actionOf } from "../windows/bindings.js";
import { SPAN_KEYS } from "../windows/palette.js";
import { pressInView } from "../windows/views.js";
import { actions } from "./actions.js";

/** @param {EventTarget | null} target */
const isTyping = (target) => target instanceof HTMLElement && target.matches("input, textarea, select");

/** The label that a key means for what is selected; null when it means none. @param {string} key */
function labelOf(key) {
  if (state.selection?.kind === "beat") return beatOfKey(key);
  return state.selection?.kind === "span" ? (SPAN_KEYS.get(key) ?? null) : null;
}

/** k keeps theirs, u uses mine, while a conflict waits. @param {string} key */
function decideConflict(key) {
  const conflict = saving.conflicts[0];
  if (!conflict || (key !== "k" && key !== "u")) return false;
  if (key === "k") takeTheirs(conflict);
  else void takeMine(conflict);
  return true;
}

/** Whether it is the browser's, or of what is in focus: controls take Enter and Space themselves. @param {KeyboardEvent} event */
function isOthers(event) {
  if (event.defaultPrevented || event.altKey || event.isComposing || isTyping(event.target)) return true;
  const isControl = event.target instanceof HTMLElement && event.target.matches("button, a[href]");
  return isControl && (event.key === "Enter" || event.key === " ");
}

/** @param {KeyboardEvent} event */
function onKeyDown(event) {
  if (isOthers(event)) return;
  const key = keyOf(event);
  if (decideConflict(key) || pressInView(key)) {
    event.preventDefault();
    return;
  }
  const code = labelOf(key);
  const action = actionOf(actions, key);
  if (code === null && !action) return;
  event.preventDefault();
  if ((code !== null || action.writes) && isPastRefused()) return;
  if (code !== null) void relabel(code);
  else action.run();
}

export function listenToKeys() {
  document.addEventListener("keydown", onKeyDown);
  document.addEventListener("keyup", (event) => {
    if (event.key === "Shift") void commitKeys();
  });
}
