"""How a long command says how far it is: a bar on a terminal, a line every ten seconds elsewhere."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any, Self, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

LINE_EVERY_S = 10.0
_MIB = 1e6


class Progress:
    """Counts bytes of samples and things done (records, streams); a context manager.

    Parameters
    ----------
    noun : what is counted, in the plural.
    n_total : how many of them.
    total_bytes : samples in all, bytes.
    file : where to; None means standard error.
    now_s : the time that passes, s.
    """

    def __init__(
        self,
        noun: str,
        n_total: int,
        total_bytes: int,
        *,
        file: TextIO | None = None,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._noun = noun
        self._n_total, self._n_done = n_total, 0
        self._total_bytes, self._done_bytes, self._skipped_bytes = total_bytes, 0, 0
        self._file = file or sys.stderr
        self._now_s = now_s
        self._began_s = self._line_s = now_s()
        self._bar: Any = _bar(total_bytes, self._file) if self._file.isatty() else None

    def __enter__(self) -> Self:
        self._describe()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()

    @property
    def mb_per_s(self) -> float:
        """Megabytes a second since the beginning."""
        return self._done_bytes / _MIB / max(self._now_s() - self._began_s, 1e-6)

    def skip(self, n_bytes: int) -> None:
        """Count what was done before; it says nothing of the speed."""
        self._skipped_bytes += n_bytes
        if self._bar is not None:
            self._bar.initial += n_bytes
            self._bar.n += n_bytes

    def advance(self, n_bytes: int) -> None:
        """Count what was done now."""
        self._done_bytes += n_bytes
        if self._bar is not None:
            self._bar.update(n_bytes)
        elif self._now_s() - self._line_s >= LINE_EVERY_S:
            self._line_s = self._now_s()
            self._print(self.line())

    def finish_one(self) -> None:
        """Count one thing as done."""
        self._n_done += 1
        self._describe()

    def say(self, text: str) -> None:
        """Write a line of its own."""
        if self._bar is None:
            self._print(text)
        else:
            self._bar.write(text, file=self._file)

    def line(self) -> str:
        """How far it is, in words."""
        done, total = self._done_bytes + self._skipped_bytes, self._total_bytes
        speed = self.mb_per_s
        left_s = f"{(total - done) / _MIB / speed:,.0f} s left" if speed else "no end in sight"
        return (
            f"{self._n_done} of {self._n_total} {self._noun}, {done / 2e6:,.1f} of {total / 2e6:,.1f} million samples,"
            f" {speed:,.1f} MB/s, {left_s}"
        )

    def _describe(self) -> None:
        if self._bar is not None:
            self._bar.set_description_str(f"{self._n_done}/{self._n_total} {self._noun}")

    def _print(self, text: str) -> None:
        print(text, file=self._file, flush=True)


class Count:
    """Counts things that are done, each with a line of its own, above a bar where it is a terminal; a context manager.

    Parameters
    ----------
    noun : what is counted, in the plural.
    n_total : how many of them.
    file : where to; None means standard error.
    """

    def __init__(self, noun: str, n_total: int, *, file: TextIO | None = None) -> None:
        self._n_total, self._n_done = n_total, 0
        self._file = file or sys.stderr
        self._bar: Any = _bar(n_total, self._file, unit=f" {noun}") if self._file.isatty() else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()

    def finish_one(self, text: str) -> None:
        """Count one thing as done, and say what came of it."""
        self._n_done += 1
        line = f"[{self._n_done}/{self._n_total}] {text}"
        if self._bar is None:
            print(line, file=self._file, flush=True)
        else:
            self._bar.write(line, file=self._file)
            self._bar.update()


def _bar(total: int, file: TextIO, *, unit: str = "B") -> Any:
    from tqdm import tqdm

    return tqdm(total=total, unit=unit, unit_scale=unit == "B", file=file, dynamic_ncols=True, mininterval=0.2)
