"""A recording made by a program, for machines without any: several rhythms, two leads, and never taken for a person's.

Sinus beats come from neurokit2's ECGSYN model (McSharry et al., IEEE Trans Biomed Eng 50(3):289, 2003). Rhythms it does
not have are laid out beat by beat: a model beat without P wave at irregular intervals for atrial fibrillation, wide
beats for ventricular ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from formats.wfdb_files import write_record
from signal_processing.values import Block, Channel, Signal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Trace: TypeAlias = NDArray[np.float64]

FS_HZ = 250.0
GAIN_ADU_PER_MV = 200.0
RECORD = "synthetic"
_CHANNELS = (Channel("II", "mV", GAIN_ADU_PER_MV), Channel("V1", "mV", GAIN_ADU_PER_MV))
_COMMENT = "SYNTHETIC: made by a program (neurokit2 and Rhythmark), not recorded from a person"
_BLOCK_SAMPLES = 2_500


class _Kit(NamedTuple):
    """What the rhythms are made of: two model beats, mV, and chance."""

    sinus: Trace
    without_p: Trace
    rng: np.random.Generator


def write_synthetic(directory: Path, *, minutes: float, seed: int) -> Path:
    """Write the record; gives the path of its header. The same seed gives the same samples."""
    signal = Signal(RECORD, "ecg", FS_HZ, 0, _CHANNELS)
    samples = digital(minutes=minutes, seed=seed)
    blocks = (Block(at, samples[at : at + _BLOCK_SAMPLES]) for at in range(0, len(samples), _BLOCK_SAMPLES))
    return write_record(directory, RECORD, signal, blocks, comments=[_COMMENT])


def digital(*, minutes: float, seed: int) -> NDArray[np.int16]:
    """(n_samples, 2) int16 of leads II and V1: the rhythms in turn, again and again."""
    rng = np.random.default_rng(seed)
    kit = _kit(rng, seed)
    n_samples = round(minutes * 60 * FS_HZ)
    parts: list[Trace] = []
    n_made = 0
    while n_made < n_samples:
        for make, seconds in _PROGRAMME:
            parts.append(make(kit, round(seconds * FS_HZ)))
            n_made += len(parts[-1])
    lead = np.concatenate(parts)[:n_samples]
    at_s = np.arange(n_samples) / FS_HZ
    breathing = 0.05 * np.sin(2 * np.pi * 0.25 * at_s)
    # V1 looks at the heart from elsewhere: smaller, mostly negative, T wave flatter
    leads = np.stack([lead + breathing, -0.6 * lead + 0.3 * np.gradient(lead) * 4 + 0.5 * breathing], axis=1)
    leads += rng.normal(0, 0.01, leads.shape)
    return np.clip(np.round(leads * GAIN_ADU_PER_MV), -32767, 32767).astype(np.int16)


def _kit(rng: np.random.Generator, seed: int) -> _Kit:
    """Cut one beat out of ECGSYN's signal, 0.25 s before to 0.45 s after its R peak."""
    import neurokit2

    model = np.asarray(
        neurokit2.ecg_simulate(
            duration=20, sampling_rate=int(FS_HZ), heart_rate=65, heart_rate_std=0, noise=0, random_state=seed
        )
    )
    middle = slice(len(model) // 3, 2 * len(model) // 3)
    peak = middle.start + int(np.argmax(model[middle]))
    before, after = round(0.25 * FS_HZ), round(0.45 * FS_HZ)
    beat = model[peak - before : peak + after] - np.median(model)
    beat = beat / beat.max() * _faded(len(beat))
    without_p = beat.copy()
    without_p[: before - round(0.06 * FS_HZ)] = 0.0
    return _Kit(beat, without_p, rng)


def _faded(n_samples: int) -> Trace:
    """1 with soft ends, so that a beat leaves no step where it is laid."""
    edge = round(0.04 * FS_HZ)
    window = np.ones(n_samples)
    window[:edge] = np.linspace(0, 1, edge)
    window[-edge:] = np.linspace(1, 0, edge)
    return window


def _laid(n_samples: int, peaks: list[int], beats: list[Trace], *, before_s: float = 0.25) -> Trace:
    """Beats added into silence at their peaks."""
    trace = np.zeros(n_samples)
    for peak, beat in zip(peaks, beats, strict=True):
        start = peak - round(before_s * FS_HZ)
        low, high = max(start, 0), min(start + len(beat), n_samples)
        if high > low:
            trace[low:high] += beat[low - start : high - start]
    return trace


def _peaks(n_samples: int, interval: Callable[[], float]) -> list[int]:
    """Peaks at the intervals, s, that come."""
    peaks: list[int] = []
    at = interval() / 2
    while at * FS_HZ < n_samples:
        peaks.append(round(at * FS_HZ))
        at += interval()
    return peaks


def _sinus(kit: _Kit, n_samples: int, *, rate_bpm: float) -> Trace:
    peaks = _peaks(n_samples, lambda: 60 / rate_bpm * (1 + kit.rng.normal(0, 0.02)))
    return _laid(n_samples, peaks, [kit.sinus] * len(peaks))


def _normal(kit: _Kit, n_samples: int) -> Trace:
    return _sinus(kit, n_samples, rate_bpm=72)


def _bradycardia(kit: _Kit, n_samples: int) -> Trace:
    return _sinus(kit, n_samples, rate_bpm=42)


def _tachycardia(kit: _Kit, n_samples: int) -> Trace:
    return _sinus(kit, n_samples, rate_bpm=128)


def _fibrillation(kit: _Kit, n_samples: int) -> Trace:
    """Irregularly irregular, no P waves, a fine wave of 6.5 Hz between."""
    peaks = _peaks(n_samples, lambda: float(np.clip(kit.rng.normal(0.62, 0.16), 0.34, 1.3)))
    at_s = np.arange(n_samples) / FS_HZ
    waves = 0.04 * np.sin(2 * np.pi * (6.5 * at_s + 0.3 * np.sin(2 * np.pi * 0.7 * at_s)))
    return _laid(n_samples, peaks, [kit.without_p] * len(peaks)) + waves


def _wide() -> Trace:
    """A ventricular beat: 150 ms wide, no P wave, T wave against it."""
    at_s = np.arange(round(0.7 * FS_HZ)) / FS_HZ - 0.25
    return 1.5 * np.exp(-0.5 * (at_s / 0.035) ** 2) - 0.5 * np.exp(-0.5 * ((at_s - 0.24) / 0.07) ** 2)


def _ectopy(kit: _Kit, n_samples: int) -> Trace:
    """Sinus rhythm with a premature wide beat, and its pause, for every fifth or so."""
    peaks: list[int] = []
    beats: list[Trace] = []
    at, period = 0.5, 60 / 72
    while at * FS_HZ < n_samples:
        peaks.append(round(at * FS_HZ))
        beats.append(kit.sinus)
        if kit.rng.random() < 0.2:  # noqa: PLR2004 - one in five
            peaks.append(round((at + 0.6 * period) * FS_HZ))
            beats.append(_wide())
            at += period
        at += period
    return _laid(n_samples, peaks, beats)


def _ventricular_run(_: _Kit, n_samples: int) -> Trace:
    peaks = _peaks(n_samples, lambda: 60 / 170)
    return _laid(n_samples, peaks, [_wide()] * len(peaks))


def _noisy(kit: _Kit, n_samples: int) -> Trace:
    """Sinus rhythm under muscle noise."""
    return _normal(kit, n_samples) + kit.rng.normal(0, 0.35, n_samples)


_PROGRAMME: tuple[tuple[Callable[[_Kit, int], Trace], float], ...] = (
    (_normal, 40.0),
    (_ectopy, 40.0),
    (_fibrillation, 60.0),
    (_normal, 20.0),
    (_ventricular_run, 6.0),
    (_normal, 20.0),
    (_bradycardia, 40.0),
    (_noisy, 15.0),
    (_tachycardia, 30.0),
)
