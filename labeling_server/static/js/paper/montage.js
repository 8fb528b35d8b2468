// Which leads stand where on the strip: all of them, those in mV, one alone, or the twelve of a standard ECG in columns.

import { state } from "../base/state.js";
import { PAPER_TOP_PX, leads } from "./layout.js";

/**
 * @typedef {{group: import("../base/config.js").Group, channel: import("../base/config.js").Channel, i: number}} Lead
 * @typedef {{lead: Lead, top: number, bottom: number, startS: number, endS: number, isFirst: boolean}} Lane
 * A lead's place: heights in pixels, times in seconds; `isFirst` is that of the left edge, where pulse and name stand.
 */

const ROWS_OF_COLUMNS = [["I", "II", "III"], ["aVR", "aVL", "aVF"], ["V1", "V2", "V3"], ["V4", "V5", "V6"]];
const RHYTHM_LEAD = "II";
/** Height of a row of ECG beside one of any other signal: its scale is fixed, theirs is made to fit. */
const ECG_SHARE = 2;

const byName = new Map(leads.map((lead) => [lead.channel.name.toUpperCase(), lead]));
const named = (name) => byName.get(name.toUpperCase());
const isTwelve = ROWS_OF_COLUMNS.flat().every((name) => named(name));
const isEcg = (lead) => lead.channel.unit === "mV";
const inMillivolts = leads.filter(isEcg);

/** Rows of cells, each cell a lead's share of the page. @type {Map<string, () => Lead[][]>} */
const montages = new Map([["all", () => leads.map((lead) => [lead])]]);
if (inMillivolts.length && inMillivolts.length < leads.length) montages.set("ecg", () => inMillivolts.map((lead) => [lead]));
if (isTwelve) {
  montages.set("3x4", () => [...columns(ROWS_OF_COLUMNS), [named(RHYTHM_LEAD)]]);
  montages.set("6x2", () => columns([ROWS_OF_COLUMNS.slice(0, 2).flat(), ROWS_OF_COLUMNS.slice(2).flat()]));
}
if (leads.length > 1) montages.set("lead", () => [[leads[state.lead % leads.length]]]);

/** Names by column to leads by row. @param {string[][]} names @returns {Lead[][]} */
const columns = (names) => names[0].map((_, row) => names.map((column) => named(column[row])));

/** What this recording's leads allow. */
export const montageIds = () => [...montages.keys()];

const sum = (values) => values.reduce((total, value) => total + value, 0);

const rows = (id = state.montage) => (montages.get(id) ?? montages.get("all"))();

/** The leads on the strip, or of another montage, each once. @param {string} [id] @returns {Lead[]} */
export const shownLeads = (id) => [...new Set(rows(id).flat())];

/** @param {ReturnType<import("./layout.js").geometry>} g @returns {Lane[]} from the top, and in time */
export function lanes(g) {
  const shown = rows();
  const shares = shown.map((cells) => (cells.some(isEcg) ? ECG_SHARE : 1));
  const pxPerShare = (g.paperBottom - PAPER_TOP_PX) / sum(shares);
  const topOf = (row) => PAPER_TOP_PX + pxPerShare * sum(shares.slice(0, row));
  return shown.flatMap((cells, row) => cells.map((lead, i) => ({
    lead,
    top: topOf(row),
    bottom: topOf(row + 1),
    startS: g.startS + ((g.endS - g.startS) * i) / cells.length,
    endS: g.startS + ((g.endS - g.startS) * (i + 1)) / cells.length,
    isFirst: i === 0,
  })));
}
