// Counts and beat letters as they stand in views of many beats: "N 1,234 · V 12", each letter in the colour of its class.

import { classOf } from "./colors.js";
import { reader, say } from "./config.js";
import { h, keyCap } from "./dom.js";

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
