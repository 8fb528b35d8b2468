// Starts the workstation: figures first, then what the address asks for, then everything that keeps it alive.

import { actions } from "./actions.js";
import { isBeatHidden, isHidden } from "./blind.js";
import { restoreCalipers } from "./calipers.js";
import { mainGroup, say } from "./config.js";
import "./disclosure.js";
import { fetchRow, restoreEdits } from "./edits.js";
import { embedFigures } from "./figures.js";
import { h } from "./dom.js";
import "./hours.js";
import { listenToKeys } from "./keys.js";
import { keepLive } from "./live.js";
import { beatAt } from "./marks.js";
import { showMenu } from "./menu.js";
import { followHead, keepAddress, show, showFirst } from "./navigate.js";
import { refreshOverview } from "./overview.js";
import "./page_view.js";
import { paint, repaint } from "./paint.js";
import { showPanels } from "./panels.js";
import { listenToPointer } from "./pointer.js";
import { refreshQueue, showQueue } from "./queue.js";
import { selectBeat, selectRow } from "./select.js";
import { showSelection } from "./selection_panel.js";
import { on, restoreView, state } from "./state.js";
import { showStatus } from "./status.js";
import { secondsOf } from "./time.js";
import { listenToViews, openView } from "./views.js";

/** What the page was opened with; the address changes with what is shown. */
const asked = new URLSearchParams(location.search);

/** What the address names: a time, a span, a beat; else the live head, the first proposal, or the start. */
async function goWhereAsked() {
  const row = asked.has("annotation") ? await fetchRow(asked.get("annotation")) : null;
  if (Number(asked.get("page")) > 0) state.pageS = Number(asked.get("page"));
  if (asked.has("at")) await show(secondsOf(Number(asked.get("at"))));
  if (row && !isHidden(row)) return selectRow(row, { move: !asked.has("at") });
  const beat = asked.has("beat") ? beatAt(Number(asked.get("beat"))) : null;
  if (beat && !isBeatHidden(beat)) return selectBeat(beat);
  if (asked.has("at")) return undefined;
  if (state.endedUs === null) return followHead();
  return state.queue.length && !state.blinded ? selectRow(state.queue[0]) : showFirst();
}

const RETRY_MS = 2000;

/** A server that does not answer yet is asked again. @param {() => Promise<any>} ask */
async function untilAnswered(ask) {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!error.mayRetry) throw error;
      document.getElementById("status-save").textContent = error.message;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

async function start() {
  if (!mainGroup) {
    document.getElementById("strip").append(h("p", { class: "empty" }, say("strip.empty")));
    return;
  }
  restoreView();
  if (asked.has("blinded")) state.blinded = asked.get("blinded") === "1";
  showPanels();
  await untilAnswered(() => Promise.all([embedFigures(), refreshQueue()]));
  showQueue();
  showSelection();
  showStatus();
  showMenu(actions);
  restoreEdits();
  on(["view"], keepAddress);
  on(["marks"], repaint);
  listenToViews();
  await goWhereAsked();
  restoreCalipers(asked.get("calipers"));
  // not before: a key must not mean something else because the signal was not there yet
  listenToKeys();
  listenToPointer();
  paint();
  openView(asked.get("view") ?? "");
  requestAnimationFrame(() => (document.body.dataset.ready = String(Math.round(performance.now()))));
  void refreshOverview().catch(() => undefined);
  void keepLive();
}

void start();
