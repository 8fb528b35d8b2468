"""Whom recordings are of: a CSV file with the columns record, patient, birth_year and sex."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, NamedTuple

from formats.errors import FormatError

if TYPE_CHECKING:
    from pathlib import Path

SEXES = ("F", "M", "X")
FIRST_YEAR, LAST_YEAR = 1850, 2100


class PatientOf(NamedTuple):
    """A recording, and of whom it is; year of birth and sex (F, M, X) where they are known."""

    record: str
    patient: str
    birth_year: int | None
    sex: str | None


def read_patients(path: Path) -> list[PatientOf]:
    """The rows of a file.

    Raises
    ------
    FormatError : if it cannot be read, lacks a column, names a recording twice or nobody, or a value breaks its rule.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = {"record", "patient"} - set(reader.fieldnames or ())
            if missing:
                msg = f"{path} must have the columns record and patient, lacks {', '.join(sorted(missing))}"
                raise FormatError(msg)
            rows = [_row(path, number, row) for number, row in enumerate(reader, 2)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        msg = f"{path} must be a CSV file that can be read, got: {error}"
        raise FormatError(msg) from error
    names = [row.record for row in rows]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        msg = f"{path} must name a recording once, got {twice!r} twice"
        raise FormatError(msg)
    return rows


def _row(path: Path, number: int, row: dict[str, str | None]) -> PatientOf:
    """Messages name the line, and no value that could tell who somebody is."""
    record, patient, year, sex = ((row.get(name) or "").strip() for name in ("record", "patient", "birth_year", "sex"))
    if not record or not patient:
        msg = f"{path}, line {number}, must name a record and a patient"
        raise FormatError(msg)
    if sex and sex not in SEXES:
        msg = f"{path}, line {number}: sex must be one of {', '.join(SEXES)}, or empty"
        raise FormatError(msg)
    if year and not (year.isdecimal() and FIRST_YEAR <= int(year) <= LAST_YEAR):
        msg = f"{path}, line {number}: birth_year must be within [{FIRST_YEAR}, {LAST_YEAR}], or empty"
        raise FormatError(msg)
    return PatientOf(record, patient, int(year) if year else None, sex or None)
