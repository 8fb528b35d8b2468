"""What values of the command line may be: each turns a word into its value, or says what it must be."""

from __future__ import annotations

import argparse
import math
import time
from datetime import UTC, datetime, timedelta

_MAX_PORT = 65_535
_MAX_MINUTES = 1_440
_MAX_DIGITS = 6
_UNIT_S = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_MAX_TOLERANCE_MS = 10_000

Commands = argparse._SubParsersAction  # noqa: SLF001 - argparse gives its type no public name


def new_command(commands: Commands[argparse.ArgumentParser], name: str, text: str) -> argparse.ArgumentParser:
    """A command with its help."""
    # no abbreviations: --password must not be taken for --password-file
    return commands.add_parser(name, help=text, description=text, allow_abbrev=False)


def tolerance_ms(text: str) -> float:
    """A number from 0 to 10 s."""
    value = float(text) if text.replace(".", "", 1).isdecimal() else math.nan
    if not value <= _MAX_TOLERANCE_MS:
        msg = f"must be within [0, {_MAX_TOLERANCE_MS}] ms, got {text!r}"
        raise argparse.ArgumentTypeError(msg)
    return value


def count(text: str) -> int:
    """A whole number from 1 on."""
    if not (text.isdecimal() and int(text) > 0):
        msg = f"must be a whole number from 1 on, got {text!r}"
        raise argparse.ArgumentTypeError(msg)
    return int(text)


def positive(text: str) -> float:
    """A finite number above 0."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        msg = f"must be a number above 0, got {text!r}"
        raise argparse.ArgumentTypeError(msg)
    return value


def share(text: str) -> float:
    """A number from 0 to 1."""
    value = float(text) if text.replace(".", "", 1).isdecimal() else math.nan
    if not 0 <= value <= 1:
        msg = f"must be within [0, 1], got {text!r}"
        raise argparse.ArgumentTypeError(msg)
    return value


def minutes(text: str) -> float:
    """A finite number above 0, at most a day."""
    value = positive(text)
    if value > _MAX_MINUTES:
        msg = f"must be at most {_MAX_MINUTES} minutes, got {text!r}"
        raise argparse.ArgumentTypeError(msg)
    return value


def letter_name(text: str) -> tuple[int, int]:
    """Partition and offset of a dead letter; an offset alone is in partition 0."""
    number, slash, offset = text.rpartition("/")
    if not (offset.isdecimal() and (number.isdecimal() if slash else True)):
        msg = f"letter must be PARTITION/OFFSET as `dead-letters list` names it, got {text!r}"
        raise argparse.ArgumentTypeError(msg)
    return int(number or 0), int(offset)


def since_us(text: str) -> int:
    """A time, microseconds UTC: so long ago (30s, 15m, 2h, 7d), or ISO 8601, UTC where it names no zone."""
    amount, unit = text[:-1], text[-1:]
    if amount.isdecimal() and unit in _UNIT_S and len(amount) <= _MAX_DIGITS:
        return time.time_ns() // 1000 - int(amount) * _UNIT_S[unit] * 1_000_000
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        msg = f"time must be as 30m, 2h, 7d or 2026-01-31T12:00, got {text!r}"
        raise argparse.ArgumentTypeError(msg) from error
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1_000_000)


def speed(text: str) -> float:
    """Times real time; "max" is infinity."""
    return math.inf if text == "max" else positive(text)


def moment(text: str) -> int:
    """A time in ISO 8601, UTC where it names no zone; microseconds UTC."""
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        msg = f"must be a time as 2026-03-31 or 2026-03-31T12:00:00Z, got {text!r}"
        raise argparse.ArgumentTypeError(msg) from None
    aware = value if value.tzinfo else value.replace(tzinfo=UTC)
    return (aware - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def port(text: str) -> int:
    """A TCP port; 0 is any free one."""
    if not (text.isdecimal() and int(text) <= _MAX_PORT):
        msg = f"port must be within [0, {_MAX_PORT}], got {text!r}"
        raise argparse.ArgumentTypeError(msg)
    return int(text)


def channel_list(text: str) -> list[int]:
    """Channel numbers from 0 on, each once."""
    parts = text.split(",")
    if not all(part.isdecimal() for part in parts) or len(set(map(int, parts))) != len(parts):
        msg = f"must be channel numbers from 0 on, each once, as 0,1; got {text!r}"
        raise argparse.ArgumentTypeError(msg)
    return [int(part) for part in parts]
