"""Live streams that cost their sender little: messages of 1 s, 3 leads at 250 Hz, cut from real recordings beforehand.

Only the stream's name, `seq` and `t0_ns` differ between messages, so a message is a copied header with two patched
numbers before a second of samples; MessagePack allows any integer its widest form.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.signal import resample_poly

from benchmarks import workload
from formats.wfdb_files import read_blocks, read_header
from ingest import wire
from signal_processing.values import Block, Channel, Signal

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

FS_HZ = 250
N_LEADS = 3
N_RECORDS = 24
GAIN = 200.0
US_PER_S = 1_000_000
_UP, _DOWN = 25, 36  # 360 Hz to 250 Hz
_MARKED_SEQ = 10**11
_MARKED_DATA = b"\xa5" * (2 * FS_HZ * N_LEADS)
_MAX_SAMPLE = 32_000


class Seconds(NamedTuple):
    """One recording, cut.

    Parameters
    ----------
    payloads : of each second, as a message carries it (lead after lead).
    """

    payloads: list[bytes]


def recordings(*, n_records: int = N_RECORDS, n_seconds: int | None = None) -> list[Seconds]:
    """The MIT-BIH records at 250 Hz with a third lead, the difference of the two, as III is of II and I."""
    paths = workload.mitdb_records()[:n_records]
    return [Seconds(_payloads(_three_leads(path, n_seconds))) for path in paths]


def _three_leads(path: Path, n_seconds: int | None) -> NDArray[np.int16]:
    header = read_header(path, t0_us=workload.START_US)
    end = None if n_seconds is None else round((n_seconds + 1) * header.signal.fs_hz)
    whole = np.concatenate([block.samples for block in read_blocks(header, end=end)]).astype(np.float64)
    whole -= np.array([channel.offset for channel in header.signal.channels])
    two = resample_poly(whole, _UP, _DOWN, axis=0)
    leads = np.column_stack([two, two[:, 0] - two[:, 1]])
    return np.clip(np.rint(leads), -_MAX_SAMPLE, _MAX_SAMPLE).astype(np.int16)


def _payloads(leads: NDArray[np.int16]) -> list[bytes]:
    n_seconds = len(leads) // FS_HZ
    cut = leads[: n_seconds * FS_HZ].reshape(n_seconds, FS_HZ, N_LEADS).transpose(0, 2, 1)
    return [second.astype("<i2").tobytes() for second in cut]


def stream_signal(name: str, t0_us: int) -> Signal:
    """What a live stream says of itself."""
    channels = tuple(Channel(lead, "mV", GAIN, 0.0) for lead in ("MLII", "V5", "III"))
    return Signal(name, "ecg", float(FS_HZ), t0_us, channels)


class LiveStream:
    """One stream: gives its message of any second.

    Parameters
    ----------
    recording : where its samples come from, from second `begin_s` on, around its end.
    t0_us : time of its first sample.
    """

    def __init__(self, name: str, t0_us: int, recording: Seconds, *, begin_s: int) -> None:
        self.key = name.encode()
        self._t0_ns = t0_us * 1000
        self._payloads = recording.payloads
        self._begin_s = begin_s
        signal = stream_signal(name, t0_us)
        samples = np.frombuffer(_MARKED_DATA, "<i2").reshape(FS_HZ, N_LEADS)
        two = [Block(_MARKED_SEQ, samples), Block(_MARKED_SEQ + FS_HZ, samples)]  # only the last of them says it is
        encoded = wire.encode(next(iter(wire.messages_of(signal, two, device=name))))
        at = encoded.index(_MARKED_DATA)
        self._header = bytearray(encoded[:at])
        self._trailer = encoded[at + len(_MARKED_DATA) :]
        self._seq_at = _place_of(encoded, _MARKED_SEQ)
        self._t0_at = _place_of(encoded, signal.clock.us_at(_MARKED_SEQ) * 1000)

    def message(self, i_second: int) -> bytes:
        """The message of that second since the stream began."""
        struct.pack_into(">Q", self._header, self._seq_at, i_second * FS_HZ)
        struct.pack_into(">Q", self._header, self._t0_at, self._t0_ns + i_second * US_PER_S * 1000)
        payload = self._payloads[(self._begin_s + i_second) % len(self._payloads)]
        return b"".join((self._header, payload, self._trailer))


def _place_of(encoded: bytes, number: int) -> int:
    wide = b"\xcf" + struct.pack(">Q", number)
    if encoded.count(wide) != 1:
        msg = f"{number} must stand once in a message of 64 bit numbers, it stands there {encoded.count(wide)} times"
        raise ValueError(msg)
    return encoded.index(wide) + 1


def streams_of(numbers: range, records: list[Seconds], *, t0_us: int) -> list[LiveStream]:
    """Streams by number: each with another recording, or another place in it, than its neighbours."""
    return [
        LiveStream(stream_name(i), t0_us, records[i % len(records)], begin_s=(i * 37) % len(records[0].payloads))
        for i in numbers
    ]


def stream_name(number: int) -> str:
    """Of a fixed length, so that names order as numbers do."""
    return f"live-{number:06d}"
