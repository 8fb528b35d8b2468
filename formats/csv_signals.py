"""One column of numbers of a CSV file as samples, as patient monitors and loggers export them.

The first row names the columns. A cell that is empty, or reads "nan", is a sample that is not there.
"""

from __future__ import annotations

import csv
import math
from array import array
from typing import TYPE_CHECKING

import numpy as np

from formats.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

_MAX_SHOWN = 40


def read_column(path: Path, column: str) -> NDArray[np.float64]:
    """Read a column.

    Parameters
    ----------
    column : its name in the first row; space around names, and upper or lower case, make no difference.

    Returns
    -------
    (n_rows,) float64, NaN where no sample is.

    Raises
    ------
    FormatError : if the file cannot be read, has no such column, or a cell of it holds no finite number.
    """
    values = array("d")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file)
            at = _place(path, next(rows, []), column)
            for row in rows:
                if row:
                    values.append(_number(path, rows.line_num, row[at] if at < len(row) else ""))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        msg = f"{path} must be a CSV file in UTF-8 that can be read, got: {error}"
        raise FormatError(msg) from error
    return np.frombuffer(values, dtype=np.float64)


def _place(path: Path, header: Sequence[str], column: str) -> int:
    names = [name.strip().casefold() for name in header]
    wanted = column.strip().casefold()
    if names.count(wanted) != 1:
        found = "twice" if wanted in names else f"among {', '.join(name.strip() for name in header) or 'none'}"
        msg = f"column of {path} must be named once in its first row, got {column!r} {found}"
        raise FormatError(msg)
    return names.index(wanted)


def _number(path: Path, line: int, text: str) -> float:
    try:
        value = float(text) if text.strip() else math.nan
    except ValueError:
        value = math.inf
    if math.isinf(value):
        msg = f"{path}, line {line}: a sample must be a finite number or empty, got {text[:_MAX_SHOWN]!r}"
        raise FormatError(msg)
    return value
