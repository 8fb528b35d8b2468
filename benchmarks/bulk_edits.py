"""Bulk edits: 20,000 of a day's 100,000 beats relabelled, undone and done again, through storage and through REST.

Each commit included. REST is a server process of its own (`rhythmark serve`), asked as the page asks it.
"""

from __future__ import annotations

import json
import time
import urllib.request
import uuid
from http.cookiejar import CookieJar
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

import numpy as np

from benchmarks import workload
from benchmarks.figures import Figure
from benchmarks.served import served
from signal_processing.values import Annotation, Annotator, Channel, Signal
from storage import beats, bulk_edits, catalogue, runs, users
from storage.database import Database

if TYPE_CHECKING:
    from collections.abc import Iterator

    from storage.annotation_row import Actor
    from storage.catalogue import GroupRow

N_BEATS = 100_000
N_FAMILY = 20_000
FS_HZ = 250.0
MACHINE = Annotator("machine", "benchmark", "1")
LOGIN, PASSWORD = "benchmark", "a password of the benchmark"


def figures() -> Iterator[Figure]:
    """A stream for each way, so that neither finds the other's rows."""
    with workload.server_dsn() as dsn, Database.open(dsn) as database:
        extension = database.capabilities.timescaledb_version
        where = f"TimescaleDB {extension}" if extension else f"PostgreSQL {database.capabilities.server_version}"
        with database.transaction() as conn:
            user = users.create(conn, login=LOGIN, password=PASSWORD, role="reader")
        yield from _through_storage(database, _filled(database, "storage"), user.actor, where)
        with served(dsn) as server:
            yield from _through_rest(Site(server.address), _filled(database, "rest"), where)


def _filled(database: Database, name: str) -> GroupRow:
    """100,000 beats, every fifth of the family."""
    signal = Signal(name, "ecg", FS_HZ, workload.START_US, (Channel("II", "mV", 200.0),))
    with database.transaction() as conn:
        stream = catalogue.ensure_stream(conn, name=name, device="benchmark", t0_us=signal.t0_us)
        group = catalogue.ensure_group(conn, stream.id, signal)
        run_id = runs.ensure_run(conn, group.id, MACHINE, {})
        beats.store_beats(conn, group, run_id, [_beat(i) for i in range(N_BEATS)])
    return group


def _beat(i: int) -> Annotation:
    at = 216 * i
    return Annotation(start=at, end=at, label="A" if i % 5 == 0 else "N", annotator=MACHINE, confidence=0.9)


def _through_storage(database: Database, group: GroupRow, actor: Actor, where: str) -> Iterator[Figure]:
    def timed(what: str, call: Any) -> Figure:
        begun_s = time.perf_counter()
        with database.transaction() as conn:
            call(conn)
        return Figure(f"{what}, storage, {where}", time.perf_counter() - begun_s, "s")

    def read(conn: Any) -> beats.Beats:
        return beats.read_beats(conn, group, 0, 216 * N_BEATS)

    yield timed(f"read {N_BEATS} beats before", read)
    with database.transaction() as conn:
        family = _family(read(conn))
    wanted = bulk_edits.WantedEdit(*family, "relabel", "V")
    bulk_id = uuid.uuid4()
    yield timed(f"preview of {N_FAMILY} beats", lambda conn: bulk_edits.preview(conn, group, wanted))
    yield timed(
        f"relabel {N_FAMILY} beats",
        lambda conn: bulk_edits.apply(conn, group, wanted, bulk_id=bulk_id, actor=actor, view={}),
    )
    yield timed(f"read {N_BEATS} beats, {N_FAMILY} touched", read)
    yield timed(f"undo {N_FAMILY} beats", lambda conn: bulk_edits.undo(conn, bulk_id, actor))
    with database.transaction() as conn:
        assert _family(read(conn)).samples.tolist() == family.samples.tolist()
    yield timed(f"redo {N_FAMILY} beats", lambda conn: bulk_edits.redo(conn, bulk_id, actor))
    again = bulk_edits.WantedEdit(wanted.samples, np.full(N_FAMILY, 5, np.int16), "relabel", "S", include_reviewed=True)
    yield timed(
        f"relabel {N_FAMILY} reviewed beats",
        lambda conn: bulk_edits.apply(conn, group, again, bulk_id=uuid.uuid4(), actor=actor, view={}),
    )
    with database.transaction() as conn:
        assert int((read(conn).numbers == 9).sum()) == N_FAMILY


class _Family(NamedTuple):
    samples: Any
    numbers: Any


def _family(found: beats.Beats) -> _Family:
    is_of_it = found.numbers == 8
    assert int(is_of_it.sum()) == N_FAMILY
    return _Family(found.samples[is_of_it], found.numbers[is_of_it])


def _through_rest(site: Site, group: GroupRow, where: str) -> Iterator[Figure]:
    path = f"/api/streams/{group.stream_id}/beats"
    query = {"group_id": group.id, "start": 0, "end": 2_000_000}
    found: dict[str, Any] = {"samples": [], "numbers": []}
    while len(found["samples"]) < N_BEATS:  # in pieces of what one answer carries
        piece = site.get(f"{path}?{urlencode(query)}")
        found = {name: found[name] + piece[name] for name in found}
        query |= {"start": query["end"], "end": query["end"] + 2_000_000}
    family = [(at, number) for at, number in zip(found["samples"], found["numbers"], strict=True) if number == 8]
    body = {
        "id": str(uuid.uuid4()),
        "group_id": group.id,
        "action": "relabel",
        "label": "V",
        "samples": [at for at, _ in family],
        "numbers": [number for _, number in family],
    }

    def timed(what: str, address: str, sent: dict[str, Any]) -> Figure:
        begun_s = time.perf_counter()
        answer = site.post(address, sent)
        assert answer["n_changed"] == N_FAMILY
        return Figure(f"{what} {N_FAMILY} beats, REST, {where}", time.perf_counter() - begun_s, "s")

    yield timed("preview of", f"{path}/bulk", body | {"is_preview": True})
    yield timed("relabel", f"{path}/bulk", body)
    yield timed("relabel again with the same id", f"{path}/bulk", body)
    yield timed("undo", f"/api/beats/bulk/{body['id']}/undo", {})
    yield timed("redo", f"/api/beats/bulk/{body['id']}/redo", {})


class Site:
    """A reader at a server, with the session and its token."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        form = urlencode({"login": LOGIN, "password": PASSWORD}).encode()
        page = self._opener.open(f"{address}/login", form).read().decode()
        self._token = page.split('name="csrf" value="')[1].split('"')[0]

    def get(self, path: str) -> Any:
        """What is there."""
        return json.load(self._opener.open(f"{self._address}{path}"))

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """The answer to an edit."""
        headers = {"Content-Type": "application/json", "X-CSRF-Token": self._token}
        request = urllib.request.Request(f"{self._address}{path}", json.dumps(body).encode(), headers)  # noqa: S310 - our own
        return json.load(self._opener.open(request))
