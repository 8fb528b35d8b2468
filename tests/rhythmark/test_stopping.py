"""A stop ends in time, whatever the program waits for."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from threading import Event

import pytest

from rhythmark.stopping import GRACE_S, OrderlyStop

STUCK = """
import sys, threading
import numpy  # its threads receive signals too
from rhythmark.stopping import OrderlyStop
stop, never = threading.Event(), threading.Lock()
never.acquire()
with OrderlyStop(stop, grace_s=float(sys.argv[1])):
    print("ready", flush=True)
    {wait}
"""
WAITS = {"lock": "never.acquire()", "socket": "import socket; s = socket.create_server(('127.0.0.1', 0)); s.accept()"}


def stuck(wait, grace_s):
    """A process whose main thread waits for what never comes."""
    code = STUCK.format(wait=WAITS[wait])
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(grace_s)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "ready\n"
    return process


def test_grace_is_short_enough_for_a_stop_within_five_seconds():
    assert GRACE_S < 5


@pytest.mark.parametrize("wait", WAITS)
def test_process_that_waits_for_ever_ends_when_its_grace_is_over(wait):
    with stuck(wait, 0.2) as process:
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "stopped_unfinished" in out


def test_second_signal_ends_the_process_at_once():
    with stuck("lock", 3600) as process:
        process.send_signal(signal.SIGINT)
        while "stopping" not in process.stdout.readline():
            pass
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)
    assert process.returncode == 130


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_stop_is_set_and_nothing_is_ended_when_the_block_ends_by_itself(number, code):
    stop, ended = Event(), []
    with OrderlyStop(stop, end=ended.append) as stopping:
        os.kill(os.getpid(), number)
        assert stop.wait(10)
    assert (stopping.code, ended) == (code, [])


def test_block_that_was_not_stopped_leaves_signals_as_they_were():
    before = [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)]
    with OrderlyStop(Event(), end=pytest.fail) as stopping:
        pass
    assert stopping.code == 0
    assert not stopping._thread.is_alive()
    assert [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)] == before
