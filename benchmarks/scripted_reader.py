"""Readers without a browser: they send what a page sends for the same things, as often, and time the answers.

A jump asks for the samples and for the marks at once, each on a connection of its own, then for what lies around them;
every three seconds a page asks what is new, every nine how the queue stands.
"""

from __future__ import annotations

import http.client
import json
import random
import socket
import threading
import time
import urllib.request
import uuid
from concurrent.futures import ThreadPoolExecutor
from http.cookiejar import CookieJar
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

from benchmarks.day import FS_HZ, PASSWORD

CHUNK_S = 20
"""Of samples and marks in the page's memory."""
PAGE_S = 9
POLL_S = 3.0
POLLS_A_QUEUE = 3
QUEUE_LIMIT = 500
ACTIONS = ("confirm", "reject", "ambiguous")
TIMEOUT_S = 60


class Task(NamedTuple):
    """What each of them has to do.

    Parameters
    ----------
    address : of the server.
    length_s : of the recording.
    think_s : between two things, about.
    """

    address: str
    stream_id: int
    group_id: int
    t0_us: int
    length_s: float
    n_readers: int
    seconds: float
    think_s: float


def read_all(task: Task, first: int, logins: list[str]) -> list[dict[str, Any]]:
    """Let these readers read at once; what each says at its end, as a page of `readers` does."""
    with ThreadPoolExecutor(len(logins)) as pool:
        return list(pool.map(lambda i: ScriptedReader(task, first + i, logins[i]).read(), range(len(logins))))


class Connection:
    """One kept connection of a signed-in reader."""

    def __init__(self, address: str, headers: dict[str, str]) -> None:
        place = urlsplit(address)
        self._headers = headers
        self._http = http.client.HTTPConnection(str(place.hostname), int(place.port or 80), timeout=TIMEOUT_S)
        self._http.connect()
        self._http.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, bytes]:
        """Status and body of the answer."""
        sent = None if body is None else json.dumps(body).encode()
        self._http.request(method, path, sent, self._headers | {"Content-Type": "application/json"} | headers)
        answer = self._http.getresponse()
        return answer.status, answer.read()

    def get(self, path: str, **query: Any) -> bytes:
        """The body of an answer that must be there.

        Raises
        ------
        RuntimeError : if it is refused.
        """
        status, body = self.ask("GET", f"{path}?{urlencode(query)}")
        if status != 200:
            msg = f"GET {path} must be answered, got {status}: {body[:200]!r}"
            raise RuntimeError(msg)
        return body


class ScriptedReader:
    """One reader."""

    def __init__(self, task: Task, me: int, login: str) -> None:
        self._task = task
        self._me = me
        self._random = random.Random(me)  # noqa: S311 - where to jump
        headers = signed_in(task.address, login)
        self._samples, self._marks, self._polls = (Connection(task.address, headers) for _ in range(3))
        self._pool = ThreadPoolExecutor(1)
        self._acked: list[tuple[str, int, str]] = []
        self._n_conflicts = 0

    def read(self) -> dict[str, Any]:
        """Jump, look, edit, until the time is over."""
        rows = json.loads(self._marks.get("/api/queue", stream_id=self._task.stream_id, limit=QUEUE_LIMIT))
        mine = rows[self._me :: self._task.n_readers]
        until = time.monotonic() + self._task.seconds
        over = threading.Event()
        poller = threading.Thread(target=self._poll, args=(over,))
        poller.start()
        times: list[float] = []
        turn = 0
        while time.monotonic() < until:
            at = self._random.uniform(0, self._task.length_s - 60)
            times.append(self._jump(at))
            self._think()
            self._edit(turn, at, mine)
            self._think()
            turn += 1
        over.set()
        poller.join()
        return {"times": times, "acked": self._acked, "nPending": 0, "refused": None, "nConflicts": self._n_conflicts}

    def _think(self) -> None:
        time.sleep(self._task.think_s * self._random.uniform(0.5, 1.5))

    def _jump(self, at_s: float) -> float:
        """Milliseconds from the request to all of both answers; then what lies around."""
        begun_s = time.perf_counter()
        self._load(at_s, at_s + PAGE_S)
        took_ms = (time.perf_counter() - begun_s) * 1e3
        self._load(max(at_s - 2 * PAGE_S, 0), at_s + 3 * PAGE_S)
        return took_ms

    def _load(self, from_s: float, to_s: float) -> None:
        size = CHUNK_S * FS_HZ
        first, end = int(from_s // CHUNK_S) * size, (int(to_s // CHUNK_S) + 1) * size
        path, query = (
            f"/api/streams/{self._task.stream_id}",
            {"group_id": self._task.group_id, "start": first, "end": end},
        )
        samples = self._pool.submit(self._samples.get, f"{path}/window", **query)
        self._marks.get(f"{path}/live", **query)
        samples.result()

    def _poll(self, over: threading.Event) -> None:
        n = 0
        while not over.wait(POLL_S):
            n += 1
            query = {"group_id": self._task.group_id, "start": 0, "end": PAGE_S * FS_HZ}
            self._polls.get(f"/api/streams/{self._task.stream_id}/live", **query)
            if n % POLLS_A_QUEUE == 0:
                self._polls.get("/api/queue", stream_id=self._task.stream_id, order="urgency", limit=QUEUE_LIMIT)

    def _edit(self, turn: int, at_s: float, mine: list[Any]) -> None:
        task = self._task
        place = {"id": str(uuid.uuid4()), "stream_id": task.stream_id, "group_id": task.group_id, "view": {}}
        if turn % 3 == 0 and mine:
            row = mine.pop(0)
            action = ACTIONS[turn % 4 % 3]
            body = {"action": action, "changes": {}, "view": {}}
            self._send("PATCH", f"/api/spans/{row['id']}", body, action, **{"If-Match": f'"{row["revision"]}"'})
        elif turn % 3 == 1:
            from_us = task.t0_us + round((at_s + 2 + self._me / 100) * 1e6)
            span = {"start_us": from_us, "end_us": from_us + 1_000_000, "label": "AFIB", "channel": None}
            self._send("POST", "/api/spans", place | span, "add")
        else:
            beat = {"sample": round((at_s + 3) * FS_HZ) + self._me, "label": "V"}
            self._send("POST", "/api/beats", place | beat, "add")

    def _send(self, method: str, path: str, body: Any, action: str, **headers: str) -> None:
        status, answer = self._marks.ask(method, path, body, **headers)
        row = json.loads(answer)
        if status == 409:
            self._n_conflicts += 1
        elif status in {200, 201}:
            self._acked.append((row["id"], row["revision"], action))
        else:
            msg = f"{method} {path} must be answered, got {status}: {answer[:200]!r}"
            raise RuntimeError(msg)


def signed_in(address: str, login: str) -> dict[str, str]:
    """Headers of a session."""
    jar = CookieJar()
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    opener.open(f"{address}/login", urlencode({"login": login, "password": PASSWORD}).encode()).read()
    token = json.load(opener.open(f"{address}/api/session"))["csrf"]
    return {"Cookie": "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar), "X-CSRF-Token": token}
