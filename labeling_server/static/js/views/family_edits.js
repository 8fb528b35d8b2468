// Families merged and split by hand: first what it would come to, then one edit, one undo.

import { getJson, send } from "../base/api.js";
import { mainGroup, reader, say, stream } from "../base/config.js";
import { h } from "../base/dom.js";
import { behindBar as soon } from "../base/loading.js";
import { changed } from "../base/state.js";
import { newId, registerEdits, saving, submit } from "../edits/edits.js";
import { alignedTo } from "../signal/alignment.js";
import { agreement } from "../windows/agree.js";
import { counted } from "../windows/letters.js";
import { FIRST_BY_HAND, cardContent, drawCards } from "./family_cards.js";

/**
 * @typedef {import("./family_store.js").Family} Family
 * @typedef {import("./family_store.js").Known} Known
 * @typedef {"merge" | "split"} FamilyAction
 * @typedef {{n_beats: number, gone: number[], families: Family[]}} FamilyPreview families that are no more, and those that come
 */

const path = `/api/streams/${stream.id}/families`;

/**
 * Shows what would come of it, and does it when the reader says so.
 * @param {FamilyAction} action
 * @param {number[]} samples one beat of each family to merge, or the beats to split off
 * @param {Known} known what is on screen
 * @returns {Promise<Known | null>} what is on screen then; null when it was left, or refused
 */
export async function editFamilies(action, samples, known) {
  if (!reader.may_write) return telling(say("save.viewer"));
  const body = { group_id: mainGroup.id, action, samples };
  const seen = await soon(preview(body)).catch((error) => ({ refused: error.message }));
  if (seen.refused) return refusing(seen.refused);
  if (!(await agreed(body, seen, known))) return null;
  const answer = await submit({ what: "families", id: newId(), action, body });
  if (!answer || seen.unseen) return null;
  // before it is made its number is not known
  for (const family of seen.families) if (family.number === FIRST_BY_HAND) family.number += answer.number;
  return after(known, seen, samples);
}

/** Samples of the smaller of the two groups that a family falls into. @param {number} number @returns {Promise<number[]>} */
export async function fetchHalf(number) {
  const { samples } = await soon(getJson(`${path}/${number}/half`, { group_id: mainGroup.id }));
  return samples;
}

/** @param {string} text */
export function telling(text) {
  saving.told = text;
  saving.refused = null;
  changed("saving");
  return null;
}

function refusing(text) {
  saving.refused = text;
  changed("saving");
  return null;
}

/** What the server says that would come of it; why it does not say it, while it cannot. */
async function preview(body) {
  try {
    return await send("POST", `${path}/edits`, { ...body, is_preview: true });
  } catch (error) {
    if (error.mayRetry) return { unseen: error.message };
    throw error;
  }
}

/** @param {{action: FamilyAction, samples: number[]}} body @param {any} seen @param {Known} known @returns {Promise<boolean>} */
function agreed({ action, samples }, seen, known) {
  const n = counted(samples.length);
  const line = seen.unseen ? say("bulk.unseen", { n, why: seen.unseen }) : say(`families.foretold.${action}`, { n, beats: counted(action === "merge" ? seen.families[0].count : seen.n_beats) });
  const told = h("div", { class: "told", role: "status" }, h("p", { class: "head" }, line));
  const cards = h("div", { class: "family-preview" });
  const asked = agreement().ask("bulk family-edit", say(`families.title.${action}`), told, cards);
  if (seen.unseen) return asked;
  const shown = withMembers(known, seen, samples);
  cards.replaceChildren(...seen.families.map((family) => h("div", { class: "family", "data-family": family.number }, ...cardContent(family, known.nBeats, { note: noteOf(family, action) }))));
  drawCards(cards, shown, seen.families);
  return asked;
}

/** @param {Family} family @param {FamilyAction} action */
const noteOf = (family, action) => say(action === "merge" ? "families.whole" : family.number >= FIRST_BY_HAND ? "families.takenOff" : "families.stays");

/** With members to lay over each other, as far as they are known. @param {Known} known @param {FamilyPreview} seen @param {number[]} samples @returns {Known} */
function withMembers(known, { gone, families }, samples) {
  const members = new Map(known.members);
  const all = [...gone, ...families.map((family) => family.number)].flatMap((number) => known.members.get(number) ?? []);
  const taken = new Set(samples);
  for (const { number, template } of families) {
    const isTakenOff = number >= FIRST_BY_HAND && !known.members.has(number);
    const own = families.length === 1 || isTakenOff ? all : (known.members.get(number) ?? []);
    const staying = families.length === 1 ? own : own.filter((member) => taken.has(member.sample) === isTakenOff);
    // they lie as on the template that they had
    members.set(number, template ? staying.map((member) => ({ ...member, points: alignedTo(member.points, template, known.shape.pointHz) })) : staying);
  }
  return { ...known, members };
}

/** What was foretold is so: on screen at once, until the server tells it all. @param {Known} known @param {FamilyPreview} seen @param {number[]} samples @returns {Known} */
function after(known, seen, samples) {
  const replaced = new Set([...seen.gone, ...seen.families.map((family) => family.number)]);
  const families = [...known.families.filter((family) => !replaced.has(family.number)), ...seen.families];
  families.sort((a, b) => Number(!a.number) - Number(!b.number) || b.count - a.count || a.number - b.number);
  return { ...withMembers(known, seen, samples), families };
}

registerEdits("families", {
  deliver(edit) {
    const isStep = edit.action === "undo" || edit.action === "redo";
    return isStep ? send("POST", `${path}/edits/${edit.id}/${edit.action}`, {}) : send("POST", `${path}/edits`, { ...edit.body, id: edit.id, view: edit.view });
  },
  finish(edit, answer) {
    saving.told = say(`families.done.${edit.action}`, { n: counted(answer.n_given), beats: counted(answer.n_beats) });
  },
  // what is taken back in the history is made again there, and Ctrl+Z goes on with what the reader did
  undoEntry: (edit, answer) => (edit.body ? { what: "families", id: answer.id } : null),
  step: (entry) => ({ what: "families", id: entry.id }),
});
