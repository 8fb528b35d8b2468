"""A real Apache Kafka on this machine without a container engine: one KRaft node from Maven artefacts.

For tests, benchmarks and `make demo KAFKA=1`; not for production (one replica, small buffers). Java 17 or
newer runs it, Maven gathers the jars once (46 jars, 43 MB).
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self

from ingest.errors import LocalBrokerError

if TYPE_CHECKING:
    from collections.abc import Mapping

POM = Path(__file__).with_name("kafka_broker_pom.xml")
JARS_VARIABLE = "RHYTHMARK_KAFKA_JARS"
"""Environment variable: a folder with the jars, instead of the cache."""
CLUSTER_ID = "rhythmarkAAAAAAAAAAAAA"
START_TIMEOUT_S = 60.0
_FETCH_TIMEOUT_S = 600.0
_JAVA_OPTIONS = ("-Xms64m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller_port}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={log_dir}
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
min.insync.replicas=1
default.replication.factor=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
log.cleaner.dedupe.buffer.size=2097152
auto.create.topics.enable=false
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
"""


def missing_programs(*, jars_cached: bool = False) -> list[str]:
    """The programs that a local broker needs and that are not on PATH."""
    needed = ["java"] if jars_cached else ["java", "mvn"]
    return [program for program in needed if shutil.which(program) is None]


def jar_folder(environment: Mapping[str, str]) -> Path:
    """Where the jars are, or will be: $RHYTHMARK_KAFKA_JARS, else the user's cache."""
    if environment.get(JARS_VARIABLE):
        return Path(environment[JARS_VARIABLE])
    cache = environment.get("XDG_CACHE_HOME") or str(Path(environment.get("HOME", "~")).expanduser() / ".cache")
    return Path(cache) / "rhythmark" / "kafka-4.2.0"


def gather_jars(folder: Path) -> Path:
    """Have Maven put the jars into `folder`, unless they are there; two at once do not disturb each other.

    Raises
    ------
    LocalBrokerError : if a program is missing or Maven fails.
    """
    if folder.is_dir():
        return folder
    missing = missing_programs()
    if missing:
        msg = f"a local Kafka broker needs {' and '.join(missing)} on PATH"
        raise LocalBrokerError(msg)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="kafka-") as gathering:
        _run_maven(Path(gathering))
        with suppress(OSError):  # another process was faster: its folder is as good
            (Path(gathering) / "lib").rename(folder)
    return folder


def _run_maven(gathering: Path) -> None:
    shutil.copy(POM, gathering / "pom.xml")
    output = f"-DoutputDirectory={gathering / 'lib'}"
    command = ["mvn", "-q", "-B", "dependency:copy-dependencies", "-DincludeScope=runtime", output]
    try:
        done = subprocess.run(  # noqa: S603 - arguments are ours
            command, cwd=gathering, capture_output=True, text=True, timeout=_FETCH_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        msg = f"Maven must gather Kafka's jars within {_FETCH_TIMEOUT_S:g} s, and did not"
        raise LocalBrokerError(msg) from error
    if done.returncode != 0:
        msg = f"Maven could not gather Kafka's jars (exit {done.returncode}): {done.stdout[-800:].strip()}"
        raise LocalBrokerError(msg)


class LocalBroker:
    """One broker in one data folder; context manager.

    Parameters
    ----------
    data_dir : made when missing; holds the log, the configuration and the broker's output.
    jars : as `gather_jars` gives them.
    port, controller_port : free ones are chosen at the first start and kept, so that a restart is found by its clients.
    """

    def __init__(
        self, data_dir: Path, jars: Path, *, port: int | None = None, controller_port: int | None = None
    ) -> None:
        self.data_dir = data_dir
        self._jars = jars
        self._port = port or _free_port()
        self._controller_port = controller_port or _free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap(self) -> str:
        """Address for clients."""
        return f"127.0.0.1:{self._port}"

    def start(self) -> str:
        """Start and wait until it answers; gives the address.

        Raises
        ------
        LocalBrokerError : if it ends or does not answer within a minute.
        """
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self._end_leftover()
        self._write_properties()
        self._java(
            "kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c", "server.properties", "--ignore-formatted"
        )
        with (self.data_dir / "broker.log").open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603 - arguments are ours
                self._command("kafka.Kafka", "server.properties"),
                cwd=self.data_dir,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for the one who started us; we stop in order
            )
        (self.data_dir / "broker.pid").write_text(str(self._process.pid))
        self._await_answer()
        return self.bootstrap

    def stop(self, *, timeout_s: float = 20.0) -> None:
        """Stop in order; a broker that does not is killed."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._forget()

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._forget()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _forget(self) -> None:
        self._process = None
        (self.data_dir / "broker.pid").unlink(missing_ok=True)

    def _write_properties(self) -> None:
        text = _PROPERTIES.format(port=self._port, controller_port=self._controller_port, log_dir=self.data_dir / "log")
        (self.data_dir / "server.properties").write_text(text)

    def _command(self, *arguments: str) -> list[str]:
        return [shutil.which("java") or "java", *_JAVA_OPTIONS, "-cp", f"{self._jars}/*", *arguments]

    def _java(self, *arguments: str) -> None:
        done = subprocess.run(  # noqa: S603 - arguments are ours
            self._command(*arguments), cwd=self.data_dir, capture_output=True, text=True, timeout=60, check=False
        )
        if done.returncode != 0:
            msg = f"Kafka's storage must be formatted, but that failed (exit {done.returncode}): {done.stderr[-800:]}"
            raise LocalBrokerError(msg)

    def _await_answer(self) -> None:
        assert self._process is not None  # noqa: S101 - called by start only
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                msg = f"the broker ended while it started (exit {self._process.returncode}): {self._last_output()}"
                self._forget()
                raise LocalBrokerError(msg)
            if _answers(self._port) and _lists_a_broker(self.bootstrap):
                return
            time.sleep(0.1)
        self.kill()
        msg = f"the broker must answer within {START_TIMEOUT_S:g} s of its start: {self._last_output()}"
        raise LocalBrokerError(msg)

    def _last_output(self) -> str:
        return (self.data_dir / "broker.log").read_text(errors="replace")[-800:].strip()

    def _end_leftover(self) -> None:
        """End the broker of this folder that outlived whoever started it (a kill -9 of the demo)."""
        pid_file = self.data_dir / "broker.pid"
        if not pid_file.exists():
            return
        with suppress(ValueError, OSError):
            pid = int(pid_file.read_text())
            if Path(f"/proc/{pid}/cwd").resolve() == self.data_dir.resolve():
                os.kill(pid, signal.SIGTERM)
                deadline = time.monotonic() + 20
                while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
                    time.sleep(0.1)
        pid_file.unlink(missing_ok=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _lists_a_broker(bootstrap: str) -> bool:
    from kafka import KafkaAdminClient
    from kafka.errors import RetriableError

    with suppress(RetriableError, OSError):  # anything else is a mistake of ours, and is to be seen
        client = KafkaAdminClient(bootstrap_servers=bootstrap, bootstrap_timeout_ms=2000)
        try:
            return bool(client.describe_cluster()["brokers"])
        finally:
            client.close()
    return False
