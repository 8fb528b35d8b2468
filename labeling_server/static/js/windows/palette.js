// Choosing a label, and the keys that mean one.

import { classOf } from "../base/colors.js";
import { labels, say } from "../base/config.js";
import { h, keyCap } from "../base/dom.js";
import { DIGITS } from "../base/label_keys.js";
import { layersOfRange, piecesText } from "../edits/overlaps.js";
import { openChooser } from "./chooser.js";

/** What labels the selected span. */
export const SPAN_KEYS = new Map([...DIGITS, ["N", "SR"]]);

/** What can be chosen: labels of beats, of spans, or layers to erase from. @param {"beat" | "span" | "layer"} what @returns {{code: string, name: string}[]} */
function choicesOf(what) {
  if (what === "layer") return layersOfRange().map(({ layer: { id }, cuts }) => ({ code: id, name: piecesText(cuts) || say(`layer.${id}`) }));
  return [...labels.values()].filter((label) => (what === "beat") === (label.kind === "beat") && label.kind !== "pulse");
}

/** @param {"beat" | "span" | "layer"} what @param {(code: string) => void} choose */
export function openPalette(what, choose) {
  const all = choicesOf(what);
  const title = say(what === "layer" ? "erase.title" : "palette.title");
  const find = (typed) => matching(all, typed).map((one) => ({ cells: cells(one, what), take: () => choose(one.code) }));
  openChooser({ kind: `palette ${what}`, title, none: say("palette.none"), find });
}

function cells(label, what) {
  const key = what === "beat" ? label.code : [...SPAN_KEYS].find(([, code]) => code === label.code)?.[0];
  return [h("b", { class: classOf(label.code) }, label.code), h("span", {}, label.name), key && key !== "?" ? keyCap(key) : null];
}

/** The code that was typed (A and a are two), codes that begin with it, then names and codes that hold it. */
function matching(all, typed) {
  const text = typed.trim().toLowerCase();
  const exact = all.filter((label) => label.code === typed.trim());
  const starts = all.filter((label) => !exact.includes(label) && label.code.toLowerCase().startsWith(text));
  const holds = all.filter((label) => ![...exact, ...starts].includes(label) && `${label.code} ${label.name}`.toLowerCase().includes(text));
  return [...exact, ...starts, ...holds];
}
