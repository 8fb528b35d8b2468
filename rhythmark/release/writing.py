"""Writes a release: a folder that is there whole or not at all, the same for the same content, byte by byte."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import numpy as np

from formats.csv_rows import write_rows
from formats.npy_files import write_npy
from formats.parquet_files import write_table
from formats.wfdb_files import write_annotations, write_record
from formats.wfdb_header import WFDB_FORMATS
from reading.splits import SplitError, split
from rhythmark.export import stored_blocks, whole_folder
from rhythmark.release import datasheet, tables
from signal_processing.errors import InvalidValueError
from signal_processing.vocabulary import LABELS, VOCABULARY_VERSION, LabelKind, label

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rhythmark.release.collected import Collected, Record
    from rhythmark.release.datasheet import Wish

FORMAT_VERSION = 2
"""Of the layout of files; raised when somebody who reads one must know."""
SUMS = "SHA256SUMS"
MANIFEST = "manifest.json"
PARTS = {"train": 0.7, "validation": 0.15, "test": 0.15}
_CHUNK = 1 << 20


class Written(NamedTuple):
    """What a release came to: `sha256` of its SHA256SUMS."""

    sha256: str
    n_records: int
    n_patients: int
    n_files: int


def write(conn: Any, collected: Collected, output: Path, wish: Wish) -> Written:
    """Write everything; `output` must not exist yet, or be empty.

    Raises
    ------
    FormatError : if the folder is taken or refuses, or pyarrow is not installed.
    InvalidValueError : if patients cannot be dealt out into the parts.
    """
    counts = _counts(collected)
    try:
        splits = split(counts, wish.parts, rng=np.random.default_rng(wish.seed))
    except SplitError as error:
        raise InvalidValueError(str(error)) from error
    with whole_folder(output) as folder:
        for record in collected.records:
            _write_record(conn, folder / "records", record)
        n_rows = _write_tables(folder, collected, splits)
        _write_texts(folder, collected, wish, splits, counts)
        _write_json(folder / MANIFEST, _manifest(collected, wish, n_rows))
        sums = _sums(folder)
        (folder / SUMS).write_bytes(sums)
    n_patients = len(splits)
    return Written(hashlib.sha256(sums).hexdigest(), len(collected.records), n_patients, sums.count(b"\n") + 1)


def _counts(collected: Collected) -> dict[str, dict[str, int]]:
    """Labels of each patient as people left them: classes of beats, and spans by label."""
    counts: dict[str, Counter[str]] = {}
    for record in collected.records:
        own = counts.setdefault(record.patient.name, Counter())
        for mark in record.people:
            entry = label(mark.label)
            own[entry.aami if entry.kind is LabelKind.BEAT else mark.label] += 1
    return {patient: dict(own) for patient, own in counts.items()}


def _write_record(conn: Any, folder: Path, record: Record) -> None:
    first = record.group.first_sample
    said = [f"patient {record.patient.name}", *(["SYNTHETIC"] if record.synthetic else [])]
    write_samples = write_record if record.signal.sample_type in WFDB_FORMATS else write_npy
    write_samples(
        folder, record.name, record.signal, stored_blocks(conn, record.group), first_sample=first, comments=said
    )
    for annotator, marks in tables.by_annotator(record).items():
        write_annotations(folder, record.name, annotator, record.signal, marks, first_sample=first)


def _write_tables(folder: Path, collected: Collected, splits: Mapping[str, str]) -> dict[str, int]:
    made = (
        ("records", tables.RECORDS, tables.records),
        ("beats", tables.BEATS, tables.beats),
        ("spans", tables.SPANS, tables.spans),
        ("items", tables.ITEMS, tables.items),
    )
    n_rows = {}
    for name, columns, rows in made:
        types = {column: entry.kind for column, entry in columns.items()}
        n_rows[name] = write_table(folder / f"{name}.parquet", rows(collected, splits), types)
    write_rows(
        folder / "splits.csv",
        ("patient", "split"),
        ({"patient": patient, "split": part} for patient, part in splits.items()),
    )
    with (folder / "history.jsonl").open("wb") as file:
        n_rows["history"] = 0
        for entry in tables.history(collected):
            file.write(msgspec.json.encode(entry, order="sorted") + b"\n")
            n_rows["history"] += 1
    return n_rows


def _write_texts(
    folder: Path,
    collected: Collected,
    wish: Wish,
    splits: Mapping[str, str],
    counts: Mapping[str, Mapping[str, int]],
) -> None:
    (folder / "RECORDS").write_text("".join(f"records/{record.name}\n" for record in collected.records))
    sheet = datasheet.markdown(collected, wish, splits, counts)
    (folder / "datasheet.md").write_text(sheet, encoding="utf-8")
    title = f"{collected.project.name} {wish.version}"
    (folder / "datasheet.html").write_text(datasheet.html(sheet, title), encoding="utf-8")
    (folder / "data-dictionary.md").write_text(datasheet.dictionary(), encoding="utf-8")
    for text in collected.guidelines:
        path = folder / "guidelines" / f"version-{text.version}.md"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text.body, encoding="utf-8", newline="")
    vocabulary = {"version": VOCABULARY_VERSION, "labels": [msgspec.to_builtins(entry) for entry in LABELS]}
    _write_json(folder / "vocabulary.json", vocabulary)


def _manifest(collected: Collected, wish: Wish, n_rows: Mapping[str, int]) -> dict[str, Any]:
    return {
        "format_version": FORMAT_VERSION,
        "project": collected.project.name,
        "version": wish.version,
        "vocabulary_version": VOCABULARY_VERSION,
        "parts": dict(wish.parts),
        "seed": wish.seed,
        "accepted": list(wish.accepted),
        "n_rows": dict(n_rows),
        "readers": {number: reader.kind for number, reader in collected.readers.items()},
        "detectors": [{"name": name, "version": version} for name, version in collected.detectors],
        "newest_reading": collected.agreement.newest,
        "agreement": msgspec.to_builtins(collected.agreement),
        "records": {
            record.name: {
                "patient": record.patient.name,
                "first_sample": record.group.first_sample,
                "next_sample": record.group.next_sample,
                "sample_type": record.signal.sample_type,
                "annotators": {name: len(marks) for name, marks in tables.by_annotator(record).items()},
            }
            for record in collected.records
        },
    }


def _write_json(path: Path, value: Any) -> None:
    path.write_bytes(msgspec.json.format(msgspec.json.encode(value, order="sorted"), indent=1) + b"\n")


def _sums(folder: Path) -> bytes:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return b"".join(f"{sha256_of(path)}  {path.relative_to(folder).as_posix()}\n".encode() for path in paths)


def sha256_of(path: Path) -> str:
    """Of a file, however large."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
