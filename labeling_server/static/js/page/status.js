// The top bar's clock and stream state, and the status line: the one place that tells about saving.

import { mainGroup, reader, say } from "../base/config.js";
import { keyName } from "../base/dom.js";
import { on, state } from "../base/state.js";
import { dateOf, duration, hms, usOf, usOfSample, zoneOf } from "../base/time.js";
import { saving } from "../edits/edits.js";
import { linkingHint } from "../edits/linking.js";
import { aheadText } from "../edits/overlaps.js";
import { filterName, isFiltered } from "../paper/filters.js";
import { geometry } from "../paper/layout.js";
import { shownLeads } from "../paper/montage.js";
import { binSizeOf } from "../signal/envelopes.js";
import { isMeasuring } from "../strip/legs.js";
import { keyNow } from "../windows/bindings.js";

const LIVE_US = 10e6;
const RETRY_S = 3;
const put = (id, text) => {
  const element = document.getElementById(id);
  if (element.textContent !== text) element.textContent = text;
};

/** What is true about saving, in one sentence. */
function savingText() {
  const { pending, conflicts, waiting, refused, savedUs, told } = saving;
  if (waiting) return ["waiting", say("save.waiting", { time: hms(pending[0]?.sinceMs * 1000), why: waiting, seconds: RETRY_S })];
  if (pending.length) return ["busy", say("save.saving", { n: pending.length })];
  if (refused) return ["refused", say("save.refused", { why: refused })];
  if (conflicts.length) return ["refused", say("save.conflict", { n: conflicts.length })];
  if (state.draft || state.beatDraft) return ["busy", say("save.moving")];
  if (!reader.may_write) return ["none", say("save.viewer")];
  if (savedUs === null) return ["none", told || say("save.none")];
  return ["saved", say(told ? "save.told" : "save.saved", { time: hms(savedUs), what: told })];
}

function hintText() {
  if (state.notice) return state.notice;
  if (state.past) return say("past.hint", { revision: state.past.entry.revision, key: keyName(keyNow("deselect", "Escape")) });
  if (state.markUs !== null) return say("strip.mark");
  if (linkingHint()) return linkingHint();
  if (isMeasuring()) return say(`calipers.leg.${state.calipers.leg}`);
  return state.edge ? say(`strip.edge.${state.edge}`) : "";
}

function renderSaving() {
  const [kind, text] = savingText();
  const element = document.getElementById("status-save");
  element.dataset.kind = kind;
  element.dataset.pending = String(saving.pending.length);
  element.title = text;
  put("status-save", text);
  put("status-undo", say("save.undo", { n: saving.undo.length }));
  renderHint();
}

function renderHint() {
  const text = [state.playing ? say("strip.playing", { rate: state.playRate }) : "", hintText(), aheadText()].filter(Boolean).join(" · ");
  put("status-hint", text);
  document.getElementById("status-hint").title = text;
}

/** What the display does to the signal, or that it does nothing. */
function filterText(g) {
  if (!isFiltered()) return say("strip.filter");
  // minima and maxima are those of what is stored
  if (binSizeOf(mainGroup.fs_hz / g.pxPerS)) return say("strip.filter.off");
  return filterName();
}

function renderView() {
  const g = geometry();
  const speed = state.pageS === null ? `${state.speed} mm/s` : say("strip.page", { length: duration(state.pageS * 1e6) });
  put("status-paper", `${speed}   ${state.gain} mm/mV   ${filterText(g)}`);
  put("status-leads", shownLeads().map((lead) => lead.channel.name).join(" "));
  put("status-position", `${hms(usOf(g.startS))} – ${hms(usOf(g.endS))}   ${duration((g.endS - g.startS) * 1e6)}`);
  const at = usOf(g.startS);
  put("clock", `${dateOf(at)} ${hms(at)} (${zoneOf(at)})`);
  document.getElementById("status-blind").hidden = !state.blinded;
  document.getElementById("follow").hidden = state.follow || state.endedUs !== null;
}

function renderState() {
  const element = document.getElementById("stream-state");
  const [kind, text] = streamState();
  element.className = `state ${kind}`;
  put("stream-state", text);
}

function streamState() {
  if (state.offline) return ["offline", say("state.offline", { time: hms(state.heardMs * 1000) })];
  if (state.endedUs !== null) return ["ended", say("state.ended")];
  const behindUs = Math.max(Date.now() * 1000 - usOfSample(state.nextSample), 0);
  // before the first samples come in here, what is there already tells how fresh it is
  const silentUs = state.grewMs ? (Date.now() - state.grewMs) * 1000 : behindUs;
  if (silentUs < LIVE_US) return ["live", say("state.live", { delay: duration(behindUs) })];
  return ["behind", say("state.behind", { duration: duration(silentUs) })];
}

export function showStatus() {
  on(["saving", "draft", "selection"], renderSaving);
  on(["view"], renderView);
  on(["view", "calipers", "cursor", "marks", "queue", "notice"], renderHint);
  on(["live", "saving"], renderState);
  renderSaving();
  renderView();
  renderState();
}
