"""Plots of the report, as PNG."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.detector_report.parts import IMAGES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

OURS = ("#0b5c9e", "#4fa0d8")
OTHERS = ("#b35c00", "#7a7a7a", "#a3a3a3", "#5a5a5a", "#c9a27a", "#8c6d8c")
STYLES = ("-", "--", "-.", ":", (0, (3, 1, 1, 1)), (0, (5, 1)))
DPI = 110


def curves(
    file: str, title: str, x: str, y: str, lines: Mapping[str, Sequence[tuple[float, float]]], *, n_ours: int = 2
) -> None:
    """Lines over a common axis, ours in blue; each is named at its side, no colour alone tells it."""
    figure, axes = _figure()
    for i, (name, points) in enumerate(lines.items()):
        is_ours = i < n_ours
        color = OURS[i] if is_ours else OTHERS[(i - n_ours) % len(OTHERS)]
        style = "-" if is_ours else STYLES[(i - n_ours) % len(STYLES)]
        xs, ys = zip(*points, strict=True)
        axes.plot(xs, ys, color=color, linestyle=style, linewidth=2.4 if is_ours else 1.4, marker="o", ms=4, label=name)
    axes.set(title=title, xlabel=x, ylabel=y)
    axes.invert_xaxis()
    axes.grid(color="#dddddd", linewidth=0.6)
    axes.legend(fontsize=8, frameon=False)
    _save(figure, file)


def _figure() -> tuple[Any, Any]:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7.2, 4.2), layout="constrained")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.title.set_fontsize(10)
    return figure, axes


def _save(figure: Any, file: str) -> None:
    from matplotlib import pyplot as plt

    IMAGES.mkdir(parents=True, exist_ok=True)
    figure.savefig(IMAGES / file, dpi=DPI, metadata={"Software": ""})
    plt.close(figure)
