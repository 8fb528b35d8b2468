// What contradicts what: decided spans of one exclusive layer and scope. What an act that is not saved yet would cut.

import { layers, mainGroup, reader, say } from "../base/config.js";
import { selectedRow, state } from "../base/state.js";
import { hms, hmsMs, usOf } from "../base/time.js";
import { cursorSeconds } from "../paper/layout.js";
import { spansBetween } from "../paper/marks.js";

/**
 * @typedef {import("../base/state.js").Row} Row
 * @typedef {import("../base/config.js").Layer} Layer
 * @typedef {{label: string, startUs: number | null, endUs: number | null}} Piece of a decided span; null: of no known bounds
 * @typedef {Piece & {row: Row}} Cut
 */

/** Shorter pieces show milliseconds: their bounds would look the same. */
const FINE_US = 10e6;
const MAX_TOLD = 3;

/** @type {Map<string, Layer>} */
const layerOf = new Map(layers.flatMap((layer) => layer.labels.map((code) => /** @type {[string, Layer]} */ ([code, layer]))));

/** @type {Layer[]} */
const exclusiveLayers = layers.filter((layer) => layer.is_exclusive);

/** The layer of a label if decided spans of it must not overlap. @param {string} code @returns {Layer | null} */
export function exclusiveLayerOf(code) {
  const layer = layerOf.get(code);
  return layer?.is_exclusive ? layer : null;
}

/** Whether it counts: nothing else contradicts. @param {Row} row */
export const isDecided = (row) => !row.deleted && (row.status === "confirmed" || row.status === "corrected");

/** @param {Layer} layer @param {{group_id: number, channel: string | null, start_us: number, end_us: number, id?: string}} claim @returns {Cut[]} */
function cutsOf(layer, claim) {
  return spansBetween(claim.start_us, claim.end_us)
    .filter((row) => row.id !== claim.id && isDecided(row) && row.end_us > row.start_us && layerOf.get(row.label) === layer)
    .filter((row) => row.group_id === claim.group_id && row.channel === claim.channel)
    .map((row) => ({ row, label: row.label, startUs: Math.max(row.start_us, claim.start_us), endUs: Math.min(row.end_us, claim.end_us) }));
}

/** Whether deciding it would cut what is decided. @param {Row} row */
export function isCutting(row) {
  const layer = exclusiveLayerOf(row.label);
  return layer !== null && cutsOf(layer, row).length > 0;
}

/** Whether two spans, if both were decided, could contradict each other. @param {Row} one @param {Row} other */
export const isSameScope = (one, other) =>
  one.id !== other.id && one.group_id === other.group_id && one.channel === other.channel && layerOf.get(one.label) === layerOf.get(other.label);

/** From the mark to the cursor, microseconds; null while nothing is marked. @returns {[number, number] | null} */
export function markedRange() {
  if (state.markUs === null) return null;
  const at = usOf(cursorSeconds());
  return [Math.min(state.markUs, at), Math.max(state.markUs, at)];
}

/**
 * What would be cut by what the reader is about: a marked range labelled in the layer of what is cut, an edge that is moved,
 * the selected proposal accepted.
 * @returns {{why: "mark" | "move" | "accept", cuts: Cut[]}}
 */
export function cutsAhead() {
  const range = markedRange();
  if (!reader.may_write) return { why: "mark", cuts: [] };
  if (range) {
    const claim = { group_id: mainGroup.id, channel: null, start_us: range[0], end_us: range[1] };
    return { why: "mark", cuts: exclusiveLayers.flatMap((layer) => cutsOf(layer, claim)) };
  }
  const row = selectedRow();
  const layer = row && exclusiveLayerOf(row.label);
  const isMoved = row !== null && state.draft?.id === row.id;
  if (!layer || row.deleted || !(isMoved || row.status === "proposed" || row.status === "ambiguous")) return { why: "accept", cuts: [] };
  return { why: isMoved ? "move" : "accept", cuts: cutsOf(layer, row) };
}

/** Exclusive layers with what is decided of them in the marked range, those that have something there first. @returns {{layer: Layer, cuts: Cut[]}[]} */
export function layersOfRange() {
  const cuts = state.markUs === null ? [] : cutsAhead().cuts;
  const found = exclusiveLayers.map((layer) => ({ layer, cuts: cuts.filter((cut) => layerOf.get(cut.label) === layer) }));
  return found.sort((a, b) => Number(b.cuts.length > 0) - Number(a.cuts.length > 0));
}

/** "AFIB 12:03:10–12:05:00, SR 12:05:00–12:06:00". @param {Piece[]} pieces */
export function piecesText(pieces) {
  const named = pieces.slice(0, MAX_TOLD).map(({ label, startUs, endUs }) => {
    if (startUs === null || endUs === null) return label;
    const time = endUs - startUs < FINE_US ? hmsMs : hms;
    return `${label} ${time(startUs)}–${time(endUs)}`;
  });
  const n = pieces.length - named.length;
  return [...named, ...(n > 0 ? [say("cuts.more", { n })] : [])].join(", ");
}

/** What the act that the reader is about would cut, in words; empty when nothing. */
export function aheadText() {
  const { why, cuts } = cutsAhead();
  return cuts.length ? say(`cuts.${why}`, { what: piecesText(cuts) }) : "";
}
