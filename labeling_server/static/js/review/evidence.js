// What a span rests on: links to other spans, events and beats. While one is being linked, others are selected as ever,
// and the same key adds or removes them.

import { getJson, getList } from "../base/api.js";
import { reader, say } from "../base/config.js";
import { changed, state } from "../base/state.js";
import { sampleOf, secondsOf } from "../base/time.js";
import { fetchRow, revise, reviseBeat, saving, standing } from "../edits/edits.js";
import { linkingRow, setLinking } from "../edits/linking.js";
import { beatAt } from "../paper/marks.js";
import { showCentered } from "../strip/navigate.js";
import { repaint } from "../strip/paint.js";
import { selectBeat, selectRow, selectedBeat } from "../strip/select.js";
import { commitDraft } from "./drafts.js";

/** @typedef {import("../base/state.js").Row} Row */

/** Whoever leafs through the queue does not ask for the links of each. */
const REST_MS = 150;

/** Begins with the selected span; then adds or removes what is selected; of the span itself it ends. */
export function link() {
  const row = linkingRow();
  if (row?.id === state.selection?.id) return void endLinking();
  if (row) return toggleLink(row.id, state.selection);
  return void begin();
}

function begin() {
  void commitDraft();
  const isSpan = state.selection?.kind === "span";
  const id = isSpan && reader.may_write ? state.selection.id : null;
  setLinking(id);
  if (!id) saving.told = say(reader.may_write ? "link.where" : "save.viewer");
  shown();
}

function shown() {
  changed("saving", "links");
  repaint();
}

/** @returns {boolean} whether one was being linked; it is selected again */
export function endLinking() {
  const row = linkingRow();
  setLinking(null);
  if (!row) return false;
  if (state.selection?.id !== row.id) selectRow(state.rows.get(row.id));
  shown();
  return true;
}

/** One after the other: each adds to what the one before left. @type {Promise<any>} */
let linking = Promise.resolve();

/** @param {string} id of the span @param {import("../base/state.js").Selection | null} selection as it is now */
function toggleLink(id, selection) {
  const beat = selectedBeat();
  linking = linking.then(async () => {
    const other = selection?.kind === "beat" ? await idOfBeat(beat) : selection?.id;
    return other && other !== id ? setLink(id, other) : null;
  }).catch(() => null);
  return linking;
}

/** A beat that nobody touched gets a row, which says nothing more of it than the machine did. @param {import("../base/state.js").Beat | null} beat */
async function idOfBeat(beat) {
  return beat ? (beat.id ?? (await reviseBeat(beat, "link"))?.id ?? null) : null;
}

async function setLink(id, other) {
  if (!state.rows.has(other)) await fetchRow(other);
  const row = state.rows.get(id);
  const { evidence } = standing(row);
  const isLinked = evidence.includes(other);
  return revise(row, "link", { evidence: isLinked ? evidence.filter((one) => one !== other) : [...evidence, other] });
}

/** @param {Row} row @param {string} other */
export const removeLink = (row, other) => setLink(row.id, other);

/** Whose links are shown, and what of them is known. @type {{key: string, id: string, rows: Map<string, Row>, of: Row[]}} */
let known = { key: "", id: "", rows: new Map(), of: [] };

/** What rests on a row, as far as it is known. @param {Row} row @returns {Row[]} */
export const restingOn = (row) => (known.id === row.id ? known.of : []);

/** A row that is linked; null while it is not here. @param {string} id @returns {Row | null} */
export const linkedRow = (id) => state.rows.get(id) ?? known.rows.get(id) ?? null;

/** Both directions of the links of what is selected, asked anew after every edit. @param {Row} row */
export function loadLinks(row) {
  const key = [row.id, row.evidence.join(), saving.savedUs].join("/");
  if (known.key === key) return;
  known = known.id === row.id ? { ...known, key } : { key, id: row.id, rows: new Map(), of: [] };
  setTimeout(() => known.key === key && void ask(row, key).catch(() => undefined), REST_MS);
}

async function ask(row, key) {
  const [on, of] = await Promise.all([
    row.evidence.length ? getJson(`/api/spans/${row.id}/evidence`) : [],
    getList(`/api/spans/${row.id}/evidence-of`),
  ]);
  if (known.key !== key) return; // the reader went on meanwhile
  for (const one of on) if (!(state.rows.get(one.id)?.revision > one.revision)) state.rows.set(one.id, one);
  known = { ...known, rows: new Map(on.map((one) => [one.id, one])), of };
  shown();
}

/** To something that is linked: it is selected, the strip goes where it is. @param {Row} row */
export async function goToLinked(row) {
  if (row.kind !== "beat" && row.kind !== "pulse") return selectRow(state.rows.get(row.id) ?? row);
  await showCentered(secondsOf(row.start_us));
  const beat = beatAt(sampleOf(row.start_us));
  if (beat) selectBeat(beat);
}
