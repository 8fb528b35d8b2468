"""Reference recordings as detectors and peers read them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from benchmarks.workload import DATA_DIR
from detectors.evaluation.marks import Mark
from formats.wfdb_files import read_blocks, read_header, read_marks
from signal_processing.values import Block, Signal

if TYPE_CHECKING:
    from collections.abc import Sequence

CHANNEL_0 = (0,)
ALL_LEADS = None
Leads = tuple[int, ...] | None
"""Channels that are read; None is all of them."""

_FIRST_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True)
class Recording:
    """A record with what its experts said."""

    path: Path

    @property
    def name(self) -> str:
        """Of the record."""
        return self.path.name

    @property
    def database(self) -> str:
        """Of the folder."""
        return self.path.parent.name

    @property
    def key(self) -> str:
        """Database and record."""
        return f"{self.database}/{self.name}"

    @cached_property
    def signal(self) -> Signal:
        """As its header has it."""
        return read_header(self.path, t0_us=0).signal

    @property
    def samples(self) -> np.ndarray:
        """(n_samples, n_channels) in physical units; read anew each time, for many do not fit into memory."""
        header = read_header(self.path, t0_us=0)
        digital = np.concatenate([block.samples for block in read_blocks(header)])
        return header.signal.physical(Block(0, digital)).samples

    @cached_property
    def n_samples(self) -> int:
        """Of the record."""
        return read_header(self.path, t0_us=0).n_samples

    @cached_property
    def reference(self) -> tuple[Mark, ...]:
        """The experts' marks."""
        return tuple(Mark(m.sample, m.symbol, m.subtyp, m.aux) for m in read_marks(self.path, "atr"))


@cache
def recordings(database: str) -> tuple[Recording, ...]:
    """The records of a database that are at hand, in the order of their numbers.

    Raises
    ------
    FileNotFoundError : if there are none.
    """
    folder = DATA_DIR / database
    names = sorted((path.stem for path in folder.glob("*.atr")), key=_in_order)
    if not names:
        msg = f"the report needs the reference recordings: no {database}/*.atr under {DATA_DIR} (set RHYTHMARK_DATA)"
        raise FileNotFoundError(msg)
    return tuple(Recording(folder / name) for name in names)


def chosen(signal: Signal, samples: np.ndarray, leads: Leads) -> tuple[Signal, Block]:
    """The channels that are read, as one block."""
    if leads is None:
        return signal, Block(0, samples)
    channels = tuple(signal.channels[i] for i in leads)
    return msgspec.structs.replace(signal, channels=channels), Block(0, np.ascontiguousarray(samples[:, list(leads)]))


def escapes_as_normal(marks: Sequence[Mark]) -> list[Mark]:
    """With escape beats (e, j, n) counted as N, as most papers do; `bxb` counts them as supraventricular."""
    return [mark._replace(symbol="N") if mark.symbol in "ejn" else mark for mark in marks]


def _in_order(name: str) -> tuple[int, str]:
    number = _FIRST_NUMBER.search(name)
    return int(number[0]) if number else 0, name
