"""Annotations of the house as WFDB marks, and back.

WFDB marks moments. A beat is one; a rhythm is a `+` where it begins and another where the underlying rhythm returns; a
quality is a `~` wherever the set of bad leads changes, as mitdb has it; a wave of a beat is three marks
(`formats.wave_marks`); all else is a `"` note that says how long. Where rhythms overlap, the most urgent one stands,
and a rate only where nothing else does, for a `+` can say one rhythm only; the CSV export keeps them all.
"""

from __future__ import annotations

import re
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, NamedTuple

from formats.mit_annotations import MAX_AUX_BYTES, Mark
from formats.wave_marks import PEAK_FIGURE, SYMBOLS, WAVES, marks_of_wave, waves_in
from signal_processing.values import Annotation
from signal_processing.vocabulary import LABELS, LabelKind, label

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from formats.wave_marks import WaveMarks
    from signal_processing.values import Annotator, Signal

UNDERLYING_RHYTHM = "SR"
"""What a rhythm span returns to where nothing else is known."""

_N_LEADS_IN_SUBTYP = 4
"""`subtyp` of `~` has four bits for noisy leads and four for unreadable ones (ecgcodes(5))."""
_UNREADABLE_SHIFT = 4
_SHUTDOWN = 0x30
"""What bxb takes for a shutdown: the first two leads unreadable."""

_RHYTHMS = {entry.wfdb_aux: entry.code for entry in LABELS if entry.wfdb == "+"}
_RATES = {"BRADY"}
"""How fast a rhythm is, which says less than what it is: fibrillation stays fibrillation while it is slow."""
_NOTES = {entry.code for entry in LABELS if entry.wfdb == '"'}
_BEATS = {entry.code for entry in LABELS if entry.kind is LabelKind.BEAT}
_DURATION = re.compile(r"\d+(?:\.\d+)? s")
_ORDER_AT_ONE_SAMPLE = {"+": 1, "~": 2, '"': 3}


class _Interval(NamedTuple):
    start: int
    end: int
    code: str
    channel: int | None


def marks_of(signal: Signal, annotations: Iterable[Annotation], *, underlying: str = UNDERLYING_RHYTHM) -> list[Mark]:
    """Annotations as marks in WFDB's order: by time, and at one time with rising `num`.

    Parameters
    ----------
    signal : gives the leads that `chan` and the bits of `~` count, and the rate that turns lengths into seconds.
    underlying : rhythm that is written where a rhythm span ends.

    Raises
    ------
    UnknownLabelError : if the vocabulary does not hold a label.
    """
    by_kind: dict[LabelKind, list[Annotation]] = {kind: [] for kind in LabelKind}
    waves: list[Annotation] = []
    for annotation in annotations:
        (waves if annotation.label in WAVES else by_kind[label(annotation.label).kind]).append(annotation)
    points = by_kind[LabelKind.BEAT] + by_kind[LabelKind.PULSE]
    marks = [Mark(a.start, label(a.label).wfdb, a.note, chan=_lead(signal, a)) for a in points]
    rhythms = [a for a in by_kind[LabelKind.RHYTHM] if a.label not in _NOTES]
    notes = [*by_kind[LabelKind.EVENT], *(a for a in by_kind[LabelKind.RHYTHM] if a.label in _NOTES)]
    marks += _rhythm_marks([_interval(signal, a) for a in rhythms], underlying)
    marks += _quality_marks(signal, [_interval(signal, a) for a in by_kind[LabelKind.QUALITY]])
    marks += [Mark(a.start, '"', _event_text(signal, a), chan=_lead(signal, a)) for a in notes]
    beats = {(beat.start, _lead(signal, beat)) for beat in by_kind[LabelKind.BEAT]}
    for wave in sorted(waves, key=lambda a: (a.start, a.end)):
        marks += marks_of_wave(signal, wave, chan=_lead(signal, wave), beats=beats)
    return in_order(marks)


def in_order(marks: Iterable[Mark]) -> list[Mark]:
    """Marks sorted as WFDB asks: (time, num, chan) rises, so `num` counts what shares a sample.

    Two beats on one sample are told apart the same way; nothing is moved and nothing dropped. Marks of waves keep the
    order in which they were given, and their `num` where nothing before them on the sample has it.
    """
    return [
        mark
        for _, together in groupby(sorted(marks, key=_place), key=lambda m: m.sample)
        for mark in _numbered(together)
    ]


def _place(mark: Mark) -> tuple[int, int, int, str, str]:
    is_wave = mark.symbol in SYMBOLS
    rank = _ORDER_AT_ONE_SAMPLE.get(mark.symbol, 0)
    return (mark.sample, rank, mark.chan, "" if is_wave else mark.symbol, "" if is_wave else mark.aux)


def _numbered(together: Iterable[Mark]) -> Iterable[Mark]:
    least = 0
    for mark in together:
        num = max(least, mark.num)
        least = num + 1
        yield mark._replace(num=num)


def _lead(signal: Signal, annotation: Annotation) -> int:
    return _lead_or_none(signal, annotation) or 0


def _lead_or_none(signal: Signal, annotation: Annotation) -> int | None:
    names = [channel.name for channel in signal.channels]
    return names.index(annotation.channel) if annotation.channel in names else None


def _interval(signal: Signal, a: Annotation) -> _Interval:
    return _Interval(a.start, a.end, a.label, _lead_or_none(signal, a))


def _changes(intervals: Sequence[_Interval]) -> Iterable[tuple[int, list[_Interval]]]:
    """Every sample at which something begins or ends, and what is under way from there on."""
    spans = [interval for interval in intervals if interval.end > interval.start]
    edges = sorted({edge for span in spans for edge in (span.start, span.end)})
    starting = sorted(spans, key=lambda span: span.start)
    active: list[_Interval] = []
    at = 0
    for edge in edges:
        active = [span for span in active if span.end > edge]
        while at < len(starting) and starting[at].start <= edge:
            active.append(starting[at])
            at += 1
        yield edge, active


def _rhythm_marks(intervals: Sequence[_Interval], underlying: str) -> list[Mark]:
    marks: list[Mark] = []
    said = None
    for sample, active in _changes(intervals):
        chosen = max(active, key=_precedence, default=None)
        aux = label(chosen.code if chosen else underlying).wfdb_aux
        if aux != said:
            marks.append(Mark(sample, "+", aux))
        said = aux
    return marks


def _precedence(span: _Interval) -> tuple[bool, int, int, str]:
    """A rhythm before a mere rate; then the most urgent, and of those the one that began last."""
    return span.code not in _RATES, label(span.code).urgency, span.start, span.code


def _quality_marks(signal: Signal, intervals: Sequence[_Interval]) -> list[Mark]:
    marks: list[Mark] = []
    said: tuple[int, str] = (0, "")
    for sample, active in _changes(intervals):
        aux = _quality_text(signal, active)
        subtyp = _quality_bits(signal.n_channels, active)
        if (subtyp, aux) != said:
            marks.append(Mark(sample, "~", aux, subtyp=subtyp))
        said = (subtyp, aux)
    return marks


def _quality_bits(n_channels: int, active: Sequence[_Interval]) -> int:
    """`subtyp` of `~` as a signed byte."""
    bits = 0
    for span in active:
        leads = range(n_channels) if span.channel is None else [span.channel]
        shift = 0 if span.code == "NOISY" else _UNREADABLE_SHIFT
        for lead in leads:
            if lead < _N_LEADS_IN_SUBTYP:
                bits |= 1 << (lead + shift)
    if n_channels == 1 and bits & (1 << _UNREADABLE_SHIFT):
        bits |= _SHUTDOWN  # bxb looks at two leads; the second of a one-lead record is never readable
    return bits - ((bits & 0x80) << 1)


def _quality_text(signal: Signal, active: Sequence[_Interval]) -> str:
    """What is wrong with which lead ("NOISY:MLII,FLAT"), as much of it as an aux string holds."""
    said: list[str] = []
    for span in sorted(active, key=lambda span: (span.code, -1 if span.channel is None else span.channel)):
        item = span.code if span.channel is None else f"{span.code}:{signal.channels[span.channel].name}"
        if item not in said and len(",".join([*said, item]).encode()) <= MAX_AUX_BYTES:
            said.append(item)
    return ",".join(said)


def _event_text(signal: Signal, a: Annotation) -> str:
    """Label, length where it has one, note: "PAUSE; 2.344444 s; after a premature beat"."""
    parts = [a.label]
    # the zero length keeps a note that looks like a length from being one
    if a.end > a.start or _DURATION.fullmatch(a.note.split("; ")[0]):
        parts.append(f"{round((a.end - a.start) / signal.fs_hz, 6)!r} s".replace(".0 s", " s"))
    if a.note:
        parts.append(a.note)
    return "; ".join(parts)


def annotations_of(
    signal: Signal, marks: Iterable[Mark], *, annotator: Annotator, end: int | None = None
) -> list[Annotation]:
    """Marks as annotations; what neither the vocabulary nor a note can hold (a lone waveform onset, say) is left out.

    A QRS that is marked from onset to end is both: the beat at its peak, and the span.

    Parameters
    ----------
    signal : the record the marks belong to.
    annotator : who made them; WFDB does not say.
    end : where the last rhythm and quality end; None means at the last mark.
    """
    marks = sorted(marks, key=lambda m: (m.sample, m.num))
    last = max([mark.sample for mark in marks], default=0)
    end = last if end is None else max(end, last)
    spans = [*_points(signal, marks), *_rhythms(marks, end), *_flutter(marks, end), *_qualities(signal, marks, end)]
    names = [channel.name for channel in signal.channels]
    found = [
        Annotation(
            start=span.start,
            end=span.end,
            label=span.code,
            annotator=annotator,
            channel=None if span.channel is None else names[span.channel],
            note=note,
        )
        for span, note in spans
    ]
    found += [_wave(signal, wave, annotator) for wave in waves_in(marks)]
    return sorted(found, key=lambda a: (a.start, a.end, a.label))


def _wave(signal: Signal, wave: WaveMarks, annotator: Annotator) -> Annotation:
    # as with a beat: the first lead of a record is none in particular
    channel = signal.channels[wave.chan].name if 0 < wave.chan < signal.n_channels else None
    figures = {PEAK_FIGURE: (wave.peak - wave.onset) / signal.fs_hz}
    return Annotation(
        start=wave.onset, end=wave.end, label=wave.code, annotator=annotator, channel=channel, figures=figures
    )


def _points(signal: Signal, marks: Sequence[Mark]) -> Iterable[tuple[_Interval, str]]:
    for mark in marks:
        # a beat belongs to the record; `chan` says which lead only where it is not the first
        lead = mark.chan if 0 < mark.chan < signal.n_channels else None
        if mark.symbol in _BEATS:
            yield _Interval(mark.sample, mark.sample, mark.symbol, lead), mark.aux
        elif mark.symbol == "*":
            yield _Interval(mark.sample, mark.sample, "PULSE", lead), mark.aux
        elif mark.symbol == "|":
            yield _Interval(mark.sample, mark.sample, "ARTEFACT", lead), mark.aux
        elif mark.symbol == '"':
            yield _event(signal, mark, lead)


def _event(signal: Signal, mark: Mark, lead: int | None) -> tuple[_Interval, str]:
    code, _, rest = mark.aux.partition("; ")
    if code not in _NOTES:
        return _Interval(mark.sample, mark.sample, "NOTE", lead), mark.aux
    length, _, note = rest.partition("; ")
    if not _DURATION.fullmatch(length):
        return _Interval(mark.sample, mark.sample, code, lead), rest
    n_samples = signal.clock.n_samples(float(length.removesuffix(" s")))
    return _Interval(mark.sample, mark.sample + n_samples, code, lead), note


def _rhythms(marks: Sequence[Mark], end: int) -> Iterable[tuple[_Interval, str]]:
    changes = [mark for mark in marks if mark.symbol == "+"]
    for mark, following in pairwise([*changes, Mark(end, "+")]):
        code = _RHYTHMS.get(mark.aux.strip())
        if code is not None and following.sample > mark.sample:
            yield _Interval(mark.sample, following.sample, code, None), ""


def _flutter(marks: Sequence[Mark], end: int) -> Iterable[tuple[_Interval, str]]:
    """Ventricular fibrillation or flutter between `[` and `]`, as cudb and mitdb/207 mark it."""
    start = None
    for mark in [*marks, Mark(end, "]")]:
        if mark.symbol == "[" and start is None:
            start = mark.sample
        elif mark.symbol == "]" and start is not None:
            yield _Interval(start, mark.sample, "VFIB", None), ""
            start = None


def _qualities(signal: Signal, marks: Sequence[Mark], end: int) -> Iterable[tuple[_Interval, str]]:
    since: dict[tuple[str, int | None], int] = {}
    for mark in [*(m for m in marks if m.symbol == "~"), Mark(end, "~")]:
        now = _bad_leads(signal, mark)
        for code, lead in [key for key in since if key not in now]:
            yield _Interval(since.pop((code, lead)), mark.sample, code, lead), ""
        for key in now:
            since.setdefault(key, mark.sample)


def _bad_leads(signal: Signal, mark: Mark) -> set[tuple[str, int | None]]:
    """What a `~` says is wrong from here on: by its text where it is ours, else by its bits."""
    names: dict[str, int | None] = {channel.name: lead for lead, channel in enumerate(signal.channels)}
    items = [item.partition(":") for item in mark.aux.split(",")]
    if all(label_is_quality(code) and (name in names or not name) for code, _, name in items):
        return {(code, names.get(name)) for code, _, name in items}
    return {
        (code, lead)
        for lead in range(min(signal.n_channels, _N_LEADS_IN_SUBTYP))
        for code, shift in (("NOISY", 0), ("UNREADABLE", _UNREADABLE_SHIFT))
        if mark.subtyp & (1 << (lead + shift))
    }


def label_is_quality(code: str) -> bool:
    """Whether a code is one of the vocabulary's qualities."""
    return any(entry.code == code and entry.kind is LabelKind.QUALITY for entry in LABELS)
