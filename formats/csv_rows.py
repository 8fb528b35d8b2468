"""Plain rows as CSV for spreadsheets and scripts: UTF-8, a header row, RFC 4180."""

from __future__ import annotations

import csv
import io
import math
from typing import TYPE_CHECKING

from formats.atomic import whole_file
from formats.csv_spans import harmless

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path


def write_rows(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> None:
    """Write rows under the names of their columns, all of them or nothing; None and NaN become empty cells.

    Raises
    ------
    FormatError : if the file cannot be written.
    """
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, lineterminator="\r\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _cell(row[name]) for name in columns})
    with whole_file(path) as file:
        file.write(out.getvalue().encode())


def _cell(value: object) -> object:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return harmless(value) if isinstance(value, str) else value
