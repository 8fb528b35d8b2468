// What is new, asked for every second while samples come in, every three when the recording has ended.

import { mainGroup } from "../base/config.js";
import { changed, state } from "../base/state.js";
import { pageS, pxPerS } from "../paper/layout.js";
import { forgetFrom, refreshMarks, showsBeats } from "../paper/marks.js";
import { refreshOverview } from "../paper/overview.js";
import { envelopes, followHead, refreshPage, stores } from "../strip/navigate.js";
import { repaint } from "../strip/paint.js";
import { refreshQueue } from "./queue.js";

/** How far behind the head a page of hours looks for what is new, s. */
const HEAD_S = 20;
const LIVE_MS = 1000;
const ENDED_MS = 3000;
const QUEUE_EVERY = 3;
const OVERVIEW_EVERY = 10;
/** Of a recording that has ended only edits change the overview: it reads every beat of a day. */
const ENDED_OVERVIEW_EVERY = 100;

let ticks = 0;

async function tick() {
  const fs = mainGroup.fs_hz;
  const from = Math.max(Math.floor(state.startS * fs), 0);
  const before = state.nextSample;
  const to = Math.ceil((state.startS + pageS()) * fs);
  // of a page of hours only what is newest may change by itself
  const answer = await (showsBeats(pxPerS()) ? refreshMarks(from, to) : refreshMarks(Math.max(before - HEAD_S * fs, 0), before));
  state.offline = false;
  state.heardMs = Date.now();
  state.endedUs = answer.ended_us;
  state.firstSample = answer.first_sample;
  if (answer.next_sample > before) {
    state.nextSample = answer.next_sample;
    state.grewMs = Date.now();
    forgetFrom(before);
    // other groups of the stream keep pace by time; their windows hold what is there
    const nextOf = (group) => (group === mainGroup ? answer.next_sample : Math.floor((answer.next_sample / fs) * group.fs_hz));
    for (const bins of envelopes.values()) bins.grow(nextOf(bins.group));
    await Promise.all([...stores.values()].map((store) => store.grow(nextOf(store.group))));
    if (state.follow) await followHead();
    else if (!showsBeats(pxPerS())) await refreshPage();
  }
  ticks += 1;
  if (ticks % QUEUE_EVERY === 0) await refreshQueue();
  if (ticks % (state.endedUs === null ? OVERVIEW_EVERY : ENDED_OVERVIEW_EVERY) === 0) await refreshOverview();
  changed("live", "marks", "view");
  repaint();
}

/** Asks again and again; a silent server is told in the top bar and asked on. */
export async function keepLive() {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, state.endedUs === null ? LIVE_MS : ENDED_MS));
    if (document.hidden) continue;
    try {
      await tick();
    } catch (error) {
      state.offline = error.status === 0 || error.status >= 500;
      changed("live");
    }
  }
}
