// One family opened: its members as strips, the least like the template first, because that is where mistakes are.

import { classOf } from "../base/colors.js";
import { labelOfNumber, say } from "../base/config.js";
import { h, keyCap } from "../base/dom.js";
import { hms, usOfSample } from "../base/time.js";
import { beginWalk } from "../review/walk.js";
import { counted, editButton, keyLegend, relabelButton, tickBox } from "../windows/letters.js";
import { drawStrip, stripFrame, stripScale } from "./family_draw.js";
import { PAGE, fetchMembers, fetchStrips } from "./family_store.js";

/**
 * @typedef {{family: number, members: import("./family_store.js").Member[], at: number, marked: Set<number>,
 *   pages: Map<number, Awaited<ReturnType<typeof fetchStrips>>>, range: import("./family_draw.js").Range}} Opened
 */

/** The family that is open, also while the strip is looked at. @type {Opened | null} */
let opened = null;

export const openedFamily = () => opened;

/** @param {number} family @param {import("./family_draw.js").Range} range of mV @param {number} [sample] of the member to begin with */
export async function openFamily(family, range, sample) {
  opened = await loaded(family, range, sample);
}

/** @returns {Promise<Opened>} with the page on which the member is */
async function loaded(family, range, sample) {
  const members = await fetchMembers(family);
  const at = Math.max(members.findIndex((member) => member.sample === sample), 0);
  const one = { family, members, at, marked: new Set(), pages: new Map(), range };
  await loadPage(one);
  return one;
}

/** After an edit: the same members with the labels that they have now. */
export async function refreshFamily() {
  const before = opened;
  if (!before) return;
  try {
    const now = await loaded(before.family, before.range, before.members[before.at]?.sample);
    // what the reader did meanwhile stands: closed it, or went on in it
    if (opened !== before) return;
    opened = { ...now, marked: before.marked, at: Math.max(now.members.findIndex((member) => member.sample === before.members[before.at]?.sample), 0) };
    await loadPage(opened);
  } catch (error) {
    if (error.status !== 404) throw error;
    if (opened === before) closeFamily(); // its last member is gone
  }
}

export function closeFamily() {
  const had = opened !== null;
  opened = null;
  return had;
}

const pageOf = (at) => Math.floor(at / PAGE);

/** @param {Opened} one */
async function loadPage(one) {
  const page = pageOf(one.at);
  if (!one.pages.has(page)) one.pages.set(page, await fetchStrips(one.family, page));
}

/** Goes to another member. @param {number} to place in the order @returns {Promise<void>} */
export function goToMember(to) {
  if (!opened) return Promise.resolve();
  opened.at = Math.min(Math.max(to, 0), opened.members.length - 1);
  return loadPage(opened);
}

/** Takes a member in, or leaves it out, of those that the next letter or split is for. @param {number} [at] the chosen one where none is said */
export function toggleMarked(at = opened?.at) {
  const sample = opened?.members[at]?.sample;
  if (sample === undefined) return;
  if (!opened.marked.delete(sample)) opened.marked.add(sample);
}

/** All from the most unlike to the chosen one; where they are marked already, none of them. */
export function toggleMarkedToHere() {
  if (!opened) return;
  const { members, at, marked } = opened;
  const samples = members.slice(0, at + 1).map((member) => member.sample);
  const areMarked = samples.every((sample) => marked.has(sample));
  for (const sample of samples) areMarked ? marked.delete(sample) : marked.add(sample);
}

/** Those that a letter is for: the marked ones, else all. */
export function chosenMembers() {
  if (!opened) return [];
  const { members, marked } = opened;
  return marked.size ? members.filter((member) => marked.has(member.sample)) : members;
}

/** The member on the strip itself, selected; from there on the walk is over the family. */
export function showOnStrip() {
  const one = opened;
  if (!one?.members.length) return Promise.resolve();
  return beginWalk(one.members.map((member) => member.sample), one.at, (at) => (one.at = at));
}

/**
 * @param {{back: () => void, relabel: () => void, choose: (at: number) => void, mark: (at: number) => void, markToHere: () => void,
 *   split: () => void, halve: () => void}} does
 */
export function membersContent({ back, relabel, choose, mark, markToHere, split, halve }) {
  const { members, at, marked } = opened;
  const first = pageOf(at) * PAGE;
  const last = Math.min(first + PAGE, members.length);
  const head = h(
    "header", { class: "view-head" },
    h("button", { type: "button", class: "quiet", onclick: back }, "← ", say("families.back"), " ", keyCap("Escape")),
    h("span", { class: "figures" }, say("families.members", { from: counted(first + 1), to: counted(last), n: counted(members.length) })),
    h("span", { class: "edits" }, editButton("toHere", "u", true, markToHere), editButton("split", "s", marked.size > 0, split),
      editButton("halve", "d", opened.family > 0, halve), relabelButton(relabel)),
  );
  const strips = opened.pages.get(pageOf(at))?.strips ?? [];
  const list = h(
    "div", { class: "family-strips", role: "listbox", tabindex: "0", "aria-multiselectable": true, "aria-label": say("families.strips"), "aria-activedescendant": `member-${at}` },
    ...strips.map((strip, i) => stripCard(strip, first + i, choose, mark)),
  );
  const foot = keyLegend(stripScale(opened.range), marked.size, [".", "families.hint.strip"], [" ", "families.hint.mark"]);
  return { head, list, foot };
}

/** @param {import("./family_store.js").Strip} strip @param {number} at @param {(at: number) => void} choose @param {(at: number) => void} mark */
function stripCard({ member }, at, choose, mark) {
  const code = labelOfNumber.get(opened.members[at]?.number ?? member.number)?.code ?? "?";
  const isMarked = opened.marked.has(member.sample);
  return h(
    "div",
    {
      class: `member ${isMarked ? "marked" : ""}`, role: "option", id: `member-${at}`, "aria-selected": at === opened.at, "aria-checked": isMarked,
      onclick: () => choose(at),
    },
    h("header", {},
      h("b", { class: classOf(code) }, code), h("span", { class: "time" }, hms(usOfSample(member.sample))),
      member.touched ? h("span", { class: "touched", title: say("families.reviewed", { n: 1 }) }, "●") : null,
      h("span", { class: "figures soft", title: say("families.alike") }, member.similarity.toFixed(2)), tickBox(isMarked, () => mark(at))),
    h("canvas", {}),
  );
}

/** Draws the strips of the page that is shown. @param {HTMLElement} host */
export function drawMembers(host) {
  const page = opened?.pages.get(pageOf(opened.at));
  if (!page) return;
  const frame = stripFrame(page.frame, opened.range);
  host.style.setProperty("--card-width", `${frame.width}px`);
  host.querySelectorAll(".member canvas").forEach((canvas, i) => {
    const strip = page.strips[i];
    drawStrip(canvas, frame, page.frame, strip.member.sample, strip.pieces);
  });
}
