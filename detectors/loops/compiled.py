"""How loops over samples are compiled: numba, cached on disk, without fast-math, so that sums keep their order.

What compiles fast: LLVM goes over all that a function calls once more with each function that calls it, so a chain of
calls ten deep costs ten times; a call with a literal number is compiled for that literal alone (`np.int64(0)` is none);
and an array expression, an assignment to a slice above all, brings pages of code where a loop brings a line.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from numba import njit
from numba.core import config

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])


def compiled(function: FunctionT) -> FunctionT:
    """The function, compiled at its first call for the types it is called with; it lets other threads run meanwhile.

    A division by zero gives infinity, as in numpy.
    """
    return _compiled(function, no_cfunc_wrapper=True, nogil=True, error_model="numpy")


def inner(function: FunctionT) -> FunctionT:
    """The function, compiled for compiled callers only: without what it takes to call it from Python.

    A division by zero gives infinity, as in numpy, instead of an exception that each caller had to hand on.
    """
    return _compiled(function, no_cfunc_wrapper=True, no_cpython_wrapper=True, error_model="numpy")


def inlined(function: FunctionT) -> FunctionT:
    """The function, compiled into its callers.

    For what runs once a sample, where a call that hands over arrays costs more, in reference counts, than the work; and
    for what is called in one place, because each layer of calls is optimised with all that lies below it.
    """
    result: FunctionT = njit(inline="always")(function)
    return result


def _compiled(function: FunctionT, **options: bool | str) -> FunctionT:
    try:
        with _cache_of_these_sources(Path(function.__code__.co_filename).parent):
            result: FunctionT = njit(cache=True, **options)(function)
    except RuntimeError:  # "cannot cache function": no folder can be written to; then each process compiles for itself
        result = njit(**options)(function)
    return result


@contextmanager
def _cache_of_these_sources(room: Path) -> Iterator[None]:
    """What is compiled meanwhile is kept in a folder that belongs to the sources as they are now.

    numba looks at the file of a function, not at those of the functions it calls: after a change of these it would go
    on with the code of before. A function calls those of its own room, of this one and of `signal_processing`.
    """
    before = config.CACHE_DIR
    config.CACHE_DIR = str(_cache_folder(before, room))
    try:
        yield
    finally:
        config.CACHE_DIR = before


@cache
def _cache_folder(given: str, room: Path) -> Path:
    """Below the folder given (NUMBA_CACHE_DIR), else beside the modules, else in the user's cache."""
    if given:
        base = Path(given)
    elif os.access(room, os.W_OK):
        base = room / "__pycache__"
    else:
        base = Path("~/.cache/rhythmark").expanduser()
    here = Path(__file__).parent
    digest = hashlib.sha256(room.name.encode())
    for folder in (room, here, here.parents[1] / "signal_processing"):
        for path in sorted(folder.glob("*.py")):
            digest.update(path.read_bytes())
    return base / f"compiled-{digest.hexdigest()[:16]}"
