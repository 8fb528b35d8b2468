"""Tables as Parquet: the only module that imports pyarrow, which is an extra (`rhythmark[parquet]`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from formats.atomic import whole_file
from formats.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


def write_table(path: Path, columns: Mapping[str, Sequence[Any]], types: Mapping[str, str]) -> int:
    """Write columns of equal length; gives the number of rows. The same columns make the same bytes.

    Parameters
    ----------
    types : of each column, as pyarrow names them ("int64", "float64", "string").

    Raises
    ------
    FormatError : if pyarrow is not installed, or the file cannot be written.
    """
    arrow, parquet = _pyarrow(), _parquet()
    arrays = [arrow.array(columns[name], type=arrow.type_for_alias(kind)) for name, kind in types.items()]
    table = arrow.Table.from_arrays(arrays, names=list(types))
    with whole_file(path) as file:
        parquet.write_table(table, file, compression="zstd", version="2.6")
    return int(table.num_rows)


def read_table(path: Path) -> dict[str, list[Any]]:
    """The columns of a file.

    Raises
    ------
    FormatError : if pyarrow is not installed, or the file is none of its.
    """
    arrow, parquet = _pyarrow(), _parquet()
    try:
        found: dict[str, list[Any]] = parquet.read_table(path).to_pydict()
    except (OSError, arrow.ArrowException) as error:
        msg = f"{path} must be a Parquet file that can be read, got: {error}"
        raise FormatError(msg) from error
    return found


def _pyarrow() -> Any:
    try:
        import pyarrow as pa
    except ImportError as error:
        msg = "tables of a release need pyarrow: pip install rhythmark[parquet]"
        raise FormatError(msg) from error
    return pa


def _parquet() -> Any:
    _pyarrow()
    import pyarrow.parquet as found

    return found
