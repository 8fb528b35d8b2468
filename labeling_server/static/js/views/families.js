// The view of families: beats of one shape on one card, the largest first; a letter relabels all of a family at once, and
// families are merged and split by hand.

import { mainGroup, say } from "../base/config.js";
import { h } from "../base/dom.js";
import { beatOfKey } from "../base/label_keys.js";
import { behindBar as withBar } from "../base/loading.js";
import { getPxPerMm } from "../base/scale.js";
import { state } from "../base/state.js";
import { saving } from "../edits/edits.js";
import { bulkEdit } from "../review/bulk.js";
import { counted, editButton, keyLegend, relabelButton, tickBox } from "../windows/letters.js";
import { hasOverlay } from "../windows/overlays.js";
import { openPalette } from "../windows/palette.js";
import { registerView } from "../windows/views.js";
import { cardContent, cardName, drawCards, rangeOf } from "./family_cards.js";
import { cardScale } from "./family_draw.js";
import { editFamilies, fetchHalf, telling } from "./family_edits.js";
import { openFamilyHistory } from "./family_history.js";
import { chosenMembers, closeFamily, drawMembers, goToMember, membersContent, openFamily, openedFamily, refreshFamily, showOnStrip, toggleMarked, toggleMarkedToHere } from "./family_members.js";
import { PAGE, fetchFamilies, fetchMembers } from "./family_store.js";

const RETRY_MS = 2000;
/** A running stream's families are asked for again when so much signal came. */
const AGAIN_S = 60;
/** Above and below what a template needs on the strips of members, which are not alike. */
const ROOM = 1.1;

/** @type {import("./family_store.js").Known | null} */
let known = null;
/** Number of the family that is chosen. @type {number | null} */
let chosen = null;
/** @type {HTMLElement | null} */
let host = null;
let problem = "";
/** Numbers of families that a merge is for. @type {Set<number>} */
const marked = new Set();
let seenSavedUs = null;
let seenSample = 0;
let drawn = "";
/** Whose cards are drawn, while they are. @type {import("./family_store.js").Known | null} */
let drawnOf = null;

const families = () => known?.families ?? [];
const placeOf = () => Math.max(families().findIndex((family) => family.number === chosen), 0);
const current = () => families()[placeOf()] ?? null;

/** Waits behind a thin bar; the old picture stays, also where it fails, and says why. @param {Promise<any>} work */
async function behindBar(work) {
  try {
    const found = await withBar(work);
    problem = "";
    return found;
  } catch (error) {
    problem = error.message;
    // the first look at a day may take longer than a request may: by then the server knows more
    if (error.mayRetry) setTimeout(() => host && void refresh(), RETRY_MS);
    return null;
  }
}

async function refresh() {
  seenSavedUs = saving.savedUs;
  seenSample = state.nextSample;
  known = (await behindBar(Promise.all([fetchFamilies(), refreshFamily()]).then(([found]) => found))) ?? known;
  for (const number of marked) if (!families().some((family) => family.number === number)) marked.delete(number);
  if (chosen === null || !families().some((family) => family.number === chosen)) chosen = families()[0]?.number ?? null;
  render();
}

const roomy = ({ low, high }) => ({ low: low * ROOM, high: high * ROOM });

/** @returns {{head?: HTMLElement, list?: HTMLElement, foot?: HTMLElement}} */
function gridContent() {
  if (problem && !known) return { list: h("p", { class: "empty" }, problem) };
  if (known && !known.families.length) return { list: h("p", { class: "empty" }, say("families.empty")) };
  if (!known) return {};
  const head = h(
    "header", { class: "view-head" }, h("h2", {}, say("families.title")),
    h("span", { class: "figures" }, say("families.summary", { beats: counted(known.nBeats), n: families().filter((family) => family.number).length })),
    h("span", { class: "edits" }, editButton("merge", "m", marked.size > 1, () => void merge()), editButton("halve", "d", true, () => void halve()),
      relabelButton(chooseLabel), editButton("history", "i", true, () => void openFamilyHistory())),
  );
  const cards = families().map(card);
  const list = h("div", { class: "family-grid", role: "listbox", tabindex: "0", "aria-multiselectable": true, "aria-label": say("families.title"), "aria-activedescendant": `family-${chosen}` }, ...cards);
  const foot = keyLegend(cardScale(known.shape, rangeOf(families())), marked.size, ["Enter", "families.hint.open"], [".", "families.hint.strip"], [" ", "families.hint.mark"]);
  return { head, list, foot };
}

/** @param {import("./family_store.js").Family} family */
function card(family) {
  const { number } = family;
  const isMarked = marked.has(number);
  return h(
    "div",
    {
      class: `family ${number ? "" : "other"} ${isMarked ? "marked" : ""}`, role: "option", id: `family-${number}`, "data-family": number,
      "aria-selected": number === chosen, "aria-checked": isMarked, "aria-label": cardName(family),
      // the second click, or tap, opens it
      onclick: () => (number === chosen ? void open() : choose(number)),
    },
    ...cardContent(family, known.nBeats, { tick: number ? tickBox(isMarked, () => toggleFamily(number)) : null }),
  );
}

/** Takes a family in, or leaves it out, of those that become one; what is of none is no family. @param {number} number */
function toggleFamily(number) {
  if (number && !marked.delete(number)) marked.add(number);
  chosen = number;
  render();
}

function render() {
  if (!host) return;
  const top = host.querySelector(".view-scroll")?.scrollTop ?? 0;
  const { head, list, foot } = openedFamily() ? membersContent({ back, relabel: chooseLabel, choose: chooseMember, mark: markMember, markToHere, split: splitOff, halve }) : gridContent();
  if (list && isDrawn()) keepPictures(list);
  const trouble = problem && known ? h("p", { class: "problem" }, problem) : null;
  host.replaceChildren(...[head, h("div", { class: "view-scroll" }, trouble, list), foot].filter(Boolean));
  host.querySelector(".view-scroll").scrollTop = top;
  if (!isDrawn()) draw();
  // the keys are heard wherever the focus is; screen readers follow it, and a comment that is being written keeps it
  if (document.activeElement === document.body) host.querySelector('[role="listbox"]')?.focus({ preventScroll: true });
  reveal();
}

/** Another card or strip of the same ones is chosen: nothing is drawn again. @param {string} id of the element */
function mark(id) {
  for (const option of host.querySelectorAll('[role="option"]')) option.setAttribute("aria-selected", String(option.id === id));
  host.querySelector('[role="listbox"]')?.setAttribute("aria-activedescendant", id);
  reveal();
}

/** Whether the cards that are there were drawn as they would be now. */
const isDrawn = () => !openedFamily() && known !== null && drawnOf === known && drawn === signature();

/** Other marks need no other pictures. @param {HTMLElement} list of cards that are not drawn yet */
function keepPictures(list) {
  const pictures = new Map([...host.querySelectorAll(".family canvas")].map((canvas) => [canvas.closest(".family").id, canvas]));
  for (const canvas of list.querySelectorAll("canvas")) canvas.replaceWith(pictures.get(canvas.closest(".family").id) ?? canvas);
}

function draw() {
  drawn = signature();
  drawnOf = openedFamily() ? null : known;
  if (openedFamily()) return drawMembers(host);
  if (!known) return undefined;
  drawCards(host, known, families());
  return undefined;
}

/** What a drawing rests on, apart from the families themselves. */
const signature = () => [state.gain, getPxPerMm(), devicePixelRatio, document.documentElement.dataset.theme].join();

const reveal = () => host.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });

/** @param {number} number of a family */
function choose(number) {
  chosen = number;
  mark(`family-${number}`);
}

/** The second click, or tap, shows it on the strip. @param {number} at */
const chooseMember = (at) => void (at === openedFamily().at ? showOnStrip() : goTo(at));

/** Cards in a row. */
function columns() {
  const cards = [...host.querySelectorAll('[role="option"]')];
  const first = cards[0]?.offsetTop;
  return Math.max(cards.filter((one) => one.offsetTop === first).length, 1);
}

async function open() {
  const family = current();
  if (!family) return;
  await behindBar(openFamily(family.number, roomy(rangeOf(family.template ? [family] : families()))));
  render();
}

function back() {
  closeFamily();
  render();
}

async function goTo(at) {
  await behindBar(goToMember(at));
  const id = `member-${openedFamily()?.at}`;
  if (!host) return;
  if (!host.querySelector(`#${id}`)) render();
  else mark(id);
}

/** The chosen family's first member on the strip, or the neighbour of the one that was looked at. @param {number} by */
async function walk(by) {
  const wasOpen = openedFamily()?.family === chosen;
  await (wasOpen ? behindBar(goToMember(openedFamily().at + by)) : open());
  await showOnStrip();
}

/** What an edit of beats is for: all of the family, or the families or members that are marked; null where the server does not say. */
async function targets() {
  const family = current();
  if (!family) return [];
  const numbers = marked.size ? [...marked] : [family.number];
  const members = openedFamily() ? chosenMembers() : await behindBar(Promise.all(numbers.map(fetchMembers)).then((all) => all.flat()));
  return members && members.map(({ sample, number }) => ({ sample, number }));
}

/** After a look at what that would change. @param {string} label */
async function relabel(label) {
  const beats = await targets();
  if (!beats) return render();
  const done = await bulkEdit({ action: "relabel", label, beats });
  if (!done) return;
  (openedFamily() ?? { marked }).marked.clear(); // the new letters come with what `paint` asks for
}

/** All marked families as one. */
async function merge() {
  const chosenOnes = families().filter((family) => marked.has(family.number));
  if (chosenOnes.length < 2) return telling(say("families.mark.two"));
  return edited(await editFamilies("merge", chosenOnes.map((family) => family.first_sample), known));
}

/** The marked members as a family of their own. */
async function splitOff() {
  const { marked: taken } = openedFamily();
  return taken.size ? edited(await editFamilies("split", [...taken], known)) : telling(say("families.mark.members"));
}

/** The chosen family in the two that it falls into by itself. */
async function halve() {
  const family = current();
  if (!family?.number) return telling(say("families.halve.other"));
  const samples = await behindBar(fetchHalf(family.number));
  if (!samples) return render();
  return samples.length ? edited(await editFamilies("split", samples, known)) : telling(say("families.halve.none"));
}

/** @param {import("./family_store.js").Known | null} now what is on screen after an edit; null where nothing was done */
function edited(now) {
  if (!now) return;
  known = now;
  marked.clear();
  openedFamily()?.marked.clear();
  if (!families().some((family) => family.number === chosen)) chosen = families()[0]?.number ?? null;
  render(); // the rest comes with what `paint` asks for
}

/** For who has no keyboard, or not the letter in mind. */
const chooseLabel = () => openPalette("beat", (code) => void relabel(code));

/** @param {number} by cards or strips */
function move(by) {
  const one = openedFamily();
  if (one) return void goTo(one.at + by);
  const at = Math.min(Math.max(placeOf() + by, 0), families().length - 1);
  return choose(families()[at]?.number ?? null);
}

const isOpened = () => openedFamily() !== null;
const isGrid = () => openedFamily() === null;

function unmark() {
  marked.clear();
  render();
}

/** @type {import("../windows/views.js").ViewAction[]} */
const actions = [
  { id: "families.left", keys: ["ArrowLeft"], run: () => move(-1) },
  { id: "families.right", keys: ["ArrowRight"], run: () => move(1) },
  { id: "families.up", keys: ["ArrowUp"], run: () => move(-columns()) },
  { id: "families.down", keys: ["ArrowDown"], run: () => move(columns()) },
  { id: "families.page.up", keys: ["PageUp"], run: () => move(-PAGE) },
  { id: "families.page.down", keys: ["PageDown"], run: () => move(PAGE) },
  { id: "families.home", keys: ["Home"], run: () => move(-Infinity) },
  { id: "families.end", keys: ["End"], run: () => move(Infinity) },
  { id: "families.open", keys: ["Enter"], run: () => void (isOpened() ? showOnStrip() : open()) },
  { id: "families.next", keys: ["."], run: () => void walk(1) },
  { id: "families.previous", keys: [","], run: () => void walk(-1) },
  { id: "families.mark", keys: [" "], run: () => (isOpened() ? markMember() : chosen !== null && toggleFamily(chosen)) },
  { id: "families.toHere", keys: ["u"], run: markToHere, when: isOpened },
  { id: "families.label", keys: ["l"], run: chooseLabel, writes: true },
  { id: "families.merge", keys: ["m"], run: () => void merge(), writes: true, when: isGrid },
  { id: "families.split", keys: ["s"], run: () => void splitOff(), writes: true, when: isOpened },
  { id: "families.halve", keys: ["d"], run: () => void halve(), writes: true },
  { id: "families.history", keys: ["i"], run: () => void openFamilyHistory(), when: isGrid },
  { id: "families.back", keys: ["Escape"], run: () => (isOpened() ? back() : unmark()), when: () => !hasOverlay() && (isOpened() || marked.size > 0) },
];

/** A letter is for the family, or for what is marked. @param {string} key @returns {boolean} */
function press(key) {
  const code = hasOverlay() ? null : beatOfKey(key);
  if (code !== null) void relabel(code);
  return code !== null;
}

/** @param {number} [at] place of the member, where it is not the one that is chosen */
function markMember(at) {
  toggleMarked(at);
  render();
}

function markToHere() {
  toggleMarkedToHere();
  render();
}

/** Follows edits, undo and a running stream; draws again where scale or theme changed. */
function paint() {
  const isEdited = saving.savedUs !== seenSavedUs && !saving.pending.length;
  if (isEdited || state.nextSample - seenSample > AGAIN_S * mainGroup.fs_hz) void refresh();
  if (signature() !== drawn) render();
}

registerView({
  id: "families",
  isOfMachines: true,
  open(element) {
    host = element;
    render();
    void refresh();
  },
  close() {
    host = null;
    drawnOf = null;
  },
  paint,
  actions,
  press,
  beats: async () => (await targets()) ?? [],
});
