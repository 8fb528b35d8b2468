// The address of the page: where the strip is, how it is drawn, what is selected. It can be sent to a colleague, and a
// reload comes back. Numbers and names of leads only, nothing of a patient.

import { state } from "../base/state.js";
import { usOf } from "../base/time.js";
import { leads } from "../paper/layout.js";
import { addressOf, nameOf } from "./legs.js";

/** Written when the reader rests: the browser takes 10 ms for it, and refuses more than some hundred in half a minute. */
const REST_MS = 200;
/** While the signal plays the reader never rests. */
const AT_MOST_MS = 2000;

const rounded = (seconds) => String(Math.round(seconds * 1000) / 1000);

/** Path and query of what is looked at now. */
export function addressNow() {
  const query = new URLSearchParams();
  query.set("at", String(usOf(state.startS)));
  if (state.pageS === null) query.set("speed", String(state.speed));
  else query.set("page", rounded(state.pageS));
  query.set("gain", String(state.gain));
  query.set("filter", state.band);
  query.set("mains", String(state.mainsHz));
  query.set("montage", state.montage);
  if (state.montage === "lead") query.set("lead", nameOf(leads[state.lead]));
  if (state.view !== "strip") query.set("view", state.view);
  if (state.blinded) query.set("blinded", "1");
  addSelected(query);
  if (state.calipers) query.set("calipers", addressOf(state.calipers));
  return `${location.pathname}?${query}`;
}

/** @param {URLSearchParams} query */
function addSelected(query) {
  const { selection, past } = state;
  if (past) {
    query.set("annotation", past.id);
    query.set("revision", String(past.entry.revision));
  } else if (selection?.kind === "span") query.set("annotation", selection.id);
  else if (selection?.kind === "beat") query.set("beat", String(selection.sample));
}

/** Of an annotation as it was after a revision, in the view that it was made in. @param {string} id @param {number} revision */
export const revisionAddress = (id, revision) => `${location.pathname}?${new URLSearchParams({ annotation: id, revision: String(revision) })}`;

let timer = 0;
/** When the address that waits was asked for first, ms; 0 while none does. */
let sinceMs = 0;

/** Something that is in the address changed. */
export function keepAddress() {
  const now = performance.now();
  sinceMs ||= now;
  if (now - sinceMs > AT_MOST_MS) return write();
  clearTimeout(timer);
  timer = setTimeout(write, REST_MS);
  return undefined;
}

function write() {
  clearTimeout(timer);
  // until the page is where its address says, a reload must find that address
  if (!document.body.dataset.ready) return void (timer = setTimeout(write, REST_MS));
  sinceMs = 0;
  history.replaceState(null, "", addressNow());
  return undefined;
}
