"""`rhythmark project create | list | role | items | deal | import`: programmes of reading."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

import storage.annotations as annotation_rows
from formats.csv_signals import read_column
from formats.errors import FormatError
from formats.wave_marks import landmarks_in
from formats.wfdb_files import read_annotations, read_header, read_marks
from labeling_server.programme.machine_marks import machine_marks
from labeling_server.programme.reading_rules import dealer_of, decider_of, mixer_of, one_more
from rhythmark.tables import as_table
from rhythmark.who import operator
from signal_processing.clock import US_PER_S
from signal_processing.errors import InvalidValueError
from signal_processing.vocabulary import label
from storage import assignments, catalogue, known_items, projects, readings, revisions, users
from storage.database import Database

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator

    from rhythmark.settings import Settings
    from signal_processing.values import Annotation
    from storage.catalogue import GroupRow
    from storage.projects import ProjectRow

MACHINE = "machine"
"""Name of the reader that is what detectors said."""
_WAVES = "()"
_RATE_TOLERANCE = 1e-6


class Source(NamedTuple):
    """A file of one reader, and the stream that it is of."""

    stream: str
    path: Path


class Found(NamedTuple):
    """Marks of a file, by sample; `fs_hz` is the rate that it counts samples at."""

    fs_hz: float
    marks: list[tuple[int, int, str]]


def run(arguments: Namespace, settings: Settings) -> int:
    """Make, list, or fill projects."""
    with Database.open(settings.required_dsn(), max_size=1) as database, database.transaction() as conn:
        print(_ACTIONS[arguments.action](conn, arguments))
    return 0


def _create(conn: Any, arguments: Namespace) -> str:
    project = projects.create(
        conn,
        name=arguments.project,
        actor=operator(),
        description=arguments.description,
        tolerance_us=round(arguments.tolerance_ms * 1000),
    )
    return f"made project {project.name}; marks within {project.tolerance_us / 1000:g} ms are one"


def _list(conn: Any, _: Namespace) -> str:
    rows = [
        (one.project.name, str(one.n_items), str(one.n_readers), str(one.n_readings), one.project.description)
        for one in projects.listed(conn)
    ]
    return as_table(("project", "items", "readers", "readings", "description"), rows)


def _role(conn: Any, arguments: Namespace) -> str:
    project = projects.named(conn, arguments.project)
    change = projects.take_role if arguments.take else projects.give_role
    change(conn, project, arguments.login, arguments.role, actor=operator())
    if arguments.take and arguments.role == "reader":
        _withdraw(conn, project, arguments.login)
    verb = "no longer" if arguments.take else "now"
    return f"{arguments.login} is {verb} {arguments.role} in {project.name}"


def _items(conn: Any, arguments: Namespace) -> str:
    project = projects.named(conn, arguments.project)
    n_items = 0
    for name in arguments.streams:
        stream = catalogue.stream_named(conn, name)
        groups = [one for one in catalogue.groups_of(conn, stream.id) if one.next_sample > one.first_sample]
        if not groups:
            msg = f"a stream must have samples to be read, {name!r} has none"
            raise InvalidValueError(msg)
        start = min(_extent(group)[0] for group in groups)
        end = max(_extent(group)[1] for group in groups)
        for from_us, to_us in _pieces(conn, stream.id, start, end, arguments):
            readings.ensure_item(conn, project, stream.id, from_us, to_us)
            n_items += 1
    return f"{project.name}: {n_items} items of {len(arguments.streams)} streams; `project deal` gives them to readers"


def _pieces(conn: Any, stream_id: int, start: int, end: int, arguments: Namespace) -> Iterator[tuple[int, int]]:
    """Of [start, end): one after the other, or around what machines found there, as they said it."""
    if arguments.around is None:
        length_us = end - start if arguments.length_s is None else round(arguments.length_s * US_PER_S)
        for at in range(start, end, length_us):
            yield at, min(at + length_us, end)
        return
    labels = {label(code.strip()).code for code in arguments.around.split(",")}
    context_us = round(arguments.context_s * US_PER_S)
    for row in annotation_rows.spans_between(conn, stream_id, start, end + 1, with_deleted=True):
        said = revisions.as_first_said(conn, row)
        if row.author.kind == "machine" and said["label"] in labels:
            yield max(said["start_us"] - context_us, start), min(said["end_us"] + context_us, end)


def _deal(conn: Any, arguments: Namespace) -> str:
    project = projects.named(conn, arguments.project)
    actor = operator()
    design = projects.design_of(project)._replace(n_readers=arguments.readers, double_share=arguments.double_share)
    project = projects.set_design(conn, project, design, actor=actor)
    n_items = assignments.deal(conn, project, dealer=dealer_of(project, seed=arguments.seed), actor=actor)
    mixed = known_items.mix_in(conn, project, mixer=mixer_of(project, seed=arguments.seed), actor=actor)
    more = "".join(f", {n} {what}" for what, n in mixed.items() if n)
    share = f"a share of {project.double_share:g} to {project.n_readers} readers"
    return f"{project.name}: {n_items} items dealt out, {share}{more}"


def _machine(conn: Any, arguments: Namespace) -> str:
    """What detectors say of each item, as they said it, handed in as a reading; of new items alone."""
    project = projects.named(conn, arguments.project)
    reader = projects.ensure_reader(conn, project, MACHINE, "machine")
    n_items = n_marks = 0
    for item in readings.not_read_by(conn, project, reader):
        marks = machine_marks(conn, item)
        readings.hand_in(conn, item, reader, marks, actor=operator(), source=MACHINE)
        n_items += 1
        n_marks += len(marks.labels)
    return f"{project.name}: {MACHINE} has read {n_items} items, {n_marks} marks"


def _withdraw(conn: Any, project: ProjectRow, login: str) -> None:
    """What somebody who reads no more has not read goes to others."""
    reader = assignments.reader_of(conn, project.id, users.named(conn, login).id)
    dealer, decide = one_more(seed=0), decider_of(project)
    assignments.withdraw(conn, project, reader, dealer=dealer, decide=decide, actor=operator())


def _import(conn: Any, arguments: Namespace) -> str:
    """All files or none: the transaction is the caller's."""
    project = projects.named(conn, arguments.project)
    reader = projects.ensure_reader(conn, project, arguments.reader, "imported")
    n_marks = 0
    for source in map(_source, arguments.files):
        found = _read(source.path, arguments)
        group = _group(conn, source, found)
        item = readings.ensure_item(conn, project, group.stream_id, *_extent(group))
        origin = f"{source.path.name} {arguments.column or arguments.annotator}"
        readings.hand_in(conn, item, reader, _placed(group, found), actor=operator(), source=origin)
        n_marks += len(found.marks)
    return f"{project.name}: {reader.name} has read {len(arguments.files)} recordings, {n_marks} marks"


def _source(text: str) -> Source:
    stream, equals, path = text.partition("=")
    return Source(stream, Path(path)) if equals else Source(Path(text).name, Path(text))


def _read(path: Path, arguments: Namespace) -> Found:
    if arguments.column is not None:
        if arguments.fs_hz is None or arguments.label is None:
            msg = "--column must come with --fs-hz and --label, got one without"
            raise InvalidValueError(msg)
        samples = read_column(path, arguments.column)
        whole = samples[np.isfinite(samples)]
        if np.any(whole % 1):
            msg = f"column {arguments.column!r} of {path} must hold sample numbers, got {whole[whole % 1 != 0][0]}"
            raise FormatError(msg)
        return Found(arguments.fs_hz, [(int(at), int(at), arguments.label) for at in whole])
    header = read_header(path)
    marks = read_marks(header.path, arguments.annotator)
    if any(mark.symbol in _WAVES for mark in marks):
        return Found(header.signal.fs_hz, [(sample, sample, name) for sample, name in landmarks_in(marks)])
    said = read_annotations(header, arguments.annotator)
    return Found(header.signal.fs_hz, [(one.start, one.end, _name(one)) for one in said])


def _name(one: Annotation) -> str:
    """What lasts in one lead alone is another thing than the same in another lead, or in all."""
    return one.label if one.channel is None or one.start == one.end else f"{one.label} in {one.channel}"


def _group(conn: Any, source: Source, found: Found) -> GroupRow:
    """The channel group of the stream that counts samples as the file does."""
    stream = catalogue.stream_named(conn, source.stream)
    groups = [group for group in catalogue.groups_of(conn, stream.id) if group.next_sample > group.first_sample]
    fitting = [one for one in groups if abs(one.signal.fs_hz - found.fs_hz) <= _RATE_TOLERANCE * found.fs_hz]
    if not fitting:
        rates = ", ".join(f"{one.signal.fs_hz:g}" for one in groups) or "no samples"
        msg = f"{source.path} counts samples at {found.fs_hz:g} Hz, stream {source.stream!r} has {rates}"
        raise FormatError(msg)
    return fitting[0]


def _extent(group: GroupRow) -> tuple[int, int]:
    clock = group.signal.clock
    return clock.us_at(group.first_sample), clock.us_at(group.next_sample)


def _placed(group: GroupRow, found: Found) -> readings.ReadingMarks:
    clock = group.signal.clock
    return readings.ReadingMarks.of((clock.us_at(start), clock.us_at(end), name) for start, end, name in found.marks)


_ACTIONS = {
    "create": _create,
    "list": _list,
    "role": _role,
    "items": _items,
    "deal": _deal,
    "import": _import,
    "machine": _machine,
}
