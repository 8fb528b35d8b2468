// The signal plays: the strip moves by itself, at the speed of the clock or some times faster, the cursor stays where it
// is on the screen. A span whose start was marked grows with it, until its end is marked.

import { mainGroup } from "../base/config.js";
import { changed, state } from "../base/state.js";
import { pageS } from "../paper/layout.js";
import { show } from "./navigate.js";

export const RATES = [1, 2, 4, 8];

/** Starts, or stops. */
export function togglePlay() {
  if (stopPlaying()) return;
  state.playing = true;
  state.follow = false;
  changed("selection");
  requestAnimationFrame((now) => step(now));
}

/** @returns {boolean} whether it played */
export function stopPlaying() {
  const was = state.playing;
  state.playing = false;
  if (was) changed("selection");
  return was;
}

export function nextRate() {
  state.playRate = RATES[(RATES.indexOf(state.playRate) + 1) % RATES.length];
  changed("selection");
}

/** @param {number} before when the last step was, ms */
async function step(before) {
  if (!state.playing) return;
  const from = state.startS;
  const now = performance.now();
  // after a hidden tab or a slow answer it goes on, it does not jump
  const passedS = Math.min(Math.max(now - before, 0) / 1000, 0.25);
  await show(from + passedS * state.playRate);
  if (state.startS + pageS() >= state.nextSample / mainGroup.fs_hz + pageS() * 0.4) return void stopPlaying();
  requestAnimationFrame(() => void step(now));
}
