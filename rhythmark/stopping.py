"""An orderly stop that ends in time, whatever the program waits for."""

from __future__ import annotations

import os
import signal
import time
from threading import Event, Thread
from typing import TYPE_CHECKING, Self

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable

_log = structlog.get_logger(__name__)

GRACE_S = 4.0
"""What a stop may take; service managers kill after ten seconds or more, and a stop of ours takes less than five."""
_SIGNALS = frozenset({signal.SIGINT, signal.SIGTERM})
_INTERRUPTED = 130


class OrderlyStop:
    """Sets `stop` at SIGINT or SIGTERM; ends the process when the block does not end within `grace_s` of it.

    The signals are awaited in a thread of their own: a handler in the main thread would have to wait until that comes
    back from a database or a broker that does not answer. To end the process in the middle of a batch is harmless: a
    kill does no other, and what is not committed is read again.

    Parameters
    ----------
    stop : set at the first signal; a second one ends the process at once.
    end : ends the process with a code.
    """

    def __init__(self, stop: Event, *, grace_s: float = GRACE_S, end: Callable[[int], object] = os._exit) -> None:
        self._stop, self._grace_s, self._end = stop, grace_s, end
        self._done = Event()
        self._first: signal.Signals | None = None
        self._thread = Thread(target=self._wait, name="signals", daemon=True)

    @property
    def code(self) -> int:
        """What the command ends with: 130 after Ctrl+C, else 0."""
        return _INTERRUPTED if self._first == signal.SIGINT else 0

    def __enter__(self) -> Self:
        # threads that start from now on inherit it, so that only ours receives them
        self._before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        if self._thread.is_alive() and self._thread.ident is not None:
            signal.pthread_kill(self._thread.ident, signal.SIGTERM)
        self._thread.join()
        signal.pthread_sigmask(signal.SIG_SETMASK, self._before)

    def _wait(self) -> None:
        first = signal.Signals(signal.sigwait(_SIGNALS))
        if self._done.is_set():
            return
        self._first = first
        self._stop.set()
        _log.info("stopping", signal=first.name, grace_s=self._grace_s)
        began_s = time.monotonic()
        again = signal.sigtimedwait(_SIGNALS, self._grace_s)
        if not self._done.is_set():
            why = "grace_over" if again is None else "second_signal"
            _log.warning("stopped_unfinished", why=why, after_s=round(time.monotonic() - began_s, 1))
            self._end(self.code)
