"""Events in the time from beat to beat: R-on-T, and beats that seem to be dropped between atria and ventricles.

RONT: a ventricular beat so early that it falls on the T wave of the beat before: no later after it than a QT interval
of 400 ms by Bazett (Heart 7:353, 1920) at the usual rate, and no other ventricular beat before it. The T wave is not
looked at, so that the certainty is modest.

BII: dropped beats, of two kinds (2018 ACC/AHA/HRS bradycardia guideline, Circulation 140:e382). In a steady rhythm, an
interval of twice the usual one (Mobitz II). Or intervals that do not grow and then one that is longer, after which the
next is longer than the one before the pause (Wenckebach, Mobitz I); such groups must follow each other without another
beat between, and the atrial cycle that follows from each (one beat more than there are) must be the same. Nothing is
seen of P waves: a beat that was missed looks like the first, a block of the sinus node like both. Therefore it takes
several, and the certainty is modest. Blocks of two to one with no other interval are not seen.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING

from detectors.protocol import NEVER_MIND, Step
from detectors.spans import NOWHERE, OpenSpan, n_samples
from signal_processing.values import Annotation, Annotator, Signal
from signal_processing.vocabulary import LABELS

if TYPE_CHECKING:
    from collections.abc import Sequence

N_USUAL = 8
"""Intervals of which the median is the usual one."""

STEADY_SHARE = 0.08
"""How far the intervals around a dropped beat may lie from the usual one, as a share of it."""

DOUBLE_SHARE = 0.12
"""How far a dropped beat's interval may lie from twice the usual one, as a share of that."""

N_STEADY = 5
"""Intervals before a dropped beat that must be steady."""

SAME_SHARE = 0.02
"""Intervals of a Wenckebach group may grow by this share, for beats are told to some milliseconds only."""

PAUSE_SHARES = (1.25, 1.95)
"""The pause of a Wenckebach group, as a share of the interval before it: less than two of them."""

RESET_SHARE = 1.05
"""The interval after the pause, as a share of the one before it."""

EARLY_SHARE = 0.12
"""The last interval before the pause is shorter than the one before by no more than this, else its beat was early."""

GROUP_LENGTHS = (2, 7)
"""Intervals of a Wenckebach group, the pause not counted."""

CYCLE_SHARE = 0.05
"""How far the atrial cycle may change from group to group, as a share of it."""

QTC_S = 0.40

CONFIDENT_RONT = 0.7
"""Certainty, times the beat's, of a T wave that was not looked at."""

CONFIDENT_DROPPED = 0.6
"""Certainty of dropped beats without P waves."""

_VENTRICULAR = frozenset(entry.code for entry in LABELS if entry.aami == "V")
_NORMAL = frozenset(entry.code for entry in LABELS if entry.aami == "N")


@dataclass(frozen=True)
class ConductionConfig:
    """How many dropped beats there must be, how far apart at most, and how long without a beat ends everything."""

    min_dropped: int = 2
    min_groups: int = 4
    apart_s: float = 20.0
    break_s: float = 4.0


@dataclass
class ConductionState:
    """The newest beats, and the dropped ones that may belong together.

    Parameters
    ----------
    last, last_label : the newest beat.
    intervals : the newest intervals between beats of class N, samples, oldest first, at most `N_USUAL`.
    pending : start and end of an interval of twice the usual one, until the next one is known.
    span, n_dropped : from the first dropped beat to the last so far.
    group : intervals since the last pause, samples, that do not grow.
    before_pause : the interval before a pause that was the newest one; else 0.
    cycle : the atrial cycle of the newest whole group, samples: its length over its beats and the dropped one.
    groups, n_groups : from the first pause to the last so far.
    """

    fs_hz: float
    last: int = NOWHERE
    last_label: str = ""
    intervals: list[int] = field(default_factory=list)
    pending: list[int] = field(default_factory=list)
    span: OpenSpan = field(default_factory=OpenSpan)
    n_dropped: int = 0
    group: list[int] = field(default_factory=list)
    before_pause: int = 0
    cycle: float = 0.0
    groups: OpenSpan = field(default_factory=OpenSpan)
    n_groups: int = 0


@dataclass(frozen=True)
class Conduction:
    """The follower "conduction"."""

    config: ConductionConfig = field(default_factory=ConductionConfig)
    name: str = "conduction"
    version: str = "1"

    @property
    def latency_s(self) -> float:
        """A span of dropped beats waits for one more, s; a Wenckebach group for as many intervals as it may have."""
        return max(self.config.apart_s, (GROUP_LENGTHS[1] + 2) * self.config.break_s) + 0.1

    @property
    def state_type(self) -> type[ConductionState]:
        """The state."""
        return ConductionState

    def initial(self, signal: Signal) -> ConductionState:
        """No beat yet."""
        return ConductionState(signal.fs_hz)

    def step(self, state: ConductionState, beats: Sequence[Annotation], *, settled_until: int) -> Step[ConductionState]:
        """Each beat in turn, each preceded by the time that passed without one."""
        said: list[Annotation] = []
        for beat in beats:
            self.pass_time(state, beat.start, said)
            self.take(state, beat, said)
        self.pass_time(state, settled_until, said)
        return Step(state, said)

    def quiet_until(self, state: ConductionState) -> int:
        """Where dropped beats are too far back for another to belong to them, or no beat came for too long."""
        if state.last == NOWHERE:
            return NEVER_MIND
        breaks_at = state.last + n_samples(self.config.break_s, state.fs_hz)
        return min(breaks_at, self._closes_at(state)) if state.span.is_open else breaks_at

    def finish(self, state: ConductionState, *, end: int) -> list[Annotation]:  # noqa: ARG002 - ends at its last beat
        """Say what there is."""
        said: list[Annotation] = []
        self._break(state, said)
        return said

    def pass_time(self, state: ConductionState, until: int, said: list[Annotation]) -> None:
        """As of a `Follower`."""
        if until < self.quiet_until(state):
            return  # the usual case
        if state.span.is_open and until >= self._closes_at(state):
            self._close_dropped(state, said)
        if state.last != NOWHERE and until >= state.last + n_samples(self.config.break_s, state.fs_hz):
            self._break(state, said)

    def take(self, state: ConductionState, beat: Annotation, said: list[Annotation]) -> None:
        """As of a `Follower`."""
        before, label_before = state.last, state.last_label
        state.last, state.last_label = beat.start, beat.label
        if before == NOWHERE:
            return
        if beat.label in _VENTRICULAR and label_before not in _VENTRICULAR:
            self._r_on_t(state, before, beat, said)
        if beat.label in _NORMAL and label_before in _NORMAL:
            self._dropped(state, before, beat.start, said)
            self._wenckebach(state, before, beat.start, said)
            state.intervals.append(beat.start - before)
            del state.intervals[:-N_USUAL]
        else:
            state.intervals.clear()
            state.pending.clear()
            self._close_groups(state, said)

    def _closes_at(self, state: ConductionState) -> int:
        return state.span.end + n_samples(self.config.apart_s, state.fs_hz)

    def _break(self, state: ConductionState, said: list[Annotation]) -> None:
        self._close_dropped(state, said)
        self._close_groups(state, said)
        state.last = NOWHERE
        state.intervals.clear()
        state.pending.clear()

    def _r_on_t(self, state: ConductionState, before: int, beat: Annotation, said: list[Annotation]) -> None:
        if len(state.intervals) < N_STEADY:
            return
        qt_s = QTC_S * math.sqrt(median(state.intervals) / state.fs_hz)
        coupling_s = (beat.start - before) / state.fs_hz
        if coupling_s <= qt_s:
            certainty = CONFIDENT_RONT * (1.0 if beat.confidence is None else beat.confidence)
            figures = {"coupling_s": coupling_s, "qt_expected_s": qt_s}
            said.append(self._said("RONT", before, beat.start + 1, certainty, figures))

    def _dropped(self, state: ConductionState, before: int, now: int, said: list[Annotation]) -> None:
        """A pause of two usual intervals in steady ones counts once the interval after it is steady too."""
        if len(state.intervals) < N_USUAL:
            return
        usual = median(state.intervals)
        interval = now - before
        if state.pending:
            start, end = state.pending
            state.pending.clear()
            if abs(interval - usual) <= STEADY_SHARE * usual:
                if state.span.is_open and end - state.span.end > n_samples(self.config.apart_s, state.fs_hz):
                    self._close_dropped(state, said)
                if not state.span.is_open:
                    state.span.open(start, end)
                state.span.grow(end)
                state.n_dropped += 1
        steady = [value for value in state.intervals[-N_STEADY:] if abs(value - usual) <= STEADY_SHARE * usual]
        doubles = [value for value in state.intervals[-N_STEADY:] if self._is_double(value, usual)]
        if self._is_double(interval, usual) and len(steady) + len(doubles) == N_STEADY and len(doubles) <= 1:
            state.pending[:] = [before, now]

    @staticmethod
    def _is_double(interval: float, usual: float) -> bool:
        return abs(interval - 2 * usual) <= 2 * DOUBLE_SHARE * usual

    def _wenckebach(self, state: ConductionState, before: int, now: int, said: list[Annotation]) -> None:
        interval, group = now - before, state.group
        if state.before_pause:
            if interval < state.before_pause * RESET_SHARE:
                self._close_groups(state, said)
            state.before_pause = 0
            group[:] = [interval]
        elif not group or interval <= group[-1] * (1 + SAME_SHARE):
            group.append(interval)
            if len(group) > GROUP_LENGTHS[1]:
                self._close_groups(state, said)
        elif self._is_pause(interval, group) and self._is_of_same_cycle(state, interval):
            if not state.groups.is_open:
                state.groups.open(before, now)
            state.groups.grow(now)
            state.n_groups += 1
            state.before_pause = group[-1]
            group.clear()
        else:
            self._close_groups(state, said)
            group.append(interval)

    @staticmethod
    def _is_pause(interval: int, group: Sequence[int]) -> bool:
        if len(group) < GROUP_LENGTHS[0] or group[-1] < group[-2] * (1 - EARLY_SHARE):
            return False
        is_long = PAUSE_SHARES[0] * group[-1] <= interval <= PAUSE_SHARES[1] * group[-1]
        return is_long and group[-1] < group[0] * (1 - SAME_SHARE)

    @staticmethod
    def _is_of_same_cycle(state: ConductionState, pause: int) -> bool:
        """Whether the atria beat on through a whole group, once more than the ventricles, as they did before."""
        if not state.groups.is_open:
            return True  # of the first group the beginning is not known
        cycle = (sum(state.group) + pause) / (len(state.group) + 2)
        before, state.cycle = state.cycle, cycle
        is_possible = min(state.group) >= cycle * (1 - SAME_SHARE) and pause < 2 * cycle
        return is_possible and (not before or abs(cycle - before) <= CYCLE_SHARE * before)

    def _close_dropped(self, state: ConductionState, said: list[Annotation]) -> None:
        if state.span.is_open and state.n_dropped >= self.config.min_dropped:
            said.append(self._block(state.span, state.n_dropped))
        state.span.close()
        state.n_dropped = 0

    def _close_groups(self, state: ConductionState, said: list[Annotation]) -> None:
        if state.groups.is_open and state.n_groups >= self.config.min_groups:
            said.append(self._block(state.groups, state.n_groups))
        state.groups.close()
        state.n_groups = state.before_pause = 0
        state.cycle = 0.0
        state.group.clear()

    def _block(self, span: OpenSpan, n_dropped: int) -> Annotation:
        certainty = CONFIDENT_DROPPED * (1 - 0.5 ** (n_dropped - 1))
        return self._said("BII", span.start, span.end, certainty, {"n_dropped": n_dropped})

    def _said(self, label: str, start: int, end: int, confidence: float, figures: dict[str, float]) -> Annotation:
        annotator = Annotator("machine", self.name, self.version)
        return Annotation(
            start=start, end=end, label=label, annotator=annotator, confidence=confidence, figures=figures
        )
