"""The laws of `detectors.protocol`, as functions that raise AssertionError: the test kit of every detector.

Each takes a detector, a signal it accepts and one block of physical samples, so a detector kept outside this project is
tested with it as the registered ones are (`tests/detectors/test_laws.py`). "Equal" means equal to the bit, figures and
order included: what differs only in the last digit differs between a stream and its replay.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from detectors.runner import DetectorRun, annotate
from detectors.spoilt import SPOILT
from signal_processing.values import Annotation, Block, Signal
from signal_processing.vocabulary import is_known

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from detectors.protocol import AnyDetector

GAIN = "gain"
"""In a detector's `invariances`: the samples times any factor above 0 give the same places and labels."""

OFFSET = "offset"
"""In a detector's `invariances`: the samples plus any constant give the same places and labels."""


def invariances(detector: AnyDetector) -> frozenset[str]:
    """What the detector claims changes nothing: its attribute `invariances` where it has one."""
    claimed: Iterable[str] = getattr(detector, "invariances", ())
    return frozenset(claimed)


def cut(block: Block, cuts: Iterable[int]) -> list[Block]:
    """The block in pieces, cut at offsets within [0, len(block)]; an offset named twice makes an empty piece."""
    edges = [0, *sorted(cuts), len(block)]
    return [Block(block.start + low, block.samples[low:high]) for low, high in pairwise(edges)]


def check_cuts(detector: AnyDetector, signal: Signal, block: Block, cuts: Iterable[int]) -> None:
    """Cutting the signal into blocks, empty ones included, changes nothing."""
    pieces = cut(block, cuts)
    whole = annotate(detector, signal, [block])
    _same(detector, "when cut", annotate(detector, signal, pieces), whole)


def check_resume(detector: AnyDetector, signal: Signal, block: Block, cut_at: int) -> None:
    """A run resumed from its checkpoint goes on as if it had never stopped."""
    whole = annotate(detector, signal, [block])
    before, after = cut(block, [cut_at])
    run = DetectorRun(detector, signal)
    said = run.feed(before)
    saved = run.checkpoint()
    resumed = DetectorRun.resume(detector, signal, saved)
    said = said + resumed.feed(after) + resumed.finish()
    _same(detector, f"when resumed after {cut_at} samples", said, whole)


def check_shift(detector: AnyDetector, signal: Signal, block: Block, shift: int) -> None:
    """The same samples `shift` samples later are annotated the same, `shift` samples later."""
    here = annotate(detector, signal, [block])
    there = annotate(detector, signal, [Block(block.start + shift, block.samples)])
    moved = [_moved(annotation, -shift) for annotation in there]
    _same(detector, f"when shifted by {shift} samples", moved, here)


def check_latency(detector: AnyDetector, signal: Signal, block: Block, *, piece_samples: int) -> None:
    """What ends at t is out once the signal has come to t + `latency_s`."""
    bound = detector.latency_s * signal.fs_hz
    run = DetectorRun(detector, signal)
    heard = block.start
    for piece in cut(block, range(piece_samples, len(block), piece_samples)):
        _in_time(detector, run.feed(piece), heard=heard, bound=bound)
        heard = piece.end
    _in_time(detector, run.finish(), heard=heard, bound=bound)


def check_gain(detector: AnyDetector, signal: Signal, block: Block, factor: float) -> None:
    """Other units change neither places nor labels: for detectors that claim `GAIN`.

    Take a power of two, which rounds nothing; other factors may move a decision that hangs on the last digit.
    """
    scaled = Block(block.start, block.samples * factor)
    _same_places(detector, f"at {factor:g} times the gain", signal, (block, scaled))


def check_offset(detector: AnyDetector, signal: Signal, block: Block, offset: float) -> None:
    """A constant added to every sample changes neither places nor labels: for detectors that claim `OFFSET`."""
    raised = Block(block.start, block.samples + offset)
    _same_places(detector, f"with {offset:g} added", signal, (block, raised))


def check_gap(detector: AnyDetector, signal: Signal, block: Block, *, cut_at: int, gap: int) -> None:
    """A gap between two blocks equals two runs."""
    before, rest = cut(block, [cut_at])
    after = Block(rest.start + gap, rest.samples)
    apart = annotate(detector, signal, [before]) + annotate(detector, signal, [after])
    said = annotate(detector, signal, [before, after])
    _same(detector, f"when a gap of {gap} samples follows {cut_at}", said, apart)


def check_input_untouched(detector: AnyDetector, signal: Signal, block: Block) -> None:
    """The samples are never written to, not even those of a caller who forgot to protect them."""
    samples = np.array(block.samples)
    kept = samples.copy()
    given = Block(block.start, samples)
    object.__setattr__(given, "samples", samples)  # the writable array that Block would have protected
    annotate(detector, signal, [given])
    if not np.array_equal(samples, kept, equal_nan=True):
        _fail(detector, "wrote to the samples of its block")


def check_output(detector: AnyDetector, signal: Signal, block: Block) -> None:
    """Whatever the samples (flat, NaN, saturated, none): no exception, and every annotation is well formed."""
    said = annotate(detector, signal, [block])
    for annotation in said:
        _check_form(detector, signal, annotation, within=block)
    if any(annotation.ongoing for annotation in DetectorRun(detector, signal).finish()):
        _fail(detector, "says something ongoing about nothing")
    last = {(a.annotator, a.start, a.label, a.channel): a for a in said}
    for annotation in last.values():
        if annotation.ongoing:
            _fail(detector, f"leaves {annotation.label} from {annotation.start} ongoing after the end")


SHORT_S = 12.0
"""So much is fed sample by sample, s."""

SHIFTS = (1, 777, 10_000_000_000)
PARTS = (0.0, 0.31, 0.5, 0.77, 1.0)
"""Where a signal is cut, as shares of it; both ends among them, for empty blocks."""


def check_all(detector: AnyDetector, signal: Signal, block: Block) -> None:
    """Every law, on one signal about which the detector says something, and on that signal spoilt in every way.

    Parameters
    ----------
    detector : kept here or in another package.
    signal : accepted by it.
    block : (n_samples, n_channels) in physical units; half a minute is enough for most, a day would take a day.

    Raises
    ------
    AssertionError : naming the law, and the first annotation that breaks it.
    """
    if not detector.accepts(signal):
        _fail(detector, f"does not accept {signal.group!r} of {', '.join(c.name for c in signal.channels)}")
    check_input_untouched(detector, signal, block)
    if not annotate(detector, signal, [block]):
        _fail(detector, "says nothing about the signal: give it one on which the laws mean something")
    cuts = [round(part * len(block)) for part in PARTS]
    short = block.between(block.start, block.start + round(SHORT_S * signal.fs_hz))
    second = max(round(signal.fs_hz), 1)
    check_cuts(detector, signal, block, [*cuts, *cuts])
    check_cuts(detector, signal, block, range(second, len(block), second))
    check_cuts(detector, signal, short, range(len(short)))
    for at in cuts:
        check_resume(detector, signal, block, at)
    for shift in SHIFTS:
        check_shift(detector, signal, block, shift)
    for piece in (max(second // 10, 1), second):
        check_latency(detector, signal, block, piece_samples=piece)
    for at, gap in ((cuts[1], 1), (cuts[2], 100_000), (cuts[0], 10), (cuts[-1], 10)):
        check_gap(detector, signal, block, cut_at=at, gap=gap)
    if GAIN in invariances(detector):
        check_gain(detector, signal, block, 0.25)
    if OFFSET in invariances(detector):
        check_offset(detector, signal, block, 8.0)
    for spoil in SPOILT.values():
        bad = Block(block.start, spoil(np.array(block.samples)))
        check_output(detector, signal, bad)
        check_cuts(detector, signal, bad, [len(bad) // 3, len(bad) // 2])


def _check_form(detector: AnyDetector, signal: Signal, annotation: Annotation, *, within: Block) -> None:
    faults = {
        f"starts before the first sample, {within.start}": annotation.start < within.start,
        f"ends after the last sample, {within.end}": annotation.end > within.end,
        "has a label outside the vocabulary": not is_known(annotation.label),
        "names another annotator": annotation.annotator not in detector.annotators,
        "names a channel the signal has not": annotation.channel not in {None, *(c.name for c in signal.channels)},
        "has a confidence outside [0, 1]": not 0 <= _or(annotation.confidence, 0.5) <= 1,
        "has a figure that is not finite": not all(map(math.isfinite, annotation.figures.values())),
    }
    for fault, found in faults.items():
        if found:
            _fail(detector, f"says what {fault}: {annotation}")


def _or(value: float | None, default: float) -> float:
    return default if value is None else value


def _moved(annotation: Annotation, by: int) -> Annotation:
    fields: dict[str, Any] = {name: getattr(annotation, name) for name in annotation.__struct_fields__}
    return Annotation(**{**fields, "start": annotation.start + by, "end": annotation.end + by})


def _in_time(detector: AnyDetector, said: Sequence[Annotation], *, heard: int, bound: float) -> None:
    for annotation in said:
        late = heard - bound - annotation.end
        if late >= 0:
            _fail(
                detector, f"has a latency of {detector.latency_s:g} s, yet was {late:g} samples late with {annotation}"
            )


def _same_places(detector: AnyDetector, when: str, signal: Signal, blocks: tuple[Block, Block]) -> None:
    places = [
        [(a.start, a.end, a.label, a.channel) for a in annotate(detector, signal, [block])]  # figures may scale
        for block in blocks
    ]
    _same(detector, when, places[1], places[0])


def _same(detector: AnyDetector, when: str, found: Sequence[object], expected: Sequence[object]) -> None:
    if list(found) == list(expected):
        return
    for i, (one, other) in enumerate(zip(found, expected, strict=False)):
        if one != other:
            _fail(detector, f"must say the same {when}; number {i} is {one}, expected {other}")
    _fail(detector, f"must say the same {when}; said {len(found)} annotations, expected {len(expected)}")


def _fail(detector: AnyDetector, what: str) -> None:
    msg = f"detector {detector.name!r} {what}"
    raise AssertionError(msg)
