"""A worker whose Kafka client never comes back starts itself anew, instead of standing there in silence.

The client runs its own event loop in a thread and waits for it without a limit. Nothing within the process can
interrupt such a wait, and nothing is lost by leaving it: what was not committed is read again.
"""

from __future__ import annotations

import faulthandler
import os
import sys
import time
from contextlib import contextmanager
from threading import Event, Thread
from typing import TYPE_CHECKING, NoReturn

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_log = structlog.get_logger()

MAX_CALL_S = 25.0
"""Calls of the client are given at most seconds; one that takes longer than this does not come back."""
LOOK_EVERY_S = 1.0


class CallWatch:
    """Says how long the call that is under way has taken.

    Parameters
    ----------
    monotonic_s : seconds since some moment.
    """

    def __init__(self, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        self._monotonic_s = monotonic_s
        self._began_s: float | None = None

    @contextmanager
    def watching(self) -> Iterator[None]:
        """A call that should come back within seconds; calls do not nest."""
        self._began_s = self._monotonic_s()
        try:
            yield
        finally:
            self._began_s = None

    def under_way_s(self) -> float:
        """How long it has been, s; 0 while there is no call."""
        began_s = self._began_s
        return 0.0 if began_s is None else self._monotonic_s() - began_s


@contextmanager
def guarded(
    watch: CallWatch, on_hang: Callable[[], object] | None, *, max_call_s: float = MAX_CALL_S
) -> Iterator[None]:
    """Call `on_hang` once a watched call takes longer than `max_call_s`; None watches nothing."""
    done = Event()
    thread = Thread(target=_look, args=(watch, on_hang, max_call_s, done), name="hang-guard", daemon=True)
    if on_hang is not None:
        thread.start()
    try:
        yield
    finally:
        done.set()


def restart_process() -> NoReturn:
    """Say where every thread stands, and begin the same command anew in this process: same pid, same streams."""
    faulthandler.dump_traceback(file=sys.stderr, all_threads=True)
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - the command that runs already


def _look(watch: CallWatch, on_hang: Callable[[], object] | None, max_call_s: float, done: Event) -> None:
    while not done.wait(LOOK_EVERY_S):
        if on_hang is not None and watch.under_way_s() > max_call_s:
            _log.critical("kafka_client_hangs", for_s=round(watch.under_way_s(), 1))
            on_hang()
            return
