// A past state of an annotation: as it was after one of its revisions, in the view in which that was made, beside how it
// stands now. It is looked at and changes nothing; Escape goes back to now.

import { GAINS_MM_MV, SPEEDS_MM_S } from "../base/scale.js";
import { changed, on, state } from "../base/state.js";
import { sampleOf, secondsOf } from "../base/time.js";
import { BANDS, MAINS_HZ } from "../paper/filters.js";
import { leads, pageS } from "../paper/layout.js";
import { beatAt } from "../paper/marks.js";
import { montageIds, shownLeads } from "../paper/montage.js";
import { keepAddress } from "../strip/address.js";
import { show, showRow } from "../strip/navigate.js";
import { repaint } from "../strip/paint.js";
import { selectBeat, selectRow } from "../strip/select.js";
import { closeView } from "../windows/views.js";
import { historyOf } from "./history.js";

/**
 * How the strip is drawn, and where.
 * @typedef {{speed: number, pageS: number | null, gain: number, band: string, mainsHz: number, montage: string, lead: number}} Look
 * @typedef {{look: Look, startS: number, cursorS: number | null}} Place
 * @typedef {{id: string, entry: import("./history.js").Entry, came: Place | null}} Past came: where the reader was before;
 * null when a link led here
 */

/** @returns {Look} */
function lookNow() {
  const { speed, pageS: chosenS, gain, band, mainsHz, montage, lead } = state;
  return { speed, pageS: chosenS, gain, band, mainsHz, montage, lead };
}

const isPoint = (content) => content.kind === "beat" || content.kind === "pulse";

/**
 * Shows an annotation as it was after a revision.
 * @param {import("../base/state.js").Row} row as it stands now @param {number} revision
 * @param {{move?: boolean}} [how] without `move` strip and look stay, because the address says them
 * @returns {Promise<boolean>} whether there is such a revision
 */
export async function openRevision(row, revision, { move = true } = {}) {
  const entry = (await historyOf(row).catch(() => [])).find((one) => one.revision === revision);
  if (!entry) return false;
  const isReady = Boolean(document.body.dataset.ready);
  const came = state.past ? state.past.came : isReady ? { look: lookNow(), startS: state.startS, cursorS: state.cursorS } : null;
  closeView();
  if (move) await showAsThen(entry);
  state.past = { id: row.id, entry, came };
  if (isPoint(row)) selectPoint(row);
  else void selectRow(row, { move: false });
  told();
  return true;
}

function selectPoint(row) {
  const beat = beatAt(sampleOf(row.start_us));
  if (beat) selectBeat(beat);
  else void selectRow(row, { move: false }); // deleted: there is none to select, but its row tells
}

function told() {
  changed("view", "selection", "notice");
  keepAddress();
  repaint();
}

/** Back to how it stands now, and to where the reader was. @returns {boolean} whether a past state was looked at */
export function leavePast() {
  if (!state.past) return false;
  const { id, came } = state.past;
  state.past = null;
  if (came) {
    const { speed, pageS: chosenS, ...drawn } = came.look;
    Object.assign(state, drawn, { cursorS: came.cursorS });
    void show(came.startS, { scale: { speed, pageS: chosenS } });
  } else {
    const row = state.rows.get(id);
    if (row) void showRow(row);
  }
  told();
  return true;
}

/** Another thing is selected: the look that the reader had before comes back, the place is the new thing's. */
function leaveBehind() {
  const { past, selection } = state;
  const isSame = past && (selection?.kind === "span" ? selection.id === past.id : selection && beatAt(selection.sample)?.id === past.id);
  if (!past || isSame) return;
  state.past = null;
  if (past.came) Object.assign(state, past.came.look);
  changed("view");
}
on(["selection"], leaveBehind);

/** The strip as it was; its middle, where the screen is another. @param {import("./history.js").Entry} entry */
function showAsThen({ view, after }) {
  const [fromS, toS] = [view?.start_us, view?.end_us].map((us) => (Number.isFinite(us) ? secondsOf(us) : NaN));
  const [startS, endS] = [secondsOf(after.start_us), secondsOf(after.end_us)];
  Object.assign(state, lookOf(view ?? {}));
  const scale = scaleOf(view ?? {});
  const page = pageS(scale);
  // an edit of many beats may have been made while the strip was elsewhere
  const wasSeen = fromS <= endS && toS >= startS;
  const middleS = wasSeen ? (fromS + toS) / 2 : endS - startS < page ? (startS + endS) / 2 : startS + page * 0.3;
  state.cursorS = null;
  return show(middleS - page / 2, { scale });
}

/** @param {Object<string, any>} view as it was sent with the edit, by this page or by any other program */
function lookOf(view) {
  const look = {};
  if (GAINS_MM_MV.includes(view.gain_mm_mv)) look.gain = view.gain_mm_mv;
  if (BANDS.some((band) => band.id === view.filter)) look.band = view.filter;
  if (MAINS_HZ.includes(view.mains_hz)) look.mainsHz = view.mains_hz;
  return { ...look, ...montageOf(view) };
}

/** @returns {import("../base/scale.js").TimeScale} */
function scaleOf(view) {
  const speed = SPEEDS_MM_S.includes(view.speed_mm_s) ? view.speed_mm_s : state.speed;
  return { speed, pageS: view.page_s > 0 && Number.isFinite(view.page_s) ? view.page_s : null };
}

/** By its name, or by the leads that were shown. */
function montageOf({ montage, leads: names }) {
  if (!Array.isArray(names) || !names.length) return {};
  const lead = leads.findIndex((one) => one.channel.name === names[0]);
  if (montageIds().includes(montage)) return { montage, lead: montage === "lead" ? Math.max(lead, 0) : state.lead };
  if (names.length === 1 && lead >= 0 && montageIds().includes("lead")) return { montage: "lead", lead };
  const same = montageIds().find((id) => shownLeads(id).map((one) => one.channel.name).join() === names.join());
  return same ? { montage: same } : {};
}
