"""Looks whether a release is what it says, from its files alone."""

from __future__ import annotations

import csv
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from formats.errors import FormatError
from formats.parquet_files import read_table
from formats.wfdb_files import read_blocks, read_header, read_marks
from rhythmark.release.writing import FORMAT_VERSION, MANIFEST, SUMS, sha256_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Looked(NamedTuple):
    """How much was looked at, and what is wrong."""

    n_files: int
    n_records: int
    faults: list[str]


def verify(folder: Path) -> Looked:
    """Sums, then what the manifest says against the files: records, annotations, tables, parts.

    Raises
    ------
    FormatError : if the folder is no release.
    """
    sums = sums_of(folder)
    faults = _wrong_files(folder, sums)
    manifest = manifest_of(folder)
    if faults:  # what follows would only say the same in other words
        return Looked(len(sums), len(manifest["records"]), faults)
    checks: list[Callable[[], list[str]]] = [
        lambda: _records(folder, manifest),
        lambda: _tables(folder, manifest),
        lambda: _splits(folder, manifest),
    ]
    for check in checks:
        faults += check()
    return Looked(len(sums), len(manifest["records"]), faults)


def sums_of(folder: Path) -> dict[str, str]:
    """SHA-256 of each file by its path, as SHA256SUMS says.

    Raises
    ------
    FormatError : if there is none that can be read.
    """
    try:
        lines = (folder / SUMS).read_text(encoding="utf-8").splitlines()
        return {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
    except (OSError, ValueError) as error:
        msg = f"{folder} must be a release, with {SUMS}, got: {error}"
        raise FormatError(msg) from error


def manifest_of(folder: Path) -> dict[str, Any]:
    """The manifest.

    Raises
    ------
    FormatError : if it cannot be read, or is of another format.
    """
    try:
        found = msgspec.json.decode((folder / MANIFEST).read_bytes())
        version = found["format_version"]
    except (OSError, msgspec.MsgspecError, KeyError, TypeError) as error:
        msg = f"{folder} must be a release, with {MANIFEST}, got: {error}"
        raise FormatError(msg) from error
    if version != FORMAT_VERSION:
        msg = f"format of a release must be {FORMAT_VERSION}, got {version}"
        raise FormatError(msg)
    whole: dict[str, Any] = found
    return whole


def _wrong_files(folder: Path, sums: dict[str, str]) -> list[str]:
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - {SUMS}
    faults = [f"{name}: is not there" for name in sorted(sums.keys() - there)]
    faults += [f"{name}: is in no list" for name in sorted(there - sums.keys())]
    for name in sorted(there & sums.keys()):
        if sha256_of(folder / name) != sums[name]:
            faults.append(f"{name}: is not the file that was released")
    return faults


def _records(folder: Path, manifest: dict[str, Any]) -> list[str]:
    faults = []
    for name, said in manifest["records"].items():
        path = folder / "records" / name
        if said["sample_type"] != "float32":
            header = read_header(path)
            n_samples = sum(len(block) for block in read_blocks(header))  # raises where the header's sums do not fit
            if n_samples != said["next_sample"] - said["first_sample"]:
                faults.append(
                    f"records/{name}: must have {said['next_sample'] - said['first_sample']} samples, got {n_samples}"
                )
        for annotator in said["annotators"]:
            read_marks(path, annotator)
    return faults


def _tables(folder: Path, manifest: dict[str, Any]) -> list[str]:
    faults = []
    beats, spans, records = (read_table(folder / f"{name}.parquet") for name in ("beats", "spans", "records"))
    known = {entry["code"] for entry in msgspec.json.decode((folder / "vocabulary.json").read_bytes())["labels"]}
    n_of = Counter(zip(beats["record"] + spans["record"], beats["annotator"] + spans["annotator"], strict=True))
    for name, said in manifest["records"].items():
        for annotator, n in said["annotators"].items():
            if n_of[name, annotator] != n:
                faults.append(f"tables: {annotator} of {name} must have {n} rows, got {n_of[name, annotator]}")
    strange = sorted(set(beats["label"] + spans["label"]) - known)
    faults += [f"tables: label {label!r} is not in the vocabulary" for label in strange]
    if sorted(records["record"]) != sorted(manifest["records"]):
        faults.append("records.parquet: is of other records than the manifest")
    n_history = (folder / "history.jsonl").read_bytes().count(b"\n")
    if n_history != manifest["n_rows"]["history"]:
        faults.append(f"history.jsonl: must have {manifest['n_rows']['history']} lines, got {n_history}")
    return faults


def _splits(folder: Path, manifest: dict[str, Any]) -> list[str]:
    with (folder / "splits.csv").open(encoding="utf-8", newline="") as file:
        rows = [(row["patient"], row["split"]) for row in csv.DictReader(file)]
    faults = [
        f"splits.csv: patient {name} is in two parts" for name, n in Counter(name for name, _ in rows).items() if n > 1
    ]
    parts = dict(rows)
    table = read_table(folder / "records.parquet")
    for record, patient, part in zip(table["record"], table["patient"], table["split"], strict=True):
        if parts.get(patient) != part or manifest["records"][record]["patient"] != patient:
            faults.append(f"records.parquet: {record} must be of its patient and in their part")
    return faults


def differences(first: Path, second: Path) -> list[str]:
    """What differs between two releases: files by name, and of each record how many labels each annotator has."""
    sums, others = sums_of(first), sums_of(second)
    told = [f"- {name}" for name in sorted(sums.keys() - others.keys())]
    told += [f"+ {name}" for name in sorted(others.keys() - sums.keys())]
    told += [f"! {name}" for name in sorted(sums.keys() & others.keys()) if sums[name] != others[name]]
    labels, other_labels = _label_counts(first), _label_counts(second)
    for key in sorted(labels.keys() | other_labels.keys()):
        if labels[key] != other_labels[key]:
            told.append(f"! {' '.join(key)}: {labels[key]} before, {other_labels[key]} now")
    return told


def _label_counts(folder: Path) -> Counter[tuple[str, str, str]]:
    found: Counter[tuple[str, str, str]] = Counter()
    for name in ("beats", "spans"):
        table = read_table(folder / f"{name}.parquet")
        found.update(zip(table["record"], table["annotator"], table["label"], strict=True))
    return found
