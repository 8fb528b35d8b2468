"""Where the samples of a device belong: its restarts, its clock, and what came out of order.

`seq` counts the samples of one run of the device, an **epoch**. Within an epoch the index is the truth: a sample lies
at `seq + offset`, however the device's clock drifts or is corrected. A restart counts from 0 again with another time;
it opens a new epoch, placed by the device's clock against the group's `t0`. What is stored never moves.

What decides is only what the device says (`seq` and time), never when a message arrived, so that reading a topic again
gives the same positions. The time of arrival feeds the estimates (`ClockEstimate`) alone.
"""

from __future__ import annotations

import math
from typing import Self

import msgspec

from ingest.errors import MessageError
from signal_processing.clock import US_PER_S
from signal_processing.clock_skew import Minima

TOLERANCE_US = US_PER_S
"""How far the origin that a message implies may be off that of its epoch."""
MAX_SKEW_PER_US = 500e-6
"""What a device's sample clock may gain or lose against its wall clock while nothing of it is heard."""
MAX_STEP_US = 120 * US_PER_S
"""A device's clock that is corrected forward by more while the samples go on is taken for a pause that `seq` did not
count: a week at 200 ppm. Also how much of its beginning the run after a restart may have in common with the one before
and still be placed behind it."""
REORDERED_US = 10 * US_PER_S
"""How far a message may come before one that should have come earlier and still be told from a restart."""
MAX_EPOCHS = 1_000
MAX_SEGMENTS = 32
_UNLIMITED = 1 << 62


class Placement(msgspec.Struct, frozen=True, gc=False):
    """Where a message's first sample belongs.

    Parameters
    ----------
    start_sample : its index in the channel group.
    epoch : number of the device's run, from 0 on in the order in which they were seen.
    is_new_epoch : this message is the first that was seen of its epoch.
    step_us : by how much the device's clock was corrected before this message; 0 of nearly all.
    """

    start_sample: int
    epoch: int
    is_new_epoch: bool = False
    step_us: int = 0


class Segment(msgspec.Struct, array_like=True):
    """A part of an epoch in which the device's clock was not corrected. Origin: time less `seq / fs`, us UTC.

    Parameters
    ----------
    first, end : `seq` range that was seen.
    low_us, high_us : least and greatest origin.
    first_us, newest_us : origin of the message at each end of the range.
    """

    first: int
    end: int
    low_us: float
    high_us: float
    first_us: float
    newest_us: float

    def include(self, seq: int, end: int, origin_us: float) -> None:
        """Take a message into the segment."""
        if end > self.end:
            self.end, self.newest_us = end, origin_us
        if seq < self.first:
            self.first, self.first_us = seq, origin_us
        if origin_us < self.low_us:
            self.low_us = origin_us
        elif origin_us > self.high_us:
            self.high_us = origin_us

    def misfit_us(self, seq: int, origin_us: float, us_per_sample: float) -> float | None:
        """How far an origin is off what is expected at `seq`; None if further than a clock may be."""
        if seq >= self.end:
            away, low, high = seq - self.end, self.newest_us, self.newest_us
        elif seq < self.first:
            away, low, high = self.first - seq, self.first_us, self.first_us
        else:
            away, low, high = 0, self.low_us, self.high_us
        misfit_us = max(low - origin_us, origin_us - high, 0.0)
        return misfit_us if misfit_us <= TOLERANCE_US + away * us_per_sample * MAX_SKEW_PER_US else None


class Epoch(msgspec.Struct, array_like=True):
    """One run of the device.

    Parameters
    ----------
    offset : what is added to `seq` to have the index in the channel group.
    shift_us : how much later it was placed than the device's clock says, because its place was taken.
    segments : one more for each correction of the device's clock.
    """

    offset: int
    shift_us: int
    segments: list[Segment]

    @property
    def first(self) -> int:
        """Index of its first sample in the channel group."""
        return self.offset + min(segment.first for segment in self.segments)

    @property
    def end(self) -> int:
        """One past the index of its newest sample in the channel group."""
        return self.offset + max(segment.end for segment in self.segments)


class ClockEstimate(msgspec.Struct, frozen=True):
    """What is known of a device's clocks; None until there is enough to say it.

    Parameters
    ----------
    offset_ms : the server's clock less the device's, the shortest way of a message included.
    offset_span_s : time that it rests on.
    clock_drift_ppm : the device's clock against the server's, positive when it is fast.
    clock_span_s : time that it rests on.
    sample_drift_ppm : the device's sampling against its own clock, positive when it takes more samples than it says.
    sample_span_s : time that it rests on.
    """

    offset_ms: float | None
    offset_span_s: float
    clock_drift_ppm: float | None
    clock_span_s: float
    sample_drift_ppm: float | None
    sample_span_s: float


class Timeline(msgspec.Struct, array_like=True):
    """The epochs of one channel group and the clocks of its device. Mutable; the same input gives the same state.

    Parameters
    ----------
    fs_hz, t0_us : of the channel group; they never change.
    epochs : in the order in which they were seen.
    current : the epoch whose newest sample came last.
    limit : index up to which the current epoch may go on without meeting another one.
    n_steps : corrections of the device's clock that were seen.
    delays : arrival less device time, in windows of arrival.
    origins : origins of the newest segment, in windows of device time.
    is_changed : an epoch or a segment is new since `encode`: a group that crashed must not forget it. The rest can be
        saved now and then.
    """

    fs_hz: float
    t0_us: int
    epochs: list[Epoch] = []
    current: int = 0
    limit: int = _UNLIMITED
    n_steps: int = 0
    delays: Minima = msgspec.field(default_factory=Minima)
    origins: Minima = msgspec.field(default_factory=Minima)
    is_changed: bool = False

    @classmethod
    def of_stored(cls, fs_hz: float, t0_us: int, first_sample: int, next_sample: int) -> Self:
        """The timeline of a group that has samples [first_sample, next_sample) but no timeline yet."""
        timeline = cls(fs_hz, t0_us)
        if next_sample > first_sample:
            whole = Segment(first_sample, next_sample, t0_us, t0_us, t0_us, t0_us)
            timeline.epochs.append(Epoch(0, 0, [whole]))
        return timeline

    @classmethod
    def decode(cls, state: bytes, *, next_sample: int) -> Self:
        """The timeline that `encode` gave.

        Parameters
        ----------
        next_sample : of the group as it is stored; the state may be some seconds older.

        Raises
        ------
        msgspec.DecodeError : if the bytes are none.
        """
        timeline = msgspec.msgpack.decode(state, type=cls)
        if timeline.epochs:
            top = max(timeline.epochs, key=lambda epoch: epoch.end)
            top.segments[-1].end = max(top.segments[-1].end, next_sample - top.offset)
        return timeline

    def encode(self) -> bytes:
        """The state as it is stored: 60 bytes at first, at most 3 kB with one epoch and hours of estimates."""
        self.is_changed = False
        return msgspec.msgpack.encode(self)

    def place(self, seq: int, t0_us: int, n: int, received_us: int) -> Placement:
        """Say where a message belongs, and remember it.

        Parameters
        ----------
        seq, t0_us, n : the message's first sample, the device's time of it (us UTC), samples a channel.
        received_us : when it arrived, by the server's clock; for the estimates only.

        Raises
        ------
        MessageError : if its place is another epoch's or before the group's beginning, or there are too many epochs.
            Then nothing is remembered.
        """
        us_per_sample = US_PER_S / self.fs_hz
        origin_us = t0_us - seq * us_per_sample
        delay_us = received_us - t0_us - round(n * us_per_sample)
        if not self.epochs:
            placement = self._open(seq, t0_us, n, origin_us)
            self.delays.add(received_us, received_us, delay_us)
            return placement
        epoch = self.epochs[self.current]
        newest = epoch.segments[-1]
        start = epoch.offset + seq
        # what nearly every message takes: it goes on about where the last one ended
        if (
            newest.first <= seq
            and -TOLERANCE_US <= origin_us - newest.newest_us <= TOLERANCE_US
            and start + n <= self.limit
        ):
            newest.include(seq, seq + n, origin_us)
            self.origins.add(t0_us, t0_us, round(origin_us))
            self.delays.add(received_us, received_us, delay_us)
            return Placement(start, self.current)
        placement = self._place_unusual(seq, t0_us, n, origin_us)
        if placement.is_new_epoch or placement.step_us:  # others may be by a clock that was put right since
            self.delays.add(received_us, received_us, delay_us)
        return placement

    def estimate(self) -> ClockEstimate:
        """What is known of the device's clocks by now."""
        clock, lowest, sampling = self.delays.skew(), self.delays.lowest(), self.origins.skew()
        offset_us = clock.newest_us if clock else lowest[1] if lowest else None
        return ClockEstimate(
            offset_ms=None if offset_us is None else offset_us / 1_000,
            offset_span_s=self.delays.span_us() / US_PER_S,
            clock_drift_ppm=None
            if clock is None
            else -clock.ppm,  # what the device's clock gains is what the delays lose
            clock_span_s=0.0 if clock is None else clock.span_us / US_PER_S,
            sample_drift_ppm=None if sampling is None else -sampling.ppm,
            sample_span_s=0.0 if sampling is None else sampling.span_us / US_PER_S,
        )

    def _place_unusual(self, seq: int, t0_us: int, n: int, origin_us: float) -> Placement:
        found = self._fitting(seq, origin_us)
        number = self._continued(seq, origin_us) if found is None else found[0]
        if number is None:
            return self._open(seq, t0_us, n, origin_us)
        epoch = self.epochs[number]
        newest = epoch.segments[-1]
        self._check_free(epoch.offset + seq, n, besides=epoch)
        is_ahead = seq >= newest.end
        step_us = 0
        if found is None or (is_ahead and found[1] is not newest):  # the clock may be put back to what it was before
            step_us = round(origin_us - newest.newest_us)
            self.n_steps += 1
            self._begin_segment(epoch, Segment(seq, seq + n, origin_us, origin_us, origin_us, origin_us))
        else:
            found[1].include(seq, seq + n, origin_us)
        if is_ahead:
            self.current = number
        self._set_limit()
        return Placement(epoch.offset + seq, number, step_us=step_us)

    def _fitting(self, seq: int, origin_us: float) -> tuple[int, Segment] | None:
        """The epoch and segment whose origin is nearest, the newer one of equals; None if all are too far."""
        us_per_sample = US_PER_S / self.fs_hz
        best: tuple[int, Segment] | None = None
        least_us = math.inf
        for number in reversed(range(len(self.epochs))):
            for segment in reversed(self.epochs[number].segments):
                misfit_us = segment.misfit_us(seq, origin_us, us_per_sample)
                if misfit_us is not None and misfit_us < least_us:
                    best, least_us = (number, segment), misfit_us
        return best

    def _continued(self, seq: int, origin_us: float) -> int | None:
        """The epoch that goes on with this sample by a clock that was corrected; None if it is none's next."""
        us_per_sample = US_PER_S / self.fs_hz
        for number in (self.current, *reversed(range(len(self.epochs)))):
            newest = self.epochs[number].segments[-1]
            is_next = 0 <= (seq - newest.end) * us_per_sample <= REORDERED_US
            if is_next and origin_us - newest.newest_us <= MAX_STEP_US:
                return number
        return None

    def _begin_segment(self, epoch: Epoch, segment: Segment) -> None:
        epoch.segments.append(segment)
        if len(epoch.segments) > MAX_SEGMENTS:
            one, other = epoch.segments[:2]
            low_us, high_us = min(one.low_us, other.low_us), max(one.high_us, other.high_us)
            first, end = min(one.first, other.first), max(one.end, other.end)
            epoch.segments[:2] = [Segment(first, end, low_us, high_us, one.first_us, other.newest_us)]
        self._forget_clocks()

    def _open(self, seq: int, t0_us: int, n: int, origin_us: float) -> Placement:
        if len(self.epochs) >= MAX_EPOCHS:
            msg = f"restarts of the device in one channel group must be at most {MAX_EPOCHS - 1}, got one more"
            raise MessageError(msg)
        start = round((t0_us - self.t0_us) * self.fs_hz / US_PER_S)
        shift = self._shift(start, seq, t0_us, origin_us)
        self._check_free(start + shift, n, besides=None)
        segment = Segment(seq, seq + n, origin_us, origin_us, origin_us, origin_us)
        shift_us = round(shift * US_PER_S / self.fs_hz)
        self.epochs.append(Epoch(start + shift - seq, shift_us, [segment]))
        self.current = len(self.epochs) - 1
        self._set_limit()
        self._forget_clocks()
        return Placement(start + shift, self.current, is_new_epoch=True)

    def _shift(self, start: int, seq: int, t0_us: int, origin_us: float) -> int:
        """How many samples later a new epoch must lie, so that it begins behind the one that is there.

        The one before may reach further than its device's clock says, because it samples fast or its clock was put
        back; and the clock after a restart may be behind. So the two are compared by the device's time.
        """
        below = max((epoch for epoch in self.epochs if epoch.first <= start), key=lambda e: e.first, default=None)
        if below is None:
            return 0
        us_per_sample = US_PER_S / self.fs_hz
        newest = below.segments[-1]
        ended_us = newest.newest_us + newest.end * us_per_sample
        # keep the place of what the run sent before and what is still on its way
        is_early = seq * us_per_sample <= REORDERED_US or origin_us >= ended_us - TOLERANCE_US
        n_before = seq if is_early else 0
        shift = below.end - (start - n_before)
        if shift <= 0:
            return 0
        began_us = t0_us - n_before * us_per_sample
        if began_us < ended_us - MAX_STEP_US:
            limit = f"at most {MAX_STEP_US} us before the end of the run before, {round(ended_us)} us"
            msg = f"the device's time after a restart must be {limit}, got {round(began_us)} us"
            raise MessageError(msg)
        return shift

    def _check_free(self, start: int, n: int, *, besides: Epoch | None) -> None:
        if start < 0:
            msg = f"samples must not be before t0 of their channel group, {self.t0_us} us, got sample {start}"
            raise MessageError(msg)
        for epoch in self.epochs:
            if epoch is not besides and start < epoch.end and epoch.first < start + n:
                taken = f"samples [{epoch.first}, {epoch.end})"
                msg = f"samples [{start}, {start + n}) must be free, but {taken} are those of another run of the device"
                raise MessageError(msg)

    def _set_limit(self) -> None:
        """Find how far the current epoch may go on without another look at the others."""
        end = self.epochs[self.current].end
        self.limit = min((max(epoch.first, end) for epoch in self.epochs if epoch.end > end), default=_UNLIMITED)

    def _forget_clocks(self) -> None:
        """After a restart or a correction the clocks are others."""
        self.delays, self.origins = Minima(), Minima()
        self.is_changed = True
