"""A disk that is really full: the worker waits, an edit is refused, and both go on when there is room again."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from threading import Event, Thread

import numpy as np
import pytest
from ingest_kit import ecg, peaks_for, samples, send_all, wait_until, worker_on

from ingest.backoff import Backoff
from ingest.local_source import LocalSource
from storage import annotations as labels
from storage import catalogue, revisions, users, waveforms
from storage.database import Database
from storage.embedded import EmbeddedServer
from storage.errors import DiskFullError
from storage.migrations import upgrade

SIZE_MIB = 200


@pytest.fixture
def small_disk():
    """A file system of its own; only root may mount one, and not everywhere."""
    folder = Path(tempfile.mkdtemp(prefix="rhythmark-disk-"))
    options = f"size={SIZE_MIB}m,mode=0711"
    command = shutil.which("mount")
    done = command and subprocess.run([command, "-t", "tmpfs", "-o", options, "tmpfs", folder], check=False)
    if not done or done.returncode:
        folder.rmdir()
        pytest.skip("a disk can only be filled where a file system may be mounted: run as root outside a container")
    try:
        yield folder
    finally:
        subprocess.run([shutil.which("umount"), folder], check=True)
        folder.rmdir()


def fill(folder):
    """Take all the room there is; gives the file that holds it."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue
    assert shutil.disk_usage(folder).free == 0
    return ballast


def stored(database, stream="s1"):
    with database.transaction() as conn:
        (group,) = catalogue.groups_of(conn, catalogue.stream_named(conn, stream).id)
        return waveforms.read_window(conn, group, 0, group.next_sample)


def confirm_first(database, actor):
    """What a reader does; gives the annotation's row."""
    with database.transaction() as conn:
        row = labels.queue(conn, order="time")[0]
        return revisions.revise(
            conn, row.id, expected_revision=row.revision, actor=actor, action="confirm", changes={}, view={}
        )


def test_worker_waits_and_an_edit_is_refused_while_the_disk_is_full(small_disk):
    values = samples(60_000)
    source = LocalSource(max_batch=50)
    stop = Event()
    with EmbeddedServer(small_disk / "data") as dsn:
        upgrade(dsn)
        with Database.open(dsn) as database:
            worker = worker_on(database, source, detectors=peaks_for, backoff=Backoff(first_s=0.05, cap_s=0.1))
            working = Thread(target=worker.run, args=(stop,))
            with database.transaction() as conn:
                actor = users.create(conn, login="ada", password="correct horse", role="reader").actor  # noqa: S106 - a test's
            signal = ecg()
            send_all(source, signal, values[:20_000])
            try:
                working.start()
                wait_until(lambda: worker.progress.n_samples == 20_000)
                ballast = fill(small_disk)
                send_all(source, signal, values[20_000:], start=20_000)
                wait_until(lambda: "no disk space left" in worker.progress.last_error)
                with pytest.raises(DiskFullError, match="no disk space left"):
                    confirm_first(database, actor)
                with database.transaction() as conn:
                    (row,) = [row for row in labels.queue(conn, order="time") if row.revision == 0][:1]
                    assert revisions.history(conn, row.id) == []
                ballast.unlink()
                wait_until(lambda: worker.progress.n_samples == 60_000)
                assert worker.progress.n_dead_letters == 0
                assert confirm_first(database, actor).status == "confirmed"
            finally:
                stop.set()
                working.join(10)
            (block,) = stored(database)
    assert np.array_equal(block.samples, values)
