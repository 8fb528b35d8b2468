"""What the commands for whole strips share: every record judged, on all cores, a row a record in one CSV file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from formats.csv_rows import write_rows
from formats.errors import FormatError
from formats.wfdb_files import read_blocks, read_header
from rhythmark.pool import results
from rhythmark.progress import Count
from rhythmark.records import distinct
from signal_processing.errors import RhythmarkError
from signal_processing.values import Block

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from signal_processing.values import Signal

    Row = Mapping[str, object]


def judge_all(
    arguments: Namespace, judge: Callable[[Path], Row], columns: Sequence[str], told: Callable[[Row], str]
) -> int:
    """Judge every record that is named and write their rows, in the order named; one that fails does not stop others.

    Raises
    ------
    FormatError : if a record could not be judged (the others' rows are written), or the file cannot be.
    """
    records = distinct(arguments.records)
    rows: dict[object, Row] = {}
    with (
        Count("records", len(records)) as progress,
        results(judge, records, min(arguments.jobs, len(records))) as found,
    ):
        for result in found:
            try:
                row = result()
            except RhythmarkError as error:
                progress.finish_one(f"error: {error}")
            else:
                rows[row["record"]] = row
                progress.finish_one(f"{row['record']}: {told(row)}")
    if rows:
        write_rows(arguments.output, columns, [rows[path.name] for path in records if path.name in rows])
    if len(rows) < len(records):
        msg = f"{len(records) - len(rows)} of {len(records)} records could not be judged"
        raise FormatError(msg)
    return 0


def whole_record(path: Path, max_s: float) -> tuple[Signal, Block]:
    """A record, in physical units, as one block.

    Raises
    ------
    FormatError : if it cannot be read, is empty, or is longer than `max_s` and so no strip.
    """
    header = read_header(path)
    duration_s = header.n_samples / header.signal.fs_hz
    if not 0 < duration_s <= max_s:
        msg = f"a strip must be longer than 0 and at most {max_s:g} s long, got {duration_s:.1f} s in {path}"
        raise FormatError(msg)
    digital = np.concatenate([block.samples for block in read_blocks(header)])
    return header.signal, header.signal.physical(Block(0, digital))
