"""The tables of a release: one row a beat, a span, a record; what their columns mean stands with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from signal_processing.clock import US_PER_S
from signal_processing.vocabulary import LabelKind, label
from storage.assignments import ADJUDICATED, BY_RULE
from storage.audits import OVERTURNED
from storage.known_items import TRUTH

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rhythmark.release.collected import Collected, Record
    from signal_processing.values import Annotation

CONSENSUS, MACHINE, FINAL = "con", "mac", "fin"
_SOURCES = frozenset({BY_RULE, ADJUDICATED, OVERTURNED, TRUTH})


class Column(NamedTuple):
    """A column: its type in Parquet, and what it says."""

    kind: str
    meaning: str


_PLACE: Final[dict[str, Column]] = {
    "record": Column("string", "name of the record"),
    "patient": Column("string", "number of the patient; the same person has one number throughout"),
    "split": Column("string", "part that the patient belongs to"),
    "annotator": Column(
        "string",
        "con: as it stands after people's edits; mac: as detectors said it; fin: as items were decided in the end;"
        " r1, r2 ...: as that reader handed it in",
    ),
}
BEATS: Final[dict[str, Column]] = {
    **_PLACE,
    "sample": Column("int64", "sample of the record, from 0"),
    "time_s": Column("float64", "seconds since the record's first sample"),
    "label": Column("string", "code of the vocabulary (vocabulary.json)"),
    "aami": Column("string", "class of ANSI/AAMI EC57: N, S, V, F, Q; empty of a pulse"),
}
SPANS: Final[dict[str, Column]] = {
    **_PLACE,
    "start_sample": Column("int64", "first sample of the span"),
    "end_sample": Column("int64", "one past its last sample; equal to start_sample for a point"),
    "start_s": Column("float64", "seconds since the record's first sample"),
    "end_s": Column("float64", "the same of its end"),
    "label": Column("string", "code of the vocabulary (vocabulary.json)"),
    "channel": Column("string", "the one channel it concerns; empty for all"),
    "note": Column("string", "free text; of a landmark, its name"),
}
ITEMS: Final[dict[str, Column]] = {
    **_PLACE,
    "item": Column("int64", "number of the item in this release, from 1"),
    "start_sample": Column("int64", "first sample of the item"),
    "end_sample": Column("int64", "one past its last sample"),
    "start_s": Column("float64", "seconds since the record's first sample"),
    "end_s": Column("float64", "the same of its end"),
    "answer": Column("string", "read, ambiguous or unreadable; the latter two come without marks"),
    "n_marks": Column("int64", "marks in it"),
    "source": Column("string", "of a decision: by rule, adjudicated, overturned, truth; imported; empty of a reader"),
    "code": Column("string", "of a decision: in what readers erred, by the project's error taxonomy"),
    "reason": Column("string", "of a decision: why, in free words"),
    "guideline": Column("int64", "version of the guideline that the reader had acknowledged; 0 for none"),
    "seconds": Column("float64", "how long the reader looked at it; NaN where it is not known"),
    "assisted": Column("bool", "whether the reading began with what machines said"),
}
RECORDS: Final[dict[str, Column]] = {
    "record": _PLACE["record"],
    "patient": _PLACE["patient"],
    "split": _PLACE["split"],
    "age_band": Column("string", "decade of age at the recording, 90+ above 89; empty where it is not known"),
    "sex": Column("string", "F, M or X; empty where it is not known"),
    "fs_hz": Column("float64", "sampling rate, Hz"),
    "n_channels": Column("int64", "channels"),
    "n_samples": Column("int64", "samples a channel, missing ones included"),
    "duration_s": Column("float64", "n_samples / fs_hz"),
    "channels": Column("string", "their names, spaces between"),
    "synthetic": Column("bool", "made by a program, not recorded from a person"),
    "readers": Column("string", "who read it, spaces between; what each answered stands in items.parquet"),
}
_BEAT_KINDS = (LabelKind.BEAT, LabelKind.PULSE)


def by_annotator(record: Record) -> dict[str, list[Annotation]]:
    """Everything that is said of a record, by whom; a reader who could read no item of it has no marks to show."""
    said = {CONSENSUS: record.people, MACHINE: record.machines}
    read = [(FINAL, one) for one in record.final] + [(one.reader, one) for one in record.readings]
    for name, one in sorted(read, key=lambda pair: pair[0]):
        if one.reading.answer == "read":
            said.setdefault(name, []).extend(one.marks)
    return {
        name: sorted(marks, key=_place) if name not in {CONSENSUS, MACHINE} else marks for name, marks in said.items()
    }


def _place(mark: Annotation) -> tuple[int, int, str]:
    return mark.start, mark.end, mark.label


def beats(collected: Collected, splits: Mapping[str, str]) -> dict[str, list[Any]]:
    """Columns of the table of beats."""
    return _columns(BEATS, _rows(collected, splits, of_beats=True))


def spans(collected: Collected, splits: Mapping[str, str]) -> dict[str, list[Any]]:
    """Columns of the table of spans, events and landmarks."""
    return _columns(SPANS, _rows(collected, splits, of_beats=False))


def items(collected: Collected, splits: Mapping[str, str]) -> dict[str, list[Any]]:
    """Columns of the table of readings."""
    return _columns(ITEMS, _item_rows(collected, splits))


def _item_rows(collected: Collected, splits: Mapping[str, str]) -> Iterator[tuple[Any, ...]]:
    numbers: dict[int, int] = {}
    for record in collected.records:
        patient, first, fs_hz = record.patient.name, record.group.first_sample, record.signal.fs_hz
        for name, one in [*((FINAL, one) for one in record.final), *((one.reader, one) for one in record.readings)]:
            number = numbers.setdefault(one.reading.item.id, len(numbers) + 1)
            start, end, said = one.start - first, one.end - first, one.reading
            yield (
                record.name,
                patient,
                splits[patient],
                name,
                number,
                start,
                end,
                start / fs_hz,
                end / fs_hz,
                said.answer,
                len(one.marks),
                _source(said.source),
                said.code,
                said.reason,
                said.how.guideline or 0,
                said.how.seconds if said.how.seconds is not None else float("nan"),
                bool(said.how.is_assisted),
            )


def _source(source: str) -> str:
    """Names of files may name somebody: of an imported reading no more than that."""
    return source if source in _SOURCES or not source else "imported"


def records(collected: Collected, splits: Mapping[str, str]) -> dict[str, list[Any]]:
    """Columns of the table of records."""
    return _columns(RECORDS, (_record_row(record, splits) for record in collected.records))


def _columns(columns: Mapping[str, Column], rows: Iterable[tuple[Any, ...]]) -> dict[str, list[Any]]:
    found = list(zip(*rows, strict=True)) or [()] * len(columns)
    return {name: list(values) for name, values in zip(columns, found, strict=True)}


def _rows(collected: Collected, splits: Mapping[str, str], *, of_beats: bool) -> Iterator[tuple[Any, ...]]:
    for record in collected.records:
        patient, first, fs_hz = record.patient.name, record.group.first_sample, record.signal.fs_hz
        for annotator, said in by_annotator(record).items():
            for one in sorted(said, key=lambda mark: (mark.start, mark.end, mark.label, mark.channel or "", mark.note)):
                entry = label(one.label)
                if (entry.kind in _BEAT_KINDS) is not of_beats:
                    continue
                place = (record.name, patient, splits[patient], annotator)
                start, end = one.start - first, one.end - first
                if of_beats:
                    yield (*place, start, start / fs_hz, one.label, entry.aami)
                else:
                    yield (*place, start, end, start / fs_hz, end / fs_hz, one.label, one.channel or "", one.note)


def _record_row(record: Record, splits: Mapping[str, str]) -> tuple[Any, ...]:
    signal, patient = record.signal, record.patient
    n_samples = record.group.next_sample - record.group.first_sample
    readers = sorted({one.reader for one in record.readings})
    return (
        record.name,
        patient.name,
        splits[patient.name],
        patient.age_band,
        patient.sex,
        signal.fs_hz,
        signal.n_channels,
        n_samples,
        n_samples / signal.fs_hz,
        " ".join(channel.name.replace(" ", "_") for channel in signal.channels),
        record.synthetic,
        " ".join(readers),
    )


def history(collected: Collected) -> Iterator[dict[str, Any]]:
    """One object a revision, in order of records, annotations and revisions; `at_s` counts from the first of all."""
    first_us = min((change.revision.at_us for change in collected.history), default=0)
    for change in collected.history:
        revision = change.revision
        yield {
            "record": change.record,
            "annotation": str(revision.annotation_id),
            "revision": revision.revision,
            "action": revision.action,
            "by": change.by,
            "at_s": (revision.at_us - first_us) / US_PER_S,
            "before": _state(revision.before, change.shift_us),
            "after": _state(revision.after, change.shift_us),
        }


_STATE = ("kind", "label", "channel", "status", "deleted", "confidence", "note", "severity", "certainty")


def _state(state: Mapping[str, Any] | None, shift_us: int) -> dict[str, Any] | None:
    if state is None:
        return None
    times = {name: state[name] + shift_us for name in ("start_us", "end_us") if state.get(name) is not None}
    return {name: state.get(name) for name in _STATE} | times
