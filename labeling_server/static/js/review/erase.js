// A range is cut out of all that is decided in one exclusive layer, and nothing put in its place.

import { send } from "../base/api.js";
import { mainGroup, reader, say, stream } from "../base/config.js";
import { changed, state } from "../base/state.js";
import { takeAlso } from "../edits/aftermath.js";
import { registerEdits, saving, submit } from "../edits/edits.js";
import { markedRange } from "../edits/overlaps.js";
import { repaint } from "../strip/paint.js";
import { openPalette } from "../windows/palette.js";

const path = `/api/streams/${stream.id}/spans/erase`;

registerEdits("erase", {
  async deliver(edit) {
    const answer = await send("POST", path, { ...edit.body, view: edit.view });
    return { ...answer, updated_us: answer.changed[0]?.updated_us ?? Date.now() * 1000 };
  },
  finish(edit, answer) {
    saving.told = takeAlso(answer.changed, 0, saving.pending.slice(1)) || say("erase.nothing");
    repaint();
  },
  // the revision of the first is the act: its undo is one of that row, and brings the others back
  undoEntry: (edit, answer) => (answer.changed.length ? { id: answer.changed[0].id, revision: answer.changed[0].revision, isWide: true } : null),
});

/** Chooses the layer to cut the marked range out of. */
export function eraseRange() {
  const range = markedRange();
  if (range && range[0] < range[1]) return openPalette("layer", (layer) => void erase(layer, ...range));
  saving.told = say(reader.may_write ? "erase.where" : "save.viewer");
  changed("saving");
  return undefined;
}

/** @param {string} layer @param {number} startUs @param {number} endUs */
async function erase(layer, startUs, endUs) {
  state.markUs = null;
  const body = { group_id: mainGroup.id, layer, channel: null, start_us: startUs, end_us: endUs };
  await submit({ what: "erase", action: "erase", body });
  repaint();
}
