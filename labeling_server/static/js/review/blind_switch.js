// The key that hides what machines say, and shows it again.

import { changed, keepView, selectedRow, state } from "../base/state.js";
import { isBeatHidden, isHidden } from "../paper/blind.js";
import { keepAddress } from "../strip/address.js";
import { forgetBeatMarks } from "../strip/beat_marks.js";
import { repaint } from "../strip/paint.js";
import { deselect, selectedBeat } from "../strip/select.js";
import { closeOverlay } from "../windows/overlays.js";
import { closeView, openView } from "../windows/views.js";

export function toggleBlinded() {
  const { view } = state;
  closeOverlay();
  closeView(); // as it is opened again it asks for what it may show
  state.blinded = !state.blinded;
  forgetBeatMarks();
  const [row, beat] = [selectedRow(), selectedBeat()];
  // what is hidden is not selected either
  if ((row && isHidden(row)) || (beat && isBeatHidden(beat))) deselect();
  keepView();
  keepAddress();
  openView(view);
  changed("view", "marks", "queue", "selection", "saving");
  repaint();
}
