"""The fault run: what is in the end in the database when everything dies in turn, beside an undisturbed run.

Real recordings in several groups and rates, with gaps, go to a real broker and through three workers into a real
database: once in peace, once while workers, the broker, the database and the network between are killed, stopped and
cut, with messages repeated and out of order. Afterwards every row must be equal. The seed decides all but the timing.
Logs stay in a folder; where rows differ, they are in `differences.txt` there.
"""

from __future__ import annotations

import random
import shutil
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, LiteralString

import msgspec
import psycopg
import structlog

from benchmarks import differences, fault_input, worker
from benchmarks.fault_kinds import GROUP, Faults, Where
from benchmarks.figures import Figure
from benchmarks.group_watch import GroupWatch
from benchmarks.proxy import Proxy
from benchmarks.stack import Stack, compile_detectors, open_folder
from benchmarks.stored import StoredReader
from ingest.errors import BrokerUnavailableError
from ingest.kafka_producer import KafkaSink
from ingest.kafka_source import SESSION_TIMEOUT_MS
from ingest.worker import WorkerSettings
from storage.database import Database

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.differences import Content
    from benchmarks.fault_input import Input, Sent

_log = structlog.get_logger()

DEFAULT_SESSION_S = SESSION_TIMEOUT_MS / 1000
_AUTOPSY: tuple[LiteralString, ...] = (
    "SELECT partition, next_offset FROM source_positions ORDER BY 1",
    """SELECT s.name, g.name, g.first_sample, g.next_sample, g.n_stored, g.sealed
    FROM channel_groups g JOIN streams s ON s.id = g.stream_id ORDER BY 1, 2""",
    """SELECT pid, state, wait_event_type, wait_event, xact_start, left(query, 200) FROM pg_stat_activity
    WHERE application_name = 'rhythmark'""",
)
FLUSH_EVERY = 200


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What can be set.

    Parameters
    ----------
    minutes : how long messages are sent while faults strike.
    streams : of one to three groups.
    speed : times real time.
    shuffle_s : how much later a fifth of the messages may come, s of signal; 0 for none.
    repeats : 1 to send some messages twice.
    session_s : of the workers; other than the command line's, it starts `benchmarks.worker`.
    defer_s : how long messages may have waited for detectors to read them at once; the same.
    pause_s : between two faults, at most.
    drain_s : how long the rest may take to be stored after the last fault.
    folder : for the logs; a new one where it is empty.
    """

    minutes: float = 30.0
    streams: int = 24
    speed: float = 2.0
    shuffle_s: float = 4.0
    repeats: int = 1
    session_s: float = DEFAULT_SESSION_S
    defer_s: float = WorkerSettings().defer_s
    pause_s: float = 12.0
    drain_s: float = 600.0
    seed: int = 1
    folder: str = ""


def figures(options: Options | None = None) -> Iterator[Figure]:
    """The two runs, and what they differ in.

    Raises
    ------
    RuntimeError : if a row differs, something is lost, or a worker ended by itself.
    """
    options = options or Options()
    folder = open_folder(Path(options.folder or tempfile.mkdtemp(prefix="rhythmark-faults-")))
    _log.info("logs", folder=str(folder))
    compile_detectors()
    undisturbed = _undisturbed(options, open_folder(folder / "undisturbed"))
    yield Figure("fault run: rows of the undisturbed run", differences.n_rows(undisturbed), "rows")
    run = _Disturbed(options, open_folder(folder / "disturbed"))
    run.go()
    for kind, n in run.faults.counts.items():
        yield Figure(f"fault run: survived, {kind}", n, "faults")
    yield Figure("fault run: survived, message sent twice", run.input.n_repeated, "faults")
    yield Figure("fault run: survived, message out of order", run.input.n_shuffled, "faults")
    yield Figure("fault run: faults struck for", run.lasted_s / 60, "min")
    yield Figure("fault run: stored completely after the last fault in", run.drained_s, "s")
    yield Figure("fault run: workers that ended by themselves", run.faults.n_ended_by_themselves, "workers")
    yield Figure("fault run: tables that nobody compares", len(run.not_compared), "tables")
    found = differences.between(undisturbed, run.content)
    yield Figure("fault run: tables that differ", len(found), "tables")
    _judge(found, run, folder)


def _judge(found: dict[str, list[str]], run: _Disturbed, folder: Path) -> None:
    if run.not_compared:
        _log.warning("tables_not_compared", tables=run.not_compared)
    if found:
        text = "\n".join(line for table, lines in found.items() for line in (table, *lines))
        (folder / "differences.txt").write_text(f"- undisturbed only, + disturbed only\n{text}\n")
        msg = (
            f"rows must be equal after all faults, {', '.join(found)} differ: see {folder / 'differences.txt'}\n{text}"
        )
        raise RuntimeError(msg)
    if run.faults.n_ended_by_themselves:
        msg = f"no worker may end by itself, {run.faults.n_ended_by_themselves} did: see {folder}"
        raise RuntimeError(msg)


def _input(options: Options, *, disordered: bool) -> Input:
    return fault_input.ward(
        n_streams=options.streams,
        duration_s=options.minutes * 60 * options.speed,
        seed=options.seed,
        repeats=disordered and bool(options.repeats),
        shuffle_s=options.shuffle_s if disordered else 0.0,
    )


def _undisturbed(options: Options, folder: Path) -> Content:
    """One worker, everything in order, as fast as it goes."""
    sent = _input(options, disordered=False)
    with Stack(folder) as running:
        dsn = running.dsn(running.new_database())
        sink = KafkaSink(running.bootstrap)
        for message in sent.messages:
            sink.send_raw(message.key, message.value)
        sink.flush()
        sink.close()
        running.start_worker("w0", dsn, group=GROUP)
        _await_all(dsn, sent, running, timeout_s=options.drain_s + 60 * options.minutes)
        running.stop_workers()
        with Database.open(dsn) as database:
            found = differences.of(database)
    _leave_logs(folder)
    return found


class _Disturbed:
    """The run that everything happens to."""

    def __init__(self, options: Options, folder: Path) -> None:
        self._options = options
        self._folder = folder
        self.input = _input(options, disordered=True)
        self.lasted_s = self.drained_s = 0.0
        self.content: Content = {}
        self.not_compared: list[str] = []
        self.faults: Faults

    def go(self) -> None:
        """Run it."""
        options = self._options
        rng = random.Random(options.seed)  # noqa: S311 - repeatable
        settings = worker.Settings(session_s=options.session_s, defer_s=options.defer_s)
        program = None if settings == worker.Settings() else worker.program(settings)
        with Stack(self._folder) as running, Proxy(running.server_address) as proxy:
            name = running.new_database()
            where = Where(running, proxy, name, program, options.session_s)
            self.faults = Faults(where, rng, self._folder / "faults.jsonl")
            self.faults.start_workers()
            self._strike_while_sending(_Sender(running.bootstrap, self.input.messages, options.speed), rng)
            began_s = time.monotonic()
            _await_all(running.dsn(name), self.input, running, timeout_s=options.drain_s)
            self.drained_s = time.monotonic() - began_s
            running.stop_workers()
            with Database.open(running.dsn(name)) as database:
                self.content = differences.of(database)
                self.not_compared = differences.not_compared(database)
        _leave_logs(self._folder)

    def _strike_while_sending(self, sender: _Sender, rng: random.Random) -> None:
        began_s = time.monotonic()
        sender.start()
        while sender.is_alive():
            sender.join(rng.uniform(1.0, self._options.pause_s))
            if sender.is_alive():
                self.faults.strike()
            self.faults.revive()
        self.lasted_s = time.monotonic() - began_s
        if sender.failure is not None:
            raise sender.failure


class _Sender(threading.Thread):
    """Sends everything at its time; what the broker did not acknowledge is sent again, as a device would."""

    def __init__(self, bootstrap: str, messages: list[Sent], speed: float) -> None:
        super().__init__(name="sender", daemon=True)
        self._address = bootstrap
        self._messages = messages
        self._speed = speed
        self.failure: BaseException | None = None
        self.n_again = 0

    def run(self) -> None:
        """Send, however often it takes."""
        try:
            began_s = time.monotonic()
            n_safe = 0
            while n_safe < len(self._messages):
                n_safe = self._send_from(n_safe, began_s)
        except Exception as error:  # noqa: BLE001 - raised where the thread is joined
            self.failure = error

    def _send_from(self, first: int, began_s: float) -> int:
        """Gives how many are safe."""
        n_safe = first
        sink = None
        try:
            sink = KafkaSink(self._address)
            for i, message in enumerate(self._messages[first:], first + 1):
                wait_s = began_s + message.due_s / self._speed - time.monotonic()
                if wait_s > 0:
                    time.sleep(wait_s)
                sink.send_raw(message.key, message.value)
                if i % FLUSH_EVERY == 0 or i == len(self._messages):
                    sink.flush()
                    n_safe = i
        except BrokerUnavailableError:
            self.n_again += 1
            time.sleep(1)
        finally:
            if sink is not None:
                sink.close()
        return n_safe


def _await_all(dsn: str, sent: Input, running: Stack, *, timeout_s: float) -> None:
    """Wait until every sample is stored and every stream ended."""
    n_wanted, n_streams = sum(sent.n_samples.values()), len({stream for stream, _ in sent.n_samples})
    deadline = time.monotonic() + timeout_s
    n_stored = n_ended = 0
    with StoredReader(dsn) as reader:
        while (n_stored, n_ended) != (n_wanted, n_streams):
            if time.monotonic() > deadline:
                msg = (
                    f"all must be stored within {timeout_s:g} s: of {n_wanted} samples {n_stored} are, "
                    f"of {n_streams} streams {n_ended} ended"
                )
                _autopsy(dsn, running)
                raise RuntimeError(msg)
            for one in running.workers.values():
                one.check()
            n_dead = running.n_dead_letters()
            if n_dead:
                msg = f"no message may become a dead letter, {n_dead} did: see the workers' logs in {running.folder}"
                raise RuntimeError(msg)
            time.sleep(0.5)
            n_stored, n_ended = reader.n_stored(), reader.n_ended()


def _autopsy(dsn: str, running: Stack) -> None:
    """Write down who has which partitions, how far each is, and where the workers stand."""
    with GroupWatch(running.bootstrap, GROUP) as watch, (running.folder / "autopsy.txt").open("w") as file:
        file.write(f"group: {watch.look()}\n")
        with psycopg.connect(dsn) as conn:
            for query in _AUTOPSY:
                file.writelines(f"{row}\n" for row in conn.execute(query).fetchall())
    for one in running.workers.values():
        one.abort()


def _leave_logs(folder: Path) -> None:
    """Remove the broker's and the server's files, but not what they wrote for people."""
    for kept in (folder / "kafka" / "broker.log", folder / "postgresql" / "postgresql.log"):
        if kept.exists():
            kept.rename(folder / kept.name)
    for data in ("kafka", "postgresql"):
        shutil.rmtree(folder / data, ignore_errors=True)
