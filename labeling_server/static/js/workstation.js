// Starts the workstation: figures first, then what the address asks for, then everything that keeps it alive.

import { actions } from "./actions.js";
import { keepAddress } from "./address.js";
import { mainGroup, say } from "./config.js";
import { followLink } from "./deep_link.js";
import "./disclosure.js";
import { restoreEdits } from "./edits.js";
import { embedFigures } from "./figures.js";
import { h } from "./dom.js";
import "./hours.js";
import { listenToKeys } from "./keys.js";
import { keepLive } from "./live.js";
import { showMenu } from "./menu.js";
import { forgetNotices, tell } from "./notice.js";
import { refreshOverview } from "./overview.js";
import "./page_view.js";
import { paint, repaint } from "./paint.js";
import { showPanels } from "./panels.js";
import { listenToPointer } from "./pointer.js";
import { refreshQueue, showQueue } from "./queue.js";
import { showSelection } from "./selection_panel.js";
import { on, restoreView, state } from "./state.js";
import { showStatus } from "./status.js";
import { listenToViews, openView } from "./views.js";

/** What the page was opened with; the address changes with what is shown. */
const asked = new URLSearchParams(location.search);

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
  await followLink(asked);
  // not before: a key must not mean something else because the signal was not there yet
  listenToKeys();
  listenToPointer();
  forgetNotices();
  paint();
  if (asked.has("view") && !openView(asked.get("view"))) tell(`${state.notice} ${say("address.view")}`.trim());
  requestAnimationFrame(() => (document.body.dataset.ready = String(Math.round(performance.now()))));
  void refreshOverview().catch(() => undefined);
  void keepLive();
}

void start();
