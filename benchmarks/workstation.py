"""The workstation on a day of 3 leads, in Chromium: how soon it is ready, a jump painted, a zoom; and what stays flat.

A jump is timed from the call to the second animation frame after it, as a reader's key would make it, to places that
are not in memory. While it zooms, a watcher looks at every frame whether the trace spans the page.
"""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import structlog

from benchmarks import day, workload
from benchmarks.figures import Figure
from benchmarks.scripted_reader import CHUNK_S, Connection, signed_in
from benchmarks.served import Served, chromium, served, sign_in
from storage.database import Database

if TYPE_CHECKING:
    from collections.abc import Iterator

_JUMPS = """
async ({places, pauseMs}) => {
  const { show } = await import("/static/js/strip/navigate.js");
  const frame = () => new Promise(requestAnimationFrame);
  const times = [];
  for (const place of places) {
    const begin = performance.now();
    await show(place);
    await frame();
    await frame();
    times.push(performance.now() - begin);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  return times;
}"""
_SERVER = """
() => performance.getEntriesByType("resource")
  .filter((entry) => /\\/(window|live|envelope)\\?/.test(entry.name))
  .map((entry) => entry.responseEnd - entry.requestStart)"""
_ZOOM = """
async (steps) => {
  const { stepScale } = await import("/static/js/strip/navigate.js");
  const { state } = await import("/static/js/base/state.js");
  const frame = () => new Promise(requestAnimationFrame);
  const find = (name) => Bokeh.documents.map((one) => one.get_model_by_name(name)).find(Boolean);
  const [trace, range] = [find("trace"), find("strip_x")];
  const [first, last] = [state.firstSample, state.nextSample].map((sample) => sample / 250);
  let isWatching = true;
  const blanks = [];
  let nFrames = 0;
  const watch = async () => {
    while (isWatching) {
      await frame();
      nFrames += 1;
      // as it is painted, not as it is about to be
      const gutterS = ((range.end - range.start) * 56) / document.getElementById("strip").clientWidth;
      const from = Math.max(range.start + gutterS, first);
      const to = Math.min(range.end, last);
      const xs = trace.data.xs;
      const least = Math.min(...xs.map((x) => x[0]));
      const most = Math.max(...xs.map((x) => x[x.length - 1]));
      const slack = (to - from) * 0.01 + 0.02;
      if (!(least <= from + slack && most >= to - slack)) blanks.push([state.pageS, from, to, least, most]);
    }
  };
  const watching = watch();
  const times = [];
  const pages = [];
  for (const by of steps) {
    const before = document.getElementById("strip").dataset.pageS;
    const begin = performance.now();
    await stepScale(by);
    await frame();
    await frame();
    const now = document.getElementById("strip").dataset.pageS;
    if (now !== before) {
      times.push(performance.now() - begin);
      pages.push(Number(now));
    }
    await new Promise((resolve) => setTimeout(resolve, 60));
  }
  isWatching = false;
  await watching;
  return { times, pages, blanks, nFrames };
}"""
_READING = """
() => {
  window.decisions = [];
  const loaded = ["state", "time"].map((name) => import(`/static/js/base/${name}.js`));
  Promise.all(loaded).then(([{ state }, { usOfSample }]) => {
    const strip = document.getElementById("strip");
    document.addEventListener("keydown", () => {
      const begin = performance.now();
      const before = state.selection?.id;
      const look = () => {
        const row = state.rows.get(state.selection?.id);
        const isNext = row && row.id !== before && Number(strip.dataset.paintedAt) > begin
          && Number(strip.dataset.startUs) <= row.start_us && row.start_us < Number(strip.dataset.endUs);
        if (!isNext) return requestAnimationFrame(look);
        requestAnimationFrame(() => window.decisions.push(performance.now() - begin)); // the frame after it was painted
      };
      look();
    }, true);
    window.isWatching = true;
  });
}"""
_NEAREST = """
async (wanted) => {
  const { fetchFamilies } = await import("/static/js/views/family_store.js");
  const { families } = await fetchFamilies();
  const by = (family) => Math.abs(family.count - wanted);
  const { number, count } = families.reduce((best, family) => (by(family) < by(best) ? family : best));
  return [number, count];
}"""
_SAVED = """
(what) => {
  const status = document.getElementById("status-save");
  return status.dataset.pending === "0" && status.textContent.includes(what);
}"""
FAMILIES_MS = 60_000
N_STEPS = 24
"""More than there are between a second and a day: the last ones find no further step."""


_DECIDED = "SELECT count(*) FROM annotation_revisions WHERE login = 'reader0' AND cause_id IS NULL"


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What can be set.

    Parameters
    ----------
    jumps : timed one by one; twice as many are half of those after which memory is looked at again.
    pause_ms : between two jumps, as a reader looks at what is there.
    """

    hours: float = 24.0
    jumps: int = 200
    memory_jumps: int = 1000
    pause_ms: int = 100
    decisions: int = 200


def figures(options: Options | None = None) -> Iterator[Figure]:
    """Store the day, serve it, look at it."""
    options = options or Options()
    with workload.server_dsn() as dsn:
        with Database.open(dsn) as database:
            one = day.store(database, duration_s=round(options.hours * 3600))
            day.add_readers(database, 1)
        yield Figure("beats of the day", one.n_beats, "beats")
        with served(dsn) as server, chromium() as browser, Database.open(dsn) as database:
            yield from _looked_at(browser, server, database, one, options)


def _looked_at(browser: Any, server: Served, database: Database, one: day.Day, options: Options) -> Iterator[Figure]:
    page = sign_in(browser, server.address, "reader0")
    ready_ms = [_opened(page, server, one) for _ in range(5)]
    yield Figure("page ready, first time", ready_ms[0], "ms")
    yield Figure("page ready, median of the next 4", statistics.median(ready_ms[1:]), "ms")
    yield from _jumps(page, options)
    yield from _server_part(server, one, options)
    yield from _zooms(page)
    yield from _reading(page, database, options)
    yield from _memory(page, server, options)
    yield from _family(page)


def _opened(page: Any, server: Served, one: day.Day) -> float:
    page.goto(f"{server.address}/streams/{one.stream_id}")
    page.wait_for_selector("body[data-ready]", timeout=30_000)
    page.evaluate("() => performance.setResourceTimingBufferSize(50000)")
    return float(page.evaluate("() => Number(document.body.dataset.ready)"))


def _places(n: int, seed: int, options: Options) -> list[float]:
    rng = np.random.default_rng(seed)
    return [float(at) for at in rng.uniform(0, options.hours * 3600 - 60, n)]


def _jumps(page: Any, options: Options) -> Iterator[Figure]:
    page.evaluate(_JUMPS, {"places": _places(10, 1, options), "pauseMs": options.pause_ms})  # warm
    page.evaluate("() => performance.clearResourceTimings()")
    times = page.evaluate(_JUMPS, {"places": _places(options.jumps, 2, options), "pauseMs": options.pause_ms})
    server = page.evaluate(_SERVER)
    yield Figure("jump to painted, median", statistics.median(times), "ms")
    yield Figure("jump to painted, p95", float(np.percentile(times, 95)), "ms")
    yield Figure("a request of a jump, sent to received, median", statistics.median(server), "ms")
    yield Figure("a request of a jump, sent to received, p95", float(np.percentile(server, 95)), "ms")


def _server_part(server: Served, one: day.Day, options: Options) -> Iterator[Figure]:
    """What a jump asks for, one by one, from the request to the last byte of the answer; without a browser."""
    connection = Connection(server.address, signed_in(server.address, "reader0"))
    for what in ("window", "live"):
        times = []
        for at_s in _places(options.jumps, 5, options):
            start = int(at_s // CHUNK_S) * CHUNK_S * day.FS_HZ
            begun_s = time.perf_counter()
            query = {"group_id": one.group_id, "start": start, "end": start + CHUNK_S * day.FS_HZ}
            connection.get(f"/api/streams/{one.stream_id}/{what}", **query)
            times.append((time.perf_counter() - begun_s) * 1e3)
        yield Figure(f"server part of a jump, {what}, median", statistics.median(times), "ms")
        yield Figure(f"server part of a jump, {what}, p95", float(np.percentile(times, 95)), "ms")


def _zooms(page: Any) -> Iterator[Figure]:
    page.evaluate(_ZOOM, [-1] * N_STEPS)
    done = page.evaluate(_ZOOM, [1] * N_STEPS + [-1] * N_STEPS)
    yield Figure("shortest page", min(done["pages"]), "s")
    yield Figure("longest page", max(done["pages"]), "s")
    yield Figure("zoom by a step to painted, median", statistics.median(done["times"]), "ms")
    yield Figure("zoom by a step to painted, p95", float(np.percentile(done["times"], 95)), "ms")
    yield Figure("frames looked at while zooming", done["nFrames"], "frames")
    yield Figure("frames with a blank while zooming", len(done["blanks"]), "frames")
    if done["blanks"]:
        structlog.get_logger().warning("blanks", first=done["blanks"][:5])
    page.evaluate("async () => (await import('/static/js/strip/navigate.js')).toggleWhole()")


def _reading(page: Any, database: Database, options: Options) -> Iterator[Figure]:
    """Decide by keyboard alone, one after the other, each when the last one's next strip is there."""
    page.evaluate(_READING)
    page.wait_for_function("() => window.isWatching")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowDown")
    page.wait_for_timeout(500)
    page.evaluate("() => (window.decisions = [])")
    for i in range(options.decisions):
        page.keyboard.press(("Enter", "x", "q")[i % 3])
        page.wait_for_function("n => window.decisions.length >= n", arg=i + 1)
        page.wait_for_timeout(options.pause_ms)
    page.wait_for_function("() => document.getElementById('status-save').dataset.pending === '0'")
    times = page.evaluate("() => window.decisions")
    with database.transaction() as conn:
        row = conn.execute(_DECIDED).fetchone()
    n_stored = int(row[0]) if row else 0
    if n_stored != options.decisions:
        msg = f"{options.decisions} decisions must be stored, {n_stored} are"
        raise RuntimeError(msg)
    yield Figure("decisions by keyboard, each in the database", n_stored, "decisions")
    yield Figure("key to the next strip painted, median", statistics.median(times), "ms")
    yield Figure("key to the next strip painted, p95", float(np.percentile(times, 95)), "ms")


def _family(page: Any) -> Iterator[Figure]:
    """The family nearest to 20,000 beats relabelled by keys in its view, and undone, each until the page says so."""
    page.keyboard.press("Escape")
    began_s = time.perf_counter()
    page.keyboard.press("M")
    page.wait_for_selector("#view canvas", timeout=FAMILIES_MS)
    yield Figure("families of the day, first time", time.perf_counter() - began_s, "s")
    number, count = page.evaluate(_NEAREST, 20_000)
    page.click(f"#family-{number}")
    page.keyboard.press("V")
    page.wait_for_function("() => document.querySelector('#overlays button.primary:enabled') !== null")
    for key, told in (("Enter", "relabelled"), ("Control+z", "as before")):
        began_s = time.perf_counter()
        page.keyboard.press(key)
        page.wait_for_function(_SAVED, arg=told, timeout=FAMILIES_MS)
        yield Figure(f"a family of {count} beats {told}, key to saved", time.perf_counter() - began_s, "s")
        page.wait_for_timeout(1000)


def _memory(page: Any, server: Served, options: Options) -> Iterator[Figure]:
    half = options.memory_jumps // 2
    for i in range(3):
        heap, rss = _heap_mib(page), server.rss_mib()
        yield Figure(f"JavaScript heap after {options.jumps + i * half} jumps", heap, "MiB")
        yield Figure(f"memory of the server after {options.jumps + i * half} jumps", rss, "MiB")
        if i < 2:
            page.evaluate(_JUMPS, {"places": _places(half, 3 + i, options), "pauseMs": 0})


def _heap_mib(page: Any) -> float:
    time.sleep(1.0)
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    used = page.evaluate("() => performance.memory.usedJSHeapSize")
    session.detach()
    return float(used) / 2**20
