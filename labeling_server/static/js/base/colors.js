// Colours of the theme, read from the style sheet, and what they mean: one thing everywhere.

import { labels } from "./config.js";

let tokens = read();

function read() {
  const style = getComputedStyle(document.documentElement);
  return new Proxy({}, { get: (kept, name) => (kept[name] ??= style.getPropertyValue(`--${String(name)}`).trim()) });
}

/** After a change of theme. */
export function refreshColors() {
  tokens = read();
}

/** A colour of the style sheet. @param {string} name without the two dashes */
export const color = (name) => tokens[name];

const VENTRICULAR = new Set(["VT", "VFL", "VFIB", "VB", "VTRI", "IVR", "VCOUPLET", "RONT"]);
const SUPRAVENTRICULAR = new Set(["AFIB", "AFL", "AB", "SVTA", "PREX", "NOD"]);

/** Class of a label: the colour's name in the style sheet. @param {string} code */
export function classOf(code) {
  const label = labels.get(code);
  if (!label) return "class-q";
  if (label.kind === "beat") {
    if (code === "/" || code === "f") return "class-p";
    return { N: "class-n", S: "class-s", V: "class-v", F: "class-f" }[label.aami] ?? "class-q";
  }
  if (label.kind === "quality" || code === "ARTEFACT") return "class-q";
  if (VENTRICULAR.has(code)) return "class-v";
  if (SUPRAVENTRICULAR.has(code)) return "class-s";
  return code === "PACED" ? "class-p" : "class-n";
}

/** @param {string} code */
export const labelColor = (code) => color(classOf(code));
