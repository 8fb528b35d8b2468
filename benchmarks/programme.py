"""A simulated programme of reading: twelve readers of known skill, 3,000 strips of real recordings, through the API.

What is true is the experts' rhythm of mitdb, ten seconds a strip; a strip with ventricular tachycardia or flutter is
critical. Each reader errs as their skill says, one of them four times as often from the middle on; two read each strip,
an adjudicator, who errs once in a hundred, decides what they differ in. Skill is estimated without the truth.
"""

from __future__ import annotations

import time
from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import numpy as np
import requests

from benchmarks import workload
from benchmarks.figures import Figure
from benchmarks.served import served
from formats.wfdb_files import read_annotations, read_header
from reading.charts import cusum
from reading.ratings import NOT_READ, Ratings
from reading.skill import dawid_skene
from signal_processing.vocabulary import LabelKind, label
from storage import assignments, catalogue, projects, readings, users
from storage.annotation_row import Actor
from storage.database import Database

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

N_READERS = 12
ITEM_US = 10_000_000
PASSWORD = "a password of the benchmark"  # noqa: S105 - of users who live as long as it runs
CRITICAL = ("VT", "VFL", "VFIB")
ERROR_RATES = np.linspace(0.02, 0.13, N_READERS)
DRIFTER, WORSE = 3, 4.0
ADJUDICATOR_ERRS = 0.01
OPERATOR = Actor(None, "benchmark")


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What can be set."""

    items: int = 3_000
    seed: int = 12


class Strip(NamedTuple):
    """A piece of a recording and its true rhythm."""

    record: str
    start_us: int
    truth: str


class Reader:
    """Somebody who signs in and reads until nothing is left.

    Parameters
    ----------
    rate : of errors; `worse` times as many from the middle of what they read.
    """

    def __init__(self, address: str, login: str, rate: float, worse: float, rng: np.random.Generator) -> None:
        self._address, self._rate, self._worse, self._rng = address, rate, worse, rng
        self._session = requests.Session()
        form = {"login": login, "password": PASSWORD}
        self._session.post(f"{address}/login", data=form, allow_redirects=False, timeout=60)
        self._headers = {"X-CSRF-Token": self._session.get(f"{address}/api/session", timeout=60).json()["csrf"]}
        self.n_read = 0
        self.answer_ms: list[float] = []

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """One request that must succeed."""
        answer = self._session.post(f"{self._address}{path}", json=body, headers=self._headers, timeout=60)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def get(self, path: str) -> Any:
        """One answer."""
        answer = self._session.get(f"{self._address}{path}", timeout=60)
        answer.raise_for_status()
        return answer.json()

    def said(self, truth: str, labels: list[str], *, drifts: bool) -> str:
        """What they call it."""
        rate = self._rate * (self._worse if drifts else 1.0)
        if self._rng.random() >= rate:
            return truth
        return str(self._rng.choice([name for name in labels if name != truth]))

    def read_one(self, project_id: int, truth: Mapping[int, str], labels: list[str], *, half: int) -> bool:
        """Read the next item; False when there is none."""
        began_s = time.perf_counter()
        item = self.post(f"/api/projects/{project_id}/next", {})["item"]
        self.answer_ms.append((time.perf_counter() - began_s) * 1e3)
        if item is None:
            return False
        name = self.said(truth[item["id"]], labels, drifts=self.n_read >= half)
        self.post(f"/api/items/{item['id']}/reading", {"answer": "read", "marks": [_mark(item, name)]})
        self.n_read += 1
        return True


def figures(options: Options | None = None) -> Iterator[Figure]:
    """Skill beside what it is, drift, critical calls, error before and after, effort."""
    options = options or Options()
    strips = _strips(options.items, np.random.default_rng(options.seed))
    labels = sorted({strip.truth for strip in strips})
    with workload.server_dsn() as dsn, Database.open(dsn) as database:
        project, truth = _filled(database, strips)
        with served(dsn) as server:
            people = [
                Reader(server.address, f"r{i}", rate, WORSE if i == DRIFTER else 1.0, np.random.default_rng(i))
                for i, rate in enumerate(ERROR_RATES)
            ]
            half = len(strips) * 2 // N_READERS // 2
            reading = people
            while reading:  # a turn of everybody, as if at once
                reading = [one for one in reading if one.read_one(project.id, truth, labels, half=half)]
            n_disputed = _adjudicate(server.address, project.id, truth, labels)
        with database.transaction() as conn:
            found = readings.of_project(conn, project.id)
    yield Figure("items, of them critical", sum(name in CRITICAL for name in truth.values()) / len(truth), "share")
    yield Figure("next item over REST, median", float(np.median([ms for one in people for ms in one.answer_ms])), "ms")
    yield Figure("readings", float(sum(person.n_read for person in people)), "readings")
    yield Figure("adjudicated", n_disputed / len(strips), "share of items")
    yield from _of_truth(found, truth, labels)


def _strips(n_items: int, rng: np.random.Generator) -> list[Strip]:
    """Critical ones first, then others by chance."""
    found: list[Strip] = []
    for path in workload.mitdb_records():
        header = read_header(path, t0_us=workload.START_US)
        spans = [one for one in read_annotations(header, "atr") if label(one.label).kind is LabelKind.RHYTHM]
        clock = header.signal.clock
        for start in range(workload.START_US, clock.us_at(header.n_samples) - ITEM_US, ITEM_US):
            here = [
                one.label for one in spans if clock.us_at(one.start) < start + ITEM_US and clock.us_at(one.end) > start
            ]
            urgent = [name for name in here if name in CRITICAL]
            if here:
                found.append(Strip(path.name, start, (urgent or here)[0]))
    critical = [strip for strip in found if strip.truth in CRITICAL]
    others = [strip for strip in found if strip.truth not in CRITICAL]
    n_critical = min(len(critical), round(0.03 * n_items))
    chosen = [critical[i] for i in rng.permutation(len(critical))[:n_critical]]
    return chosen + [others[i] for i in rng.permutation(len(others))[: n_items - n_critical]]


def _filled(database: Database, strips: list[Strip]) -> tuple[projects.ProjectRow, dict[int, str]]:
    from labeling_server.programme.reading_rules import dealer_of

    truth: dict[int, str] = {}
    with database.transaction() as conn:
        project = projects.create(conn, name="simulated", actor=OPERATOR)
        for i in range(N_READERS):
            users.create(conn, login=f"r{i}", password=PASSWORD, role="reader")
            projects.give_role(conn, project, f"r{i}", "reader", actor=OPERATOR)
        users.create(conn, login="judge", password=PASSWORD, role="reader")
        projects.give_role(conn, project, "judge", "adjudicator", actor=OPERATOR)
        for strip in strips:
            stream = catalogue.ensure_stream(conn, name=strip.record, device="mitdb", t0_us=workload.START_US)
            item = readings.ensure_item(conn, project, stream.id, strip.start_us, strip.start_us + ITEM_US)
            truth[item.id] = strip.truth
        assignments.deal(conn, project, dealer=dealer_of(project, seed=0), actor=OPERATOR)
    return project, truth


def _adjudicate(address: str, project_id: int, truth: Mapping[int, str], labels: list[str]) -> int:
    judge = Reader(address, "judge", ADJUDICATOR_ERRS, 1.0, np.random.default_rng(99))
    n_done = 0
    while disputes := judge.get(f"/api/projects/{project_id}/disputes"):
        for one in disputes:
            item = one["item"]
            name = judge.said(truth[item["id"]], labels, drifts=False)
            body = {"answer": "read", "marks": [_mark(item, name)], "code": "rhythm", "reason": "as simulated"}
            judge.post(f"/api/items/{item['id']}/adjudication", body)
            n_done += 1
    return n_done


def _mark(item: Mapping[str, int], name: str) -> dict[str, Any]:
    return {"start_us": item["start_us"], "end_us": item["end_us"], "label": name}


def _of_truth(found: list[readings.StoredReading], truth: Mapping[int, str], labels: list[str]) -> Iterator[Figure]:
    said: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for one in found:
        said[one.reader].append((one.item.id, str(one.marks.labels[0])))
    consensus = dict(said.pop("consensus"))
    wrong = [name != truth[item] for own in said.values() for item, name in own]
    after = [name != truth[item] for item, name in consensus.items()]
    yield Figure("label error of one reading", float(np.mean(wrong)), "share")
    yield Figure("label error of the consensus", float(np.mean(after)), "share")
    called = {item for own in said.values() for item, name in own if name in CRITICAL and truth[item] in CRITICAL}
    lost = [item for item in called if consensus[item] not in CRITICAL]
    decided = [item for item in called if len({name for own in said.values() for i, name in own if i == item}) > 1]
    yield Figure("critical strips that somebody called", float(len(called)), "strips")
    yield Figure("of them, called by one of two alone, and decided by the adjudicator", float(len(decided)), "strips")
    yield Figure("of them, other in the consensus (the adjudicator's errors)", float(len(lost)), "strips")
    yield from _skill(said, truth, labels)
    yield from _drift(said, consensus)


def _skill(said: Mapping[str, list[tuple[int, str]]], truth: Mapping[int, str], labels: list[str]) -> Iterator[Figure]:
    names, items = sorted(said, key=lambda name: int(name[1:])), sorted(truth)
    place = {item: i for i, item in enumerate(items)}
    codes = np.full((len(items), len(names)), NOT_READ)
    for column, name in enumerate(names):
        for item, answer in said[name]:
            codes[place[item], column] = labels.index(answer)
    skill = dawid_skene(Ratings(codes, tuple(labels), tuple(names), np.array(["p"] * len(items))))
    real = [float(np.mean([answer == truth[item] for item, answer in said[name]])) for name in names]
    for name, estimated, true in zip(names, skill.accuracy.tolist(), real, strict=True):
        yield Figure(f"skill of {name}, estimated", estimated, f"share right; as simulated {true:.3f}")
    yield Figure("skill, greatest difference", float(np.abs(skill.accuracy - np.array(real)).max()), "share")


def _drift(said: Mapping[str, list[tuple[int, str]]], consensus: Mapping[int, str]) -> Iterator[Figure]:
    """A CUSUM a reader, of differences from the consensus in the order of reading; false alarms of others as well."""
    alarms = {}
    for name, own in said.items():
        wrong = np.array([answer != consensus[item] for item, answer in sorted(own)])
        start = len(wrong) // 2
        rate = max(float(wrong[:start].mean()), 0.01)
        _, at = cusum(wrong[start:], rate=rate, worse=min(3.0 * rate, 0.9), limit=5.0)
        alarms[name] = at
    drifter = f"R{DRIFTER + 1}"
    at = alarms.pop(drifter)
    if at is None:
        yield Figure("drift of one reader: not found", 0.0, "alarms")
    else:
        yield Figure("drift of one reader found after", float(at + 1), "items of theirs")
    yield Figure("other readers with an alarm", float(sum(one is not None for one in alarms.values())), "of 11")
