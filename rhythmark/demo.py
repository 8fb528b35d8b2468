"""`rhythmark demo`: the main job on one machine, with nothing installed beside it.

An embedded PostgreSQL, a recording played in real time through the ingest of production (`rhythmark.feed`, a process of
its own), and the workstation, in this process. All it leaves is in one folder, RHYTHMARK_HOME.
"""

from __future__ import annotations

import base64
import hmac
import os
import secrets
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from rhythmark.demo_input import DemoInput, chosen_input
from rhythmark.feed import FeedJob, close_stream
from rhythmark.private_files import kept_secret, write_private
from rhythmark.settings import DATABASE_FOLDER
from signal_processing.clock import US_PER_S

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rhythmark.settings import Settings
    from storage.database import Database

DEVICE = "demo"
LOGIN = "demo"
_FEED_STOP_S = 15.0
_ANSWER_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line asked for."""

    record: Path | None
    through_kafka: bool
    port: int | None
    history_min: float


def run(wanted: Wanted, settings: Settings) -> None:
    """Run until stopped.

    Raises
    ------
    RhythmarkError : if something is missing: rule, value, limit.
    """
    began_s = time.monotonic()
    from labeling_server.app import create_app
    from labeling_server.serve import serve
    from labeling_server.settings import ServerSettings
    from rhythmark import logging
    from rhythmark.release.making import ReleaseFolder
    from storage.database import Database

    settings.home.mkdir(parents=True, exist_ok=True)
    log_file = settings.home / "demo.log"
    logging.configure(settings.log_level, file=log_file)
    port = _free_port(settings, wanted.port)
    source = chosen_input(wanted.record, settings, say=_say)
    with ExitStack() as stack:
        stack.callback(_say, "Stopped.")
        dsn = stack.enter_context(_database_server(settings.home))
        database = stack.enter_context(Database.open(dsn))
        password = _demo_reader(database, settings.home)
        bootstrap = stack.enter_context(_broker(settings.home)) if wanted.through_kafka else None
        job = _job(database, dsn, source, bootstrap, wanted, settings, log_file)
        stack.enter_context(_feeding(job, log_file))
        maker = ReleaseFolder(database, settings.releases)
        site = ServerSettings(secret_key=_key(settings.home), zone=settings.zone)
        app = create_app(database, settings=site, release_maker=maker)
        _announce_when_up(settings.host, port, password, began_s)
        serve(app, settings.host, port)


def _say(text: str) -> None:
    print(text, flush=True)


def _free_port(settings: Settings, wanted: int | None) -> int:
    """The port that was asked for, or fail; else the usual one, or the next that is free.

    Raises
    ------
    PortTakenError : if the one that was asked for is taken.
    """
    from labeling_server.serve import PortTakenError, bound_socket

    try:
        with closing(bound_socket(settings.host, settings.port if wanted is None else wanted)) as listener:
            return int(listener.getsockname()[1])
    except PortTakenError:
        if wanted is not None:
            raise
    with closing(bound_socket(settings.host, 0)) as listener:
        port = int(listener.getsockname()[1])
    _say(f"Port {settings.port} is taken; taking {port} (choose one with --port N, or make demo PORT=N).")
    return port


@contextmanager
def _database_server(home: Path) -> Iterator[str]:
    """The embedded PostgreSQL, migrated."""
    from storage import migrations
    from storage.embedded import EmbeddedServer

    is_first = not (home / DATABASE_FOLDER).exists()
    _say("Making the database (first start) ..." if is_first else "Starting the database ...")
    with EmbeddedServer(home / DATABASE_FOLDER) as dsn:
        migrations.upgrade(dsn)
        yield dsn


def _demo_reader(database: Database, home: Path) -> str:
    """The demo's account; gives its password, the same at every start."""
    from storage import users

    password = kept_secret(home / "password", lambda: secrets.token_urlsafe(9))
    with database.transaction() as conn:
        known = [user for user in users.list_users(conn) if user.login == LOGIN]
        if not known:
            users.create(conn, login=LOGIN, password=password, role="reader")
            write_private(home / "password-set", "")
        elif not (home / "password-set").exists():
            users.set_password(conn, LOGIN, password)
            write_private(home / "password-set", "")
    return password


@contextmanager
def _broker(home: Path) -> Iterator[str]:
    from ingest.local_broker import LocalBroker, gather_jars, jar_folder

    _say("Starting Kafka (the first time, Maven brings its jars) ...")
    with LocalBroker(home / "kafka", gather_jars(jar_folder(os.environ))) as broker:
        yield broker.bootstrap


def _job(
    database: Database,
    dsn: str,
    source: DemoInput,
    bootstrap: str | None,
    wanted: Wanted,
    settings: Settings,
    log_file: Path,
) -> FeedJob:
    """Register a new stream for this start, and end those that an earlier start left open."""
    from storage import catalogue

    now_us = time.time_ns() // 1000
    t0_us = now_us - round(wanted.history_min * 60 * US_PER_S)
    name = f"{source.name}-{datetime.fromtimestamp(now_us // US_PER_S, UTC):%Y%m%d-%H%M%S}"
    with database.transaction() as conn:
        open_ones = [s.stream for s in catalogue.list_streams(conn) if s.stream.ended_us is None]
    for stream in open_ones:
        if stream.device_name == DEVICE:
            close_stream(database, stream.name)
    with database.transaction() as conn:
        catalogue.ensure_stream(
            conn,
            name=name,
            device=DEVICE,
            t0_us=t0_us,
            patient_pseudonym=_pseudonym(settings.home, source.name),
            synthetic=source.synthetic,
            note=source.note,
        )
    return FeedJob(
        dsn=dsn,
        record=str(source.record),
        stream=name,
        device=DEVICE,
        t0_us=t0_us,
        bootstrap=bootstrap,
        log_file=str(log_file),
        log_level=settings.log_level,
    )


def _pseudonym(home: Path, name: str) -> str:
    """The same for a recording at every start, and without the key not to be traced back to it."""
    digest = hmac.new(_key(home).encode(), name.encode(), "sha256").digest()
    return f"P-{base64.b32encode(digest).decode()[:4]}"


def _key(home: Path) -> str:
    return kept_secret(home / "session-key", lambda: secrets.token_hex(32))


@contextmanager
def _feeding(job: FeedJob, log_file: Path) -> Iterator[None]:
    """The feed in a process of its own: stopped at the end, and said when it fails before."""
    feed = subprocess.Popen(
        [sys.executable, "-m", "rhythmark.feed"],
        stdin=subprocess.PIPE,
        # Ctrl+C in the terminal is for this process; the feed ends when its standard input does
        start_new_session=True,
    )
    assert feed.stdin is not None  # noqa: S101 - a pipe was asked for
    feed.stdin.write(msgspec.json.encode(job) + b"\n")
    feed.stdin.flush()
    is_stopping = threading.Event()
    threading.Thread(target=_watch, args=(feed, is_stopping, log_file), daemon=True).start()
    try:
        yield
    finally:
        is_stopping.set()
        feed.stdin.close()
        try:
            feed.wait(_FEED_STOP_S)
        except subprocess.TimeoutExpired:
            feed.kill()
            feed.wait()


def _watch(feed: subprocess.Popen[bytes], is_stopping: threading.Event, log_file: Path) -> None:
    code = feed.wait()
    if not is_stopping.is_set():
        print(f"error: the feed must run as long as the demo, it ended with {code}; see {log_file}", file=sys.stderr)


def _announce_when_up(host: str, port: int, password: str, began_s: float) -> None:
    """Say address and login as soon as the address answers."""

    def announce() -> None:
        deadline_s = time.monotonic() + _ANSWER_TIMEOUT_S
        while time.monotonic() < deadline_s:
            with socket.socket() as probe:
                if probe.connect_ex((host, port)) == 0:
                    break
            time.sleep(0.05)
        shown = f"[{host}]" if ":" in host else host
        _say(
            f"\n  Rhythmark is ready after {time.monotonic() - began_s:.1f} s\n\n"
            f"    address   http://{shown}:{port}/workstation\n    login     {LOGIN}\n    password  {password}\n\n"
            "  Ctrl+C stops it. `rhythmark streams` and `rhythmark export` work beside it.\n"
        )

    threading.Thread(target=announce, daemon=True).start()
