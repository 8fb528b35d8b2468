// Polls the figures while the page is visible, one request at a time, and changes in place what has changed.
import { clockOf, count, duration, rates, zoneOffset } from "./format.js";

const POLL_MS = 2_000;
const SLOWEST_MS = 30_000;
const TIMEOUT_MS = 10_000;
const PLOT_MS = 600_000;
const SHORTEST_PLOT_MS = 120_000; // a page that was just opened shows what it has, not an empty ten minutes

const root = document.getElementById("watch");
const clock = clockOf(root.dataset.zone);
const element = (id) => document.getElementById(id);
const plots = new Map(); // name -> Bokeh figure
let history = []; // [time_us, samples_per_s | null, lag | null]
let pause_ms = POLL_MS;
let last_us = 0;

function set(id, text, tone = "") {
  const target = element(id);
  if (target.textContent !== text) target.textContent = text;
  target.dataset.tone = tone;
}

// Keeps the rows of a list: same key, same element, so that nothing jumps and a focused link stays focused.
function keep(list, items, key, make, fill) {
  const old = new Map([...list.children].map((row) => [row.dataset.key, row]));
  items.forEach((item, index) => {
    const name = String(item[key]);
    const row = old.get(name) ?? make();
    old.delete(name);
    row.dataset.key = name;
    fill(row, item);
    if (list.children[index] !== row) list.insertBefore(row, list.children[index] ?? null);
  });
  for (const row of old.values()) row.remove();
}

function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function tableRow(classes) {
  return () => {
    const row = document.createElement("tr");
    for (const name of classes) row.insertCell().className = name;
    return row;
  };
}

function badge(cell, state) {
  const mark = cell.firstElementChild ?? cell.appendChild(document.createElement("span"));
  mark.className = `watch-state watch-state-${state}`;
  write(mark, state);
}

function link(cell, text, href) {
  const anchor = cell.querySelector("a") ?? cell.appendChild(document.createElement("a"));
  if (anchor.getAttribute("href") !== href) anchor.href = href;
  write(anchor, text);
}

const makeStream = tableRow(["", "watch-name", "", "number", "number", "number", "number", "number", "number"]);
function fillStream(row, stream, now_us) {
  const [state, name, patient, rate, head, behind, heard, missing, proposed] = row.cells;
  badge(state, stream.state);
  link(name, stream.name, stream.href);
  const mark = name.querySelector(".synthetic");
  if (stream.synthetic && !mark) name.append(Object.assign(document.createElement("span"), { className: "synthetic", textContent: "SYNTHETIC" }));
  if (!stream.synthetic && mark) mark.remove();
  write(patient, stream.patient || "–");
  write(rate, rates(stream.rates));
  write(head, clock(stream.head_us, now_us));
  write(behind, duration(stream.behind_us));
  write(heard, duration(stream.heard_age_us));
  write(missing, stream.missing_us > 0 ? duration(stream.missing_us) : "–");
  write(proposed, count(stream.n_proposed));
}

const makeWorker = tableRow(["", "watch-name", "number", "number", "number"]);
function fillWorker(row, worker) {
  const [state, name, rate, lag, age] = row.cells;
  badge(state, worker.state);
  write(name, worker.worker);
  row.title = [worker.source, worker.note].filter(Boolean).join(": ");
  write(rate, count(worker.samples_per_s));
  write(lag, count(worker.lag));
  write(age, duration(worker.age_us));
}

function makeProposal() {
  const row = document.createElement("li");
  const anchor = row.appendChild(document.createElement("a"));
  for (const name of ["urgency", "label", "what", "when", "where"]) {
    anchor.appendChild(document.createElement("span")).className = `watch-${name}`;
  }
  return row;
}
const URGENCY_SIGN = { emergent: "!!", important: "!", routine: "·", none: "·" };
function fillProposal(row, proposal, now_us) {
  const anchor = row.firstElementChild;
  const [urgency, label, what, when, where] = anchor.children;
  if (anchor.getAttribute("href") !== proposal.href) anchor.href = proposal.href;
  urgency.dataset.urgency = proposal.urgency;
  urgency.title = proposal.urgency;
  write(urgency, URGENCY_SIGN[proposal.urgency]);
  write(label, proposal.label);
  write(what, proposal.name);
  write(when, clock(proposal.start_us, now_us));
  const length = proposal.duration_us > 0 ? duration(proposal.duration_us) : "";
  const confidence = proposal.confidence === null ? "" : proposal.confidence.toFixed(2);
  write(where, [proposal.stream, length && (proposal.ongoing ? `${length}, ongoing` : length), confidence].filter(Boolean).join(" · "));
}

function showTotals(totals) {
  set("tile-live", count(totals.n_live));
  set("tile-live-note", totals.n_stale ? `${count(totals.n_stale)} stale` : `of ${count(totals.n_streams)}`, totals.n_stale ? "warn" : "");
  set("tile-rate", count(totals.samples_per_s));
  set("tile-lag", count(totals.lag));
  set("tile-lag-note", totals.n_workers ? "messages" : "no worker alive", totals.n_workers ? "" : "warn");
  set("tile-dead", count(totals.n_dead_letters), totals.n_dead_letters ? "warn" : "");
  set("tile-proposed", count(totals.n_proposed));
  const urgent = totals.n_emergent ? `${count(totals.n_emergent)} emergent` : `${count(totals.n_important)} important`;
  set("tile-proposed-note", totals.n_emergent || totals.n_important ? urgent : "proposals", totals.n_emergent ? "alarm" : "");
}

function show(figures) {
  const { now_us } = figures;
  showTotals(figures.totals);
  keep(element("streams"), figures.streams, "id", makeStream, (row, item) => fillStream(row, item, now_us));
  keep(element("workers"), figures.workers, "worker", makeWorker, fillWorker);
  keep(element("proposals"), figures.proposals, "id", makeProposal, (row, item) => fillProposal(row, item, now_us));
  for (const name of ["streams", "workers", "proposals"]) {
    const empty = figures[name].length === 0;
    element(`${name}-empty`).hidden = !empty;
    const table = element(name).closest("table");
    if (table) table.hidden = empty;
  }
  remember(figures);
  draw(now_us);
}

function remember({ now_us, history: points }) {
  history = history.concat(points).filter(([time_us]) => time_us >= now_us - PLOT_MS * 1000);
  if (history.length) last_us = history.at(-1)[0];
}

// Where nothing is known the line breaks (NaN) and the area falls to 0 at both ends of the gap, not slanting over it.
function columnsOf(points) {
  const columns = { time: [], value: [], area: [] };
  const push = (time, value, area) => {
    columns.time.push(time);
    columns.value.push(value);
    columns.area.push(area);
  };
  points.forEach(([time, value], i) => {
    if (value !== null) return push(time, value, value);
    push(points[i - 1]?.[0] ?? time, NaN, 0);
    push(points[i + 1]?.[0] ?? time, NaN, 0);
  });
  return columns;
}

function draw(now_us) {
  const columns = { throughput: 1, lag: 2 };
  const offset = zoneOffset(root.dataset.zone, now_us / 1000);
  const end = now_us / 1000 + offset;
  const first = history.length ? history[0][0] / 1000 + offset : end;
  const shown = Math.min(Math.max(end - first, SHORTEST_PLOT_MS), PLOT_MS);
  for (const [name, plot] of plots) {
    plot.x_range.setv({ start: end - shown, end });
    const column = columns[name];
    element(`${name}-empty`).hidden = history.some((point) => point[column] !== null);
    const known = history.slice(Math.max(history.findIndex((point) => point[column] !== null), 0));
    plot.renderers[0].data_source.data = columnsOf(known.map((point) => [point[0] / 1000 + offset, point[column]]));
  }
}

// Bokeh draws on a canvas, which knows no style sheet: the colours of the theme are read from it.
function paint() {
  const style = getComputedStyle(root);
  const colour = (name) => style.getPropertyValue(name).trim();
  for (const plot of plots.values()) {
    for (const axis of [...plot.below, ...plot.left]) axis.major_label_text_color = colour("--ink-soft");
    for (const grid of plot.center) grid.grid_line_color = grid.dimension === 1 ? colour("--rule") : null;
    const [area, line] = plot.renderers;
    area.glyph.fill_color = colour("--accent");
    line.glyph.line_color = colour("--accent");
  }
}

async function embed() {
  const items = await (await fetch(root.dataset.plots)).json();
  for (const [name, item] of Object.entries(items)) {
    const view = await Bokeh.embed.embed_item(item, name);
    plots.set(name, (view.roots ?? [view])[0].model);
  }
  paint();
  document.addEventListener("rhythmark:theme", paint);
}

async function look() {
  const answer = await fetch(`${root.dataset.figures}?since_us=${last_us}`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (answer.redirected || answer.status === 401 || answer.status === 403) return location.reload(); // the session has ended
  const figures = await answer.json();
  if (!answer.ok) throw new Error(figures.message ?? `the server answered ${answer.status}`);
  show(figures);
  set("freshness", `as of ${clock(figures.now_us, figures.now_us)}`);
  element("freshness").className = "state live";
  delete root.dataset.stale;
}

async function poll() {
  if (!document.hidden) {
    try {
      await look();
      pause_ms = POLL_MS;
    } catch (error) {
      // what was there stays, greyed; the next tries come slower
      root.dataset.stale = "yes";
      const shown = last_us ? `figures are of ${clock(last_us, last_us)}` : "no figures yet";
      set("freshness", `${shown}: ${error.message}`);
      element("freshness").className = "state offline";
      element("freshness").title = error.message;
      pause_ms = Math.min(2 * pause_ms, SLOWEST_MS);
    }
  }
  setTimeout(poll, pause_ms);
}

document.addEventListener("visibilitychange", () => { if (!document.hidden) look().catch(() => {}); });
embed().catch((error) => set("freshness", `plots cannot be drawn: ${error.message}`));
poll();
