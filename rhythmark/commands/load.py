"""`rhythmark load`: recordings from files into the database, without a broker; de-identified on the way if wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from formats.csv_recordings import read_recording
from formats.deidentification import Deidentifier, Person, check_text
from formats.errors import FormatError
from formats.patients import read_patients
from formats.wfdb_files import read_blocks, read_header
from rhythmark.archive import UNDATED_US, archive_of
from rhythmark.who import operator
from signal_processing.errors import InvalidValueError, RhythmarkError
from storage import audit, catalogue, waveforms
from storage.database import Database
from storage.errors import UnknownRowError

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from rhythmark.settings import Settings
    from signal_processing.values import Block, Signal

DEVICE = "file"
_BLOCK_S = 60.0
_CSV = ".csv"


class Recording(NamedTuple):
    """A file that becomes a stream."""

    path: Path
    stream: str


def run(arguments: Namespace, settings: Settings) -> int:
    """Store each recording as a stream, whole or not at all; one that fails does not stop the others."""
    recordings = _recordings(arguments.paths, arguments.prefix or "", arguments.fs_hz)
    people = _people(arguments, recordings)
    deidentifier = None
    if arguments.deidentify:
        deidentifier = Deidentifier(settings.required_pseudonym_key())
        check_text("note", arguments.note)
    n_failed = 0
    with Database.open(settings.required_dsn(), max_size=1) as database:
        for recording in recordings:
            try:
                person = people.get(recording.path.stem)
                print(_loaded(database, recording, arguments, person, deidentifier), flush=True)
            except RhythmarkError as error:
                n_failed += 1
                print(f"error: {recording.path}: {error}", flush=True)
    if n_failed:
        msg = f"{n_failed} of {len(recordings)} recordings could not be loaded"
        raise FormatError(msg)
    return 0


def _recordings(paths: Sequence[Path], prefix: str, fs_hz: float | None) -> list[Recording]:
    tables = [path for path in paths if path.suffix.lower() == _CSV]
    if tables and fs_hz is None:
        msg = f"--fs-hz must say the sampling rate of CSV files, got none for {tables[0]}"
        raise InvalidValueError(msg)
    named = [Recording(path, f"{prefix}/{path.stem}" if prefix else path.stem) for path in tables]
    records = archive_of([path for path in paths if path not in tables], prefix=prefix)
    return [*(Recording(record.path, record.stream) for record in records), *named]


def _people(arguments: Namespace, recordings: Sequence[Recording]) -> dict[str, Person]:
    """Of whom each recording is, by the stem of its file."""
    if arguments.patients is None:
        if arguments.patient is not None:
            return {recording.path.stem: Person(arguments.patient) for recording in recordings}
        if arguments.deidentify:
            msg = "a recording must be of somebody to be de-identified, got neither --patient nor --patients"
            raise InvalidValueError(msg)
        return {}
    people = {row.record: Person(row.patient, row.birth_year, row.sex) for row in read_patients(arguments.patients)}
    missing = [recording.path.stem for recording in recordings if recording.path.stem not in people]
    if missing:
        msg = f"{arguments.patients} must name the patient of each recording, {len(missing)} are missing"
        raise InvalidValueError(msg)
    return people


def _loaded(
    database: Database,
    recording: Recording,
    arguments: Namespace,
    person: Person | None,
    deidentifier: Deidentifier | None,
) -> str:
    signal, blocks = _read(recording, arguments)
    if deidentifier is not None and person is not None:
        told = deidentifier.deidentified(signal, person)
        signal, person = told.signal, Person(told.pseudonym, told.birth_year, told.sex)
    with database.transaction() as conn:
        if _is_stored(conn, signal.stream):
            return f"{signal.stream}: is there already"
        stream = catalogue.ensure_stream(
            conn,
            name=signal.stream,
            device=DEVICE,
            t0_us=signal.t0_us,
            patient_pseudonym=None if person is None else person.identifier,
            note=arguments.note,
        )
        if person is not None:
            catalogue.describe_patient(conn, person.identifier, birth_year=person.birth_year, sex=person.sex)
        group = catalogue.ensure_group(conn, stream.id, signal)
        for block in blocks:
            waveforms.store_blocks(conn, group, [block])
        group = catalogue.group_by_id(conn, group.id)
        waveforms.seal(conn, group)
        catalogue.end_stream(conn, stream.id, at_us=signal.clock.us_at(group.next_sample))
        audit.record(conn, operator(), "load", f"stream {signal.stream}", {"samples": group.n_stored})
    return f"{signal.stream}: loaded {group.n_stored} x {signal.n_channels} samples at {signal.fs_hz:g} Hz"


def _is_stored(conn: Any, stream: str) -> bool:
    try:
        catalogue.stream_named(conn, stream)
    except UnknownRowError:
        return False
    return True


def _read(recording: Recording, arguments: Namespace) -> tuple[Signal, Iterable[Block]]:
    if recording.path.suffix.lower() == _CSV:
        signal, block = read_recording(recording.path, stream=recording.stream, fs_hz=arguments.fs_hz, t0_us=UNDATED_US)
        return signal, [block]
    header = read_header(recording.path)
    t0_us = UNDATED_US if header.start_us is None else header.start_us
    signal = msgspec.structs.replace(header.signal, stream=recording.stream, t0_us=t0_us)
    return signal, read_blocks(header, block_s=_BLOCK_S)
