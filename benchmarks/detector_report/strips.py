"""Strips on ECG paper, 25 mm/s and 10 mm/mV, with what experts and a detector say of each beat, as PNG."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.detector_report.parts import IMAGES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from detectors.evaluation.marks import Mark
    from signal_processing.values import Signal

STRIP_S = 10.0
MM_S, MM_MV = 25.0, 10.0
LEAD_MM, MARKS_MM = 30.0, 6.0
"""Height of a lead, which shows 3 mV, and of a row of marks."""
MM_PER_INCH = 25.4
DPI = 90
MAX_BYTES = 100_000
N_COLORS = 64
PAPER, FINE, COARSE = "#fffaf7", "#f6d9d3", "#e9b3a8"
TRACE, REFERENCE, TEST, WRONG = "#1a1a1a", "#1a1a1a", "#0b5c9e", "#c00000"


def draw(  # noqa: PLR0913 - what stands on the strip
    file: str,
    signal: Signal,
    samples: np.ndarray,
    start: int,
    reference: Sequence[Mark],
    test: Sequence[Mark],
    wrong: Sequence[int],
    *,
    title: str,
) -> None:
    """Ten seconds from sample `start`: all leads, the reference's marks above, the detector's below, `wrong` shaded."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    fs_hz = signal.fs_hz
    width_mm = STRIP_S * MM_S
    height_mm = signal.n_channels * LEAD_MM + 2 * MARKS_MM + 6.0
    figure = plt.figure(figsize=(width_mm / MM_PER_INCH, height_mm / MM_PER_INCH), facecolor=PAPER)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width_mm), ylim=(0, height_mm))
    axes.axis("off")
    _paper(axes, width_mm, height_mm)
    end = start + round(STRIP_S * fs_hz)
    for sample in wrong:
        at_mm = (sample - start) / fs_hz * MM_S
        axes.axvspan(at_mm - 3, at_mm + 3, color=WRONG, alpha=0.13, linewidth=0)
    part = samples[start:end]
    x_mm = np.arange(len(part)) / fs_hz * MM_S
    for i, channel in enumerate(signal.channels):
        middle_mm = height_mm - 6.0 - MARKS_MM - (i + 0.5) * LEAD_MM
        y_mm = np.clip((part[:, i] - np.nanmedian(part[:, i])) * MM_MV, -LEAD_MM / 2, LEAD_MM / 2)
        axes.plot(x_mm, middle_mm + y_mm, color=TRACE, linewidth=0.8)
        axes.text(1.5, middle_mm + LEAD_MM / 2 - 4, channel.name, fontsize=8, color=TRACE)
    top_mm = height_mm - 6.0 - MARKS_MM / 2
    _letters(axes, reference, (start, end, fs_hz), top_mm, REFERENCE)
    _letters(axes, test, (start, end, fs_hz), MARKS_MM / 2, TEST)
    axes.text(1.5, height_mm - 4.2, f"{title}; experts above, detector below", fontsize=8, color=TRACE)
    _save(figure, file)


def _paper(axes: Any, width_mm: float, height_mm: float) -> None:
    for step_mm, color, width in ((1, FINE, 0.4), (5, COARSE, 0.6)):
        axes.vlines(np.arange(0, width_mm + 1, step_mm), 0, height_mm, color=color, linewidth=width)
        axes.hlines(np.arange(0, height_mm + 1, step_mm), 0, width_mm, color=color, linewidth=width)


def _letters(axes: Any, marks: Sequence[Mark], where: tuple[int, int, float], y_mm: float, color: str) -> None:
    start, end, fs_hz = where
    for mark in marks:
        if start <= mark.sample < end:
            text = mark.aux if mark.symbol == "+" else mark.symbol
            x_mm = (mark.sample - start) / fs_hz * MM_S
            axes.text(x_mm, y_mm, text, fontsize=9, color=color, ha="center", va="center", fontweight="bold")


def _save(figure: Any, file: str) -> None:
    """As a picture of few colours: lines on paper need no more, and it is half the size."""
    from matplotlib import pyplot as plt
    from PIL import Image

    drawn = io.BytesIO()
    figure.savefig(drawn, dpi=DPI, facecolor=PAPER)
    plt.close(figure)
    IMAGES.mkdir(parents=True, exist_ok=True)
    path = IMAGES / file
    Image.open(drawn).convert("RGB").quantize(N_COLORS).save(path, optimize=True)
    if path.stat().st_size > MAX_BYTES:
        msg = f"{file} must have at most {MAX_BYTES} bytes, got {path.stat().st_size}"
        raise ValueError(msg)
