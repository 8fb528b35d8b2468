// Starts the workstation: figures first, then what the address asks for, then everything that keeps it alive.

import { mainGroup, say } from "../base/config.js";
import { h } from "../base/dom.js";
import { forgetNotices, tell } from "../base/notice.js";
import { on, restoreView, state } from "../base/state.js";
import { restoreEdits } from "../edits/edits.js";
import { embedFigures } from "../paper/figures.js";
import { refreshOverview } from "../paper/overview.js";
import { keepLive } from "../review/live.js";
import { refreshQueue, showQueue } from "../review/queue.js";
import { showSelection } from "../review/selection_panel.js";
import { keepAddress } from "../strip/address.js";
import { paint, repaint } from "../strip/paint.js";
import "../views/disclosure.js";
import "../views/hours.js";
import "../views/page_view.js";
import { showMenu } from "../windows/menu.js";
import { showPanels } from "../windows/panels.js";
import { listenToViews, openView } from "../windows/views.js";
import { actions } from "./actions.js";
import { followLink } from "./deep_link.js";
import { listenToKeys } from "./keys.js";
import { listenToPointer } from "./pointer.js";
import { showStatus } from "./status.js";

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
