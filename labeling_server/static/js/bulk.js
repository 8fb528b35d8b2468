// One thing done to many beats: first what it would change, then one edit, one undo, one line of the history.

import { agreement } from "./agree.js";
import { getJson, send } from "./api.js";
import { labelOfNumber, mainGroup, reader, say, stream } from "./config.js";
import { h } from "./dom.js";
import { fetchRow, newId, registerEdits, saving, submit } from "./edits.js";
import { cursorSeconds } from "./layout.js";
import { beatAt, forgetBetween } from "./marks.js";
import { refreshPage } from "./navigate.js";
import { repaint } from "./paint.js";
import { openPalette } from "./palette.js";
import { changed, selectedRow, state } from "./state.js";
import { sampleOf, usOf } from "./time.js";

/**
 * @typedef {"relabel" | "delete" | "confirm" | "reject"} BulkAction
 * @typedef {{action: BulkAction, label?: string | null, beats: {sample: number, number: number}[]}} BulkWish beats as they are seen
 * @typedef {{action: BulkAction, label: string | null, n_given: number, n_changed: number, n_protected: number, n_same: number,
 *   n_gone: number, first_sample: number, end_sample: number, n_changed_since: number, updated_us: number}} BulkAnswer
 */

/** The server gives beats of at most twice as many samples at once. */
const PIECE_SAMPLES = 1_000_000;
const SLOW_MS = 100;

const count = (n) => n.toLocaleString("en");
/** A text that has another form for one. @param {string} key @param {number} n @param {Object<string, string>} [values] */
const sayOf = (key, n, values = {}) => say(n === 1 ? `${key}.one` : key, { n: count(n), ...values });
const path = `/api/streams/${stream.id}/beats/bulk`;

/**
 * Shows what would change, and does it when the reader says so.
 * @param {BulkWish} wish
 * @returns {Promise<BulkAnswer | null>} what was done; null when the reader left it, or it was refused
 */
export async function bulkEdit({ action, label = null, beats }) {
  if (!reader.may_write || !beats.length) {
    saving.told = say(reader.may_write ? "bulk.empty" : "save.viewer");
    changed("saving");
    return null;
  }
  const body = {
    group_id: mainGroup.id, action, label, include_reviewed: false,
    samples: beats.map((beat) => beat.sample), numbers: beats.map((beat) => beat.number),
  };
  if (!(await agreed(body))) return null;
  return submit({ what: "bulk", id: newId(), action, body });
}

/** What would change, in a small window; whether the reader wants it. @returns {Promise<boolean>} */
async function agreed(body) {
  const told = h("div", { class: "told", role: "status" });
  const box = h("input", { type: "checkbox" });
  const choice = h("label", { class: "choice", hidden: true }, box, say("bulk.include"));
  const { apply, ask } = agreement();
  const look = async () => {
    body.include_reviewed = box.checked; // as it is sent, too
    const seen = await soon(preview(body));
    told.replaceChildren(...foretold(body, seen).map((line, i) => h("p", { class: i ? "soft" : "head" }, line)));
    choice.hidden = !box.checked && !seen.n_protected;
    apply.disabled = seen.n_changed === 0;
  };
  box.addEventListener("change", () => void look());
  try {
    await look();
  } catch (error) {
    saving.refused = error.message;
    changed("saving");
    return false;
  }
  return ask("bulk", say(`bulk.title.${body.action}`), told, choice);
}

/** What the server says that would change; why it does not say it, while it cannot. */
async function preview(body) {
  try {
    return await send("POST", path, { ...body, is_preview: true });
  } catch (error) {
    if (error.mayRetry) return { unseen: error.message };
    throw error;
  }
}

/** "1,234 N become V", and what stays. @returns {string[]} */
function foretold({ action, label, samples }, seen) {
  if (seen.unseen) return [say("bulk.unseen", { n: count(samples.length), why: seen.unseen })];
  const what = Object.entries(seen.by_label).map(([code, n]) => `${count(n)} ${code}`).join(", ");
  return [what ? sayOf(`bulk.${action}`, seen.n_changed, { what, label }) : say("bulk.nothing"), ...staying(seen)];
}

/** @returns {string[]} */
function staying({ n_protected: decided, n_same: same, n_gone: gone }) {
  const others = Object.entries({ same, gone }).filter(([, n]) => n);
  return [...(decided ? [sayOf("bulk.protected", decided)] : []), ...others.map(([why, n]) => say(`bulk.${why}`, { n: count(n) }))];
}

registerEdits("bulk", {
  async deliver(edit) {
    const isStep = edit.action === "undo" || edit.action === "redo";
    const answer = await (isStep
      ? send("POST", `/api/beats/bulk/${edit.id}/${edit.action}`, {})
      : send("POST", path, { ...edit.body, id: edit.id, view: edit.view }));
    await rebase(answer);
    return answer;
  },
  finish(edit, answer) {
    const isStep = edit.action === "undo" || edit.action === "redo";
    const left = answer.n_changed_since;
    const what = sayOf("bulk.beats", answer.n_changed - (isStep ? left : 0));
    const rest = isStep ? (left ? [say("bulk.since", { n: count(left) })] : []) : staying(answer);
    saving.told = [say(`bulk.done.${edit.action}`, { what, label: answer.label }), ...rest].join(", ");
    void takeIn(answer);
  },
  undoEntry: (edit, answer) => (answer.n_changed ? { what: "bulk", id: edit.id } : null),
  step: (entry) => ({ what: "bulk", id: entry.id }),
});

/** Edits that wait behind it were made before its beats became rows, or were revised: they follow on what it left. */
async function rebase(answer) {
  for (const later of saving.pending.slice(1)) {
    const sample = later.what === "beat" ? later.body.sample : later.base?.kind === "beat" ? sampleOf(later.base.start_us) : null;
    if (sample === null || !isWithin(answer, sample)) continue;
    const id = later.what === "beat" ? await idAt(sample) : later.id;
    const row = id && (await getJson(`/api/spans/${id}`));
    if (row && row.updated_by === reader.login) Object.assign(later, { what: "revise", id, base: row, expected: row.revision });
  }
}

const isWithin = (answer, sample) => sample >= answer.first_sample && sample < answer.end_sample;

/** The row of the beat at a sample. @param {number} sample @returns {Promise<string | null>} */
const idAt = async (sample) => (await beatsBetweenSamples(sample, sample + 1)).ids[0] ?? null;

const beatsBetweenSamples = (start, end) => getJson(`/api/streams/${stream.id}/beats`, { group_id: mainGroup.id, start, end });

/** What the page had of these beats is old. @param {BulkAnswer} answer */
async function takeIn(answer) {
  for (const [id, row] of state.rows) {
    if ((row.kind === "beat" || row.kind === "pulse") && isWithin(answer, sampleOf(row.start_us))) state.rows.delete(id);
  }
  forgetBetween(answer.first_sample, answer.end_sample);
  await refreshPage().catch(() => undefined);
  const selected = state.selection?.kind === "beat" ? beatAt(state.selection.sample) : null;
  if (selected?.id) await fetchRow(selected.id);
  changed("marks", "beats", "selection");
  repaint();
}

/** A thin bar over what takes longer than an eye notices. @template T @param {Promise<T>} done @returns {Promise<T>} */
export async function soon(done) {
  const bar = document.getElementById("loading");
  const late = setTimeout(() => (bar.hidden = false), SLOW_MS);
  try {
    return await done;
  } finally {
    clearTimeout(late);
    bar.hidden = true;
  }
}

/** All beats of [startUs, endUs), pulses left out. @param {number} startUs @param {number} endUs @returns {Promise<{sample: number, number: number}[]>} */
export async function beatsIn(startUs, endUs) {
  const [first, end] = [Math.max(sampleOf(startUs), state.firstSample), Math.min(sampleOf(endUs), state.nextSample)];
  const beats = [];
  for (let from = first; from < end; from += PIECE_SAMPLES) {
    const { samples, numbers, touched } = await beatsBetweenSamples(from, Math.min(from + PIECE_SAMPLES, end));
    // a reader does nothing to what is hidden
    samples.forEach((sample, i) => (touched[i] || !state.blinded) && beats.push({ sample, number: numbers[i] }));
  }
  return beats.filter((beat) => labelOfNumber.get(beat.number)?.kind === "beat");
}

/** From the mark to the cursor, else the selected span, microseconds; null without one. @returns {[number, number] | null} */
function range() {
  if (state.markUs !== null) {
    const at = usOf(cursorSeconds());
    return [Math.min(state.markUs, at), Math.max(state.markUs, at)];
  }
  const row = selectedRow();
  return row ? [row.start_us, row.end_us] : null;
}

/** Chooses a label for all beats of the marked range or the selected span. */
export function relabelRange() {
  const bounds = range();
  if (bounds) return openPalette("beat", (label) => void relabelIn(bounds, label));
  saving.told = say("bulk.where");
  changed("saving");
  return undefined;
}

/** @param {[number, number]} bounds @param {string} label */
async function relabelIn(bounds, label) {
  try {
    const beats = await soon(beatsIn(...bounds));
    if (!(await bulkEdit({ action: "relabel", label, beats }))) return;
  } catch (error) {
    saving.refused = error.message;
    changed("saving");
    return;
  }
  state.markUs = null;
  changed("saving");
  repaint();
}
