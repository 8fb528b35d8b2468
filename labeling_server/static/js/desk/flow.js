// What comes before whom: a reader's next item, an adjudicator's disputes, an auditor's sample; and what is sent of it.

import { getJson, send } from "../base/api.js";
import { say } from "../base/config.js";
import { behindBar } from "../base/loading.js";
import { desk, deskChanged, edit, forgetDraft, putDown, takeUp, tellDesk } from "./item.js";
import { GUTTER_PX, usAt, widthS } from "./canvas.js";

/**
 * @typedef {{item: import("./item.js").Item, why: string, lanes?: any[], answer?: string, marks?: any[]}} Waiting
 */

export const flow = {
  /** @type {"read" | "adjudicate" | "audit" | "lesson"} */
  mode: "read",
  projectId: 0,
  /** Of an adjudicator or an auditor. @type {Waiting[]} */
  queue: [],
  /** Of a reader. @type {{n_done: number, n_left: number, n_later: number, due_us: number | null} | null} */
  progress: null,
  /** Why there is no item. @type {{why: string, values: Object<string, number>} | null} */
  hold: null,
  /** @type {any} */
  guideline: null,
  ofTest: false,
  isAssisted: false,
  /** What was decided, which an auditor may let stand. @type {string} */
  decided: "",
  /** @type {"saved" | "busy" | "waiting" | "refused" | ""} */
  saving: "",
  savedAt: 0,
  problem: "",
  /** An empty reading asks once. */
  hasAsked: false,
};

const RETRY_MS = 3000;
let lookedFrom = Date.now();

/** Time counts while the page is seen. */
export function countTime() {
  const stop = () => {
    desk.lookedMs += Date.now() - lookedFrom;
    lookedFrom = Date.now();
  };
  document.addEventListener("visibilitychange", () => (document.hidden ? stop() : (lookedFrom = Date.now())));
}

const looked = () => (desk.lookedMs + (document.hidden ? 0 : Date.now() - lookedFrom)) / 1000;

/** Asks until there is an answer. @template T @param {() => Promise<T>} ask @returns {Promise<T>} */
async function untilAnswered(ask) {
  for (;;) {
    try {
      const found = await behindBar(ask());
      if (flow.saving === "waiting") flow.saving = flow.savedAt ? "saved" : "";
      return found;
    } catch (error) {
      Object.assign(flow, { saving: error.mayRetry ? "waiting" : "refused", problem: error.message });
      deskChanged();
      if (!error.mayRetry) throw error;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

/** Sends what was said until it has arrived: a server that is away loses nothing. @param {() => Promise<any>} ask */
async function saved(ask) {
  flow.saving = "busy";
  deskChanged();
  await untilAnswered(ask);
  Object.assign(flow, { saving: "saved", savedAt: Date.now(), problem: "" });
}

let isBusy = false;

/** One thing after the other: a second press of a key while the first is on its way does nothing. @param {() => Promise<any>} work */
async function alone(work) {
  if (isBusy) return;
  isBusy = true;
  try {
    await work();
  } catch (error) {
    tellDesk(error.message);
  } finally {
    isBusy = false;
    deskChanged();
  }
}

const api = (rest) => `/api/projects/${flow.projectId}/${rest}`;

/** The next item, or what there is to do instead. */
export const next = () => alone(goOn);

async function goOn() {
  if (flow.mode === "read") await nextToRead();
  else if (flow.mode === "lesson") await lesson();
  else await nextOfQueue();
  lookedFrom = Date.now();
}

async function nextToRead() {
  const found = await untilAnswered(() => send("POST", api("next"), {}));
  Object.assign(flow, { ofTest: found.of_test, isAssisted: found.is_assisted, hasAsked: false });
  flow.hold = found.hold ? { why: found.hold, values: { right: found.n_right, items: found.n_items, version: found.guideline } } : null;
  if (found.guideline && flow.guideline?.version !== found.guideline) flow.guideline = await untilAnswered(() => getJson(api("guideline")));
  if (found.item) await takeUp(found.item, found.marks, []);
  else putDown();
  void getJson(api("progress")).then((progress) => {
    flow.progress = progress;
    deskChanged();
  }, () => undefined);
}

async function nextOfQueue() {
  flow.queue = await untilAnswered(() => getJson(api(flow.mode === "audit" ? "audits" : "disputes")));
  if (!flow.guideline) flow.guideline = await getJson(api("guideline")).catch(() => null);
  if (flow.queue.length) await show(flow.queue[0]);
  else putDown();
}

/** @param {Waiting} waiting */
async function show(waiting) {
  const machine = { name: say("desk.machine"), answer: "read", marks: [] };
  const own = flow.mode === "audit" ? [{ name: say("desk.decided"), answer: waiting.answer, marks: waiting.marks }] : waiting.lanes.map((lane) => ({ ...lane, name: lane.lane }));
  flow.decided = flow.mode === "audit" ? said(waiting.answer, waiting.marks) : "";
  await takeUp(waiting.item, flow.mode === "audit" ? waiting.marks : [], [...own, machine], flow.mode === "audit" ? waiting.answer : "read");
  if (desk.showsMachine) await askMachine();
}

/** @param {1 | -1} by */
export function showOther(by) {
  const at = flow.queue.findIndex((one) => one.item.id === desk.item?.id);
  const other = flow.queue[at + by];
  if (other) void alone(() => show(other));
}

/** @param {Waiting} waiting */
export const showThis = (waiting) => void alone(() => show(waiting));

const said = (answer, marks) => JSON.stringify([answer, marks.map((mark) => [mark.start_us, mark.end_us, mark.label])]);

/** Whether an auditor says something else than what was decided. */
export const isOther = () => said(desk.answer, desk.marks) !== flow.decided;

function body() {
  const leads = desk.leads.map((lead) => lead.channel.name);
  const view = { speed_mm_s: desk.speed, gain_mm_mv: desk.gain, start_us: desk.startUs, end_us: Math.round(Math.max(usAt(GUTTER_PX) + widthS() * 1e6, desk.startUs)), leads };
  return { answer: desk.answer, marks: desk.answer === "read" ? desk.marks : [], seconds: Math.min(looked(), 86400), view };
}

/** A reader hands in; nothing marked asks once, for it cannot be taken back. */
export function handIn() {
  if (!desk.item || desk.openUs !== null) return tellDesk(say(desk.item ? "desk.open.first" : "desk.nothing"));
  if (!desk.marks.length && desk.answer === "read" && !flow.hasAsked) {
    flow.hasAsked = true;
    return tellDesk(say("desk.empty"));
  }
  const { id } = desk.item;
  const given = body();
  return alone(async () => {
    await saved(sending(`/api/items/${id}/reading`, given));
    forgetDraft(id);
    await goOn();
  });
}

/**
 * Sends until it arrives. When an answer was lost and the next one refuses, it had arrived: the item is not before the
 * reader any more, or is decided.
 * @param {string} path @param {any} given
 */
function sending(path, given) {
  let wasLost = false;
  return async () => {
    try {
      return await send("POST", path, given);
    } catch (error) {
      if (wasLost && (error.status === 404 || error.status === 422)) return null;
      wasLost ||= error.status === 0;
      throw error;
    }
  };
}

export const later = () => alone(async () => {
  if (!desk.item) return;
  const { id } = desk.item;
  await saved(() => send("POST", `/api/items/${id}/later`, {}));
  await goOn();
});

export const acknowledge = () => alone(async () => {
  await saved(() => send("POST", api("guideline/acknowledgement"), { version: flow.guideline.version }));
  await goOn();
});

/** The chosen lane as the decision, or with what the decision has already. @param {boolean} isMerged */
export function takeLane(isMerged) {
  const lane = desk.lanes[desk.lane];
  if (!lane || !desk.mayEdit) return;
  const before = isMerged ? desk.marks.filter((one) => !lane.marks.some((mark) => mark.label === one.label && mark.start_us <= one.end_us && mark.end_us >= one.start_us)) : [];
  edit([...before, ...lane.marks.map((mark) => ({ ...mark }))], isMerged ? "read" : lane.answer);
}

/** @param {1 | -1} by */
export function chooseLane(by) {
  const shown = desk.lanes.filter((lane) => lane.name !== say("desk.machine") || desk.showsMachine).length;
  if (!shown) return;
  desk.lane = Math.min(Math.max(desk.lane + by, 0), shown - 1);
  deskChanged();
}

/** What machines say is asked for when it is wanted, and then for each item that comes. */
export async function toggleMachine() {
  desk.showsMachine = !desk.showsMachine;
  if (!desk.showsMachine) desk.lane = 0;
  await askMachine();
}

async function askMachine() {
  const lane = desk.lanes.find((one) => one.name === say("desk.machine"));
  if (!lane || !desk.showsMachine) return deskChanged();
  try {
    lane.marks = await getJson(`/api/items/${desk.item.id}/machine`);
  } catch (error) {
    desk.showsMachine = false; // an empty lane would say that nothing was found
    desk.notice = error.message;
  }
  return deskChanged();
}

/** @param {string} code @param {string} reason */
export function decide(code, reason) {
  if (!desk.item) return undefined;
  const { id } = desk.item;
  const instead = { ...body(), code, reason };
  const isAudit = flow.mode === "audit";
  return alone(async () => {
    if (isAudit) await saved(sending(`/api/items/${id}/audit`, { verdict: "overturned", instead }));
    else await saved(sending(`/api/items/${id}/adjudication`, instead));
    forgetDraft(id);
    await goOn();
  });
}

export const confirmDecided = () => alone(async () => {
  const { id } = desk.item;
  await saved(sending(`/api/items/${id}/audit`, { verdict: "confirmed" }));
  forgetDraft(id);
  await goOn();
});

/** What one read otherwise than it is known to be: to look at, nothing else. */
async function lesson() {
  const id = new URLSearchParams(location.search).get("item");
  const found = await untilAnswered(() => getJson(`/api/items/${encodeURIComponent(id ?? "")}/lesson`));
  forgetDraft(found.item.id);
  await takeUp(found.item, found.marks, [{ name: say("desk.known"), answer: found.known_answer, marks: found.known }], found.answer);
  desk.mayEdit = false;
}
