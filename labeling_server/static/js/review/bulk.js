// One thing done to many beats: first what it would change, then one edit, one undo, one line of the history.

import { getJson, send } from "../base/api.js";
import { mainGroup, reader, say, stream } from "../base/config.js";
import { changed, state } from "../base/state.js";
import { sampleOf } from "../base/time.js";
import { fetchRow, isPastRefused, newId, registerEdits, saving, submit } from "../edits/edits.js";
import { beatAt, forgetBetween } from "../paper/marks.js";
import { refreshPage } from "../strip/navigate.js";
import { repaint } from "../strip/paint.js";
import { askForMany } from "./bulk_panel.js";

/**
 * @typedef {import("./bulk_panel.js").BulkAction} BulkAction
 * @typedef {{action: BulkAction, label?: string | null, beats: import("./bulk_panel.js").Proposal["beats"], where?: string, codes?: string[]}} BulkWish
 * beats as they are seen, where they are in words; of labels the codes to begin with
 * @typedef {{action: BulkAction, label: string | null, n_given: number, n_changed: number, n_protected: number, n_same: number,
 *   n_gone: number, first_sample: number, end_sample: number, n_changed_since: number, updated_us: number}} BulkAnswer
 */

const count = (n) => n.toLocaleString("en");
/** A text that has another form for one. @param {string} key @param {number} n @param {Object<string, string>} [values] */
const sayOf = (key, n, values = {}) => say(n === 1 ? `${key}.one` : key, { n: count(n), ...values });
const path = `/api/streams/${stream.id}/beats/bulk`;

/**
 * Shows what would change, and does it when the reader says so.
 * @param {BulkWish} wish
 * @returns {Promise<BulkAnswer | null>} what was done; null when the reader left it, or it was refused
 */
export async function bulkEdit({ action, label = null, beats, where, codes }) {
  if (isPastRefused()) return null;
  if (!reader.may_write) {
    saving.told = say("save.viewer");
    changed("saving");
    return null;
  }
  const asked = await askForMany({ action, label, beats, where, codes }, foretold);
  return asked && submit({ what: "bulk", id: newId(), action: asked.action, body: { group_id: mainGroup.id, ...asked } });
}

/** What the server says that would change; why it does not say it, while it cannot. */
async function preview(body) {
  try {
    return await send("POST", path, { group_id: mainGroup.id, ...body, is_preview: true });
  } catch (error) {
    if (error.mayRetry) return { unseen: error.message };
    throw error;
  }
}

/** "1,234 N become V", and what stays. @param {import("./bulk_panel.js").BulkBody} body @returns {Promise<import("./bulk_panel.js").Foretold>} */
async function foretold(body) {
  const { action, label, samples } = body;
  const seen = await preview(body);
  if (seen.unseen) return { lines: [say("bulk.unseen", { n: count(samples.length), why: seen.unseen })], nChanged: samples.length, nProtected: 0 };
  const what = Object.entries(seen.by_label).map(([code, n]) => `${count(n)} ${code}`).join(", ");
  const lines = [what ? sayOf(`bulk.${action}`, seen.n_changed, { what, label }) : say("bulk.nothing"), ...staying(seen)];
  return { lines, nChanged: seen.n_changed, nProtected: seen.n_protected };
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
