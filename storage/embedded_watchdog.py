"""Stops an embedded PostgreSQL whose starter died without a word: `python embedded_watchdog.py PARENT PID DATA_DIR`.

Run by its path in a bare interpreter, so it imports the standard library only. It looks twice a second; a signal on the
parent's death (PR_SET_PDEATHSIG) would fire when the starting *thread* ends, and is lost at the change of user.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

INTERVAL_S = 0.5
PATIENCE_S = 20.0
"""How long a fast shutdown may take before an immediate one."""


def is_postmaster(pid: int, data_dir: str) -> bool:
    """Whether the process is a PostgreSQL server of that data directory, and no other that got its number."""
    try:
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return arguments[0].endswith(b"postgres") and os.fsencode(data_dir) in arguments


def stop_postmaster(pid: int, data_dir: str) -> None:
    """Fast shutdown (connections are cut, nothing is lost); an immediate one after 20 s."""
    for signal_number in (signal.SIGINT, signal.SIGQUIT):
        if is_postmaster(pid, data_dir):
            os.kill(pid, signal_number)
        deadline = time.monotonic() + PATIENCE_S
        while is_postmaster(pid, data_dir) and time.monotonic() < deadline:
            time.sleep(0.02)


def main(parent_pid: int, pid: int, data_dir: str) -> None:
    """Wait until either process is gone; if it is the parent, stop the server."""
    while is_postmaster(pid, data_dir):
        if os.getppid() != parent_pid:
            stop_postmaster(pid, data_dir)
            return
        time.sleep(INTERVAL_S)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
