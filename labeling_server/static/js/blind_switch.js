// The key that hides what machines say, and shows it again.

import { isBeatHidden, isHidden } from "./blind.js";
import { forgetBeatMarks } from "./beat_marks.js";
import { keepAddress } from "./address.js";
import { closeOverlay } from "./overlays.js";
import { repaint } from "./paint.js";
import { deselect, selectedBeat } from "./select.js";
import { changed, keepView, selectedRow, state } from "./state.js";
import { closeView, openView } from "./views.js";

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
