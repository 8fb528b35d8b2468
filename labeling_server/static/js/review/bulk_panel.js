// The small window for edits of many beats: what is done, to which of them, and what that would change, before it is done.
// A letter relabels, x rejects, Del deletes, arrows go through what can be done, digits take labels in or out.

import { classOf } from "../base/colors.js";
import { labelOfNumber, labels, say } from "../base/config.js";
import { h, keyCap } from "../base/dom.js";
import { beatOfKey } from "../base/label_keys.js";
import { behindBar } from "../base/loading.js";
import { counted, letter } from "../windows/letters.js";
import { closeOverlay, openOverlay } from "../windows/overlays.js";

/**
 * @typedef {{sample: number, number: number}} Seen
 * @typedef {"relabel" | "confirm" | "reject" | "delete"} BulkAction
 * @typedef {{where?: string, beats: Seen[] | Promise<Seen[]>, action: BulkAction, label: string | null, codes?: string[]}} Proposal
 * beats may be on their way; codes: labels to begin with, all when empty
 * @typedef {{action: BulkAction, label: string | null, include_reviewed: boolean, samples: number[], numbers: number[]}} BulkBody
 * @typedef {{lines: string[], nChanged: number, nProtected: number}} Foretold
 */

/** @type {BulkAction[]} */
const ACTIONS = ["relabel", "confirm", "reject", "delete"];
const ACTION_KEYS = { x: "reject", Delete: "delete", Backspace: "delete" };
const CAPS = { reject: "x", delete: "Delete" };
const MOST_CHIPS = 9;

const codeOf = (beat) => labelOfNumber.get(beat.number)?.code ?? "?";

/** @param {Seen[]} beats @returns {[string, number][]} */
function countsOf(beats) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const beat of beats) counts.set(codeOf(beat), (counts.get(codeOf(beat)) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1]);
}

/** The window, while it is open. */
class BulkPanel {
  /** @param {Proposal} proposal @param {(body: BulkBody) => Promise<Foretold>} foretell @param {(body: BulkBody | null) => void} decided */
  constructor({ where = "", beats, action, label, codes = [] }, foretell, decided) {
    [this.coming, this.action, this.label] = [Promise.resolve(beats), action, label];
    [this.foretell, this.decided] = [foretell, decided];
    this.isOpen = true;
    this.isHere = false;
    /** @type {Seen[]} */
    this.beats = [];
    /** How many of each label, the most first. @type {[string, number][]} */
    this.counts = [];
    /** Number of the newest question what would change. */
    this.nLooks = 0;
    this.codes = new Set(codes);
    this.told = h("div", { class: "told", role: "status" });
    this.box = h("input", { type: "checkbox", onchange: () => void this.look() });
    this.choice = h("label", { class: "choice", hidden: true }, this.box, say("bulk.include"));
    this.apply = h("button", { type: "button", class: "primary", disabled: true, onclick: () => this.close(this.body()) }, say("bulk.apply"), keyCap("Enter"));
    this.leave = h("button", { type: "button", class: "quiet", onclick: () => this.close(null) }, say("bulk.leave"), keyCap("Escape"));
    this.chips = h("div", { class: "chips", role: "group", "aria-label": say("bulk.only") });
    this.doing = h("div", { class: "doing", role: "radiogroup", "aria-label": say("bulk.do") });
    this.select = labelSelect((code) => this.relabel(code));
    this.where = h("p", { class: "soft where" }, where);
    this.press = this.press.bind(this);
    this.closed = new MutationObserver(() => this.told.isConnected || this.close(null));
  }

  /** At once, so that the keys that follow are heard here and not by what is selected behind it. */
  open() {
    this.fill();
    openOverlay("bulk", say("bulk.title"), this.where, this.chips, this.doing, this.told, this.choice, h("footer", {}, this.leave, this.apply));
    this.closed.observe(document.getElementById("overlays"), { childList: true });
    document.addEventListener("keydown", this.press, true);
    this.leave.focus();
    void this.begin();
  }

  async begin() {
    try {
      this.beats = await behindBar(this.coming);
    } catch (error) {
      return this.tell({ lines: [error.message], nChanged: 0, nProtected: 0 });
    }
    this.isHere = true;
    this.counts = countsOf(this.beats);
    this.codes = new Set([...this.codes].filter((code) => this.counts.some(([one]) => one === code)));
    return this.look();
  }

  /** @param {BulkBody | null} body null: the reader left it */
  close(body) {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.closed.disconnect();
    document.removeEventListener("keydown", this.press, true);
    if (this.told.isConnected) closeOverlay();
    this.decided(body);
  }

  chosen() {
    return this.codes.size ? this.beats.filter((beat) => this.codes.has(codeOf(beat))) : this.beats;
  }

  /** @returns {BulkBody} */
  body() {
    const beats = this.chosen();
    return {
      action: this.action, label: this.action === "relabel" ? this.label : null, include_reviewed: this.box.checked,
      samples: beats.map((beat) => beat.sample), numbers: beats.map((beat) => beat.number),
    };
  }

  /** What is pressed in and what is chosen, as it is now. */
  fill() {
    const isAll = this.codes.size === 0;
    const chip = ([code, n], i) => h(
      "button", { type: "button", "aria-pressed": this.codes.has(code), onclick: () => this.toggle(code) },
      letter(code), ` ${counted(n)}`, keyCap(String(i + 1)));
    const all = h("button", { type: "button", "aria-pressed": isAll, onclick: () => this.toggle(null) }, say("bulk.all", { n: counted(this.beats.length) }), keyCap("0"));
    refill(this.chips, [all, ...this.counts.slice(0, MOST_CHIPS).map(chip)]);
    const radio = (action) => h(
      "button", { type: "button", role: "radio", "aria-checked": this.action === action, "data-action": action, onclick: () => this.act(action) },
      say(`bulk.do.${action}`), CAPS[action] ? keyCap(CAPS[action]) : null);
    refill(this.doing, [...ACTIONS.map(radio), this.select]);
    this.select.hidden = this.action !== "relabel";
    this.select.value = this.label ?? "";
  }

  /** Asks what it would change; only the newest answer counts. */
  async look() {
    const number = (this.nLooks += 1);
    this.fill();
    if (!this.isHere) return undefined; // begins when the beats are here
    this.apply.disabled = true;
    const why = this.beats.length ? (this.action === "relabel" && this.label === null ? "bulk.label" : null) : "bulk.empty";
    if (why) return this.tell({ lines: [say(why)], nChanged: 0, nProtected: 0 });
    const foretold = await behindBar(this.foretell(this.body())).catch((error) => ({ lines: [error.message], nChanged: 0, nProtected: 0 }));
    if (number === this.nLooks && this.isOpen) this.tell(foretold);
    return undefined;
  }

  /** @param {Foretold} foretold */
  tell({ lines, nChanged, nProtected }) {
    this.told.replaceChildren(...lines.map((line, i) => h("p", { class: i ? "soft" : "head" }, line)));
    this.choice.hidden = !this.box.checked && !nProtected;
    this.apply.disabled = nChanged === 0;
    const { activeElement } = document;
    // where the reader has gone with Tab the focus stays
    if (!this.chips.contains(activeElement) && !this.doing.contains(activeElement) && activeElement !== this.box) (this.apply.disabled ? this.leave : this.apply).focus();
  }

  /** @param {string | null} code null: all */
  toggle(code) {
    if (code === null) this.codes.clear();
    else if (!this.codes.delete(code)) this.codes.add(code);
    void this.look();
  }

  /** @param {BulkAction} action */
  act(action) {
    this.action = action;
    void this.look();
  }

  /** @param {string} code */
  relabel(code) {
    this.label = code;
    this.act("relabel");
  }

  /** Wherever the focus went: what is selected behind the window must hear none of it. @param {KeyboardEvent} event */
  press(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || event.key === "Tab" || event.isComposing) return;
    const isTaken = this.take(event);
    // a control in focus takes Space, the list of labels also its arrows
    if (!isTaken && (event.key === " " || event.target === this.select)) return void event.stopPropagation();
    event.preventDefault();
    event.stopPropagation();
    return undefined;
  }

  /** @param {KeyboardEvent} event @returns {boolean} whether it means something here */
  take({ key, target }) {
    const code = beatOfKey(key);
    if (key === "Escape" || (key === "Enter" && target === this.leave)) this.close(null);
    else if (key === "Enter") this.apply.disabled || this.close(this.body());
    else if (code !== null) this.relabel(code);
    else if (ACTION_KEYS[key]) this.act(ACTION_KEYS[key]);
    else if (/^[0-9]$/.test(key)) this.toggleNumber(Number(key));
    else if (key.startsWith("Arrow") && target !== this.select) this.step(key === "ArrowDown" || key === "ArrowRight" ? 1 : -1);
    else return false;
    return true;
  }

  /** @param {number} n of a chip, 0: all */
  toggleNumber(n) {
    if (n === 0) this.toggle(null);
    else if (n <= Math.min(this.counts.length, MOST_CHIPS)) this.toggle(this.counts[n - 1][0]);
  }

  /** @param {1 | -1} by */
  step(by) {
    this.act(ACTIONS[(ACTIONS.indexOf(this.action) + by + ACTIONS.length) % ACTIONS.length]);
  }
}

/** Puts new elements in place of the old; the one in focus stays in focus. @param {HTMLElement} host @param {HTMLElement[]} elements */
function refill(host, elements) {
  const at = [...host.children].indexOf(/** @type {HTMLElement} */ (document.activeElement));
  host.replaceChildren(...elements);
  if (at >= 0) elements[at]?.focus();
}

/** @param {(code: string) => void} choose @returns {HTMLSelectElement} */
function labelSelect(choose) {
  const beats = [...labels.values()].filter((label) => label.kind === "beat");
  const option = (label) => h("option", { value: label.code, class: classOf(label.code) }, `${label.code}  ${label.name}`);
  const select = h("select", { "aria-label": say("bulk.label") }, h("option", { value: "" }, say("bulk.label")), ...beats.map(option));
  select.addEventListener("change", () => select.value && choose(select.value));
  return select;
}

/**
 * Asks the reader what to do to many beats.
 * @param {Proposal} proposal @param {(body: BulkBody) => Promise<Foretold>} foretell what it would change
 * @returns {Promise<BulkBody | null>} null when the reader leaves it
 */
export const askForMany = (proposal, foretell) => new Promise((resolve) => new BulkPanel(proposal, foretell, resolve).open());
