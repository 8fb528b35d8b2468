"""One function over many things, on many cores; what fails does not stop the others."""

from __future__ import annotations

import multiprocessing
import os
import signal as signals
import threading
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from concurrent.futures import Future

    JobT = TypeVar("JobT")
    DoneT = TypeVar("DoneT")


@contextmanager
def results(
    function: Callable[[JobT], DoneT], jobs: Sequence[JobT], n_processes: int
) -> Iterator[Iterable[Callable[[], DoneT]]]:
    """What comes of each job, as it comes; each is called for its value or error."""
    if n_processes == 1:
        yield (partial(function, job) for job in jobs)
        return
    # spawn: numba's threads do not survive a fork
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(n_processes, mp_context=context, initializer=_depend_on_the_parent)
    try:
        futures: list[Future[DoneT]] = [pool.submit(function, job) for job in jobs]
        yield (future.result for future in as_completed(futures))
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _depend_on_the_parent() -> None:
    """Leave interrupts to the parent, and end when it is gone: the pool's own pipes would keep its workers for ever."""
    signals.signal(signals.SIGINT, signals.SIG_IGN)
    threading.Thread(target=_end_with_the_parent, daemon=True).start()


def _end_with_the_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None  # noqa: S101 - a worker of the pool has one
    parent.join()
    os._exit(1)
