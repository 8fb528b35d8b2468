// What an address asks for: a place and a look of the strip, a span, a beat or a revision. What it names and what is not
// there is said in words, and the page opens as near to it as there is something.

import { getJson } from "../base/api.js";
import { copyText } from "../base/clipboard.js";
import { mainGroup, say, stream } from "../base/config.js";
import { tell } from "../base/notice.js";
import { GAINS_MM_MV, SPEEDS_MM_S } from "../base/scale.js";
import { keepRow, selectedRow, state } from "../base/state.js";
import { dateOf, hms, secondsOf, usOfSample } from "../base/time.js";
import { restoreCalipers } from "../calipers/calipers.js";
import { isBeatHidden, isHidden } from "../paper/blind.js";
import { BANDS, MAINS_HZ } from "../paper/filters.js";
import { leads } from "../paper/layout.js";
import { beatAt, ensureMarks } from "../paper/marks.js";
import { montageIds } from "../paper/montage.js";
import { openRevision } from "../review/past.js";
import { addressNow } from "../strip/address.js";
import { nameOf } from "../strip/legs.js";
import { followHead, show, showCentered, showFirst } from "../strip/navigate.js";
import { selectBeat, selectRow } from "../strip/select.js";

const LONGEST_PAGE_S = 14 * 86400;

/** A value of a list, as text in the address. @param {URLSearchParams} query @param {string} name @param {any[]} among */
const oneOf = (query, name, among) => among.find((value) => String(value) === query.get(name));

/** How the strip is drawn; what the address does not name stays as the reader has it. @param {URLSearchParams} query @returns {string[]} what could not be followed */
function takeLook(query) {
  const known = {
    speed: SPEEDS_MM_S, gain: GAINS_MM_MV, filter: BANDS.map((band) => band.id), mains: MAINS_HZ, montage: montageIds(),
    lead: leads.map(nameOf),
  };
  const { speed, gain, filter, mains, montage, lead } = Object.fromEntries(Object.entries(known).map(([name, among]) => [name, oneOf(query, name, among)]));
  const pageS = Number(query.get("page"));
  const isPage = pageS >= 0.1 && pageS <= LONGEST_PAGE_S;
  Object.assign(state, speed && { speed, pageS: null }, isPage && { pageS }, gain && { gain }, filter && { band: filter }, mains !== undefined && { mainsHz: mains });
  Object.assign(state, montage && { montage }, lead && { lead: leads.findIndex((one) => nameOf(one) === lead) });
  const wrong = Object.entries(known).filter(([name, among]) => query.has(name) && oneOf(query, name, among) === undefined).map(([name]) => name);
  if (query.has("page") && !isPage) wrong.push("page");
  return wrong.map((name) => say("address.look", { name, value: shown(query.get(name)) }));
}

/** An address may hold anything. @param {string} value */
const shown = (value) => (value.length > 40 ? `${value.slice(0, 40)}…` : value);

/** The second that the address names; null without one. @param {URLSearchParams} query @param {string[]} wrong */
function placeOf(query, wrong) {
  if (!query.has("at")) return null;
  const us = Number(query.get("at"));
  const [from, to] = [usOfSample(state.firstSample), usOfSample(state.nextSample)];
  const isTime = query.get("at") !== "" && Number.isFinite(us);
  if (isTime && us >= from - 1e6 && us <= to + 1e6) return secondsOf(us);
  const clock = (at) => `${dateOf(at)} ${hms(at)}`;
  const isShown = isTime && us >= 0 && us < 8.64e18; // beyond it there is no date
  wrong.push(say("address.time", { at: isShown ? clock(us) : shown(query.get("at")), from: clock(from), to: clock(to) }));
  return isTime ? secondsOf(Math.min(Math.max(us, from), to)) : null;
}

/** The annotation that the address names; null without one. @param {string | null} id @param {string[]} wrong */
async function rowOf(id, wrong) {
  if (id === null) return null;
  try {
    const row = await getJson(`/api/spans/${encodeURIComponent(id)}`);
    const isHere = row.stream_id === stream.id;
    if (isHere && !isHidden(row)) return keepRow(row);
    wrong.push(isHere ? say("address.blinded") : say("address.elsewhere", { stream: row.stream_name }));
  } catch (error) {
    wrong.push(error.status === 404 || error.status === 422 ? say("address.annotation") : error.message);
  }
  return null;
}

/** @param {import("../base/state.js").Row} row @param {URLSearchParams} query @param {boolean} isPlaced whether the strip is where it should be @param {string[]} wrong */
async function showRowOf(row, query, isPlaced, wrong) {
  if (query.has("revision")) {
    const revision = query.get("revision");
    if (await openRevision(row, Number(revision), { move: !isPlaced })) return;
    wrong.push(say("address.revision", { revision: shown(revision), last: row.revision }));
  }
  if (row.kind !== "beat" && row.kind !== "pulse") return void (await selectRow(row, { move: !isPlaced }));
  const at = secondsOf(row.start_us);
  if (!isPlaced) await showCentered(at);
  await showBeatAt(Math.round(at * mainGroup.fs_hz), wrong);
}

/** @param {number} sample @param {string[]} wrong */
async function showBeatAt(sample, wrong) {
  const at = sample / mainGroup.fs_hz;
  await ensureMarks(at, at).catch(() => undefined);
  const beat = beatAt(sample);
  if (beat && !isBeatHidden(beat)) selectBeat(beat);
  else wrong.push(say("address.beat"));
}

/** @param {URLSearchParams} query @param {boolean} isPlaced @param {string[]} wrong @returns {Promise<boolean>} whether it named a beat */
async function followBeat(query, isPlaced, wrong) {
  if (!query.has("beat")) return false;
  const sample = Number(query.get("beat"));
  const isThere = Number.isInteger(sample) && sample >= state.firstSample && sample < state.nextSample;
  if (isThere && !isPlaced) await showCentered(sample / mainGroup.fs_hz);
  await showBeatAt(isThere ? sample : -1, wrong);
  return isThere;
}

/** Where nothing is asked for, or nothing of it is there: the live head, the first proposal, or the start. */
function showUsual() {
  if (state.endedUs === null) return followHead();
  return state.queue.length && !state.blinded ? selectRow(state.queue[0]) : showFirst();
}

/** @param {URLSearchParams} query of the page's address */
export async function followLink(query) {
  const wrong = takeLook(query);
  const atS = placeOf(query, wrong);
  if (atS !== null) await show(atS);
  const isPlaced = atS !== null;
  const row = await rowOf(query.get("annotation"), wrong);
  if (row) await showRowOf(row, query, isPlaced, wrong);
  else if (!(await followBeat(query, isPlaced, wrong)) && !isPlaced) await showUsual();
  restoreCalipers(query.get("calipers"));
  if (query.has("calipers") && !state.calipers) wrong.push(say("address.calipers"));
  if (wrong.length) tell(wrong.join(" "));
}

/** What the address of now leads to, in words. */
function lookedAt() {
  const time = hms(usOfSample(0) + Math.round(state.startS * 1e6));
  if (state.past) return say("address.what.revision", { revision: state.past.entry.revision, label: state.past.entry.after.label });
  if (state.selection?.kind === "beat") return say("address.what.beat", { time: hms(usOfSample(state.selection.sample)) });
  const row = selectedRow();
  return row ? say("address.what.span", { label: row.label, time: hms(row.start_us) }) : say("address.what.strip", { time });
}

/** The link to what is looked at, into the clipboard. */
export async function copyLink() {
  const link = `${location.origin}${addressNow()}`;
  const what = lookedAt();
  tell((await copyText(link)) ? say("address.copied", { what }) : say("address.notcopied", { link }));
}
