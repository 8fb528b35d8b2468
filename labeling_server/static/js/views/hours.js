// The table of hours: what the server counts, an hour a row. Arrows move, Enter goes to the hour or to its longest RR.

import { getJson } from "../base/api.js";
import { copyText } from "../base/clipboard.js";
import { mainGroup, say, stream } from "../base/config.js";
import { h, keyCap } from "../base/dom.js";
import { behindBar } from "../base/loading.js";
import { state } from "../base/state.js";
import { dateOf, hms, usOf, zoneOf } from "../base/time.js";
import { saving } from "../edits/edits.js";
import { pageS } from "../paper/layout.js";
import { keysOf } from "../windows/bindings.js";
import { registerView } from "../windows/views.js";
import { goThere } from "./go_there.js";
import { csvOf } from "./hours_csv.js";
import { keyButtons } from "./view_bar.js";

/**
 * @typedef {{start_us: number, end_us: number, n_beats: number, n_normal: number, n_supraventricular: number,
 *   n_ventricular: number, n_other: number, rate_mean_bpm: number | null, rate_min_bpm: number | null,
 *   rate_max_bpm: number | null, longest_rr_s: number | null, longest_rr_at_us: number | null, n_pauses: number,
 *   af_confirmed_s: number, af_proposed_s: number, n_vt_confirmed: number, n_vt_proposed: number, noise_s: number,
 *   signal_s: number}} Hour
 * @typedef {{zone: string, rate_window_rr: number, pause_s: number, hours: Hour[], total: Hour | null}} Table
 */

/** While samples come in the table is asked for so often. */
const LIVE_MS = 15000;
/** Of a recording that has ended: what colleagues did meanwhile. */
const ENDED_MS = 60000;
const PLACES = ["hour", "rr"];
const N_COLUMNS = 18;

/** @type {null | {root: HTMLElement, body: HTMLElement, told: HTMLElement}} */
let parts = null;
/** @type {Table | null} */
let table = null;
/** Row, and whether Enter goes to the hour or to its longest RR. */
const cursor = { row: 0, place: "hour" };
let askedMs = 0;
let savedUs = null;
let isAsking = false;

/** @param {HTMLElement} host */
function open(host) {
  const told = h("span", { class: "soft", role: "status" });
  const body = h("div", { class: "scroller", tabindex: "-1" });
  const copy = h("button", { type: "button", onclick: copyCsv }, `${say("hours.copy")} `, keyCap(keysOf(COPY)[0]));
  const root = h("section", { class: "hours", "aria-label": say("hours.title") },
    h("header", { class: "viewbar" }, h("h2", {}, say("hours.title")),
      keyButtons([GO], say("hours.go")), told, copy),
    body);
  parts = { root, body, told };
  host.append(root);
  body.focus({ preventScroll: true }); // so that Enter is no button's that was clicked before
  table = null;
  void refresh();
}

function close() {
  parts = null;
}

/** The old table stays until the new one is here. */
async function refresh() {
  if (isAsking) return;
  isAsking = true;
  [askedMs, savedUs] = [Date.now(), saving.savedUs];
  try {
    const isFirst = table === null;
    table = shownOf(await behindBar(getJson(`/api/streams/${stream.id}/hours`, { group_id: mainGroup.id })));
    if (isFirst) cursor.row = Math.max(table.hours.findLastIndex((hour) => hour.start_us <= usOf(state.startS + pageS() / 2)), 0);
    if (parts) render();
  } catch (error) {
    if (parts && !table) parts.body.replaceChildren(h("p", { class: "problem" }, error.message));
  } finally {
    isAsking = false;
  }
}

/** @param {Table} all @returns {Table} */
const shownOf = (all) => ({ ...all, hours: all.hours.map(seen), total: all.total && seen(all.total) });

/** What may have changed the hours: an edit that was saved, samples that came in. */
function paint() {
  const isOld = Date.now() - askedMs > (state.endedUs === null ? LIVE_MS : ENDED_MS);
  if (table && (isOld || saving.savedUs !== savedUs)) void refresh();
}

/** What rests on beats and spans of machines. */
const OF_MACHINES = [
  "n_beats", "n_normal", "n_supraventricular", "n_ventricular", "n_other", "rate_min_bpm", "rate_mean_bpm", "rate_max_bpm",
  "longest_rr_s", "longest_rr_at_us", "n_pauses", "af_proposed_s", "n_vt_proposed", "noise_s",
];
const nothing = Object.fromEntries(OF_MACHINES.map((name) => [name, null]));

/** The hour as it may be seen: who reads blind sees what people said, and how much signal there is. @param {Hour} hour @returns {Hour} */
const seen = (hour) => (state.blinded ? { ...hour, ...nothing } : hour);

const counted = (n) => (n === null ? "–" : String(n));
const minutes = (seconds) => (seconds === null ? "–" : (seconds / 60).toFixed(1));
const share = (hour) => ((100 * hour.signal_s * 1e6) / (hour.end_us - hour.start_us)).toFixed(1);
const told = (value, digits) => (value === null ? "–" : value.toFixed(digits));
/** Nothing is said softly, so that what is there stands out. */
const number = (text, props = {}) => h("td", { ...props, class: `number ${/^[0.]+$/.test(text) ? "soft" : ""} ${props.class ?? ""}` }, text);

function head() {
  const { pause_s: pause } = table;
  const group = (text, n) => h("th", { colspan: n, scope: "colgroup" }, text);
  const tall = (text, unit) => h("th", { rowspan: 2, scope: "col", class: "number" }, text, h("span", { class: "unit" }, unit));
  const sub = (text, tint = "") => h("th", { scope: "col", class: `number ${tint}` }, text);
  const fate = () => [sub(say("hours.confirmed")), sub(say("hours.proposed"))];
  return h("thead", {},
    h("tr", {}, h("th", { rowspan: 2, scope: "col" }, say("hours.hour")), tall(say("hours.signal"), say("hours.signal.unit")),
      group(say("hours.beats"), 5), group(say("hours.rate"), 3), group(say("hours.longest"), 2), tall(say("hours.pauses"), say("hours.pauses.unit", { pause })),
      group(say("hours.af"), 2), group(say("hours.vt"), 2), tall(say("hours.noise"), say("hours.noise.unit"))),
    h("tr", {}, sub(say("hours.all")), sub("N", "class-n"), sub("S", "class-s"), sub("V", "class-v"), sub(say("hours.other"), "class-q"),
      ...["min", "mean", "max"].map((name) => sub(say(`hours.${name}`))), sub(say("hours.longest.unit")), sub(say("hours.longest.at")), ...fate(), ...fate()));
}

/** @param {Hour} hour @param {(place: string) => Object<string, any>} props of the two places that Enter goes to */
function cells(hour, props) {
  const at = hour.longest_rr_at_us;
  return [
    number(share(hour)),
    ...[hour.n_beats, hour.n_normal, hour.n_supraventricular, hour.n_ventricular, hour.n_other].map((n) => number(counted(n))),
    ...[hour.rate_min_bpm, hour.rate_mean_bpm, hour.rate_max_bpm].map((rate) => number(told(rate, 0))),
    number(told(hour.longest_rr_s, 2), props("rr")),
    number(at === null ? "–" : hms(at), props("rr")),
    number(counted(hour.n_pauses)),
    number(minutes(hour.af_confirmed_s)), number(minutes(hour.af_proposed_s)),
    number(counted(hour.n_vt_confirmed)), number(counted(hour.n_vt_proposed)),
    number(minutes(hour.noise_s)),
  ];
}

/** A day of the clock; when the clock is put on or back, another begins. @param {Hour} hour */
const dayOf = (hour) => say("hours.day", { date: dateOf(hour.start_us), zone: zoneOf(hour.start_us) });

function render() {
  const { hours, total } = table;
  if (!total) return void parts.body.replaceChildren(h("p", { class: "empty" }, say("hours.empty")));
  cursor.row = Math.min(cursor.row, hours.length - 1);
  const rows = hours.flatMap((hour, i) => {
    const props = (place) => ({ class: place, onclick: () => goTo(i, place), "aria-selected": i === cursor.row && cursor.place === place });
    const row = h("tr", { "data-start-us": hour.start_us }, h("th", { scope: "row", ...props("hour") }, hms(hour.start_us).slice(0, 5)), ...cells(hour, props));
    return i > 0 && dayOf(hours[i - 1]) === dayOf(hour) ? [row] : [h("tr", { class: "day" }, h("th", { colspan: N_COLUMNS, scope: "rowgroup" }, dayOf(hour))), row];
  });
  const whole = h("tfoot", {}, h("tr", {}, h("th", { scope: "row" }, say("hours.total")),
    ...cells(total, () => ({ class: "rr", onclick: () => goToLongest(total) }))));
  parts.body.replaceChildren(
    h("table", { role: "grid" }, head(), h("tbody", {}, ...rows), whole),
    h("p", { class: "soft note" }, say(state.blinded ? "blind.hours" : "hours.note", { n: table.rate_window_rr })));
  tell();
}

function tell() {
  const hour = table.hours[cursor.row];
  Object.assign(parts.root.dataset, { hours: table.hours.length, startUs: hour.start_us, place: cursor.place });
  parts.body.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
}

/** Moves the mark without building the table anew. */
function mark() {
  parts.body.querySelectorAll("tr[data-start-us]").forEach((row, i) => {
    for (const place of PLACES) {
      for (const cell of row.querySelectorAll(`.${place}`)) cell.setAttribute("aria-selected", String(i === cursor.row && cursor.place === place));
    }
  });
  tell();
}

/** To its first second, or to the middle of its longest RR. @param {number} row @param {string} place */
function goTo(row, place) {
  if (place === "hour") void goThere(table.hours[row].start_us);
  else goToLongest(table.hours[row]);
}

/** @param {Hour} hour */
function goToLongest(hour) {
  if (hour.longest_rr_at_us !== null) void goThere(hour.longest_rr_at_us + (hour.longest_rr_s * 1e6) / 2);
}

async function copyCsv() {
  if (!table) return;
  parts.told.textContent = say((await copyText(csvOf(table))) ? "hours.copied" : "hours.notcopied");
}

/** @param {number} by */
function moveRow(by) {
  cursor.row = Math.min(Math.max(cursor.row + by, 0), table.hours.length - 1);
  mark();
}

/** @param {"hour" | "rr"} place */
function movePlace(place) {
  cursor.place = place;
  mark();
}

const PAGE_ROWS = 10;
/** @type {import("../windows/views.js").ViewAction} */
const GO = { id: "hours.go", keys: ["Enter"], run: () => goTo(cursor.row, cursor.place) };
/** @type {import("../windows/views.js").ViewAction} */
const COPY = { id: "hours.copy", keys: ["Shift+Enter"], run: () => void copyCsv() };
/** @type {import("../windows/views.js").ViewAction[]} */
const actions = [
  { id: "hours.up", keys: ["ArrowUp"], run: () => moveRow(-1) },
  { id: "hours.down", keys: ["ArrowDown"], run: () => moveRow(1) },
  { id: "hours.up.far", keys: ["PageUp"], run: () => moveRow(-PAGE_ROWS) },
  { id: "hours.down.far", keys: ["PageDown"], run: () => moveRow(PAGE_ROWS) },
  { id: "hours.home", keys: ["Home"], run: () => moveRow(-Infinity) },
  { id: "hours.end", keys: ["End"], run: () => moveRow(Infinity) },
  { id: "hours.hour", keys: ["ArrowLeft"], run: () => movePlace("hour") },
  { id: "hours.rr", keys: ["ArrowRight"], run: () => movePlace("rr") },
  GO,
  COPY,
];

registerView({ id: "hours", open, close, paint, actions, hears: () => Boolean(table?.total) });
