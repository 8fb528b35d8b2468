"""A call that never comes back is noticed, and the process begins anew."""

from __future__ import annotations

import subprocess
import sys
from threading import Event

from ingest.hang_guard import CallWatch, guarded

HANGS_ONCE = """
import os, sys, threading
from ingest.hang_guard import CallWatch, guarded, restart_process
if os.environ.get("BEGUN"):
    print("begun anew", os.getpid(), sys.argv[1:])
    raise SystemExit(0)
os.environ["BEGUN"] = "1"
print("hangs", os.getpid())
watch = CallWatch()
with guarded(watch, restart_process, max_call_s=0.1), watch.watching():
    threading.Event().wait()
"""


def test_watch_says_how_long_a_call_has_taken_and_nothing_between_calls():
    now = [10.0]
    watch = CallWatch(lambda: now[0])
    assert watch.under_way_s() == 0.0
    with watch.watching():
        now[0] = 13.5
        assert watch.under_way_s() == 3.5
    assert watch.under_way_s() == 0.0


def test_guard_calls_once_when_a_call_hangs():
    hung = Event()
    watch = CallWatch()
    with guarded(watch, hung.set, max_call_s=0.0), watch.watching():
        assert hung.wait(10)


def test_guard_lets_calls_that_come_back_alone():
    hung = Event()
    watch = CallWatch()
    with guarded(watch, hung.set, max_call_s=60.0):
        for _ in range(3):
            with watch.watching():
                pass
        assert not hung.wait(1.5)


def test_process_that_hangs_begins_the_same_command_anew(tmp_path):
    script = tmp_path / "hangs_once.py"
    script.write_text(HANGS_ONCE)
    done = subprocess.run(
        [sys.executable, str(script), "ward", "7"], capture_output=True, text=True, timeout=60, check=True
    )
    first, *said, second = done.stdout.splitlines()
    assert second == f"begun anew {first.split()[1]} ['ward', '7']"
    assert "kafka_client_hangs" in "".join(said)
    assert "threading" in done.stderr
