"""What the header of a record describes: checked against what a channel group can hold, in the house's values.

Works on the text of the header and on wfdb's record of it, and imports wfdb itself nowhere. Source: WFDB Applications
Guide, header(5).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from formats.errors import FormatError
from formats.units import ucum_of
from signal_processing.clock import US_PER_S
from signal_processing.errors import InvalidSignalError
from signal_processing.values import Channel

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

HEADER_SUFFIX = ".hea"
_DEFAULT_GAIN = 200.0
"""WFDB_DEFGAIN: what a gain of 0 or none means."""
_BITS_PER_SAMPLE = {"8": 8, "16": 16, "24": 24, "32": 32, "61": 16, "80": 8, "160": 16, "212": 12, "310": 32 / 3}
_BITS_PER_SAMPLE["311"] = 32 / 3
_PPG_NAMES = ("PLETH", "PPG")
_RATE = re.compile(r"\d+\.?\d*(/-?\d+\.?\d*(\(-?\d+\.?\d*\))?)?")
"""Sampling rate, and after it the counter frequency and base counter value: header(5)."""
_LENGTH = re.compile(r"\d+")


def check_record_line(file: Path, line: str) -> None:
    """Rate and length must be numbers: wfdb takes 250 Hz for a rate that it cannot read, and 1 for 1e3.

    Raises
    ------
    FormatError : if one is none.
    """
    rules = ((2, _RATE, "sampling rate must be a plain number"), (3, _LENGTH, "number of samples must be a whole one"))
    fields = line.split()
    for place, pattern, rule in rules:
        if len(fields) > place and not pattern.fullmatch(fields[place]):
            msg = f"header {file}: {rule}, got {fields[place]!r}"
            raise FormatError(msg)


def check_file_names(file: Path, lines: Sequence[str]) -> None:
    """Signal files lie beside their header; a name with a path in it could reach any file of the machine.

    Raises
    ------
    FormatError : if one lies elsewhere.
    """
    for line in lines[1:]:
        name = line.split()[0]
        if not re.fullmatch(r"~|[\w-]+(\.\w+)?", name):
            msg = f"header {file}: signal file must lie beside the header and have a plain name, got {name!r}"
            raise FormatError(msg)


def check_layout(path: Path, raw: Any) -> None:
    """A record must be one channel group: one segment, one rate, and a line for each signal.

    Raises
    ------
    FormatError : if it is more or less.
    """
    if getattr(raw, "n_seg", None) is not None:
        msg = f"record {path} must have one segment, got {raw.n_seg}; read its segments one by one"
        raise FormatError(msg)
    n_described = len(raw.file_name or ())
    if raw.n_sig < 1 or n_described != raw.n_sig:
        msg = f"header {path}{HEADER_SUFFIX} must describe its 1 or more signals, got {n_described} of {raw.n_sig}"
        raise FormatError(msg)
    if any(n != 1 for n in raw.samps_per_frame):
        msg = f"record {path} must sample all signals at one rate, got {raw.samps_per_frame} samples a frame"
        raise FormatError(msg)


def start_us_of(raw: Any) -> int | None:
    """Start that the header states, microseconds UTC."""
    if raw.base_date is None or raw.base_time is None:
        return None  # a time of day alone is no time
    start = datetime.combine(raw.base_date, raw.base_time, UTC)
    return int(start.replace(microsecond=0).timestamp()) * US_PER_S + start.microsecond


def channels_of(path: Path, raw: Any) -> tuple[Channel, ...]:
    """The channels in the order of the header, told apart where two share a name.

    Raises
    ------
    FormatError : if one has a unit or gain that a channel cannot have.
    """
    channels: list[Channel] = []
    taken: set[str] = set()
    for i in range(raw.n_sig):
        name = unique = (raw.sig_name[i] or "").strip() or f"signal {i}"
        while unique in taken:  # some records name two leads alike
            unique = f"{name} {i}"
            name = unique
        taken.add(unique)
        try:
            gain = float(raw.adc_gain[i] or _DEFAULT_GAIN)
            channels.append(Channel(unique, ucum_of(raw.units[i] or ""), gain, float(raw.baseline[i] or 0)))
        except (FormatError, InvalidSignalError) as error:
            msg = f"header {path}{HEADER_SUFFIX}, signal {unique!r}: {error}"
            raise FormatError(msg) from error
    return tuple(channels)


def group_name(channels: Sequence[Channel]) -> str:
    """A name for the group, by what it holds: "ecg", "ppg" or "signals"."""
    if any(channel.unit in {"mV", "uV", "V"} for channel in channels):
        return "ecg"
    if any(channel.name.upper().startswith(_PPG_NAMES) for channel in channels):
        return "ppg"
    return "signals"


def n_samples_of(path: Path, raw: Any) -> int:
    """Samples a channel, after a look at the signal files: they must be there and hold as many.

    Raises
    ------
    FormatError : if one is missing or short.
    """
    held: list[int] = []
    for name in dict.fromkeys(raw.file_name):
        mine = [i for i in range(raw.n_sig) if raw.file_name[i] == name]
        file = path.with_name(name)
        try:
            n_bytes = file.stat().st_size - (raw.byte_offset[mine[0]] or 0)
        except OSError as error:
            msg = f"record {path} needs its signal file {file}, got: {error.strerror}"
            raise FormatError(msg) from error
        bits = _BITS_PER_SAMPLE.get(raw.fmt[mine[0]])
        if bits is not None:  # the compressed formats say their length inside
            held.append(int(max(n_bytes, 0) * 8 // (bits * len(mine))))
    shortest = min(held, default=None)
    n_samples = raw.sig_len or shortest
    if not n_samples:
        msg = f"record {path} must have at least one sample, got {raw.sig_len or 0}"
        raise FormatError(msg)
    if shortest is not None and shortest < n_samples:
        msg = f"signal file of {path} must hold the {n_samples} samples its header states, got {shortest}"
        raise FormatError(msg)
    return int(n_samples)
