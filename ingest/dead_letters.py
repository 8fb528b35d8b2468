"""How many messages may fail before the worker itself is suspected."""

from __future__ import annotations

from collections import deque

from ingest.errors import TooManyDeadLettersError


class FailureLimit:
    """Watches the share of failed messages among the last ones.

    Parameters
    ----------
    window : how many messages count; below that many nothing is said.
    most : share of failures that is still borne.
    """

    def __init__(self, *, window: int = 200, most: float = 0.5) -> None:
        self._window = window
        self._most = most
        self._batches: deque[tuple[int, int]] = deque()
        self.n_total = 0

    def note(self, *, n_messages: int, n_failed: int, last_reason: str = "") -> None:
        """Take one batch into account.

        Raises
        ------
        TooManyDeadLettersError : if more than the share of the last `window` messages (or of this batch, when it is
            larger) failed.
        """
        self.n_total += n_failed
        self._batches.append((n_messages, n_failed))
        while len(self._batches) > 1 and sum(n for n, _ in self._batches) - self._batches[0][0] >= self._window:
            self._batches.popleft()
        seen, failed = (sum(column) for column in zip(*self._batches, strict=True))
        if seen >= self._window and failed > self._most * seen:
            limit = f"at most {self._most:.0%} of the last {seen} messages may fail"
            msg = f"{limit}, but {failed} did; the last because: {last_reason}"
            raise TooManyDeadLettersError(msg)
