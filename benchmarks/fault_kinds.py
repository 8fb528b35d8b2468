"""The faults that strike, one method a kind; each ends with everything running again."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

import psycopg

if TYPE_CHECKING:
    import random
    from pathlib import Path

    from benchmarks.proxy import Proxy
    from benchmarks.stack import Stack

N_WORKERS = 3
N_KILLED = 2
GROUP = "ward"
_START_ATTEMPTS = 5
_NOBODY_THERE = "nobody there"
SHARE_OF_PAIRS = 0.25
"""How often a second fault strikes while the first lasts."""


class Where(NamedTuple):
    """What the faults strike.

    Parameters
    ----------
    proxy : between the workers and the database server.
    database : its name.
    program : how workers are started, None for the command line's.
    session_s : how long a worker may be silent before its partitions go to the others.
    """

    stack: Stack
    proxy: Proxy
    database: str
    program: tuple[str, ...] | None
    session_s: float


class Faults:
    """Strikes, and keeps count.

    Parameters
    ----------
    rng : decides what, when and how long.
    log : file that gets a JSON line a fault.
    """

    def __init__(self, where: Where, rng: random.Random, log: Path) -> None:
        self._where = where
        self._rng = rng
        self._log = log
        self._kinds = {
            "kill -9 of 2 of 3 workers": self._kill_workers,
            "kill -9 of the broker": self._kill_broker,
            "kill -9 of the database server": self._kill_database,
            "kill -9 of a worker's database backend": self._kill_backend,
            "SIGSTOP of a worker beyond its session": self._stop_worker,
            "network stalled": self._stall,
            "network cut": self._cut,
            "network cut, unnoticed by the database": self._cut_unnoticed,
        }
        if os.environ.get("RHYTHMARK_BENCH_DSN"):  # not ours to kill
            del self._kinds["kill -9 of the database server"], self._kinds["kill -9 of a worker's database backend"]
        self._deck: list[str] = []
        # one that is stopped or being started is left alone by the other fault of a pair
        self._workers_busy = threading.Lock()
        self._broker_busy = threading.Lock()
        self._database_busy = threading.Lock()
        self._network_busy = threading.Lock()
        self.counts = dict.fromkeys(self._kinds, 0)
        self.n_ended_by_themselves = 0

    def start_workers(self) -> None:
        """All of them."""
        for i in range(N_WORKERS):
            self._start_worker(f"w{i}")

    def strike(self) -> None:
        """The next fault, or two at once; back when what it broke runs again."""
        kinds = [self._next()]
        if self._rng.random() < SHARE_OF_PAIRS:
            kinds.append(self._next())
        seeds = [self._rng.random() for _ in kinds]
        with ThreadPoolExecutor(len(kinds)) as pool:
            for done in [pool.submit(self._one, kind, share) for kind, share in zip(kinds, seeds, strict=True)]:
                done.result()

    def revive(self) -> None:
        """Start workers that ended by themselves, and count them: none should."""
        for name, worker in list(self._where.stack.workers.items()):
            if worker.process.poll() is not None:
                self.n_ended_by_themselves += 1
                self._say(
                    "a worker ended by itself", name, status=worker.process.returncode, said=worker.said()[-2000:]
                )
                self._start_worker(name)

    def _next(self) -> str:
        if not self._deck:  # every kind in turn, in another order each time
            self._deck = list(self._kinds)
            self._rng.shuffle(self._deck)
        return self._deck.pop()

    def _one(self, kind: str, share: float) -> None:
        """Strike; `share` in [0, 1) says how long and whom."""
        began_s = time.monotonic()
        detail = self._kinds[kind](share)
        self.counts[kind] += detail != _NOBODY_THERE
        self._say(kind, detail, lasted_s=round(time.monotonic() - began_s, 1))

    def _kill_workers(self, share: float) -> str:
        with self._workers_busy:
            spared = int(share * N_WORKERS)
            killed = [f"w{i}" for i in range(N_WORKERS) if i != spared][:N_KILLED]
            for name in killed:
                self._where.stack.workers[name].kill()
            time.sleep(5 * share)
            for name in killed:
                self._start_worker(name)
            return " ".join(killed)

    def _kill_broker(self, share: float) -> str:
        with self._broker_busy:
            broker = self._where.stack.broker
            broker.kill()
            time.sleep(5 * share)
            broker.start()
            return broker.bootstrap

    def _kill_database(self, share: float) -> str:
        with self._database_busy:
            self._await_server()  # it may still recover from the end of a backend
            pid = self._where.stack.postmaster_pid()
            os.kill(pid, signal.SIGKILL)
            time.sleep(8 * share)
            self._where.stack.start_server()
            self._where.proxy.target = self._where.stack.server_address
            return str(pid)

    def _kill_backend(self, share: float) -> str:
        """The server ends all connections then and recovers."""
        with self._database_busy:
            self._await_server()
            query = """SELECT pid FROM pg_stat_activity WHERE datname = %s AND application_name = 'rhythmark'
                ORDER BY state = 'active' DESC, pid"""
            with psycopg.connect(self._where.stack.dsn("postgres")) as conn:
                pids = [pid for (pid,) in conn.execute(query, [self._where.database])]
            if not pids:
                return _NOBODY_THERE
            pid = pids[int(share * len(pids))]
            os.kill(pid, signal.SIGKILL)
            self._await_server()
            return str(pid)

    def _await_server(self) -> None:
        for _ in range(100):
            try:
                psycopg.connect(self._where.stack.dsn("postgres")).close()
            except psycopg.OperationalError:
                time.sleep(0.2)
            else:
                return
        msg = "the database server must recover within 20 s of the end of a backend, it did not"
        raise RuntimeError(msg)

    def _stop_worker(self, share: float) -> str:
        with self._workers_busy:
            name = f"w{int(share * N_WORKERS)}"
            process = self._where.stack.workers[name].process
            process.send_signal(signal.SIGSTOP)
            time.sleep(self._where.session_s * (1.1 + 0.3 * share))
            process.send_signal(signal.SIGCONT)
            return name

    def _stall(self, share: float) -> str:
        return self._network(self._where.proxy.stall, 1 + 15 * share)

    def _cut(self, share: float) -> str:
        return self._network(self._where.proxy.refuse, 0.2 + 8 * share)

    def _network(self, how: object, duration_s: float) -> str:
        with self._network_busy:
            assert callable(how)
            how()
            time.sleep(duration_s)
            self._where.proxy.resume()
            return f"{duration_s:.1f} s"

    def _cut_unnoticed(self, share: float) -> str:
        """What a firewall does that forgets connections: the server keeps the transaction, and its locks."""
        with self._network_busy:
            hold_s = 5 + 10 * share
            self._where.proxy.cut_clients(hold_s=hold_s)
            time.sleep(hold_s)
            self._where.proxy.resume()
            return f"held {hold_s:.1f} s"

    def _start_worker(self, name: str) -> None:
        where = self._where
        dsn = psycopg.conninfo.make_conninfo(where.stack.dsn(where.database), host="127.0.0.1", port=where.proxy.port)
        where.stack.start_worker(name, dsn, group=GROUP, program=where.program)

    def _say(self, kind: str, detail: str, **more: object) -> None:
        line = {"at": time.strftime("%H:%M:%S"), "kind": kind, "detail": detail, **more}
        with self._log.open("a") as file:
            file.write(json.dumps(line) + "\n")
