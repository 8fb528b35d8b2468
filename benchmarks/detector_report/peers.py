"""Open QRS detectors on the same samples: WFDB's gqrs where its program is at hand, sleepecg, neurokit2, wfdb's xqrs.

Each takes one lead and the whole record at once, and says places without labels.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np

from benchmarks.detector_report.ours import CACHE
from formats.wfdb_files import read_marks, write_record
from signal_processing.values import Block, Channel, Signal

GQRS_GAIN = 200.0
"""Digital steps per mV of the record that gqrs is given: that of mitdb."""


@dataclass(frozen=True)
class Peer:
    """A detector of somebody else.

    Parameters
    ----------
    name : for people, with its version.
    places : of one lead in mV, (n_samples,), and its sampling rate, Hz; sample indices in order.
    """

    name: str
    places: Callable[[np.ndarray, float], np.ndarray]

    def __call__(self, lead: np.ndarray, fs_hz: float) -> np.ndarray:
        """`places`, kept on disk: the slow ones take a minute a record."""
        lead = np.ascontiguousarray(lead, dtype=np.float64)
        digest = hashlib.sha256(f"{self.name} {fs_hz}".encode() + lead.tobytes()).hexdigest()[:24]
        path = CACHE / "peers" / f"{digest}.npy"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            np.save(path, np.asarray(self.places(_filled(lead), fs_hz), dtype=np.int64))
        return np.load(path)


def peers() -> tuple[list[Peer], list[str]]:
    """Those at hand; and, in words, which are not."""
    found = [
        Peer(f"sleepecg {version('sleepecg')}", _sleepecg),
        Peer(f"neurokit2 {version('neurokit2')} pantompkins1985", _neurokit("pantompkins1985")),
        Peer(f"neurokit2 {version('neurokit2')} default", _neurokit("neurokit")),
        Peer(f"xqrs (wfdb {version('wfdb')})", _xqrs),
    ]
    program = shutil.which("gqrs", path=os.environ.get("RHYTHMARK_WFDB_BIN")) or shutil.which("gqrs")
    if program is None:
        return found, ["gqrs: its program was neither on PATH nor at RHYTHMARK_WFDB_BIN"]
    return [Peer("gqrs (WFDB)", _gqrs(program)), *found], []


def _filled(lead: np.ndarray) -> np.ndarray:
    """Without missing samples, which none of them takes: the newest value before, as a reader of files would."""
    missing = ~np.isfinite(lead)
    if not missing.any():
        return lead
    last = np.maximum.accumulate(np.where(missing, 0, np.arange(len(lead))))
    return np.nan_to_num(lead[last])


def _sleepecg(lead: np.ndarray, fs_hz: float) -> np.ndarray:
    from sleepecg import detect_heartbeats

    return detect_heartbeats(lead, fs_hz)


def _neurokit(method: str) -> Callable[[np.ndarray, float], np.ndarray]:
    def places(lead: np.ndarray, fs_hz: float) -> np.ndarray:
        from neurokit2 import ecg_clean, ecg_peaks

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                cleaned = ecg_clean(lead, sampling_rate=round(fs_hz), method=method)
                _, found = ecg_peaks(cleaned, sampling_rate=round(fs_hz), method=method)
            except (IndexError, ValueError, ZeroDivisionError):  # it found nothing, and cannot say so
                return np.empty(0, np.int64)
        return np.asarray(found["ECG_R_Peaks"])

    return places


def _xqrs(lead: np.ndarray, fs_hz: float) -> np.ndarray:
    from wfdb.processing import xqrs_detect

    return np.asarray(xqrs_detect(lead, fs=fs_hz, verbose=False))


def _gqrs(program: str) -> Callable[[np.ndarray, float], np.ndarray]:
    def places(lead: np.ndarray, fs_hz: float) -> np.ndarray:
        signal = Signal("r", "ecg", fs_hz, 0, (Channel("lead", "mV", GQRS_GAIN),))
        digital = np.clip(np.round(lead * GQRS_GAIN), -32767, 32767).astype(np.int16)[:, np.newaxis]
        with tempfile.TemporaryDirectory() as folder:
            write_record(Path(folder), "r", signal, [Block(0, digital)])
            library = Path(program).parents[1] / "lib"
            environment = os.environ | {"WFDB": ".", "LD_LIBRARY_PATH": str(library)}
            subprocess.run([program, "-r", "r"], cwd=folder, env=environment, check=True, capture_output=True)
            return np.array([mark.sample for mark in read_marks(Path(folder) / "r", "qrs")], dtype=np.int64)

    return places
