// What is new, asked for every second while samples come in, every three when the recording has ended.

import { mainGroup } from "./config.js";
import { pageS } from "./layout.js";
import { forgetFrom, refreshMarks } from "./marks.js";
import { followHead, stores } from "./navigate.js";
import { refreshOverview } from "./overview.js";
import { repaint } from "./paint.js";
import { refreshQueue } from "./queue.js";
import { changed, state } from "./state.js";

const LIVE_MS = 1000;
const ENDED_MS = 3000;
const QUEUE_EVERY = 3;
const OVERVIEW_EVERY = 10;

let ticks = 0;

async function tick() {
  const fs = mainGroup.fs_hz;
  const from = Math.max(Math.floor(state.startS * fs), 0);
  const before = state.nextSample;
  const answer = await refreshMarks(from, Math.ceil((state.startS + pageS()) * fs));
  state.offline = false;
  state.heardMs = Date.now();
  state.endedUs = answer.ended_us;
  state.firstSample = answer.first_sample;
  if (answer.next_sample > before) {
    state.nextSample = answer.next_sample;
    state.grewMs = Date.now();
    const main = stores.get(mainGroup.id);
    forgetFrom(before);
    // other groups of the stream keep pace by time; their windows hold what is there
    await Promise.all([...stores.values()].map((store) => store.grow(
      store === main ? answer.next_sample : Math.floor((answer.next_sample / fs) * store.group.fs_hz))));
    if (state.follow) await followHead();
  }
  ticks += 1;
  if (ticks % QUEUE_EVERY === 0) await refreshQueue();
  if (ticks % OVERVIEW_EVERY === 0) await refreshOverview();
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
