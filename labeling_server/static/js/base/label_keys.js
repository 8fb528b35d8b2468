// Keys that mean a label, and how a key is named.

import { labels } from "./config.js";

/** Digits label spans. @type {[string, string][]} */
export const DIGITS = [
  ["1", "AFIB"], ["2", "AFL"], ["3", "SVTA"], ["4", "VT"], ["5", "VFIB"], ["6", "VCOUPLET"], ["7", "BRADY"],
  ["8", "TACHY"], ["9", "PAUSE"], ["0", "NOISY"],
];

/** Lower-case letters that stand for a beat without a lower-case code of its own. */
const ALIASES = new Map([["v", "V"]]);

/** The beat that a key stands for; null when it stands for none. @param {string} key */
export function beatOfKey(key) {
  const code = ALIASES.get(key) ?? key;
  return labels.get(code)?.kind === "beat" && code !== "?" ? code : null;
}

/** A key as it is named here: "Ctrl+" and "Shift+" before names of keys without a character. @param {KeyboardEvent} event */
export function keyOf(event) {
  const ctrl = event.ctrlKey || event.metaKey ? "Ctrl+" : "";
  const isNamed = event.key.length > 1;
  // a character already says whether Shift was held, except together with Ctrl
  const shift = event.shiftKey && (isNamed || ctrl) ? "Shift+" : "";
  return `${ctrl}${shift}${ctrl && !isNamed && shift ? event.key.toUpperCase() : event.key}`;
}
