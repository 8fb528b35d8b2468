"""The incomplete cell of a channel group, held in memory as its rows stand in `waveform_tail`; free of any database.

A worker that alone writes a group need not read it back before each batch: what a batch adds to the open cell, and
which rows change by it, follows from what is held here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from signal_processing.values import Block
from signal_processing.waveform_codec import ENVELOPE_BIN
from storage import sample_runs

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray


class TailRow(NamedTuple):
    """A run within one bin of 256 samples."""

    start: int
    samples: NDArray[Any]


class RowChange(NamedTuple):
    """What a batch changes in the tables of one group.

    Parameters
    ----------
    complete : the runs of the cells that are complete now, cut by cells; rows of `waveform_blocks`.
    tail : rows of `waveform_tail` that are new or longer now: first sample, and the samples.
    gone : first samples of tail rows that another one took in; those of cells that are complete now are not listed.
    """

    complete: list[Block]
    tail: list[TailRow]
    gone: list[int]


class OpenCell:
    """The samples from the beginning of the incomplete cell on.

    Parameters
    ----------
    cell_samples : length of a cell, a multiple of 256.
    start : index of the open cell's first sample.
    runs : what is stored of it, disjoint.
    """

    __slots__ = ("_length", "_ranges", "_samples", "start")

    def __init__(self, cell_samples: int, start: int, runs: Iterable[Block] = ()) -> None:
        self._length = cell_samples
        self._samples: NDArray[Any] | None = None  # made by the first samples, which bring type and width
        self._ranges: list[tuple[int, int]] = []  # disjoint, in order, none touching the next
        self.start = start
        for run in runs:
            self._lay(run)

    def new_parts(self, blocks: Sequence[Block]) -> list[Block]:
        """The parts of blocks from `start` on that are not held yet, each once, in the order given."""
        if len(blocks) == 1 and (not self._ranges or blocks[0].start >= self._ranges[-1][1]):
            return [blocks[0]]  # the usual case
        coverage = sample_runs.Coverage(self._ranges)
        parts: list[Block] = []
        for block in blocks:
            for low, high in coverage.missing(block.start, block.end):
                parts.append(block.between(low, high))
                coverage.add(low, high)
        return parts

    def take(self, parts: Sequence[Block]) -> RowChange:
        """Add new parts, in any order.

        Parameters
        ----------
        parts : as `new_parts` gave them.
        """
        end = max(part.end for part in parts)
        newest = max(end, self._ranges[-1][1]) if self._ranges else end
        open_from = newest - newest % self._length
        if open_from > self.start:
            return self._complete(parts, open_from)
        if len(parts) == 1 and self._ranges and parts[0].start == self._ranges[-1][1]:  # the usual case
            self._lay(parts[0])
            return RowChange([], self._rows(range(parts[0].start // ENVELOPE_BIN, -(-end // ENVELOPE_BIN))), [])
        bins = sorted({i for part in parts for i in range(part.start // ENVELOPE_BIN, -(-part.end // ENVELOPE_BIN))})
        before = {start for start, _ in self._rows(bins)}
        for part in parts:
            self._lay(part)
        rows = self._rows(bins)
        return RowChange([], rows, sorted(before - {start for start, _ in rows}))

    def runs(self) -> list[Block]:
        """What is held, disjoint and in order."""
        return [self._run(low, high) for low, high in self._ranges]

    def _complete(self, parts: Sequence[Block], open_from: int) -> RowChange:
        runs = sample_runs.merged([*self.runs(), *parts])
        complete = [run.between(run.start, open_from) for run in runs if run.start < open_from]
        self.start, self._samples, self._ranges = open_from, None, []
        for run in runs:
            if run.end > open_from:
                self._lay(run.between(open_from, run.end))
        rows = [TailRow(row.start, row.samples) for row in sample_runs.cut(self.runs(), ENVELOPE_BIN)]
        return RowChange(list(sample_runs.cut(complete, self._length)), rows, [])

    def _rows(self, bins: Iterable[int]) -> list[TailRow]:
        """The tail rows within some bins of 256 samples: the runs, cut at the bins' edges."""
        rows = []
        for i in bins:
            first, last = i * ENVELOPE_BIN, (i + 1) * ENVELOPE_BIN
            for low, high in self._ranges:
                start, end = max(low, first), min(high, last)
                if start < end:
                    rows.append(TailRow(start, self._held()[start - self.start : end - self.start]))
        return rows

    def _held(self) -> NDArray[Any]:
        assert self._samples is not None  # noqa: S101 - there is a range, so something was laid
        return self._samples

    def _run(self, low: int, high: int) -> Block:
        return Block(low, self._held()[low - self.start : high - self.start])

    def _lay(self, part: Block) -> None:
        if self._samples is None:
            self._samples = np.empty((self._length, part.samples.shape[1]), part.samples.dtype)
        self._samples[part.start - self.start : part.end - self.start] = part.samples
        if self._ranges and self._ranges[-1][1] == part.start:
            self._ranges[-1] = (self._ranges[-1][0], part.end)
        else:
            self._ranges = _joined([*self._ranges, (part.start, part.end)])


def _joined(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if joined and joined[-1][1] == low:
            joined[-1] = (joined[-1][0], high)
        else:
            joined.append((low, high))
    return joined
