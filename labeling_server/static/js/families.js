// The view of families: beats of one shape on one card, the largest first; a letter relabels all of a family at once.

import { bulkEdit } from "./bulk.js";
import { labelColor, classOf } from "./colors.js";
import { labels, mainGroup, say } from "./config.js";
import { h, keyCap } from "./dom.js";
import { saving } from "./edits.js";
import { cardFrame, cardScale, drawFamily } from "./family_draw.js";
import {
  chosenMembers, closeFamily, drawMembers, goToMember, membersContent, openFamily, openedFamily, refreshFamily, showOnStrip, toggleMarked,
} from "./family_members.js";
import { PAGE, fetchFamilies, fetchMembers } from "./family_store.js";
import { counted, countedLetters, relabelButton } from "./letters.js";
import { beatOfKey, openPalette } from "./palette.js";
import { getPxPerMm } from "./scale.js";
import { state } from "./state.js";
import { registerView } from "./views.js";

const SLOW_MS = 100;
const RETRY_MS = 2000;
/** A running stream's families are asked for again when so much signal came. */
const AGAIN_S = 60;
/** Largest families whose templates must fit their cards. */
const FITTED = 12;
/** Above and below what a template needs on the strips of members, which are not alike. */
const ROOM = 1.1;

/** @type {import("./family_store.js").Known | null} */
let known = null;
/** Number of the family that is chosen. @type {number | null} */
let chosen = null;
/** @type {HTMLElement | null} */
let host = null;
let problem = "";
let seenSavedUs = null;
let seenSample = 0;
let drawn = "";

const families = () => known?.families ?? [];
const placeOf = () => Math.max(families().findIndex((family) => family.number === chosen), 0);
const current = () => families()[placeOf()] ?? null;

/** Waits behind a thin bar; the old picture stays, also where it fails, and says why. @param {Promise<any>} work */
async function behindBar(work) {
  const bar = setTimeout(() => (document.getElementById("loading").hidden = false), SLOW_MS);
  try {
    const found = await work;
    problem = "";
    return found;
  } catch (error) {
    problem = error.message;
    // the first look at a day may take longer than a request may: by then the server knows more
    if (error.mayRetry) setTimeout(() => host && void refresh(), RETRY_MS);
    return null;
  } finally {
    clearTimeout(bar);
    document.getElementById("loading").hidden = true;
  }
}

async function refresh() {
  seenSavedUs = saving.savedUs;
  seenSample = state.nextSample;
  known = (await behindBar(Promise.all([fetchFamilies(), refreshFamily()]).then(([found]) => found))) ?? known;
  if (chosen === null || !families().some((family) => family.number === chosen)) chosen = families()[0]?.number ?? null;
  render();
}

/** Bounds of the templates of the largest families, mV. @param {import("./family_store.js").Family[]} some */
function rangeOf(some) {
  const shown = some.filter((family) => family.template).slice(0, FITTED);
  const values = shown.flatMap(({ template, spread }) => template.flatMap((lead, i) => lead.flatMap((mv, n) => [mv - spread[i][n], mv + spread[i][n]])));
  return { low: Math.min(-0.2, ...values), high: Math.max(0.5, ...values) };
}

const roomy = ({ low, high }) => ({ low: low * ROOM, high: high * ROOM });

function gridContent() {
  if (problem && !known) return [h("p", { class: "empty" }, problem)];
  if (known && !known.families.length) return [h("p", { class: "empty" }, say("families.empty"))];
  if (!known) return [];
  const head = h(
    "header", { class: "view-head" }, h("h2", {}, say("families.title")),
    h("span", { class: "figures" }, say("families.summary", { beats: counted(known.nBeats), n: families().filter((family) => family.number).length })),
    h("span", { class: "figures soft" }, cardScale(known.shape, rangeOf(families()))),
    h("span", { class: "soft hints" }, keyCap("Enter"), say("families.hint.open"), keyCap("."), say("families.hint.strip")),
    relabelButton(chooseLabel),
  );
  const cards = families().map(card);
  const list = h("div", { class: "family-grid", role: "listbox", tabindex: "0", "aria-label": say("families.title"), "aria-activedescendant": `family-${chosen}` }, ...cards);
  return [head, list];
}

const mainLabel = (family) => Object.keys(family.labels)[0] ?? "?";

/** @param {import("./family_store.js").Family} family */
function card(family) {
  const code = mainLabel(family);
  const share = (100 * family.count) / Math.max(known.nBeats, 1);
  const percent = share >= 10 ? share.toFixed(0) : share >= 0.1 ? share.toFixed(1) : "<0.1";
  const title = family.number ? say("families.family", { n: family.number }) : say("families.other");
  return h(
    "div",
    {
      class: `family ${family.number ? "" : "other"}`, role: "option", id: `family-${family.number}`, "data-family": family.number,
      "aria-selected": family.number === chosen, "aria-label": `${title}: ${counted(family.count)} ${labels.get(code)?.name ?? ""}`,
      // the second click, or tap, opens it
      onclick: () => (family.number === chosen ? void open() : choose(family.number)),
    },
    h("header", {}, h("b", { class: `code ${classOf(code)}` }, code), h("span", { class: "figures" }, counted(family.count)), h("span", { class: "figures soft" }, `${percent} %`),
      family.n_touched ? h("span", { class: "touched", title: say("families.reviewed", { n: counted(family.n_touched) }) }, `● ${counted(family.n_touched)}`) : null,
      h("span", { class: "soft title" }, title)),
    family.template ? h("canvas", {}) : h("p", { class: "soft" }, say("families.other.text")),
    h("p", { class: "counts" }, ...countedLetters(Object.entries(family.labels))),
  );
}

function render() {
  if (!host) return;
  const top = host.querySelector(".view-scroll")?.scrollTop ?? 0;
  const [head, ...rest] = openedFamily() ? membersContent({ back, relabel: chooseLabel, choose: chooseMember }) : gridContent();
  const trouble = problem && known ? h("p", { class: "problem" }, problem) : null;
  host.replaceChildren(...[head, h("div", { class: "view-scroll" }, trouble, ...rest)].filter(Boolean));
  host.querySelector(".view-scroll").scrollTop = top;
  draw();
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

function draw() {
  drawn = signature();
  if (openedFamily()) return drawMembers(host);
  if (!known) return undefined;
  const frame = cardFrame(known.shape, rangeOf(families()));
  host.style.setProperty("--card-width", `${frame.width}px`);
  for (const family of families()) {
    const canvas = host.querySelector(`#family-${family.number} canvas`);
    if (canvas) drawFamily(canvas, known.shape, frame, labelColor(mainLabel(family)), family, known.members.get(family.number) ?? []);
  }
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

/** All of the family, or the members that are marked, after a look at what that would change. @param {string} label */
async function relabel(label) {
  const family = current();
  if (!family) return;
  const members = openedFamily() ? chosenMembers() : await behindBar(fetchMembers(family.number));
  if (!members) return render();
  const done = await bulkEdit({ action: "relabel", label, beats: members.map(({ sample, number }) => ({ sample, number })) });
  if (done) openedFamily()?.marked.clear(); // the new letters come with what `paint` asks for
}

/** For who has no keyboard, or not the letter in mind. */
const chooseLabel = () => openPalette("beat", (code) => void relabel(code));

const MOVES = { ArrowLeft: () => -1, ArrowRight: () => 1, ArrowUp: () => -columns(), ArrowDown: () => columns(), Home: () => -Infinity, End: () => Infinity };
const PAGES = { PageUp: -PAGE, PageDown: PAGE };

/** @param {string} key */
function move(key) {
  const one = openedFamily();
  const by = MOVES[key]?.() ?? PAGES[key];
  if (one) return void goTo(one.at + by);
  const at = Math.min(Math.max(placeOf() + by, 0), families().length - 1);
  return choose(families()[at]?.number ?? null);
}

/** @param {string} key @returns {boolean} */
function press(key) {
  if (document.getElementById("overlays").childElementCount) return false;
  const code = beatOfKey(key);
  if (code !== null) void relabel(code);
  else if (key === "l") chooseLabel();
  else if (key in MOVES || key in PAGES) move(key);
  else if (key === "Enter") void (openedFamily() ? showOnStrip() : open());
  else if (key === "." || key === ",") void walk(key === "." ? 1 : -1);
  else if (key === " " && openedFamily()) {
    toggleMarked();
    render();
  } else if (key === "Escape" && openedFamily()) back();
  else return false;
  return true;
}

/** Follows edits, undo and a running stream; draws again where scale or theme changed. */
function paint() {
  const isEdited = saving.savedUs !== seenSavedUs && !saving.pending.length;
  if (isEdited || state.nextSample - seenSample > AGAIN_S * mainGroup.fs_hz) void refresh();
  if (signature() !== drawn) render();
}

registerView({
  id: "families",
  open(element) {
    host = element;
    render();
    void refresh();
  },
  close() {
    host = null;
  },
  paint,
  press,
});
