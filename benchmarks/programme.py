"""A simulated programme of reading: twelve readers of known skill, 3,000 strips of real recordings, by the API.

What is true is the experts' rhythm of mitdb and vfdb, ten seconds a strip; one with ventricular tachycardia, flutter
or fibrillation is critical, three in a hundred are. Each reader errs as their skill says, one of them four times as
often from the middle on; two read each strip, an adjudicator, who errs once in a hundred, decides what they differ in,
and an auditor, who errs as seldom, looks at a sample. One strip in twenty is gold: its truth is known to the owner and
mixed in, unknown to the readers, as are strips that they have read before. Skill is estimated from gold, and without
any truth.
"""

from __future__ import annotations

import time
from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import msgspec
import numpy as np
import requests

from benchmarks import workload
from benchmarks.figures import Figure
from benchmarks.served import served
from formats.wfdb_files import read_annotations, read_header
from reading.ratings import NOT_READ, Ratings
from reading.skill import dawid_skene
from signal_processing.vocabulary import LabelKind, label
from storage import catalogue, known_items, projects, readings, users
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
GOLD_SHARE, REPEAT_SHARE = 0.08, 0.03
N_RANDOM, N_RISK = 150, 150
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


Truth: TypeAlias = "Mapping[tuple[int, int], str]"
"""The rhythm at each place: stream and start."""


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
        return self._send("POST", path, body)

    def put(self, path: str, body: Mapping[str, Any]) -> Any:
        """The same."""
        return self._send("PUT", path, body)

    def _send(self, method: str, path: str, body: Mapping[str, Any]) -> Any:
        answer = self._session.request(method, f"{self._address}{path}", json=body, headers=self._headers, timeout=600)
        answer.raise_for_status()
        return answer.json()

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

    def read_one(self, project_id: int, truth: Truth, labels: list[str], *, half: int) -> bool:
        """Read the next item; False when there is none."""
        began_s = time.perf_counter()
        item = self.post(f"/api/projects/{project_id}/next", {})["item"]
        self.answer_ms.append((time.perf_counter() - began_s) * 1e3)
        if item is None:
            return False
        name = self.said(truth[item["stream_id"], item["start_us"]], labels, drifts=self.n_read >= half)
        self.post(f"/api/items/{item['id']}/reading", {"answer": "read", "marks": [_mark(item, name)]})
        self.n_read += 1
        return True


def figures(options: Options | None = None) -> Iterator[Figure]:
    """Skill beside what it is, drift, critical calls, error before and after, effort."""
    options = options or Options()
    strips = _strips(options.items, np.random.default_rng(options.seed))
    labels = sorted({strip.truth for strip in strips})
    with workload.server_dsn() as dsn, Database.open(dsn) as database:
        project, truth, gold = _filled(database, strips)
        with served(dsn) as server:
            owner, judge, auditor = (
                Reader(server.address, login, ADJUDICATOR_ERRS, 1.0, np.random.default_rng(seed))
                for login, seed in (("owner", 97), ("judge", 98), ("auditor", 99))
            )
            dealt = _designed(owner, project.id, gold, truth)
            people = [
                Reader(server.address, f"r{i}", rate, WORSE if i == DRIFTER else 1.0, np.random.default_rng(i))
                for i, rate in enumerate(ERROR_RATES)
            ]
            half = (2 * dealt["n_items"] + dealt["n_gold"] + dealt["n_repeats"]) // N_READERS // 2
            reading = people
            while reading:  # a turn of everybody, as if at once
                reading = [one for one in reading if one.read_one(project.id, truth, labels, half=half)]
            n_disputed = _adjudicate(judge, project.id, truth, labels)
            n_audited = _audit(owner, auditor, project.id, truth, labels)
            began_s = time.perf_counter()
            quality = owner.get(f"/api/projects/{project.id}/quality")
            quality_s = time.perf_counter() - began_s
        with database.transaction() as conn:
            found = readings.of_project(conn, project.id)
            places = {one.item.id: (one.item.stream_id, one.item.start_us) for one in found}
            in_the_end = {
                one.compared.item.id: str(one.compared.other.labels[0])
                for one in known_items.against_consensus(conn, project.id)
            }
    by_item = {item: truth[place] for item, place in places.items()}
    yield Figure("items, of them critical", sum(name in CRITICAL for name in truth.values()) / len(truth), "share")
    yield Figure("gold mixed in", float(dealt["n_gold"]), "readings")
    yield Figure("repeats mixed in", float(dealt["n_repeats"]), "readings")
    yield Figure("next item over REST, median", float(np.median([ms for one in people for ms in one.answer_ms])), "ms")
    yield Figure("readings", float(sum(person.n_read for person in people)), "readings")
    yield Figure("adjudicated", n_disputed / dealt["n_items"], "share of items")
    yield Figure("audited", n_audited / dealt["n_items"], "share of items")
    effort = (sum(one.n_read for one in people) + n_disputed + n_audited) / dealt["n_items"]
    yield Figure("effort: readings, decisions and audits an item", effort, "acts")
    yield Figure("quality page's figures", quality_s, "s")
    yield from _of_truth(found, by_item, labels)
    after = [name != by_item[item] for item, name in in_the_end.items()]
    yield Figure("label error after audits", float(np.mean(after)), "share")
    yield from _of_quality(quality, dealt["n_items"])


def _designed(owner: Reader, project_id: int, gold: Mapping[int, Mapping[str, int]], truth: Truth) -> dict[str, int]:
    """Say what is true of gold, and deal out."""
    for item_id, item in gold.items():
        name = truth[item["stream_id"], item["start_us"]]
        owner.put(f"/api/items/{item_id}/truth", {"answer": "read", "marks": [_mark(item, name)]})
    design = {"n_readers": 2, "double_share": 1.0, "gold_share": GOLD_SHARE, "repeat_share": REPEAT_SHARE}
    dealt: dict[str, int] = owner.put(f"/api/projects/{project_id}/design", design)
    return dealt


def _audit(owner: Reader, auditor: Reader, project_id: int, truth: Truth, labels: list[str]) -> int:
    owner.post(f"/api/projects/{project_id}/audits", {"n_random": N_RANDOM, "n_risk": N_RISK})
    n_done = 0
    while waiting := auditor.get(f"/api/projects/{project_id}/audits"):
        for one in waiting:
            item = one["item"]
            name = auditor.said(truth[item["stream_id"], item["start_us"]], labels, drifts=False)
            body: dict[str, Any] = {"verdict": "confirmed"}
            if name != one["marks"][0]["label"]:
                instead = {"answer": "read", "marks": [_mark(item, name)], "code": "rhythm", "reason": "as simulated"}
                body = {"verdict": "overturned", "instead": instead}
            auditor.post(f"/api/items/{item['id']}/audit", body)
            n_done += 1
    return n_done


def _strips(n_items: int, rng: np.random.Generator) -> list[Strip]:
    """Critical ones first, then others by chance."""
    found: list[Strip] = []
    for path in [*workload.mitdb_records(), *workload.vfdb_records()]:
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


def _filled(database: Database, strips: list[Strip]) -> tuple[projects.ProjectRow, Truth, dict[int, Mapping[str, int]]]:
    """The project, the rhythm at each place, and the items that are to be gold."""
    truth: dict[tuple[int, int], str] = {}
    gold: dict[int, Mapping[str, int]] = {}
    people: dict[str, projects.ProjectRole] = {
        **{f"r{i}": "reader" for i in range(N_READERS)},
        "judge": "adjudicator",
        "auditor": "auditor",
        "owner": "owner",
    }
    chosen = set(np.random.default_rng(5).permutation(len(strips))[: len(strips) // 20].tolist())
    with database.transaction() as conn:
        project = projects.create(conn, name="simulated", actor=OPERATOR)
        for login, role in people.items():
            users.create(conn, login=login, password=PASSWORD, role="reader")
            projects.give_role(conn, project, login, role, actor=OPERATOR)
        for number, strip in enumerate(strips):
            stream = catalogue.ensure_stream(conn, name=strip.record, device="reference", t0_us=workload.START_US)
            item = readings.ensure_item(conn, project, stream.id, strip.start_us, strip.start_us + ITEM_US)
            truth[stream.id, strip.start_us] = strip.truth
            if number in chosen:
                gold[item.id] = {"stream_id": stream.id, "start_us": item.start_us, "end_us": item.end_us}
    return project, truth, gold


def _adjudicate(judge: Reader, project_id: int, truth: Truth, labels: list[str]) -> int:
    n_done = 0
    while disputes := judge.get(f"/api/projects/{project_id}/disputes"):
        for one in disputes:
            item = one["item"]
            name = judge.said(truth[item["stream_id"], item["start_us"]], labels, drifts=False)
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
    for kind in ("gold", "audit"):
        said.pop(kind, None)
    said = {name: [(item, label_) for item, label_ in own if item in consensus] for name, own in said.items()}
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


def _of_quality(quality: Mapping[str, Any], n_items: int) -> Iterator[Figure]:
    """What the server says of readers: skill from gold beside the true one, agreement with themselves, alarms."""
    n_alarmed = {"decided": 0, "gold": 0}
    for number, one in enumerate(sorted(quality["readers"], key=lambda one: int(one["name"][1:]))):
        right, rate = one["right"], ERROR_RATES[number] * ((1 + WORSE) / 2 if number == DRIFTER else 1.0)
        figure = right["figure"]
        told = f"share right of {right['n']}, {figure['low']:.3f} to {figure['high']:.3f}; true {1 - rate:.3f}"
        yield Figure(f"skill of {one['name']}, from gold", figure["value"], told)
        if number == DRIFTER:
            yield from _found(one["alarms"], {"gold": right["n"] // 2, "decided": n_items // N_READERS})
        else:
            for kind in {alarm["of"] for alarm in one["alarms"]}:
                n_alarmed[kind] += 1
            told = ", ".join(f"{alarm['of']} {alarm['label']} {alarm['at_item']}" for alarm in one["alarms"])
            yield Figure(f"alarms of {one['name']}", float(len(one["alarms"])), told or "none")
    yield Figure("other readers who are worse than at first", float(n_alarmed["decided"]), "of 11, all false")
    yield Figure(
        "other readers who are worse than all are, on gold", float(n_alarmed["gold"]), "of 11, half of them are"
    )
    yield Figure("audits overturned", float(quality["audits"][2]), f"of {quality['audits'][1]}")


def _found(alarms: list[Mapping[str, Any]], began: Mapping[str, int]) -> Iterator[Figure]:
    """How many items after it began, about in the middle of each chart, the drift was seen."""
    if not alarms:
        yield Figure("drift of one reader: not found", 0.0, "alarms")
    for one in alarms:
        name = one["label"] or "all labels"
        yield Figure(f"drift, chart of {one['of']}, {name}", float(one["at_item"] - began[one["of"]]), "items after")
