"""WFDB records and annotation files. The only module that imports wfdb, and it reads with it only.

Times in a WFDB header have no zone; they are taken for UTC.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from formats import mit_annotations, wfdb_labels
from formats.atomic import whole_file
from formats.errors import FormatError
from formats.signal_file import write_samples
from formats.wfdb_description import (
    HEADER_SUFFIX,
    channels_of,
    check_file_names,
    check_layout,
    check_record_line,
    group_name,
    n_samples_of,
    start_us_of,
)
from formats.wfdb_header import WFDB_FORMATS, check_record_name, header_text
from signal_processing.errors import InvalidSignalError
from signal_processing.sample_types import SAMPLE_FORMATS
from signal_processing.values import Annotator, Block, Signal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from formats.mit_annotations import Mark
    from signal_processing.sample_types import SampleType
    from signal_processing.values import Annotation

_WIDE_FORMATS = frozenset({"24", "32", "524"})
"""Signal formats whose samples need int32."""
_READ_SAMPLES = 1 << 17
"""Samples a channel that are read from the file at once: some hundred kilobytes, whatever the length of the record."""
_ANNOTATOR_NAME = re.compile(r"[A-Za-z0-9_]{1,20}")


@dataclass(frozen=True, slots=True)
class RecordHeader:
    """What a header says.

    Parameters
    ----------
    path : the record, without suffix.
    signal : its channels, as one equal-rate group.
    n_samples : samples a channel.
    start_us : start that the header states, microseconds UTC; None where it states none.
    comments : its comment lines. They can hold age, sex and diagnoses: never log them.
    """

    path: Path
    signal: Signal
    n_samples: int
    start_us: int | None
    comments: tuple[str, ...]
    checksums: tuple[int | None, ...]
    formats: tuple[str, ...]


def read_header(path: Path, *, t0_us: int | None = None) -> RecordHeader:
    """Read the header of a record.

    Parameters
    ----------
    path : the record, with or without ".hea".
    t0_us : time of sample 0 to use instead of the header's; without both it is 1970-01-01.

    Raises
    ------
    FormatError : if the header is missing, broken, or describes what a channel group cannot hold, or a signal file of
        it is missing or short.
    """
    path = path.with_suffix("") if path.suffix == HEADER_SUFFIX else path
    raw = _parsed_header(path)
    check_layout(path, raw)
    start_us = start_us_of(raw)
    channels = channels_of(path, raw)
    origin_us = (start_us or 0) if t0_us is None else t0_us
    try:
        signal = Signal(path.name, group_name(channels), float(raw.fs), origin_us, channels, _sample_type(raw.fmt))
    except InvalidSignalError as error:
        msg = f"{path}{HEADER_SUFFIX}: {error}"
        raise FormatError(msg) from error
    checksums = tuple(raw.checksum or [None] * raw.n_sig)
    return RecordHeader(
        path, signal, n_samples_of(path, raw), start_us, tuple(raw.comments or ()), checksums, tuple(raw.fmt)
    )


def _parsed_header(path: Path) -> Any:
    """The header as wfdb's record."""
    import wfdb

    if not path.name:
        msg = f"record must be named, got the folder {str(path)!r}"
        raise FormatError(msg)
    file = path.with_name(path.name + HEADER_SUFFIX)
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        msg = f"record needs a readable header {file}, got: {error.strerror}"
        raise FormatError(msg) from error
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if not lines:
        msg = f"header {file} must have a record line, got {len(text)} characters without one"
        raise FormatError(msg)
    check_record_line(file, lines[0])
    check_file_names(file, lines)
    try:
        return wfdb.rdheader(str(path))
    except Exception as error:
        msg = f"header {file} must follow WFDB's header(5), got: {error}"
        raise FormatError(msg) from error


def read_blocks(
    header: RecordHeader, *, block_s: float = 10.0, start: int = 0, end: int | None = None
) -> Iterator[Block]:
    """Samples [start, end) of a record in digital form, (n, n_channels), piece by piece.

    They are int32 where a signal is in format 24, 32 or 524, else int16. WFDB's "no sample" of each format becomes
    that of the type.

    Parameters
    ----------
    block_s : length of a block, s; the last one may be shorter.

    Raises
    ------
    FormatError : if the signal file cannot be read, a value does not fit the type, or, after the last block of a
        whole record, the samples do not add up to the header's checksums.
    """
    end = header.n_samples if end is None else min(end, header.n_samples)
    n_block = max(header.signal.clock.n_samples(block_s), 1)
    n_read = max(_READ_SAMPLES // n_block, 1) * n_block
    sums = np.zeros(header.signal.n_channels, np.int64)
    for at in range(start, end, n_read):
        digital = _digital(header, at, min(at + n_read, end))
        sums += digital.sum(axis=0, dtype=np.int64)
        samples = _as_sample_type(header, digital, at)
        for offset in range(0, len(samples), n_block):
            yield Block(at + offset, samples[offset : offset + n_block])
    if start == 0 and end == header.n_samples:
        _check_sums(header, sums)


def _digital(header: RecordHeader, start: int, end: int) -> np.ndarray[Any, Any]:
    """Samples as the file has them, (n, n_channels), in an integer type that holds them all."""
    import wfdb

    try:
        record = wfdb.rdrecord(
            str(header.path), sampfrom=start, sampto=end, physical=False, m2s=False, ignore_skew=True, return_res=32
        )
        digital = np.asarray(record.d_signal)
    except Exception as error:
        msg = f"samples [{start}, {end}) of record {header.path} must be readable, got: {error}"
        raise FormatError(msg) from error
    if digital.shape != (end - start, header.signal.n_channels):
        msg = f"record {header.path} must give {end - start} samples from {start}, got an array of {digital.shape}"
        raise FormatError(msg)
    return digital


def _sample_type(formats: Iterable[str]) -> SampleType:
    """By the formats, not by the samples: what a record is must be known before all of it is read."""
    return "int32" if _WIDE_FORMATS & set(formats) else "int16"


_INVALID_OF_BITS = {"80": -(2**7), "508": -(2**7), "310": -(2**9), "311": -(2**9), "212": -(2**11)}
_INVALID_OF_BITS |= {"24": -(2**23), "524": -(2**23), "32": -(2**31)}
"""WFDB's "no sample", where it is not that of 16 bits (wfdb.io._signal.INVALID_SAMPLE_VALUE)."""


def _as_sample_type(header: RecordHeader, digital: np.ndarray[Any, Any], at: int) -> np.ndarray[Any, Any]:
    known = header.signal.sample_format
    marks = [_INVALID_OF_BITS.get(fmt, SAMPLE_FORMATS["int16"].invalid) for fmt in header.formats]
    invalid = digital == np.array(marks)
    outside = ~invalid & ((digital < known.lowest) | (digital > known.highest))
    if outside.any():
        row, column = np.argwhere(outside)[0]
        msg = (
            f"samples of {header.path} must fit [{known.lowest}, {known.highest}], got {digital[row, column]}"
            f" in {header.signal.channels[column].name!r} at sample {at + row}"
        )
        raise FormatError(msg)
    return np.where(invalid, known.invalid, digital).astype(known.dtype)


def _check_sums(header: RecordHeader, sums: np.ndarray[Any, Any]) -> None:
    for channel, stated, found in zip(header.signal.channels, header.checksums, sums, strict=True):
        # 0 stands in the headers of writers that do not sum, all of CinC 2017 among them
        if stated and (int(found) - int(stated)) % 2**16:
            msg = (
                f"samples of {header.path}, {channel.name!r}, must add up to checksum {stated % 2**16} of the header,"
                f" got {int(found) % 2**16}: the signal file is damaged"
            )
            raise FormatError(msg)


def download(database: str, name: str, directory: Path) -> Path:
    """Read a record of PhysioNet over the network and write it to a folder; gives the path of its header.

    Raises
    ------
    FormatError : if the record cannot be had or holds what a channel group cannot.
    """
    import wfdb

    try:
        raw = wfdb.rdrecord(name, pn_dir=database, physical=False, return_res=32)
    except Exception as error:
        msg = f"record {name} of PhysioNet's {database} must be readable, got: {error}"
        raise FormatError(msg) from error
    path = directory / name
    channels = channels_of(path, raw)
    sample_type = _sample_type(raw.fmt)
    signal = Signal(name, group_name(channels), float(raw.fs), start_us_of(raw) or 0, channels, sample_type)
    header = RecordHeader(path, signal, raw.sig_len, None, (), (), tuple(raw.fmt))
    samples = _as_sample_type(header, raw.d_signal, 0)
    return write_record(directory, name, signal, [Block(0, samples)], comments=[f"from PhysioNet, {database}/{name}"])


def write_record(
    directory: Path,
    name: str,
    signal: Signal,
    blocks: Iterable[Block],
    *,
    first_sample: int = 0,
    comments: Sequence[str] = (),
) -> Path:
    """Write digital blocks as a record in format 16, or 32 where they are int32; gives the path of its header.

    Parameters
    ----------
    first_sample : sample of the stream that becomes sample 0 of the record.
    comments : lines for the header.

    Raises
    ------
    FormatError : if the name is no record name, the samples are floats, a unit or block cannot be written, or the
        folder refuses.
    """
    check_record_name(name)
    if signal.sample_type not in WFDB_FORMATS:
        where, limit = f"{signal.stream!r}/{signal.group!r}", " or ".join(WFDB_FORMATS)
        msg = f"samples of a WFDB record must be {limit}, those of {where} are {signal.sample_type}"
        raise FormatError(msg)
    with whole_file(directory / f"{name}.dat") as file:
        written = write_samples(file, signal, blocks, first_sample=first_sample)
        text = header_text(name, signal, written, first_sample=first_sample, comments=comments)
    header = directory / f"{name}{HEADER_SUFFIX}"
    with whole_file(header) as file:
        file.write(text.encode())
    return header


def write_annotations(
    directory: Path,
    name: str,
    annotator: str,
    signal: Signal,
    annotations: Iterable[Annotation],
    *,
    first_sample: int = 0,
) -> Path:
    """Write annotations beside a record as `name.annotator`; gives its path.

    Raises
    ------
    FormatError : if a name cannot be one, or an annotation lies before the record.
    """
    check_record_name(name)
    check_annotator(annotator)
    marks = wfdb_labels.marks_of(signal, annotations)
    shifted = (mark._replace(sample=mark.sample - first_sample) for mark in marks)
    path = directory / f"{name}.{annotator}"
    content = mit_annotations.encode(shifted)
    with whole_file(path) as file:
        file.write(content)
    return path


def check_annotator(annotator: str) -> None:
    """Raise FormatError for what is no name of an annotator."""
    if not _ANNOTATOR_NAME.fullmatch(annotator) or annotator in {"dat", "hea"}:
        msg = f"annotator must be 1 to 20 letters, digits and '_', and not 'dat' or 'hea', got {annotator!r}"
        raise FormatError(msg)


def read_marks(path: Path, annotator: str) -> list[Mark]:
    """The annotations of a record as WFDB has them; reads `path`.`annotator`.

    Raises
    ------
    FormatError : if the file is missing or breaks the format.
    """
    check_annotator(annotator)
    file = path.with_name(f"{path.name.removesuffix(HEADER_SUFFIX)}.{annotator}")
    try:
        content = file.read_bytes()
    except OSError as error:
        msg = f"annotation file {file} must be readable, got: {error.strerror}"
        raise FormatError(msg) from error
    try:
        return mit_annotations.decode(content)
    except FormatError as error:
        msg = f"{file}: {error}"
        raise FormatError(msg) from error


def read_annotations(header: RecordHeader, annotator: str) -> list[Annotation]:
    """The annotations of a record in the house's vocabulary, made by a human named as the file.

    Raises
    ------
    FormatError : if the file is missing or breaks the format.
    """
    marks = read_marks(header.path, annotator)
    return wfdb_labels.annotations_of(
        header.signal, marks, annotator=Annotator("human", annotator), end=header.n_samples
    )
