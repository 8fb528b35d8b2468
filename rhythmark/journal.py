"""How far an archive has been sent: one line a stream and step, written after the broker acknowledged it."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from formats.atomic import whole_file
from formats.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


class Entry(msgspec.Struct, array_like=True, frozen=True):
    """How far one stream is safe.

    Parameters
    ----------
    stream : its name.
    fingerprint : of the record that was sent; another one is sent from its beginning.
    t0_us : the time of sample 0 that was sent; kept, because positions in the database rest on it.
    next_sample : every sample before it is safe.
    is_whole : so is the end.
    """

    stream: str
    fingerprint: str
    t0_us: int
    next_sample: int
    is_whole: bool


class Journal:
    """The newest entry of each stream, and the file that new ones are appended to."""

    def __init__(self, file: BinaryIO, entries: dict[str, Entry]) -> None:
        self._file = file
        self._entries = entries

    def find(self, stream: str, fingerprint: str) -> Entry | None:
        """The newest entry of a stream, if it is of that record."""
        entry = self._entries.get(stream)
        return entry if entry is not None and entry.fingerprint == fingerprint else None

    def write(self, entries: Iterable[Entry]) -> None:
        """Append entries; they are on the disk when this returns."""
        lines = []
        for entry in entries:
            self._entries[entry.stream] = entry
            lines.append(msgspec.json.encode(entry) + b"\n")
        self._file.write(b"".join(lines))
        self._file.flush()
        os.fsync(self._file.fileno())


@contextmanager
def opened(path: Path) -> Iterator[Journal]:
    """The journal of that file, made when it is missing. What an interrupted write left at its end is dropped.

    Raises
    ------
    FormatError : if another process has it, or it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # a file of its own: the journal itself is replaced
    with path.with_suffix(".lock").open("wb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            msg = f"one replay at a time may send archives to a topic, another one has {path}"
            raise FormatError(msg) from error
        entries = _entries_of(path)
        with whole_file(path) as file:
            file.write(b"".join(msgspec.json.encode(entry) + b"\n" for entry in entries.values()))
        with path.open("ab") as file:
            yield Journal(file, entries)


def _entries_of(path: Path) -> dict[str, Entry]:
    entries: dict[str, Entry] = {}
    lines = path.read_bytes().splitlines() if path.exists() else []
    for line in lines:
        try:
            entry = msgspec.json.decode(line, type=Entry)
        except msgspec.DecodeError:
            continue  # torn by an interruption: what it said is sent again, which changes nothing
        entries[entry.stream] = entry
    return entries
