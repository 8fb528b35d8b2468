"""In which order detectors read samples that come out of order; pure.

Detectors read forward only. A missing block may still be on its way, so they wait at a gap until enough signal has come
after it; then the gap is given up, and what comes for it later is late: stored, but not read.

    bound 5 s, blocks of 1 s
    arrive  0 1 3 2 4      read 0 1 . 2,3 4         2 was only swapped
    arrive  0 1 3 4 5 6 7  read 0 1 . . . . 3-7     2 is given up, 5 s of signal after it are there
    then    2              read nothing, late: 2

What is read does not depend on how messages were batched, because each is offered by itself, in the order of offsets.
"""

from __future__ import annotations

from bisect import insort
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from signal_processing.values import Block


class Offered(NamedTuple):
    """What came of a part.

    Parameters
    ----------
    ready : to be read now, in order; where one does not begin at the end of the one before there is a gap.
    late : [start, end) that was passed already; empty (start == end) where nothing was.
    gave_up : whether a gap was given up.
    """

    ready: list[Block]
    late: tuple[int, int]
    gave_up: bool


_IN_TIME = (0, 0)


class ReadingOrder:
    """Where detectors stand in one channel group, and what waits for them.

    Parameters
    ----------
    position : the next sample to be read; None where nothing was read yet and the stream may begin anywhere.
    bound : samples from the end of a gap on that must have come before it is given up.
    """

    __slots__ = ("_bound", "_newest", "_waiting", "position")

    def __init__(self, position: int | None, *, bound: int) -> None:
        self.position = position
        self._bound = bound
        self._newest = -1 if position is None else position
        self._waiting: list[Block] = []

    @property
    def is_waiting(self) -> bool:
        """Whether something came after a gap that is still open."""
        return bool(self._waiting)

    def offer(self, part: Block) -> Offered:
        """Take a part that is stored and was not before."""
        if part.start == self.position and not self._waiting:  # the usual case
            self.position = self._newest = part.end
            return Offered([part], _IN_TIME, gave_up=False)
        late = _IN_TIME
        if self.position is not None and part.start < self.position:
            late = part.start, min(part.end, self.position)
            part = part.between(self.position, part.end)
        if len(part):
            insort(self._waiting, part, key=lambda block: block.start)
            self._newest = max(self._newest, part.end)
        ready, gave_up = self._release()
        return Offered(ready, late, gave_up)

    def note_newest(self, newest: int) -> None:
        """Say that samples up to `newest` are there already, though they are still to be offered."""
        self._newest = max(self._newest, newest)

    def give_up(self) -> list[Block]:
        """All that waits, because nothing else will come."""
        ready, self._waiting = self._waiting, []
        if ready:
            self.position = ready[-1].end
        return ready

    def _release(self) -> tuple[list[Block], bool]:
        ready: list[Block] = []
        gave_up = False
        while self._waiting and self._may_read(self._waiting[0]):
            block = self._waiting.pop(0)
            gave_up = gave_up or (self.position is not None and block.start != self.position)
            self.position = block.end
            ready.append(block)
        return ready, gave_up

    def _may_read(self, block: Block) -> bool:
        # from the end of the gap, not from its beginning: what is missing may be long, and a device may have paused
        is_next = block.start == (self.position or 0)  # before the first one, none can be missing before sample 0
        return is_next or self._newest - block.start >= self._bound
