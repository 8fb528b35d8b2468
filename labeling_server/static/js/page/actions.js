// Every action once: its key, its place in the menu and in the help, and what it does.

import { GAINS_MM_MV, stepped } from "../base/scale.js";
import { changed, keepView, state } from "../base/state.js";
import { sampleOf, secondsOf, usOf } from "../base/time.js";
import { changeLead, chooseLeg, copyMeasurement, dropCalipers, legToBeat, legToPeak, moveLeg, nextLeg, noteMeasurement, stepLeg, toggleCalipers, toggleMarch, toggleQt } from "../calipers/calipers.js";
import { redo, undo } from "../edits/edits.js";
import { BANDS, MAINS_HZ } from "../paper/filters.js";
import { cursorSeconds, leads } from "../paper/layout.js";
import { nearestBeat, neighbourBeat } from "../paper/marks.js";
import { montageIds } from "../paper/montage.js";
import { openAcceptAll } from "../review/accept_all.js";
import { toggleBlinded } from "../review/blind_switch.js";
import { editMany } from "../review/bulk_choice.js";
import { decide, dropMark, insertBeat, mark, relabel } from "../review/decide.js";
import { defer } from "../review/deferred.js";
import { stepLead, stepWord } from "../review/describe.js";
import { commitDraft, dropDraft, hasEdge, nudge, snapEdge, takeEdge } from "../review/drafts.js";
import { eraseRange } from "../review/erase.js";
import { endLinking, link } from "../review/evidence.js";
import { leavePast } from "../review/past.js";
import { cycleOrder } from "../review/queue.js";
import { openSearch, stepFound } from "../review/search.js";
import { stepWalk } from "../review/walk.js";
import { isMeasuring, middleS } from "../strip/legs.js";
import { followHead, pan, selectedSeconds, showAgain, showCentered, showFirst, stepScale, toggleWhole } from "../strip/navigate.js";
import { repaint } from "../strip/paint.js";
import { nextRate, stopPlaying, togglePlay } from "../strip/play.js";
import { deselect, neighbourSpan, selectBeat, selectQueued, selectRow, selectedBeat, spanAt } from "../strip/select.js";
import "../views/families.js";
import "../views/lorenz.js";
import { openDetectors } from "../windows/detectors.js";
import { openHelp } from "../windows/help.js";
import { closeOverlay, openCalibration, openGoto } from "../windows/overlays.js";
import { openPalette } from "../windows/palette.js";
import { focusComment, fold } from "../windows/panels.js";
import { closeView, toggleView } from "../windows/views.js";
import { copyLink } from "./deep_link.js";

const PAN_PAGES = 0.1;
const PAGE_PAGES = 0.9;
const HALF_PAGES = 0.5;
const NUDGE_MS = 20;
const NUDGE_FAR_MS = 200;

/**
 * @typedef {{id: string, group: string, keys: string[], run: () => any, writes?: boolean, when?: () => boolean}} Action
 * keys as `KeyboardEvent.key` with "Ctrl+" and "Shift+" before names of keys without a character; `when` it is there to be used:
 * while it holds its keys are its own, also those that another action has
 */

function showBeat() {
  const beat = nearestBeat(sampleOf(usOf(selectedSeconds() ?? cursorSeconds())));
  if (beat) selectBeat(beat);
}

function showSpan() {
  const row = spanAt(selectedBeat() ? (selectedSeconds() ?? 0) : cursorSeconds());
  if (row) selectRow(row, { move: false });
}

/** In time: to the next beat while a beat is selected, else to the next span; in a family to its next member. @param {1 | -1} by */
function step(by) {
  if (stepWalk(by)) return;
  if (state.selection?.kind === "beat") {
    const beat = neighbourBeat(state.selection.sample, by);
    if (beat) selectBeat(beat);
    return;
  }
  const row = neighbourSpan(by, usOf(cursorSeconds()));
  if (row) selectRow(row);
}

function letGo() {
  if (closeOverlay() || stopPlaying() || dropMark() || dropDraft() || endLinking() || closeView() || leavePast() || dropCalipers()) return;
  deselect();
}

/** @param {1 | -1} by */
async function changeSpeed(by) {
  // what is measured stays where it is on the screen, else what is under the cursor
  await stepScale(by, isMeasuring() ? middleS(state.calipers) : undefined);
  keepView();
}

/** @param {1 | -1} by */
function changeGain(by) {
  state.gain = stepped(GAINS_MM_MV, state.gain, by);
  keepView();
  changed("view");
  repaint();
}

/** @param {() => void} choose the next filter; the page is shown with it when its surroundings are in memory */
async function changeFilter(choose) {
  choose();
  keepView();
  await showAgain();
  changed("view");
}

const nextOf = (list, one) => list[(list.indexOf(one) + 1) % list.length];

const nextBand = () => changeFilter(() => (state.band = nextOf(BANDS.map((band) => band.id), state.band)));

const nextMains = () => changeFilter(() => (state.mainsHz = nextOf(MAINS_HZ, state.mainsHz)));

function nextMontage() {
  state.montage = nextOf(montageIds(), state.montage);
  keepView();
  changed("view");
  repaint();
}

/** @param {1 | -1} by */
function nextLead(by) {
  state.montage = montageIds().includes("lead") ? "lead" : "all";
  state.lead = (state.lead + by + leads.length) % leads.length;
  changed("view");
  repaint();
}

function toggleRejected() {
  state.showRejected = !state.showRejected;
  changed("view");
  repaint();
}

/** What was just moved is what is meant, also before it is on its way. */
function undoNewest() {
  void commitDraft();
  return showing(undo());
}

/** After an undo the thing that changed is what is looked at. @param {Promise<import("../base/state.js").Row | null>} done */
async function showing(done) {
  const row = await done;
  if (!row?.kind || row.deleted) return; // of many beats the status line says how many
  if (row.kind === "beat" || row.kind === "pulse") void showCentered(secondsOf(row.start_us));
  else selectRow(row);
}

/** @type {Action[]} */
export const actions = [
  { id: "next", group: "review", keys: ["ArrowDown"], run: () => selectQueued(1) },
  { id: "previous", group: "review", keys: ["ArrowUp"], run: () => selectQueued(-1) },
  { id: "accept", group: "review", keys: ["Enter"], run: () => decide("confirm"), writes: true },
  { id: "reject", group: "review", keys: ["x"], run: () => decide("reject"), writes: true },
  { id: "ambiguous", group: "review", keys: ["q"], run: () => decide("ambiguous"), writes: true },
  { id: "defer", group: "review", keys: ["d"], run: defer },
  { id: "severity", group: "review", keys: ["$"], run: () => stepWord("severity"), writes: true },
  { id: "certainty", group: "review", keys: ['"'], run: () => stepWord("certainty"), writes: true },
  { id: "link", group: "review", keys: ["K"], run: link, writes: true },
  { id: "accept.all", group: "review", keys: ["X"], run: openAcceptAll, writes: true },
  { id: "comment", group: "review", keys: ["c"], run: focusComment, writes: true },
  { id: "undo", group: "review", keys: ["Ctrl+z"], run: undoNewest, writes: true },
  { id: "redo", group: "review", keys: ["Ctrl+Shift+Z"], run: () => showing(redo()), writes: true },

  { id: "mark.previous", group: "move", keys: [","], run: () => step(-1) },
  { id: "mark.next", group: "move", keys: ["."], run: () => step(1) },
  { id: "beat", group: "move", keys: ["b"], run: showBeat },
  { id: "span", group: "move", keys: ["s"], run: showSpan },
  { id: "deselect", group: "move", keys: ["Escape"], run: letGo },
  { id: "left", group: "move", keys: ["ArrowLeft"], run: () => pan(-PAN_PAGES) },
  { id: "right", group: "move", keys: ["ArrowRight"], run: () => pan(PAN_PAGES) },
  { id: "page.left", group: "move", keys: ["PageUp"], run: () => pan(-PAGE_PAGES) },
  { id: "page.right", group: "move", keys: ["PageDown"], run: () => pan(PAGE_PAGES) },
  { id: "half.left", group: "move", keys: ["Shift+PageUp"], run: () => pan(-HALF_PAGES) },
  { id: "half.right", group: "move", keys: ["Shift+PageDown"], run: () => pan(HALF_PAGES) },
  { id: "home", group: "move", keys: ["Home"], run: showFirst },
  { id: "end", group: "move", keys: ["End"], run: followHead },
  { id: "play", group: "move", keys: [" "], run: togglePlay },
  { id: "play.rate", group: "move", keys: [":"], run: nextRate },
  { id: "goto", group: "move", keys: ["g"], run: openGoto },
  { id: "search", group: "move", keys: ["*"], run: openSearch },
  { id: "found.previous", group: "move", keys: ["("], run: () => stepFound(-1) },
  { id: "found.next", group: "move", keys: [")"], run: () => stepFound(1) },
  { id: "address", group: "move", keys: ["u"], run: copyLink },

  { id: "mark", group: "edit", keys: ["m", "a"], run: mark, writes: true },
  { id: "insert", group: "edit", keys: ["i"], run: insertBeat, writes: true },
  { id: "delete", group: "edit", keys: ["Delete", "Backspace"], run: () => decide("delete"), writes: true },
  { id: "palette", group: "edit", keys: ["l"], run: choose, writes: true },
  { id: "many", group: "edit", keys: ["U"], run: editMany, writes: true },
  { id: "erase", group: "edit", keys: ["\\"], run: eraseRange, writes: true },
  { id: "edge.start", group: "edit", keys: ["["], run: () => takeEdge("start"), writes: true },
  { id: "edge.end", group: "edit", keys: ["]"], run: () => takeEdge("end"), writes: true },
  { id: "edge.snap", group: "edit", keys: ["|"], run: snapEdge, writes: true, when: hasEdge },
  { id: "scope", group: "edit", keys: ["@"], run: stepLead, writes: true },
  { id: "nudge.left", group: "edit", keys: ["Shift+ArrowLeft"], run: () => nudge(-NUDGE_MS) },
  { id: "nudge.right", group: "edit", keys: ["Shift+ArrowRight"], run: () => nudge(NUDGE_MS) },
  { id: "nudge.left.far", group: "edit", keys: ["Ctrl+Shift+ArrowLeft"], run: () => nudge(-NUDGE_FAR_MS) },
  { id: "nudge.right.far", group: "edit", keys: ["Ctrl+Shift+ArrowRight"], run: () => nudge(NUDGE_FAR_MS) },

  { id: "calipers", group: "measure", keys: ["C"], run: toggleCalipers },
  { id: "leg.next", group: "measure", keys: ["G"], run: nextLeg, when: isMeasuring },
  { id: "leg.start", group: "measure", keys: ["["], run: () => chooseLeg("start"), when: isMeasuring },
  { id: "leg.end", group: "measure", keys: ["]"], run: () => chooseLeg("end"), when: isMeasuring },
  { id: "leg.left", group: "measure", keys: ["ArrowLeft"], run: () => stepLeg(-1), when: isMeasuring },
  { id: "leg.right", group: "measure", keys: ["ArrowRight"], run: () => stepLeg(1), when: isMeasuring },
  { id: "leg.left.far", group: "measure", keys: ["Shift+ArrowLeft"], run: () => moveLeg(-NUDGE_MS), when: isMeasuring },
  { id: "leg.right.far", group: "measure", keys: ["Shift+ArrowRight"], run: () => moveLeg(NUDGE_MS), when: isMeasuring },
  { id: "leg.left.farther", group: "measure", keys: ["Ctrl+Shift+ArrowLeft"], run: () => moveLeg(-NUDGE_FAR_MS), when: isMeasuring },
  { id: "leg.right.farther", group: "measure", keys: ["Ctrl+Shift+ArrowRight"], run: () => moveLeg(NUDGE_FAR_MS), when: isMeasuring },
  { id: "leg.peak", group: "measure", keys: ["P"], run: legToPeak, when: isMeasuring },
  { id: "leg.beat.previous", group: "measure", keys: [","], run: () => legToBeat(-1), when: isMeasuring },
  { id: "leg.beat.next", group: "measure", keys: ["."], run: () => legToBeat(1), when: isMeasuring },
  { id: "leg.lead.up", group: "measure", keys: ["Shift+ArrowUp"], run: () => changeLead(-1), when: isMeasuring },
  { id: "leg.lead.down", group: "measure", keys: ["Shift+ArrowDown"], run: () => changeLead(1), when: isMeasuring },
  { id: "march", group: "measure", keys: ["M"], run: toggleMarch, when: isMeasuring },
  { id: "qt", group: "measure", keys: ["T"], run: toggleQt, when: isMeasuring },
  { id: "measurement.copy", group: "measure", keys: ["Y"], run: copyMeasurement, when: isMeasuring },
  { id: "measurement.note", group: "measure", keys: ["W"], run: noteMeasurement, writes: true, when: isMeasuring },

  { id: "families", group: "view", keys: ["M"], run: () => toggleView("families") },
  { id: "lorenz", group: "view", keys: ["Z"], run: () => toggleView("lorenz") },
  { id: "gain.up", group: "view", keys: ["+", "="], run: () => changeGain(1) },
  { id: "gain.down", group: "view", keys: ["-"], run: () => changeGain(-1) },
  { id: "speed.up", group: "view", keys: [">"], run: () => changeSpeed(1) },
  { id: "speed.down", group: "view", keys: ["<"], run: () => changeSpeed(-1) },
  { id: "filter", group: "view", keys: ["h"], run: nextBand },
  { id: "mains", group: "view", keys: [";"], run: nextMains },
  { id: "montage", group: "view", keys: ["O"], run: nextMontage },
  { id: "lead.next", group: "view", keys: ["}"], run: () => nextLead(1) },
  { id: "lead.previous", group: "view", keys: ["{"], run: () => nextLead(-1) },
  { id: "whole", group: "view", keys: ["z"], run: toggleWhole },
  { id: "disclosure", group: "view", keys: ["D"], run: () => toggleView("disclosure") },
  { id: "page", group: "view", keys: ["G"], run: () => toggleView("page") },
  { id: "hours", group: "view", keys: ["H"], run: () => toggleView("hours") },
  { id: "order", group: "view", keys: ["w"], run: cycleOrder },
  { id: "blind", group: "view", keys: ["~"], run: toggleBlinded },
  { id: "rejected", group: "view", keys: ["y"], run: toggleRejected },
  { id: "queue", group: "view", keys: ["o"], run: () => fold("queue") },
  { id: "selection", group: "view", keys: ["p"], run: () => fold("selection") },
  { id: "theme", group: "view", keys: ["t"], run: () => document.getElementById("theme-button").click() },
  { id: "calibrate", group: "view", keys: ["k"], run: openCalibration },
  { id: "detectors", group: "view", keys: ["%"], run: openDetectors },
  { id: "help", group: "view", keys: ["?"], run: () => openHelp(actions) },
];

function choose() {
  if (selectedBeat()) openPalette("beat", relabel);
  else if (state.selection?.kind === "span") openPalette("span", relabel);
}
