// What the selected span rests on: the figures that its detector saw, and the same ones from the beats as they stand now.

import { getJson } from "../base/api.js";
import { say } from "../base/config.js";
import { h } from "../base/dom.js";
import { changed, on, state } from "../base/state.js";

/**
 * @typedef {{figures: Object<string, number | null>, confidence: number | null}} Told
 * @typedef {{id: string, detector: (Told & {name: string, version: string, parameters: Object<string, any>}) | null,
 *   now: Told | null, n_beats_decided: number}} SpanFigures
 */

/** So that who walks through the queue does not ask for every span on the way. */
const REST_MS = 120;
/** Looks at the live head after which colleagues' edits beyond the page are asked for. */
const EVERY_LOOKS = 5;
const MAX_KNOWN = 200;
const UNITS = { bpm: "bpm", s: "s", ms: "ms", mv: "mV", db: "dB", hz: "Hz", pct: "%", percent: "%" };

/** Newest answers by id. @type {Map<string, SpanFigures>} */
const known = new Map();
/** What was asked for last. */
let asked = "";
let due = 0;
/** Goes up when beats may be other than they were. */
let version = 0;
let looks = 0;

/** "rate_bpm" is "rate" in "bpm". @param {string} name @returns {{title: string, unit: string}} */
function named(name) {
  const words = name.split("_");
  const unit = UNITS[words.at(-1)] ?? "";
  return { title: (unit ? words.slice(0, -1) : words).join(" ").replace(/^n (.*)/, "$1"), unit };
}

/** @param {number | null | undefined} value */
const told = (value) => (value === undefined || value === null ? "–" : value.toFixed(Number.isInteger(value) ? 0 : Math.abs(value) < 10 ? 2 : 1));

/** Asks once for each state of the row and of the beats; what was known stays on screen until the answer is here. */
function ask(row) {
  const key = [row.id, row.revision, row.start_us, row.end_us, version].join();
  if (asked === key) return;
  asked = key;
  clearTimeout(due);
  due = setTimeout(async () => {
    const answer = await getJson(`/api/spans/${row.id}/figures`).catch(() => null);
    if (!answer) return void (asked = asked === key ? "" : asked); // the next look asks again
    known.delete(row.id);
    known.set(row.id, answer);
    if (known.size > MAX_KNOWN) known.delete(known.keys().next().value);
    changed("figures");
  }, REST_MS);
}

/** @param {import("../base/state.js").Row} row @returns {HTMLElement | null} */
export function figuresSection(row) {
  if (state.blinded) return null;
  ask(row);
  const answer = known.get(row.id);
  // what the row itself says is there at once
  const seen = row.author_kind === "machine" ? { ...row.figures, ...(row.confidence === null ? {} : { confidence: row.confidence }) } : {};
  const now = answer?.now ? { ...answer.now.figures, ...(answer.now.confidence === null ? {} : { confidence: answer.now.confidence }) } : null;
  if (!Object.keys(seen).length && !now) return null;
  return h(
    "section", { class: "figures-of" }, h("h3", {}, say("selection.figures")), table(seen, now),
    answer?.now && answer.n_beats_decided ? h("p", { class: "soft" }, say(answer.n_beats_decided === 1 ? "figures.decided.one" : "figures.decided", { n: answer.n_beats_decided })) : null,
    answer?.detector ? parameters(answer.detector) : null,
  );
}

/** @param {Object<string, number>} seen @param {Object<string, number | null> | null} now */
function table(seen, now) {
  const names = [...new Set([...Object.keys(seen), ...Object.keys(now ?? {})])];
  const column = (text) => h("th", { scope: "col" }, text);
  const head = h("tr", {}, h("th", {}), Object.keys(seen).length ? column(say("figures.seen")) : null, now ? column(say("figures.now")) : null);
  const rows = names.map((name) => {
    const { title, unit } = named(name);
    const [was, is] = [told(seen[name]), told(now?.[name])];
    // of a figure that does not rest on beats there is no other
    const differs = now !== null && name in seen && name in now && was !== is;
    return h("tr", { "data-figure": name, class: differs ? "differs" : "" }, h("th", { scope: "row" }, title, unit ? h("span", {}, ` ${unit}`) : null),
      Object.keys(seen).length ? h("td", {}, was) : null,
      now ? h("td", { title: differs ? say("figures.differs") : null }, differs ? `≠ ${is}` : is) : null);
  });
  return h("table", { class: "figures-table" }, h("thead", {}, head), h("tbody", {}, ...rows));
}

let isOpen = false;

/** @param {{name: string, version: string, parameters: Object<string, any>}} detector */
function parameters({ name, version: of, parameters: given }) {
  const plain = Object.entries(given).filter(([, value]) => typeof value !== "object");
  if (!plain.length) return null;
  const details = h("details", { open: isOpen }, h("summary", {}, say("figures.parameters", { name, version: of })),
    h("dl", { class: "facts-list" }, ...plain.flatMap(([key, value]) => [h("dt", {}, key.replaceAll("_", " ")), h("dd", {}, String(value))])));
  details.addEventListener("toggle", () => (isOpen = details.open)); // it is made anew at every change
  return details;
}

on(["beats"], () => {
  version += 1;
  if (state.selection?.kind === "span") changed("figures");
});
on(["live"], () => {
  looks += 1;
  if (looks % EVERY_LOOKS || state.selection?.kind !== "span") return;
  version += 1;
  changed("figures");
});
