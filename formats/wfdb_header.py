"""Records on their way out: the text of a WFDB header.

Written here rather than by wfdb-python, which wants all samples in memory at once. Source: WFDB Applications Guide,
header(5) and signal(5).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from formats.errors import FormatError
from formats.units import wfdb_of
from signal_processing.clock import US_PER_S

if TYPE_CHECKING:
    from collections.abc import Sequence

    from formats.signal_file import WrittenSignals
    from signal_processing.values import Signal

_RECORD_NAME = re.compile(r"[A-Za-z0-9_-]{1,200}")
WFDB_FORMATS = {"int16": 16, "int32": 32}
"""The signal format of each sample type, which is also its bits; WFDB has none for floats."""
_MAX_GAPS_TOLD = 20


def check_record_name(name: str) -> None:
    """Raise FormatError for what is no WFDB record name, above all for one that leaves its folder."""
    if not _RECORD_NAME.fullmatch(name):
        msg = f"record name must be 1 to 200 letters, digits, '_' and '-', got {name!r}"
        raise FormatError(msg)


def record_name_of(text: str) -> str:
    """The nearest record name to any text, such as a stream's name."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", text).strip("_")[:200] or "record"


def header_text(
    name: str, signal: Signal, written: WrittenSignals, *, first_sample: int, comments: Sequence[str] = ()
) -> str:
    """The header of a record whose signal file is `name`.dat.

    The start is the time of `first_sample`; WFDB knows no time zone, so it is UTC, and a comment says so.
    """
    start_us = signal.clock.us_at(first_sample)
    start = datetime.fromtimestamp(start_us // US_PER_S, UTC).replace(microsecond=start_us % US_PER_S)
    clock = start.strftime("%H:%M:%S.%f" if start.microsecond else "%H:%M:%S")
    rate = np.format_float_positional(signal.fs_hz, trim="-")
    lines = [f"{name} {signal.n_channels} {rate} {written.n_samples} {clock} {start:%d/%m/%Y}"]
    lines += [_signal_line(name, signal, written, i) for i in range(signal.n_channels)]
    said = [*_own_comments(signal, written, start_us), *comments]
    return "\n".join(lines + [f"# {_one_line(comment)}" for comment in said]) + "\n"


def _signal_line(name: str, signal: Signal, written: WrittenSignals, i: int) -> str:
    channel = signal.channels[i]
    bits = WFDB_FORMATS[signal.sample_type]
    gain = np.format_float_positional(channel.gain, trim="-")
    checksum = int(np.int64(written.checksums[i]).astype(np.int16))  # WFDB sums modulo 2**16
    return (
        f"{name}.dat {bits} {gain}({round(channel.offset)})/{wfdb_of(channel.unit)} {bits} 0"
        f" {written.initial[i]} {checksum} 0 {_one_line(channel.name)}"
    )


def _own_comments(signal: Signal, written: WrittenSignals, start_us: int) -> list[str]:
    said = [f"written by Rhythmark; times are UTC; sample 0 at {start_us} us since 1970-01-01"]
    said += [
        f"{channel.name}: physical zero is at {channel.offset!r} adu; WFDB holds whole numbers only"
        for channel in signal.channels
        if channel.offset != round(channel.offset)
    ]
    if written.gaps:
        told = ", ".join(f"[{gap.start}, {gap.end})" for gap in written.gaps[:_MAX_GAPS_TOLD])
        more = f" and {len(written.gaps) - _MAX_GAPS_TOLD} more" if len(written.gaps) > _MAX_GAPS_TOLD else ""
        said.append(f"samples no device sent are filled with {signal.sample_format.invalid} (invalid): {told}{more}")
    return said


def _one_line(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text).strip()
