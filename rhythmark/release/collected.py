"""What goes into a release, out of the database: recordings under new names, dates shifted, people by number.

Dates: all times of a patient are moved by the same whole number of days, so that their first recording begins on
1 January 2000: intervals and times of day stay, and no date can be worked out of the files. Recordings, patients and
whoever labelled are numbered in the order of names that are not given away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from labeling_server.programme.quality import quality_of
from labeling_server.programme.report import report_of
from rhythmark.export import labels_of
from signal_processing.clock import US_PER_S
from signal_processing.errors import InvalidValueError
from signal_processing.values import Annotation, Annotator
from signal_processing.vocabulary import LABELS
from storage import as_of, catalogue, guidelines, projects, readings, releases, revisions
from storage.known_items import DECIDED, GOLD
from storage.runs import list_runs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from labeling_server.programme.quality_figures import QualityReport
    from labeling_server.programme.report import AgreementReport
    from signal_processing.values import Signal
    from storage.annotation_row import RevisionRow
    from storage.catalogue import GroupRow
    from storage.guidelines import GuidelineRow
    from storage.projects import ProjectRow, ReaderRow
    from storage.readings import StoredReading
    from storage.releases import CohortStream

DAY_US = 86_400 * US_PER_S
FIRST_DAY = 10_957
"""1 January 2000, in days since 1970: where each patient's first recording begins."""
OLDEST = 89
"""Ages above are told together, as 45 CFR 164.514(b)(2)(i)(C) asks."""
_CODES = frozenset(entry.code for entry in LABELS)
_READER = Annotator("human", "reader")


class Patient(NamedTuple):
    """A patient by number, with what may be told of them: age in whole decades."""

    name: str
    age_band: str
    sex: str


class Record(NamedTuple):
    """A channel group as a record of the release.

    Parameters
    ----------
    signal : under the record's name, with the date shifted.
    people, machines : annotations as `rhythmark.export.labels_of` gives them.
    readings : what each reader handed in, item by item.
    final : what items were decided to be in the end.
    """

    name: str
    patient: Patient
    group: GroupRow
    signal: Signal
    synthetic: bool
    note: str
    people: list[Annotation]
    machines: list[Annotation]
    readings: list[Read]
    final: list[Read]


class Read(NamedTuple):
    """What a reader, by number, said of one item, [start, end) samples of the record."""

    reader: str
    start: int
    end: int
    reading: StoredReading
    marks: list[Annotation]


class Change(NamedTuple):
    """One thing that a person did to an annotation, as the history tells it."""

    record: str
    revision: RevisionRow
    by: str
    shift_us: int


class Collected(NamedTuple):
    """All that a release is written from."""

    project: ProjectRow
    records: list[Record]
    readers: dict[str, ReaderRow]
    history: list[Change]
    agreement: AgreementReport
    detectors: list[tuple[str, str]]
    guidelines: list[GuidelineRow]
    quality: QualityReport


def collect(conn: Any, project: ProjectRow) -> Collected:
    """Gather a project's recordings and everything that was said of them; wants a transaction in which nothing changes.

    Raises
    ------
    InvalidValueError : if the project holds no recording with samples.
    """
    cohort = releases.cohort(conn, project.id)
    groups = {one.stream_id: _with_samples(conn, one.stream_id) for one in cohort}
    cohort = [one for one in cohort if groups[one.stream_id]]
    if not cohort:
        msg = f"a release must hold at least one recording, project {project.name!r} has none with samples"
        raise InvalidValueError(msg)
    names = sorted({one.patient for one in cohort})
    numbers = {name: f"p{number:04}" for number, name in enumerate(names, 1)}
    shifts = _shifts(cohort, groups)
    readers = {f"r{number}": one for number, one in enumerate(projects.readers(conn, project.id), 1)}
    found = readings.of_project(conn, project.id)
    records: list[Record] = []
    history: list[Change] = []
    for one in cohort:
        for group in groups[one.stream_id]:
            record = _record(conn, one, group, f"{len(records) + 1:05}", numbers[one.patient], shifts[one.patient])
            own = _readings(record, found, readers)
            records.append(record._replace(readings=own, final=_final(own)))
            history += _history(conn, record, shifts[one.patient])
    people = {login: f"u{number}" for number, login in enumerate(sorted({change.by for change in history}), 1)}
    history = [change._replace(by=people[change.by]) for change in history]
    agreement = _by_number(report_of(conn, project), readers)
    runs = {(one.name, one.version) for record in records for one in _runs(conn, record.group.id)}
    texts = [guidelines.of_version(conn, project.id, one.version) for one in guidelines.versions(conn, project.id)]
    quality = quality_of(conn, project, projects.readers(conn, project.id))
    return Collected(project, records, readers, history, agreement, sorted(runs), texts[::-1], quality)


def _runs(conn: Any, group_id: int) -> Iterable[Any]:
    return list_runs(conn, group_id)


def _with_samples(conn: Any, stream_id: int) -> list[GroupRow]:
    return [one for one in catalogue.groups_of(conn, stream_id) if one.next_sample > one.first_sample]


def _shifts(cohort: Sequence[CohortStream], groups: Mapping[int, Sequence[GroupRow]]) -> dict[str, int]:
    """Microseconds that each patient's times are moved by: whole days."""
    first: dict[str, int] = {}
    for one in cohort:
        began_us = min(group.signal.clock.us_at(group.first_sample) for group in groups[one.stream_id])
        first[one.patient] = min(first.get(one.patient, began_us), began_us)
    return {patient: (FIRST_DAY - began_us // DAY_US) * DAY_US for patient, began_us in first.items()}


def _record(conn: Any, one: CohortStream, group: GroupRow, name: str, patient: str, shift_us: int) -> Record:
    signal = msgspec.structs.replace(group.signal, stream=name, t0_us=group.signal.t0_us + shift_us)
    said = labels_of(conn, group)
    told = Patient(patient, _age_band(one, group), one.sex or "")
    return Record(name, told, group, signal, one.synthetic, one.note, said.people, said.machines, [], [])


def _age_band(one: CohortStream, group: GroupRow) -> str:
    """Decade of age at the recording, "90+" above 89; empty where the year of birth is not known."""
    if one.birth_year is None:
        return ""
    year = 1970 + int(group.signal.clock.us_at(group.first_sample) / DAY_US // 365.2425)
    age = max(year - one.birth_year, 0)
    return "90+" if age > OLDEST else f"{age // 10 * 10}-{age // 10 * 10 + 9}"


def _readings(record: Record, found: Iterable[StoredReading], readers: Mapping[str, ReaderRow]) -> list[Read]:
    numbers = {one.name: number for number, one in readers.items()}
    clock = record.group.signal.clock
    own = []
    for reading in found:
        if reading.item.stream_id == record.group.stream_id:
            marks = [
                _mark(clock.sample_at(start), clock.sample_at(end), name)
                for start, end, name in zip(*(column.tolist() for column in reading.marks), strict=True)
            ]
            start, end = clock.sample_at(reading.item.start_us), clock.sample_at(reading.item.end_us)
            own.append(Read(numbers[reading.reader], start, end, reading, sorted(marks, key=_place)))
    return sorted(own, key=lambda one: (one.start, one.end, one.reader))


def _final(own: Iterable[Read]) -> list[Read]:
    """What each item is called in the end: by an auditor, else by an adjudicator or a rule, or as it is known."""
    final: dict[int, Read] = {}
    for name in (GOLD, *reversed(DECIDED)):
        final |= {one.reading.item.id: one for one in own if one.reading.reader == name}
    return list(final.values())


def _place(mark: Annotation) -> tuple[int, int, str]:
    return mark.start, mark.end, mark.label


def _mark(start: int, end: int, name: str) -> Annotation:
    """A label that the vocabulary lacks (a landmark) is a note."""
    label, _, channel = name.partition(" in ")
    if label in _CODES:
        return Annotation(start=start, end=max(start, end), label=label, channel=channel or None, annotator=_READER)
    return Annotation(start=start, end=max(start, end), label="NOTE", note=name, annotator=_READER)


def _history(conn: Any, record: Record, shift_us: int) -> list[Change]:
    return [
        Change(record.name, revision, revision.login, shift_us)
        for row in as_of.rows(conn, record.group.stream_id, as_of.NOW_US)
        if row.group_id == record.group.id and row.revision
        for revision in revisions.history(conn, row.id)
    ]


def _by_number(report: AgreementReport, readers: Mapping[str, ReaderRow]) -> AgreementReport:
    """The report with readers by number, as everything in a release."""
    numbers = {one.name: number for number, one in readers.items()}

    def told(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                key: numbers.get(one, one) if key in {"name", "first", "second"} else told(one)
                for key, one in value.items()
            }
        return [told(one) for one in value] if isinstance(value, list) else value

    # names of devices may name a place, and months are of real dates
    found = told(msgspec.to_builtins(report)) | {"devices": [], "months": []}
    return msgspec.convert(found, type(report))
