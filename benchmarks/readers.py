"""Many readers at one server, some in pages of a real Chromium; every edit that they were told is saved is looked for.

`readers`: they jump, decide on proposals, add spans and beats at once; what a jump takes, and whether each acknowledged
edit is a revision of its author in the database, once, and each cut follows from one of these. Those without a page
send what a page sends (`benchmarks.scripted_reader`): a machine that serves twenty readers does not paint for twenty.
`readers:chaos=1` as well kills the server, restarts the database and cuts the readers' network for half a minute while
all go on in pages.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import shutil
import statistics
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from benchmarks import day, scripted_reader
from benchmarks.figures import Figure
from benchmarks.proxy import Proxy
from benchmarks.served import Served
from storage import migrations
from storage.database import Database, connect
from storage.embedded import EmbeddedServer

if TYPE_CHECKING:
    from collections.abc import Iterator

_READ = """
async ({me, nReaders, seconds, thinkMs, lengthS}) => {
  const { show } = await import("/static/js/strip/navigate.js");
  const { state } = await import("/static/js/base/state.js");
  const { selectRow } = await import("/static/js/strip/select.js");
  const { decide } = await import("/static/js/review/decide.js");
  const { addBeat, addSpan, saving } = await import("/static/js/edits/edits.js");
  const { usOf } = await import("/static/js/base/time.js");
  const frame = () => new Promise(requestAnimationFrame);
  const think = () => new Promise((resolve) => setTimeout(resolve, thinkMs * (0.5 + Math.random())));
  const [times, acked] = [[], []];
  const note = (row, action) => row && acked.push([row.id, row.revision, action]);
  const mine = state.queue.filter((_, i) => i % nReaders === me).map((row) => row.id);
  const until = performance.now() + seconds * 1000;
  for (let turn = 0; performance.now() < until; turn += 1) {
    const place = Math.random() * (lengthS - 60);
    const begin = performance.now();
    await show(place);
    await frame();
    await frame();
    if (Math.abs(state.startS - place) < 1) times.push(performance.now() - begin); // else the server was gone
    await think();
    if (turn % 3 === 0 && mine.length) {
      const row = state.rows.get(mine.shift());
      selectRow(row, { move: false });
      const action = ["confirm", "reject", "ambiguous"][turn % 4 % 3];
      note(await decide(action), action);
    } else if (turn % 3 === 1) {
      const from = usOf(place + 2 + me / 100);
      note(await addSpan(from, from + 1e6, "AFIB"), "add");
    } else {
      note(await addBeat(Math.round((place + 3) * 250) + me, "V"), "add");
    }
    await think();
  }
  const patience = performance.now() + 60000;
  while (saving.pending.length && performance.now() < patience) await think();
  const nConflicts = saving.conflicts.length;
  return { times, acked, nPending: saving.pending.length, refused: saving.refused, nConflicts };
}"""
_MADE = """
    SELECT annotation_id::text, revision, action, login, cause_id::text, cause_revision FROM annotation_revisions
    WHERE login LIKE 'reader%'
"""
"""A cut is no edit of its own: it follows from one, which it names."""
_READY_MS = 60_000


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What can be set.

    Parameters
    ----------
    pages : how many of the readers are pages; with chaos all are.
    think_ms : between two things that a reader does, about.
    chaos : 1 to break things meanwhile.
    cut_s : how long the readers' network is cut then.
    """

    readers: int = 20
    pages: int = 2
    seconds: float = 60.0
    think_ms: int = 1000
    hours: float = 24.0
    chaos: int = 0
    cut_s: float = 30.0


def figures(options: Options | None = None) -> Iterator[Figure]:
    """Store a day, let them read it, look for what they saved."""
    options = options or Options()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.chmod(0o711)
        bin_dir = os.environ.get("RHYTHMARK_BENCH_POSTGRES")
        server = EmbeddedServer(
            folder / "postgresql",
            bin_dir=Path(bin_dir) if bin_dir else None,
            settings={"shared_preload_libraries": "timescaledb"} if bin_dir else None,
        )
        stack.callback(server.stop)
        dsn = server.start()
        migrations.upgrade(dsn)
        with Database.open(dsn) as database:
            one = day.store(database, duration_s=round(options.hours * 3600), n_proposals=100 * options.readers)
            logins = day.add_readers(database, options.readers)
        proxy = stack.enter_context(Proxy(_address(dsn)))
        served = Served(make_conninfo(dsn, host="127.0.0.1", port=proxy.port))
        stack.callback(served.kill)
        served.start()
        found = asyncio.run(_Reading(server, proxy, served, one, logins, options).run())
        with connect(make_conninfo(dsn, host="127.0.0.1", port=proxy.port), autocommit=True) as conn:
            made = conn.execute(_MADE).fetchall()
    yield from _told(found, made, options)


def _told(found: list[dict[str, Any]], made: list[Any], options: Options) -> Iterator[Figure]:
    what = f"{options.readers} readers{', chaos' if options.chaos else ''}"
    n_pages = _n_pages(options)
    yield from _jumps(f"{what}: jump to painted in {n_pages} pages", found[:n_pages])
    if found[n_pages:]:
        yield from _jumps(f"{what}: jump to answered of {len(found) - n_pages} without a page", found[n_pages:])
    acked = [(*ack, f"reader{i}") for i, one in enumerate(found) for ack in one["acked"]]
    there = [(str(row[0]), int(row[1]), row[2], row[3]) for row in made if row[4] is None]
    causes = [(str(row[4]), int(row[5]), row[3]) for row in made if row[4] is not None]
    lost = set(map(tuple, acked)) - set(there)
    groundless = set(causes) - {(identity, revision, login) for identity, revision, _, login in acked}
    yield Figure(f"{what}: edits called saved", len(acked), "edits")
    yield Figure(f"{what}: of these not in the database", len(lost), "edits")
    yield Figure(f"{what}: in the database beyond these", len(there) - len(set(map(tuple, acked))), "edits")
    yield Figure(f"{what}: cuts that followed from them", len(causes), "cuts")
    yield Figure(f"{what}: said twice by a page", len(acked) - len(set(map(tuple, acked))), "edits")
    yield Figure(f"{what}: left unsaved", sum(one["nPending"] for one in found), "edits")
    yield Figure(f"{what}: conflicts", sum(one["nConflicts"] for one in found), "edits")
    refused = [one["refused"] for one in found if one["refused"]]
    if lost or refused or groundless or len(there) != len(set(map(tuple, acked))):
        msg = (
            f"every edit must be in the database once, and every cut follow from one: lost {sorted(lost)[:3]}, "
            f"refused {refused[:3]}, cuts without one {sorted(groundless)[:3]}"
        )
        raise RuntimeError(msg)


def _jumps(what: str, found: list[dict[str, Any]]) -> Iterator[Figure]:
    times = [time_ms for one in found for time_ms in one["times"]]
    yield Figure(f"{what}, median", statistics.median(times), "ms")
    yield Figure(f"{what}, p95", float(np.percentile(times, 95)), "ms")
    yield Figure(f"{what}, how many", len(times), "jumps")


def _n_pages(options: Options) -> int:
    return options.readers if options.chaos else min(options.pages, options.readers)


def _address(dsn: str) -> tuple[str, int]:
    facts = conninfo_to_dict(dsn)
    return str(facts.get("host", "127.0.0.1")), int(facts["port"])


class _Reading:
    """All pages at once, and what happens to them."""

    def __init__(
        self, server: EmbeddedServer, proxy: Proxy, served: Served, one: day.Day, logins: list[str], options: Options
    ) -> None:
        self._server = server
        self._proxy = proxy
        self._served = served
        self._day = one
        self._logins = logins
        self._options = options

    async def run(self) -> list[dict[str, Any]]:
        """What each page says at its end."""
        from playwright.async_api import async_playwright  # only these benchmarks need it

        path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        async with async_playwright() as driver:
            browser = await driver.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
            n_pages = _n_pages(self._options)
            pages = [await self._opened(browser, login) for login in self._logins[:n_pages]]
            breaking = asyncio.create_task(self._break(pages)) if self._options.chaos else None
            scripted = asyncio.to_thread(self._scripted, n_pages)
            *found, others = await asyncio.gather(*(self._read(page, i) for i, page in enumerate(pages)), scripted)
            if breaking is not None:
                await breaking
            await browser.close()
        return [*found, *others]

    def _scripted(self, n_pages: int) -> list[dict[str, Any]]:
        """The others, in a process of their own so that nothing here slows them down."""
        if not self._logins[n_pages:]:
            return []
        options, one = self._options, self._day
        task = scripted_reader.Task(
            self._served.address,
            one.stream_id,
            one.group_id,
            one.signal.t0_us,
            options.hours * 3600,
            options.readers,
            options.seconds,
            options.think_ms / 1000,
        )
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
            return pool.submit(scripted_reader.read_all, task, n_pages, self._logins[n_pages:]).result()

    async def _opened(self, browser: Any, login: str) -> Any:
        context = await browser.new_context(viewport={"width": 1366, "height": 768}, timezone_id="UTC")
        page = await context.new_page()
        path = f"/streams/{self._day.stream_id}"
        await page.goto(f"{self._served.address}/login?next={path}")
        await page.fill("#login", login)
        await page.fill("#password", day.PASSWORD)
        await page.click("button.primary")
        await page.wait_for_selector("body[data-ready]", timeout=_READY_MS)
        return page

    async def _read(self, page: Any, me: int) -> dict[str, Any]:
        options = self._options
        query = {"me": me, "nReaders": options.readers, "seconds": options.seconds, "thinkMs": options.think_ms}
        found: dict[str, Any] = await page.evaluate(_READ, query | {"lengthS": options.hours * 3600})
        return found

    async def _break(self, pages: list[Any]) -> None:
        """One after the other: the server dies, the database is restarted, half of the readers lose their network."""
        await asyncio.sleep(5)
        await asyncio.to_thread(self._served.kill)
        await asyncio.sleep(3)
        await asyncio.to_thread(self._served.start)
        await asyncio.sleep(8)
        await asyncio.to_thread(self._restart_database)
        await asyncio.sleep(8)
        cut = pages[::2]
        await asyncio.gather(*(page.context.set_offline(True) for page in cut))
        await asyncio.sleep(self._options.cut_s)
        await asyncio.gather(*(page.context.set_offline(False) for page in cut))

    def _restart_database(self) -> None:
        self._proxy.refuse()
        self._server.stop()
        time.sleep(2)
        self._proxy.target = _address(self._server.start())
        self._proxy.resume()
