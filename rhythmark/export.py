"""A stored stream as files: samples as they came in, what people said, what machines said.

Two annotators stand beside the record: `exp` holds what experts confirmed, corrected or added, and the beats as they
stand after people's edits; `mac` holds what the detectors said, untouched. What was rejected or deleted is in `mac`
only; what was called ambiguous is a note in `exp`. Everything is written to a temporary folder that takes its name at
the end, so there is no half export.

Samples of int16 and int32 become WFDB records. Those of float32 become NumPy files with the same two annotators beside
them (`formats.npy_files`): WFDB has no float format, and scaled to integers they would be others.
"""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from formats.atomic import cannot_write
from formats.csv_spans import SpanRow, as_csv
from formats.errors import FormatError
from formats.npy_files import write_npy
from formats.wfdb_description import HEADER_SUFFIX
from formats.wfdb_files import write_annotations, write_record
from formats.wfdb_header import WFDB_FORMATS, record_name_of
from signal_processing.clock import US_PER_S
from signal_processing.values import Annotation, Annotator
from signal_processing.vocabulary import VOCABULARY_VERSION, label_of_number
from storage import annotations as spans
from storage import as_of, beats, catalogue, revisions, waveforms

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from signal_processing.values import Block
    from storage.annotation_row import AnnotationRow
    from storage.beats import Beats
    from storage.catalogue import GroupRow, StreamRow
    from storage.database import Database

Conn: TypeAlias = Any  # psycopg's connection; storage alone imports psycopg

EXPERT = "exp"
MACHINE = "mac"
UNCLASSIFIABLE = "Q"
"""What an ambiguous beat is written as, beside the note that says what it may be."""

_CELLS_AT_ONCE = 6
_EXPERT = Annotator("human", EXPERT)
_MACHINE = Annotator("machine", MACHINE)


def export_wfdb(database: Database, stream_name: str, output: Path) -> list[Path]:
    """Write a record for each channel group, with its two annotators; gives the headers, of float groups the arrays.

    Raises
    ------
    FormatError : if the folder is taken or refuses, or the stream holds what WFDB cannot.
    UnknownRowError : if there is no such stream.
    """
    with whole_folder(output) as folder, _snapshot(database) as conn:
        stream = catalogue.stream_named(conn, stream_name)
        groups = _groups_with_samples(conn, stream)
        written = [_write_group(conn, stream, group, folder, alone=len(groups) == 1) for group in groups]
        records = [path.stem for path in written if path.suffix == HEADER_SUFFIX]
        (folder / "RECORDS").write_text("".join(f"{name}\n" for name in records))
    return [output / path.name for path in written]


def export_csv(database: Database, stream_name: str, output: Path, *, as_of_us: int | None = None) -> Path:
    """Write every annotation that is not deleted, and the beats that people touched, as one CSV file; gives its path.

    Parameters
    ----------
    as_of_us : as they stood then (`storage.as_of`); None means now.

    Raises
    ------
    FormatError : if the folder is taken or refuses.
    UnknownRowError : if there is no such stream.
    """
    with whole_folder(output) as folder, _snapshot(database) as conn:
        stream = catalogue.stream_named(conn, stream_name)
        groups = {group.id: group for group in catalogue.groups_of(conn, stream.id)}
        if as_of_us is None:
            found = [
                row
                for group in groups.values()
                for row in [*_rows(conn, group, with_deleted=False), *_touched_beats(conn, group)]
            ]
        else:
            found = [row for row in as_of.rows(conn, stream.id, as_of_us) if not row.deleted]
        rows = [_span_row(groups[row.group_id], row) for row in found]
        name = f"{record_name_of(stream.name)}.csv"
        ordered = sorted(rows, key=lambda row: (row.start_us, row.end_us, row.label, row.id))
        (folder / name).write_text(as_csv(ordered), encoding="utf-8", newline="")
    return output / name


@contextmanager
def whole_folder(output: Path) -> Iterator[Path]:
    """A folder to fill that takes the name `output` at the end, or vanishes.

    Raises
    ------
    FormatError : if `output` exists and holds something, or cannot be made.
    """
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        msg = f"folder of an export must not exist yet, or be empty, got {output}"
        raise FormatError(msg)
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        # beside its place, because only within one file system is a rename atomic
        folder = Path(tempfile.mkdtemp(dir=output.parent, prefix=f".{output.name}."))
    except OSError as error:
        raise cannot_write(output, error) from error
    try:
        yield folder
        folder.chmod(0o755)
        folder.replace(output)
    except OSError as error:
        raise cannot_write(output, error) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _snapshot(database: Database) -> Iterator[Conn]:
    """A transaction in which nothing changes: readers may edit on and samples come in while files are written."""
    with database.transaction() as conn:
        conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield conn


def _groups_with_samples(conn: Conn, stream: StreamRow) -> list[GroupRow]:
    groups = [group for group in catalogue.groups_of(conn, stream.id) if group.next_sample > group.first_sample]
    if not groups:
        msg = f"stream must have at least one sample to be exported, {stream.name!r} has none"
        raise FormatError(msg)
    return groups


def _write_group(conn: Conn, stream: StreamRow, group: GroupRow, folder: Path, *, alone: bool) -> Path:
    name = record_name_of(stream.name if alone else f"{stream.name}_{group.signal.group}")
    first = group.first_sample
    write = write_record if group.signal.sample_type in WFDB_FORMATS else write_npy
    said = _comments(stream, group)
    path = write(folder, name, group.signal, stored_blocks(conn, group), first_sample=first, comments=said)
    said_by = labels_of(conn, group)
    write_annotations(folder, name, EXPERT, group.signal, said_by.people, first_sample=first)
    write_annotations(folder, name, MACHINE, group.signal, said_by.machines, first_sample=first)
    return path


class SaidBy(NamedTuple):
    """The annotations of a channel group: as people left them, and as detectors said them."""

    people: list[Annotation]
    machines: list[Annotation]


def labels_of(conn: Conn, group: GroupRow) -> SaidBy:
    """What the two annotators of an export hold."""
    rows = _rows(conn, group, with_deleted=True)
    people = [*_expert_spans(group, rows), *_expert_beats(conn, group)]
    machines = [*_machine_spans(conn, group, rows), *_machine_beats(conn, group)]
    return SaidBy(_inside(group, people), _inside(group, machines))


def _comments(stream: StreamRow, group: GroupRow) -> list[str]:
    said = [
        f"stream {stream.name}, channel group {group.signal.group}, device {stream.device_name}",
        f"annotator {EXPERT}: confirmed, corrected or added by people; {MACHINE}: said by detectors",
        f"labels of vocabulary version {VOCABULARY_VERSION}",
    ]
    if stream.patient_pseudonym:
        said.append(f"patient {stream.patient_pseudonym} (pseudonym)")
    if stream.synthetic:
        said.append("SYNTHETIC: made by a program, not recorded from a person")
    return said


def stored_blocks(conn: Conn, group: GroupRow) -> Iterator[Block]:
    """All samples of a group, in digital steps."""
    step = group.cell_samples * _CELLS_AT_ONCE
    for start in range(group.first_sample, group.next_sample, step):
        yield from waveforms.read_window(conn, group, start, min(start + step, group.next_sample))


def _rows(conn: Conn, group: GroupRow, *, with_deleted: bool) -> list[AnnotationRow]:
    clock = group.signal.clock
    # a microsecond more on either side: a point on the very edge belongs to the stream
    start_us, end_us = clock.us_at(group.first_sample) - 1, clock.us_at(group.next_sample) + 1
    rows = spans.spans_between(conn, group.stream_id, start_us, end_us, with_deleted=with_deleted)
    return [row for row in rows if row.group_id == group.id]


def _inside(group: GroupRow, found: Iterable[Annotation]) -> list[Annotation]:
    """WFDB has no time before its first sample."""
    return [annotation for annotation in found if annotation.start >= group.first_sample]


def _annotation(group: GroupRow, state: Mapping[str, Any], annotator: Annotator) -> Annotation:
    clock = group.signal.clock
    start, end = clock.sample_at(state["start_us"]), clock.sample_at(state["end_us"])
    return Annotation(
        start=start,
        end=max(start, end),
        label=state["label"],
        annotator=annotator,
        channel=state["channel"],
        note=state["note"],
    )


def _is_experts(row: AnnotationRow) -> bool:
    if row.deleted or row.status in {"rejected", "ambiguous"}:
        return False
    return row.status in {"confirmed", "corrected"} or row.author.kind == "human"


def _expert_spans(group: GroupRow, rows: Iterable[AnnotationRow]) -> Iterator[Annotation]:
    for row in rows:
        if _is_experts(row):
            yield _annotation(group, revisions.facts_of(row), _EXPERT)
        elif row.status == "ambiguous" and not row.deleted:
            yield _ambiguous(group, row)


def _ambiguous(group: GroupRow, row: AnnotationRow) -> Annotation:
    """A point note: "AMBIGUOUS AFIB; 12.5 s; as noted"."""
    parts = [f"AMBIGUOUS {row.label}"]
    if row.end_us > row.start_us:
        parts.append(f"{(row.end_us - row.start_us) / US_PER_S:g} s")
    if row.note:
        parts.append(row.note)
    facts = revisions.facts_of(row) | {"end_us": row.start_us, "label": "NOTE", "note": "; ".join(parts)}
    return _annotation(group, facts, _EXPERT)


def _expert_beats(conn: Conn, group: GroupRow) -> Iterator[Annotation]:
    found = beats.read_beats(conn, group, group.first_sample, group.next_sample)
    ambiguous = {row.id: row for row in _touched(conn, found) if row.status == "ambiguous"}
    for beat, identity in zip(_as_annotations(found, _EXPERT), found.ids, strict=True):
        if identity in ambiguous:
            yield Annotation(start=beat.start, end=beat.end, label=UNCLASSIFIABLE, annotator=_EXPERT)
            yield _ambiguous(group, ambiguous[identity])
        else:
            yield beat


def _as_annotations(found: Beats, annotator: Annotator) -> Iterator[Annotation]:
    codes = {int(number): label_of_number(int(number)).code for number in np.unique(found.numbers)}
    for sample, number in zip(found.samples.tolist(), found.numbers.tolist(), strict=True):
        yield Annotation(start=sample, end=sample, label=codes[number], annotator=annotator)


def _touched(conn: Conn, found: Beats) -> list[AnnotationRow]:
    return list(spans.get_many(conn, [identity for identity in found.ids.tolist() if identity is not None]).values())


def _touched_beats(conn: Conn, group: GroupRow) -> list[AnnotationRow]:
    return _touched(conn, beats.read_beats(conn, group, group.first_sample, group.next_sample))


def _machine_spans(conn: Conn, group: GroupRow, rows: Iterable[AnnotationRow]) -> Iterator[Annotation]:
    for row in rows:
        if row.author.kind == "machine":
            yield _annotation(group, revisions.as_first_said(conn, row), _MACHINE)


def _machine_beats(conn: Conn, group: GroupRow) -> Iterator[Annotation]:
    found = beats.read_machine_beats(conn, group, group.first_sample, group.next_sample)
    return _as_annotations(found, _MACHINE)


def _span_row(group: GroupRow, row: AnnotationRow) -> SpanRow:
    clock = group.signal.clock
    by_person = row.revision > 0 or row.author.kind == "human"
    return SpanRow(
        stream=row.stream_name,
        group=group.signal.group,
        channel=row.channel,
        start_us=row.start_us,
        end_us=row.end_us,
        start_sample=clock.sample_at(row.start_us),
        end_sample=clock.sample_at(row.end_us),
        label=row.label,
        status=row.status,
        author=row.updated_by if by_person else row.author.name,
        author_kind="human" if by_person else "machine",
        annotator=row.author.name,
        annotator_version=row.author.version,
        confidence=row.confidence,
        revision=row.revision,
        updated_us=row.updated_us,
        note=row.note,
        id=str(row.id),
        signal_changed_us=row.signal_changed_us,
        severity=row.severity,
        certainty=row.certainty,
        evidence=tuple(str(identity) for identity in row.evidence),
    )
