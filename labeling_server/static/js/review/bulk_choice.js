// Which beats an edit of many is for: those chosen in a view, of the marked range, of the selected span, or all there are.

import { labelOfNumber, say } from "../base/config.js";
import { changed, selectedRow, state } from "../base/state.js";
import { hms, sampleOf, usOf, usOfSample } from "../base/time.js";
import { cursorSeconds } from "../paper/layout.js";
import { beatMarks, ensureBeatMarks, forgetBeatMarks } from "../strip/beat_marks.js";
import { repaint } from "../strip/paint.js";
import { currentView } from "../windows/views.js";
import { bulkEdit } from "./bulk.js";
import { soughtCodes } from "./search.js";

/** @typedef {{sample: number, number: number}} Seen */

/** All beats of [startUs, endUs), pulses left out, as they are by now. @param {number} startUs @param {number} endUs @returns {Promise<Seen[]>} */
async function beatsIn(startUs, endUs) {
  const [first, end] = [Math.max(sampleOf(startUs), state.firstSample), Math.min(sampleOf(endUs), state.nextSample)];
  forgetBeatMarks();
  await ensureBeatMarks(first, end);
  return beatMarks(first, end).filter((beat) => labelOfNumber.get(beat.number)?.kind === "beat");
}

/**
 * Bounds of what is marked, else of the selected span, else of the recording, and how it is called; of the whole recording
 * those labels that are looked for.
 * @returns {{bounds: [number, number], where: string, codes: string[]}}
 */
function range() {
  if (state.markUs !== null) {
    const at = usOf(cursorSeconds());
    const bounds = /** @type {[number, number]} */ ([Math.min(state.markUs, at), Math.max(state.markUs, at)]);
    return { bounds, where: say("bulk.where.mark", { from: hms(bounds[0]), to: hms(bounds[1]) }), codes: [] };
  }
  const row = selectedRow();
  if (row && row.end_us > row.start_us) {
    const where = say("bulk.where.span", { label: row.label, from: hms(row.start_us), to: hms(row.end_us) });
    return { bounds: [row.start_us, row.end_us], where, codes: [] };
  }
  return { bounds: [usOfSample(state.firstSample), usOfSample(state.nextSample)], where: say("bulk.where.all"), codes: soughtCodes() };
}

/** @returns {{beats: Promise<Seen[]>, where: string, codes: string[]}} */
function chosen() {
  const view = currentView();
  if (view?.beats) return { beats: view.beats(), where: say("bulk.where.view", { view: say(`${view.id}.title`) }), codes: [] };
  const { bounds, ...named } = range();
  return { beats: beatsIn(...bounds), ...named };
}

/** Asks what to do to them, and does it. */
export async function editMany() {
  if (!(await bulkEdit({ action: "relabel", label: null, ...chosen() }))) return;
  state.markUs = null;
  changed("saving");
  repaint();
}
