// Counts and beat letters as they stand in views of many beats: "N 1,234 · V 12", each letter in the colour of its class.

import { classOf } from "../base/colors.js";
import { reader, say } from "../base/config.js";
import { h, keyCap } from "../base/dom.js";
import { keyNow } from "./bindings.js";

const digits = new Intl.NumberFormat("en-US");

/** 1234 is "1,234". @param {number} n */
export const counted = (n) => digits.format(n);

/** @param {string} code */
export const letter = (code) => h("b", { class: classOf(code) }, code);

/** The most first. @param {[string, number][]} counts number by code */
export const countedLetters = (counts) =>
  [...counts].sort((a, b) => b[1] - a[1]).flatMap(([code, n], i) => [i ? " · " : "", letter(code), ` ${counted(n)}`]);

/** Opens the list of labels. @param {() => void} choose */
export const relabelButton = (choose) =>
  h("button", { type: "button", class: "relabel", onclick: choose, disabled: !reader.may_write, title: say("families.relabel.title") }, say("families.relabel"), " ", keyCap("l"));

/** Another thing to be done to families. @param {string} what @param {string} key @param {boolean} isThere @param {() => void} run */
export const editButton = (what, key, isThere, run) =>
  h("button", { type: "button", class: "edit", "data-do": what, onclick: run, disabled: !reader.may_write || !isThere, title: say(`families.${what}.title`) }, say(`families.${what}`), " ", keyCap(keyNow(`families.${what}`, key)));

/** Where a card is marked by a click or tap; by key it is the card itself. @param {boolean} isMarked @param {() => void} toggle */
export const tickBox = (isMarked, toggle) =>
  h("span", { class: `tick ${isMarked ? "on" : ""}`, "aria-hidden": true, title: say("families.mark"), onclick: (event) => {
    event.stopPropagation();
    toggle();
  } }, isMarked ? "✓" : "");

/**
 * Below a view: the scale, how many are marked, and what keys without a button do.
 * @param {string} scale @param {number} nMarked @param {...[string, string]} keys with the names of their texts
 */
export const keyLegend = (scale, nMarked, ...keys) =>
  h(
    "footer", { class: "view-foot soft" }, h("span", { class: "figures" }, scale),
    h("span", { class: "figures marked", role: "status" }, nMarked ? say("families.marked", { n: counted(nMarked) }) : ""),
    ...keys.map(([key, text]) => h("span", {}, keyCap(key), " ", say(text))),
  );
