"""Which records the arguments of a command name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from formats.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def records_in(path: Path) -> list[Path]:
    """Records of a folder in the order of names, or the one record that the path names; without suffix.

    Raises
    ------
    FormatError : if there is none.
    """
    # "." and "/" have no name that a header could have
    if path.is_dir() and not (path.name and path.with_name(f"{path.name}.hea").is_file()):
        found = sorted(file.with_suffix("") for file in path.glob("*.hea"))
        if not found:
            msg = f"folder {path} must hold at least one WFDB record (*.hea), got none"
            raise FormatError(msg)
        return found
    return [path.with_suffix("") if path.suffix == ".hea" else path]


def distinct(paths: Iterable[Path]) -> list[Path]:
    """All records that the paths name.

    Raises
    ------
    FormatError : if there is none, or two share a name, so that one would overwrite the other's output.
    """
    found = [record for path in paths for record in records_in(path)]
    by_name: dict[str, Path] = {}
    for record in found:
        other = by_name.setdefault(record.name, record)
        if other != record:
            msg = f"records must have different names, got {other} and {record}"
            raise FormatError(msg)
    return list(by_name.values())
