"""Commands as people and services start them, for the tests of the whole."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from contextlib import contextmanager

from storage import catalogue

DETECT_S = 240  # on a machine that has never compiled the detectors, that alone takes minutes


def command(*arguments):
    return [sys.executable, "-m", "rhythmark", *map(str, arguments)]


def rhythmark(environment, *arguments, text=None):
    """Run a command to its end."""
    done = subprocess.run(
        command(*arguments), env=environment, input=text, capture_output=True, text=True, timeout=DETECT_S, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextmanager
def running(environment, *arguments, log):
    """A command that runs until it is stopped, in order; or is killed before."""
    with log.open("w") as output:
        process = subprocess.Popen(command(*arguments), env=environment, stdout=output, stderr=subprocess.STDOUT)
        try:
            yield process
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                assert process.wait(15) == 0, log.read_text()
        finally:
            process.kill()
            process.wait()


def wait_for(condition, *, timeout_s=DETECT_S):
    """Wait until something is true; gives it."""
    end = time.monotonic() + timeout_s
    while not (found := condition()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)  # between two looks, not instead of one
    return found


def summary_of(database, stream_name):
    """The stream in the catalogue; None while it is not there."""
    with database.transaction() as conn:
        return next((found for found in catalogue.list_streams(conn) if found.stream.name == stream_name), None)


def ended_stream(database, stream_name):
    """The stream once it has ended."""
    found = summary_of(database, stream_name)
    return found.stream if found and found.stream.ended_us is not None else None
