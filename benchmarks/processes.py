"""What processes have cost so far, read from /proc."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def cpu_s(pids: Iterable[int]) -> float:
    """User and system time of processes, and of those of their children that ended, s; one that is gone counts 0."""
    return sum(map(_cpu_s, pids))


def tree_cpu_s(pid: int) -> float:
    """The same of a process and the children it has now, s: a server that starts a process a connection."""
    return cpu_s([pid, *children(pid)])


def children(pid: int) -> list[int]:
    """The processes that a process started and that are there now."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            found += map(int, task.read_text().split())
    return found


def parent(pid: int) -> int:
    """The process that started another."""
    return int(_stat(pid)[1])


def resident_bytes(pid: int) -> int:
    """Memory that a process holds."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_BYTES


def _cpu_s(pid: int) -> float:
    try:
        fields = _stat(pid)
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / _TICKS_PER_S


def _stat(pid: int) -> list[str]:
    """The fields behind the program's name, which may hold blanks: state, parent, ..."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
