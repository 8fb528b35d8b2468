"""An orderly stop that ends in time, whatever the program waits for."""

from __future__ import annotations

import os
import signal
import socket
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

    A handler runs in the main thread, and not before that comes back from a database or a broker that does not answer.
    So the numbers of signals go through a pipe (`signal.set_wakeup_fd`) to a thread of their own. Blocking the signals
    and waiting for them there would not do: numpy's threads are older than we are and would receive them. To end the
    process in the middle of a batch is harmless: a kill does no other, and what is not committed is read again.

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
        self._receiver, self._sender = socket.socketpair()
        self._sender.setblocking(False)  # noqa: FBT003 - the name of the parameter is the method's
        self._wakeup_before = signal.set_wakeup_fd(self._sender.fileno())
        # Python passes on only signals that have a handler
        self._handlers_before = {one: signal.signal(one, lambda *_: None) for one in _SIGNALS}
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        for one, handler in self._handlers_before.items():
            signal.signal(one, handler)
        signal.set_wakeup_fd(self._wakeup_before)
        self._sender.close()  # the thread reads the end of the stream
        self._thread.join()
        self._receiver.close()

    def _wait(self) -> None:
        first = self._next_signal(None)
        if first is None:
            return
        self._first = first
        self._stop.set()
        _log.info("stopping", signal=first.name, grace_s=self._grace_s)
        began_s = time.monotonic()
        again = self._next_signal(self._grace_s)
        if not self._done.is_set():
            why = "grace_over" if again is None else "second_signal"
            _log.warning("stopped_unfinished", why=why, after_s=round(time.monotonic() - began_s, 1))
            self._end(self.code)

    def _next_signal(self, within_s: float | None) -> signal.Signals | None:
        """The next one that asks to stop; None when the block ended or the time was over."""
        until_s = None if within_s is None else time.monotonic() + within_s
        while not self._done.is_set():
            self._receiver.settimeout(None if until_s is None else max(until_s - time.monotonic(), 0.001))
            try:
                number = self._receiver.recv(1)
            except TimeoutError:
                return None
            if not number:
                return None
            if number[0] in _SIGNALS:
                return signal.Signals(number[0])
        return None
