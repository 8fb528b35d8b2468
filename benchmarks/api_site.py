"""A site with a recording and people, served for real, and what of its database must not change."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import requests
import uvicorn

from benchmarks.api_cases import Known
from labeling_server.app import create_app
from labeling_server.serve import bound_socket
from labeling_server.settings import ServerSettings
from signal_processing.values import Annotation, Annotator, Block, Channel, Signal
from storage import annotations, beats, catalogue, runs, users, waveforms

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from storage.database import Database

T0_US = 1_762_000_000_000_000
FS_HZ = 250.0
DURATION_S = 60
PASSWORD = "a password for a benchmark"  # noqa: S105 - of users who live as long as it runs
SECRET = "a secret of more than 32 characters"  # noqa: S105 - see PASSWORD
EDITED = frozenset(
    {"annotations", "annotation_revisions", "revision_seals", "bulk_edits", "family_edits", "family_edit_steps"}
)
"""Tables that edits of labels and families write."""

_TABLES = """
SELECT tablename FROM pg_tables
WHERE schemaname = 'public' AND tablename NOT IN ('audit_log', 'audit_head', 'user_sessions') ORDER BY 1
"""
_DIGEST = "SELECT md5(coalesce(string_agg(t::text, ' ' ORDER BY t::text), '')) FROM {} t"
_UNATTRIBUTED = """
SELECT (SELECT count(*) FROM annotation_revisions r LEFT JOIN users u ON u.id = r.user_id
        WHERE u.login IS DISTINCT FROM r.login OR u.role NOT IN ('reader', 'admin'))
     + (SELECT count(*) FROM annotations a
        WHERE a.revision <> (SELECT count(*) FROM annotation_revisions r WHERE r.annotation_id = a.id)
           OR (a.revision > 0 AND a.updated_by NOT IN (SELECT login FROM users)))
"""


class Person(NamedTuple):
    """Who sends a request: the cookie of a session, and the token that goes with it."""

    name: str
    cookies: Mapping[str, str]
    headers: Mapping[str, str]
    may_write: bool


def fill(database: Database) -> Known:
    """A minute of two leads with machine beats and proposals, a reader and a viewer."""
    machine = Annotator("machine", "benchmark", "1.0")
    signal = Signal("recording", "ecg", FS_HZ, T0_US, (Channel("II", "mV", 200.0), Channel("V5", "mV", 200.0)))
    n_samples = int(DURATION_S * FS_HZ)
    samples = np.random.default_rng(1).integers(-200, 200, (n_samples, 2)).astype(np.int16)
    marks = [(sample, "V" if sample % 1000 == 0 else "N") for sample in range(200, n_samples - 200, 200)]
    spans = [("VT", 700, 1300), ("AFIB", 5000, 6200), ("AFL", 9000, 9900), ("NOISY", 12000, 12500)]
    with database.transaction() as conn:
        stream = catalogue.ensure_stream(conn, name="recording", device="benchmark", t0_us=T0_US)
        group = catalogue.ensure_group(conn, stream.id, signal)
        waveforms.store_blocks(conn, group, [Block(0, samples)])
        group = catalogue.group_by_id(conn, group.id)
        run_id = runs.ensure_run(conn, group.id, machine, {})
        found = [Annotation(start=at, end=at, label=label, annotator=machine) for at, label in marks]
        beats.store_beats(conn, group, run_id, found)
        said = [Annotation(start=start, end=end, label=label, annotator=machine) for label, start, end in spans]
        annotations.propose(conn, stream.id, group, run_id, said)
        for role in ("reader", "viewer"):
            users.create(conn, login=role, password=PASSWORD, role=role)
        ids = [row.id for row in annotations.queue(conn)]
        stored = beats.read_beats(conn, group, 0, n_samples)
    numbered = list(zip(stored.samples.tolist(), stored.numbers.tolist(), strict=True))
    return Known(stream.id, group.id, run_id, T0_US, T0_US + DURATION_S * 1_000_000, n_samples, numbered, ids)


@contextmanager
def served(database: Database) -> Iterator[str]:
    """The address of the site."""
    app = create_app(database, settings=ServerSettings(secret_key=SECRET))
    with bound_socket("127.0.0.1", 0) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, ws="none", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            while not server.started:
                time.sleep(0.01)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def people(address: str) -> list[Person]:
    """Nobody, a viewer, a reader whose token another site does not know, and last a reader."""
    viewer, reader = (_signed_in(address, role) for role in ("viewer", "reader"))
    return [
        Person("nobody", {}, {}, may_write=False),
        viewer,
        reader._replace(name="reader without token", headers={"X-CSRF-Token": "of another session"}, may_write=False),
        reader,
    ]


def _signed_in(address: str, login: str) -> Person:
    with requests.Session() as session:
        session.post(f"{address}/login", data={"login": login, "password": PASSWORD}, allow_redirects=False, timeout=60)
        who = session.get(f"{address}/api/session", timeout=60).json()
        return Person(login, session.cookies.get_dict(), {"X-CSRF-Token": who["csrf"]}, may_write=who["may_write"])


def digests(database: Database) -> dict[str, str]:
    """Of all rows of every table but the trail, and when sessions were seen last."""
    with database.transaction() as conn:
        tables = [name for (name,) in conn.execute(_TABLES).fetchall()]
        return {name: str(conn.execute(_DIGEST.format(name)).fetchone()) for name in tables}


def n_unattributed(database: Database) -> int:
    """Revisions and annotations that do not say which reader wrote them."""
    with database.transaction() as conn:
        row = conn.execute(_UNATTRIBUTED).fetchone()
        assert row is not None
        return int(row[0])
