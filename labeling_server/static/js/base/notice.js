// What a key has to say that is seen nowhere else: in the status line, until the next key or touch.

import { changed, state } from "./state.js";

/** @param {string} text */
export function tell(text) {
  state.notice = text;
  changed("notice");
}

/** What was said is old when the reader goes on. */
export function forgetNotices() {
  const forget = () => state.notice && tell("");
  // before whoever acts on it, and may have something to say itself
  for (const kind of ["keydown", "pointerdown"]) addEventListener(kind, forget, true);
}
