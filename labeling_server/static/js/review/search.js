// Beats of one label or class, gone through in the whole recording: the next, the one before, and which of how many it is.

import { classOf } from "../base/colors.js";
import { labelOfNumber, labels, mainGroup, say } from "../base/config.js";
import { h, keyName } from "../base/dom.js";
import { behindBar } from "../base/loading.js";
import { tell } from "../base/notice.js";
import { state } from "../base/state.js";
import { sampleOf, usOf } from "../base/time.js";
import { cursorSeconds } from "../paper/layout.js";
import { beatAt } from "../paper/marks.js";
import { beatMarks, ensureBeatMarks } from "../strip/beat_marks.js";
import { showCentered } from "../strip/navigate.js";
import { selectBeat } from "../strip/select.js";
import { keyNow } from "../windows/bindings.js";
import { openChooser } from "../windows/chooser.js";
import { counted, letter } from "../windows/letters.js";
import { closeView } from "../windows/views.js";

/** @typedef {{name: string, codes: string[]}} Sought a label by its code, or a class of them */

/** @type {Sought | null} */
let sought = null;
/** Where the strip is on its way to, a sample; what a key means is where the keys before it went. @type {number | null} */
let headed = null;

/** Codes of what is looked for; none while nothing is. */
export const soughtCodes = () => sought?.codes ?? [];

/** All beats there are by now. */
async function allBeats() {
  await ensureBeatMarks(state.firstSample, state.nextSample);
  return beatMarks(state.firstSample, state.nextSample).filter((beat) => labelOfNumber.get(beat.number)?.kind === "beat");
}

/** Labels that occur, the rarest last, and before them the classes of more than one. @returns {(Sought & {n: number, text: string})[]} */
function choices(beats) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { number } of beats) counts.set(labelOfNumber.get(number).code, (counts.get(labelOfNumber.get(number).code) ?? 0) + 1);
  const single = [...counts].map(([code, n]) => ({ name: code, codes: [code], n, text: labels.get(code).name })).sort((a, b) => b.n - a.n);
  /** @type {Map<string, string[]>} */
  const classes = new Map();
  for (const code of counts.keys()) classes.set(labels.get(code).aami, [...(classes.get(labels.get(code).aami) ?? []), code]);
  const several = [...classes].filter(([name, codes]) => name && codes.length > 1).map(([name, codes]) => ({
    name: say("search.class", { name }), codes, n: codes.reduce((sum, code) => sum + counts.get(code), 0), text: codes.join(" "),
  }));
  return [...single, ...several];
}

/** Chooses what to look for, with how many there are of each. */
export async function openSearch() {
  let beats;
  try {
    beats = await behindBar(allBeats());
  } catch (error) {
    return tell(error.message);
  }
  const all = choices(beats);
  const cells = (one) => [one.codes.length > 1 ? h("b", { class: classOf(one.codes[0]) }, one.name) : letter(one.name), h("span", {}, one.text), h("span", { class: "figures" }, counted(one.n))];
  const take = (one) => {
    sought = { name: one.name, codes: one.codes };
    void stepFound(1, { orBefore: true });
  };
  const fits = (one, typed) => `${one.name} ${one.text}`.toLowerCase().includes(typed.toLowerCase());
  const find = (typed) => {
    const exact = all.filter((one) => one.name === typed.trim());
    return [...exact, ...all.filter((one) => !exact.includes(one) && fits(one, typed.trim()))].map((one) => ({ cells: cells(one), take: () => take(one) }));
  };
  return openChooser({ kind: "palette search", title: say("search.title"), none: say(all.length ? "palette.none" : "bulk.empty"), find });
}

/** First place in an ascending list whose value is at least this. @param {number[]} list @param {number} value */
function lowerBound(list, value) {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Where to look from: the selected beat, on which it is not found again, else the cursor. @param {1 | -1} by */
function from(by) {
  const selected = headed ?? (state.selection?.kind === "beat" ? state.selection.sample : null);
  if (selected !== null) return selected + (by > 0 ? 1 : 0);
  return sampleOf(usOf(cursorSeconds()));
}

/**
 * To the next (1) or the one before (-1) of what is looked for.
 * @param {1 | -1} by @param {{orBefore?: boolean}} [how] where none follows, the last one before is meant
 */
export async function stepFound(by, { orBefore = false } = {}) {
  if (!sought) return openSearch();
  const { name, codes } = sought;
  try {
    const samples = (await behindBar(allBeats())).filter((beat) => codes.includes(labelOfNumber.get(beat.number).code)).map((beat) => beat.sample);
    const next = lowerBound(samples, from(by)) - (by > 0 ? 0 : 1);
    const at = orBefore ? Math.min(next, samples.length - 1) : next;
    if (at < 0 || at >= samples.length) return tell(endText(name, samples.length, by));
    await goTo(samples[at]);
    return tell(say("search.at", { name, at: counted(at + 1), n: counted(samples.length) }));
  } catch (error) {
    return tell(error.message);
  }
}

function endText(name, n, by) {
  const key = keyName(by > 0 ? keyNow("found.previous", "(") : keyNow("found.next", ")"));
  return n ? say(by > 0 ? "search.last" : "search.first", { name, n: counted(n), key }) : say("search.none", { name });
}

/** @param {number} sample */
async function goTo(sample) {
  closeView();
  headed = sample;
  await showCentered(sample / mainGroup.fs_hz);
  if (headed !== sample) return; // the next step was faster
  headed = null;
  const beat = beatAt(sample);
  if (beat) selectBeat(beat);
}
