"""The demo as a process: ready, killed, started again, stopped."""

import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psutil
import pytest

from formats.wfdb_files import read_header
from rhythmark.archive import UNDATED_US, as_stream
from rhythmark.demo_input import chosen_input
from rhythmark.feed import HeadStart
from rhythmark.settings import Settings
from rhythmark.synthetic import digital

READY_S = 120


@contextmanager
def demo(environment, folder, *arguments):
    """The demo in a group of its own, its output in a file."""
    with (folder / "out.txt").open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "rhythmark", "demo", "--port", "0", *arguments],
            env=environment | {"PYTHONUNBUFFERED": "1"},
            cwd=folder,
            stdout=out,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def until(condition, *, within_s=READY_S):
    """Wait until it holds; gives its value."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.05)
    pytest.fail(f"not within {within_s} s")


def said(folder):
    return (folder / "out.txt").read_text()


def login(folder):
    return until(lambda: re.search(r"address +(\S+)\n +login +(\S+)\n +password +(\S+)", said(folder))).groups()


def processes_of(folder):
    """Everything that runs on behalf of a demo in the folder."""
    found = []
    for process in psutil.process_iter():
        try:
            if str(folder) in " ".join([process.cwd(), *process.cmdline()]):
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


@pytest.fixture
def folder(tmp_path_factory):
    """As demos are started: below a folder that any account may pass through."""
    import shutil
    import tempfile

    path = Path(tempfile.mkdtemp(prefix="rhythmark-demo-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


def test_demo_is_ready_survives_a_kill_and_stops_without_a_trace(environment, folder, write_ecg, rhythmark):
    environment = environment | {"RHYTHMARK_HOME": str(folder / "home")}
    record = write_ecg(folder, "short", seconds=20.0)
    with demo(environment, folder, "--record", str(record), "--history", "0.25") as process:
        address, name, password = login(folder)
        with urllib.request.urlopen(f"{address.removesuffix('/workstation')}/health", timeout=10) as answer:  # noqa: S310 - our own http address
            assert answer.status == 200
        process.kill()
        process.wait()
    until(lambda: not processes_of(folder), within_s=30)

    began = time.monotonic()
    with demo(environment, folder, "--record", str(record), "--history", "0.25") as process:
        assert login(folder)[1:] == (name, password)
        assert time.monotonic() - began < 30  # 5 s on a quiet machine; here others may be busy
        until(lambda: "The recording has ended" in said(folder))
        listed = rhythmark("streams", RHYTHMARK_HOME=str(folder / "home")).stdout
        assert re.search(r"short-\d{8}-\d{6} +demo +ended .* 5000 ", listed)
        second = rhythmark("demo", "--port", "0", "--record", record, RHYTHMARK_HOME=str(folder / "home"))
        assert (second.returncode, "is in use by process" in second.stderr) == (1, True)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
    assert "Traceback" not in said(folder)
    until(lambda: not processes_of(folder), within_s=30)


def test_demo_names_the_port_when_it_is_taken(rhythmark, write_ecg, tmp_path):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        done = rhythmark("demo", "--port", port, "--record", write_ecg(tmp_path))
    assert done.returncode == 1
    assert f"127.0.0.1:{port}" in done.stderr
    assert "choose another one with --port" in done.stderr


@pytest.mark.data
def test_demo_plays_the_reference_recording_when_there_is_one(data_dir, tmp_path):
    settings = Settings.read({"RHYTHMARK_DATA": str(data_dir)}, directory=tmp_path)
    chosen = chosen_input(None, settings, say=lambda _: None)
    assert (chosen.name, chosen.synthetic) == ("mitdb-208", False)


def test_demo_plays_a_synthetic_recording_when_nothing_else_can_be_had(tmp_path, monkeypatch):
    from formats.errors import FormatError
    from rhythmark import demo_input

    def out_of_reach(*_):
        msg = "no network"
        raise FormatError(msg)

    monkeypatch.setattr(demo_input, "fetch_record", out_of_reach)
    monkeypatch.setattr(demo_input, "_SYNTHETIC_MIN", 1.0)
    lines = []
    chosen = chosen_input(None, Settings.read({"RHYTHMARK_DATA": "nowhere"}, directory=tmp_path), say=lines.append)
    assert chosen.synthetic
    assert "SYNTHETIC" in lines[-1]
    header = read_header(chosen.record)
    assert any("SYNTHETIC" in comment for comment in header.comments)
    named = chosen_input(chosen.record, Settings.read({}, directory=tmp_path), say=lines.append)
    assert named.synthetic


def test_synthetic_recording_is_the_same_for_the_same_seed():
    first, again, other = (digital(minutes=0.2, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    assert first.dtype == np.int16
    assert 100 < np.abs(first).max() < 1_000  # millivolts at 200 steps each


def test_head_start_makes_the_first_reading_lie_in_the_past():
    clock = HeadStart(300.0)
    first, second = clock.monotonic_s(), clock.monotonic_s()
    assert second - first == pytest.approx(300.0, abs=1.0)


def test_replay_of_an_undated_record_has_always_the_same_origin(write_ecg, tmp_path):
    header = read_header(write_ecg(tmp_path))
    undated = type(header)(header.path, header.signal, header.n_samples, None, (), (), header.formats)
    assert as_stream(undated, None, now_us=UNDATED_US + 10**15, starts_now=False).t0_us == UNDATED_US
    assert as_stream(undated, "mine", now_us=77, starts_now=True) == as_stream(
        undated, "mine", now_us=77, starts_now=True
    )
    assert as_stream(undated, None, now_us=77, starts_now=True).t0_us == 77


def test_replay_refuses_a_record_that_ingest_would_take_for_a_clock_gone_wrong(rhythmark, write_ecg, tmp_path):
    done = rhythmark("replay", write_ecg(tmp_path), "--to", "kafka", RHYTHMARK_KAFKA="127.0.0.1:1")
    assert done.returncode == 1
    assert "recording must be at most 40 years old, got 1970-01-01T00:00:00.000000Z; say --now" in done.stderr
