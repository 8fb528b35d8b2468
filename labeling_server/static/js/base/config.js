// What the server wrote into the page: the recording, the reader, the vocabulary, every text.

/**
 * @typedef {{code: string, kind: string, number: number, name: string, aami: string, snomed: string, icd10: string, urgency: number}} Label
 * @typedef {{name: string, unit: string, gain: number, offset: number}} Channel
 * @typedef {{id: number, name: string, fs_hz: number, t0_us: number, sample_type: string,
 *   first_sample: number, next_sample: number, channels: Channel[]}} Group
 * @typedef {{id: string, is_exclusive: boolean, labels: string[]}} Layer
 */

const config = JSON.parse(document.getElementById("config").textContent);

export const stream = config.stream;
/** @type {Group[]} */
export const groups = config.groups;
export const reader = config.reader;
/** What can be said of severity and of certainty, the least first. @type {{severity: string[], certainty: string[]}} */
export const words = config.words;
export const zone = config.zone;
/** @type {Map<string, Label>} */
export const labels = new Map(config.labels.map((label) => [label.code, label]));
/** @type {Map<number, Label>} */
export const labelOfNumber = new Map(config.labels.map((label) => [label.number, label]));
/** Layers of spans; decided ones of an exclusive layer must not overlap. @type {Layer[]} */
export const layers = config.layers;

/** The group that beats and edits belong to: the first with a lead in mV, else the first. */
export const mainGroup = groups.find((group) => group.channels.some((channel) => channel.unit === "mV")) ?? groups[0];

/**
 * One text of the page with its values filled in.
 * @param {string} key
 * @param {Object<string, string | number>} [values]
 */
export function say(key, values = {}) {
  const text = config.texts[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}
