// Which key does what: the defaults stand with the actions, a reader's own in the browser.

import { labels } from "../base/config.js";
import { SPAN_KEYS } from "./palette.js";

const KEY = "rhythmark.keys";
/** Of the page itself: they cannot be given another meaning. */
const RESERVED = new Set(["Enter", "Escape", "?"]);
/** Of browsers and of the system, on all of them; Firefox finds as you type after a slash or a quote. */
const BROWSERS = /^(Ctrl\+.*|(Shift\+)?(Tab|F\d+)|ContextMenu|Dead|['/])$/;

/** @type {Object<string, string>} key by action, where the reader chose one */
let own = JSON.parse(localStorage.getItem(KEY) ?? "{}");

/** The keys of an action: the reader's, or the defaults. @param {{id: string, keys: string[]}} action @returns {string[]} */
export const keysOf = (action) => (own[action.id] ? [own[action.id]] : action.keys);

/** The key of an action by its id. @param {string} id @param {string} usual without the reader's choice */
export const keyNow = (id, usual) => own[id] ?? usual;

/** @param {import("../page/actions.js").Action} action */
export const isOwn = (action) => action.id in own;

/** What a key does now; an action with `when` has it before the others while that holds. @param {import("../page/actions.js").Action[]} actions @param {string} key */
export function actionOf(actions, key) {
  const named = actions.filter((action) => keysOf(action).includes(key));
  return named.find((action) => action.when?.()) ?? named.find((action) => !action.when) ?? null;
}

/** Whether both can be meant at the same time: those of two views never are. */
const meet = (one, other) => !one.view || !other.view || one.view === other.view;

/** Keys that two actions share without the reader's doing: the one that is there first has them, as it should. */
const shareByDefault = (one, other, key) => one.keys.includes(key) && other.keys.includes(key);

/**
 * Gives an action another key, in place of all it has. Within a view its keys come before those of the page; so that none
 * of these is lost there unnoticed, both must be free.
 * @param {import("../page/actions.js").Action[]} actions @param {import("../page/actions.js").Action} action @param {string} key
 * @returns {{why: string, other?: import("../page/actions.js").Action} | null} why not: `reserved`, `label` or `taken`, by whom
 */
export function bind(actions, action, key) {
  if (RESERVED.has(key) || BROWSERS.test(key)) return { why: "reserved" };
  if (labels.get(key)?.kind === "beat" || SPAN_KEYS.has(key) || key === "v") return { why: "label" };
  const isTaken = (one) => one.id !== action.id && keysOf(one).includes(key) && !shareByDefault(one, action, key);
  const other = actions.find((one) => meet(one, action) && isTaken(one));
  if (other) return { why: "taken", other };
  own = { ...own, [action.id]: key };
  localStorage.setItem(KEY, JSON.stringify(own));
  return null;
}

/** Back to the defaults, of one action or of all. @param {import("../page/actions.js").Action} [action] */
export function unbind(action) {
  own = action ? Object.fromEntries(Object.entries(own).filter(([id]) => id !== action.id)) : {};
  localStorage.setItem(KEY, JSON.stringify(own));
}
