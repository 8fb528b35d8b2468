"""What one part of the report holds; a JSON file each, so that one is made anew without the others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

ROOT = Path(__file__).parents[2]
FIGURES = ROOT / "docs" / "figures"
IMAGES = ROOT / "docs" / "images" / "detectors"


class Table(msgspec.Struct):
    """One table.

    Parameters
    ----------
    columns : their heads.
    rows : cells as they are printed.
    """

    title: str
    columns: list[str]
    rows: list[list[str]]


class Picture(msgspec.Struct):
    """A file beside the report."""

    file: str
    text: str


class Scores(msgspec.Struct):
    """Figures of one version of a detector on one set of records: what the workstation shows.

    Parameters
    ----------
    is_held_out : measured with learned files that had not seen the record; or nothing was learned.
    leads : "channel 0" or "all leads".
    figures : per cent, unless the name says otherwise.
    """

    detector: str
    version: str
    measured: str
    database: str
    n_records: int
    is_held_out: bool
    leads: str
    figures: dict[str, float]


class Wrong(msgspec.Struct):
    """A record on which a detector did badly, with one of its errors as a picture.

    Parameters
    ----------
    key : database, record and what is wrong, which names the picture and the sentence on the cause.
    figures : what was wrong, in words.
    """

    key: str
    record: str
    figures: str
    at: str


class Part(msgspec.Struct):
    """A section of the report.

    Parameters
    ----------
    about : what stands before the tables.
    remarks : what was skipped or does not hold.
    printed : figures in the words of who measured them.
    worst_about : how the worst records were chosen, and what their strips show.
    """

    name: str
    title: str
    about: str
    tables: list[Table]
    pictures: list[Picture] = []
    remarks: list[str] = []
    scores: list[Scores] = []
    worst: list[Wrong] = []
    worst_about: str = ""
    printed: str = ""


def write(part: Part) -> None:
    """Replace the part's file."""
    FIGURES.mkdir(parents=True, exist_ok=True)
    text = msgspec.json.format(msgspec.json.encode(part), indent=1)
    (FIGURES / f"{part.name}.json").write_bytes(text + b"\n")


def read(name: str) -> Part | None:
    """The part as it was last made."""
    path = FIGURES / f"{name}.json"
    return msgspec.json.decode(path.read_bytes(), type=Part) if path.is_file() else None


def causes() -> dict[str, str]:
    """A sentence on the cause of an error, written by a person who looked at its picture; by its key."""
    path = FIGURES / "causes.json"
    found: dict[str, Any] = msgspec.json.decode(path.read_bytes()) if path.is_file() else {}
    return {key: str(text) for key, text in found.items()}


def percent(value: float | None, digits: int = 2) -> str:
    """As it is printed."""
    return "-" if value is None else f"{value:.{digits}f}"
