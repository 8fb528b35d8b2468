"""The values that travel through the house: Signal, Block, Annotation."""

from __future__ import annotations

import hashlib
import math
import uuid
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from signal_processing.clock import SampleClock
from signal_processing.errors import InvalidSignalError, InvalidValueError
from signal_processing.sample_types import SAMPLE_FORMATS, SampleFormat, SampleType, invalid_mask

if TYPE_CHECKING:
    from collections.abc import Iterable

INVALID_SAMPLE = -32768
"""The int16 value that WFDB format 16 reserves for "no sample"; it becomes NaN in physical units.

Those of int32 and float32 samples stand in `signal_processing.sample_types`."""

ANNOTATION_NAMESPACE = uuid.UUID("4d0ad5b1-6f0c-5f0e-9f6a-6d0f2d6a3c11")
"""Namespace of the name-based (version 5) identifiers of machine annotations."""


class Channel(msgspec.Struct, frozen=True):
    """One channel of a signal.

    Parameters
    ----------
    name : lead or sensor, as the device names it ("MLII", "PLETH").
    unit : physical unit in UCUM notation ("mV", "%", "1").
    gain : digital steps (adu) per physical unit; never 0.
    offset : digital value of physical zero, adu.
    """

    name: str
    unit: str
    gain: float = 1.0
    offset: float = 0.0

    def __post_init__(self) -> None:
        if not self.name:
            msg = "channel name must not be empty"
            raise InvalidSignalError(msg)
        if not (math.isfinite(self.gain) and self.gain != 0.0):
            msg = f"channel {self.name!r}: gain must be finite and not 0 adu/{self.unit}, got {self.gain!r}"
            raise InvalidSignalError(msg)
        if not math.isfinite(self.offset):
            msg = f"channel {self.name!r}: offset must be finite, got {self.offset!r}"
            raise InvalidSignalError(msg)


class Signal(msgspec.Struct, frozen=True, dict=True):
    """What is known of a group of equally sampled channels before their first sample.

    Parameters
    ----------
    stream : name of the stream (a recording, or a device's session) that the group belongs to.
    group : name of the channel group within the stream ("ecg", "ppg").
    fs_hz : sampling rate, Hz.
    t0_us : time of sample 0, microseconds UTC.
    channels : at least one, in the order of the columns of every block.
    sample_type : what digital samples are ("int16", "int32", "float32").
    """

    stream: str
    group: str
    fs_hz: float
    t0_us: int
    channels: tuple[Channel, ...]
    sample_type: SampleType = "int16"

    def __post_init__(self) -> None:
        SampleClock(self.fs_hz)  # raises on a rate that no clock can keep
        if not self.channels:
            msg = f"signal {self.stream!r}/{self.group!r} must have at least one channel, got none"
            raise InvalidSignalError(msg)
        names = [channel.name for channel in self.channels]
        if len(set(names)) != len(names):
            msg = f"channel names of {self.stream!r}/{self.group!r} must differ, got {names}"
            raise InvalidSignalError(msg)
        if self.sample_type not in SAMPLE_FORMATS:
            where, limit = f"{self.stream!r}/{self.group!r}", ", ".join(SAMPLE_FORMATS)
            msg = f"sample type of {where} must be one of {limit}, got {self.sample_type!r}"
            raise InvalidSignalError(msg)

    @property
    def n_channels(self) -> int:
        """Columns of every block."""
        return len(self.channels)

    @cached_property
    def clock(self) -> SampleClock:
        """Converts sample indices of this group to microseconds UTC and back."""
        return SampleClock(self.fs_hz, self.t0_us)

    @property
    def sample_format(self) -> SampleFormat:
        """How its digital samples lie in bytes."""
        return SAMPLE_FORMATS[self.sample_type]

    def physical(self, block: Block) -> Block:
        """The digital block in physical units: float64, NaN where "no sample" stands.

        Raises
        ------
        InvalidSignalError : if the block's dtype is none of a digital sample.
        """
        gain = np.array([channel.gain for channel in self.channels])
        offset = np.array([channel.offset for channel in self.channels])
        invalid = invalid_mask(block.samples)
        digital = block.samples
        if digital.dtype.kind == "f":  # arithmetic on a signalling NaN would warn
            digital = np.where(invalid, np.float32(np.nan), digital)
        samples = (digital - offset) / gain
        samples[invalid] = np.nan
        return Block(block.start, samples)


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Consecutive samples of one channel group. A gap is a jump of `start` between blocks, never NaN padding.

    Parameters
    ----------
    start : index of the first sample in its stream.
    samples : (n_samples, n_channels); made read-only. Digital (int16, int32 or float32, as its `Signal` says) as it
        travels and is stored, physical (float64) as detectors see it.
    """

    start: int
    samples: NDArray[Any]

    def __post_init__(self) -> None:
        if self.samples.ndim != 2:  # noqa: PLR2004 - a table has two axes
            msg = f"samples must have shape (n_samples, n_channels), got {self.samples.shape}"
            raise InvalidValueError(msg)
        view = self.samples.view()
        view.flags.writeable = False
        object.__setattr__(self, "samples", view)

    def __len__(self) -> int:
        return len(self.samples)

    @property
    def end(self) -> int:
        """One past the index of the last sample."""
        return self.start + len(self.samples)

    def between(self, start: int, end: int) -> Self:
        """The part of the block within [start, end), possibly empty."""
        low = min(max(start - self.start, 0), len(self.samples))
        high = max(min(end - self.start, len(self.samples)), low)
        return type(self)(self.start + low, self.samples[low:high])


class Annotator(msgspec.Struct, frozen=True):
    """Who made an annotation: a machine (name and version of its code) or a person."""

    kind: Literal["machine", "human"]
    name: str
    version: str = ""


class Annotation(msgspec.Struct, frozen=True, kw_only=True):
    """A label on the half-open sample range [start, end) of one channel group; a point has `end == start`.

    Parameters
    ----------
    start, end : sample indices, `end >= start`.
    label : code from the vocabulary.
    channel : name of the one channel it concerns; None means all.
    annotator : who made it.
    confidence : 0 to 1; None where the annotator gives none.
    note : free text.
    figures : the numbers it rests on, with the unit in each name ({"rate_bpm": 182.0}).
    ongoing : the span had not ended when this was said. A later annotation with the same identity replaces it.
    """

    start: int
    end: int
    label: str
    annotator: Annotator
    channel: str | None = None
    confidence: float | None = None
    note: str = ""
    figures: dict[str, float] = {}
    ongoing: bool = False

    def __post_init__(self) -> None:
        if self.end < self.start:
            msg = f"annotation {self.label!r} must not end before it starts, got [{self.start}, {self.end})"
            raise InvalidValueError(msg)


def annotation_id(stream: str, group: str, annotation: Annotation) -> uuid.UUID:
    """Identity of a machine annotation: a replay of the same signal makes the same one.

    The end is left out, because an ongoing span keeps its identity while it grows (docs/decisions.md, "Ongoing spans").
    """
    who = annotation.annotator
    parts = (stream, group, who.name, who.version, annotation.start, annotation.label, annotation.channel or "")
    return uuid.uuid5(ANNOTATION_NAMESPACE, "\x1f".join(map(str, parts)))


def point_ids(
    stream: str, group: str, annotator: Annotator, label: str, samples: NDArray[np.int64]
) -> NDArray[np.void]:
    """`annotation_id` of one annotator's points of one label, at many samples at once.

    Parameters
    ----------
    samples : (n_points,) indices.

    Returns
    -------
    (n_points,) of 16 bytes each, as `UUID.bytes`.
    """
    head = f"{stream}\x1f{group}\x1f{annotator.name}\x1f{annotator.version}\x1f"
    begun = hashlib.sha1(ANNOTATION_NAMESPACE.bytes + head.encode(), usedforsecurity=False)
    tail = f"\x1f{label}\x1f".encode()
    digests = []
    for sample in samples.tolist():  # the common beginning is digested once
        digest = begun.copy()
        digest.update(b"%d%b" % (sample, tail))
        digests.append(digest.digest())
    ids = np.frombuffer(b"".join(digests), np.uint8).reshape(-1, begun.digest_size)[:, :16].copy()
    ids[:, 6] = (ids[:, 6] & 0x0F) | 0x50  # RFC 9562: version 5
    ids[:, 8] = (ids[:, 8] & 0x3F) | 0x80  # and variant
    return ids.view("V16").ravel()


def settled(annotations: Iterable[Annotation]) -> list[Annotation]:
    """What stands when all is said: of annotations with one identity the last, in the order of their start."""
    last = {(a.annotator, a.start, a.label, a.channel): a for a in annotations}
    return sorted(last.values(), key=lambda a: (a.start, a.end, a.label))
