"""The Bokeh document of the workstation: two figures, their glyphs and the data sources that the page fills.

The document holds no samples. It is embedded once a page; `static/js` then fills the named data sources from the
binary routes (docs/decisions.md, "The painting"). Times are seconds since the start of the stream on a range that the
overview does not share; heights are pixels from the top, so that millimetres of ECG paper are exact whatever the data.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from bokeh.core.properties import value
from bokeh.embed import json_item
from bokeh.models import ColumnDataSource, MultiLine, Plot, Quad, Range1d, Scatter, Segment, Text
from bokeh.models.glyphs import Patches

if TYPE_CHECKING:
    from bokeh.models.glyph import Glyph  # noqa: TC004 - the field of a dataclass, read by no one at run time

FONT = "system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif"


@dataclass(frozen=True, slots=True)
class Layer:
    """One glyph with its own data source; `name` is how the page finds the source, columns are its empty columns."""

    name: str
    glyph: Glyph
    columns: tuple[str, ...]


def _segments(name: str, *, width: float = 1.0, dash: str = "solid") -> Layer:
    glyph = Segment(x0="x0", y0="y0", x1="x1", y1="y1", line_color="color", line_width=width, line_dash=dash)
    return Layer(name, glyph, ("x0", "y0", "x1", "y1", "color"))


def _lines(name: str, *, width: float) -> Layer:
    glyph = MultiLine(xs="xs", ys="ys", line_color="color", line_width=width, line_join="round")
    return Layer(name, glyph, ("xs", "ys", "color"))


def _quads(name: str, **look: Any) -> Layer:
    glyph = Quad(left="left", right="right", top="top", bottom="bottom", **look)
    return Layer(name, glyph, ("left", "right", "top", "bottom", "color"))


def _texts(name: str, *, align: str = "left", size_px: int = 11, style: str = "normal") -> Layer:
    look: dict[str, Any] = {"text_align": align, "text_font_style": style, "text_baseline": "middle"}
    glyph = Text(x="x", y="y", text="text", text_color="color", **look)
    glyph.update(text_font=value(FONT), text_font_size=value(f"{size_px}px"))
    return Layer(name, glyph, ("x", "y", "text", "color"))


def strip_layers() -> tuple[Layer, ...]:
    """Glyphs of the strip, bottom to top: paper, shade of the selection, signal, marks, spans, beats, past, calipers.

    The shade lies over the grid, not under it: there it takes 6 % of the contrast of the lines, below them most of it.
    """
    filled = {"fill_color": "color", "line_color": None}
    outlined = {"fill_color": "color", "fill_alpha": 0.10, "line_color": "color", "line_dash": [4, 3]}
    hatched = {"fill_color": "color", "fill_alpha": 0.12, "line_color": "color", "hatch_color": "color"}
    return (
        _segments("grid_fine", width=1.0),
        _segments("grid_bold", width=1.0),
        _quads("shade", fill_alpha=0.06, **filled),
        _segments("head", width=1.5),
        _lines("pulse", width=1.2),
        _lines("trace", width=1.25),
        _segments("marks", width=1.0, dash="dashed"),
        _segments("edges", width=1.5),
        _quads("handles", **filled),
        _quads("proposed", **outlined),
        _quads("filled", fill_alpha=0.9, **filled),
        _quads("ambiguous", hatch_pattern="right_diagonal_line", hatch_alpha=0.7, hatch_scale=8, **hatched),
        Layer("notches", Patches(xs="xs", ys="ys", fill_color="color", line_color=None), ("xs", "ys", "color")),
        _quads("cuts", fill_color=None, line_color="color", hatch_pattern="cross", hatch_color="color", hatch_scale=9),
        _segments("struck", width=1.5),
        _quads("ring", fill_color=None, line_color="color", line_width=2),
        _quads("evidence", **filled),
        _texts("span_labels", style="bold"),
        _quads("beat_chip", **filled),
        _segments("beat_ticks", width=1.0),
        Layer("beat_dots", Scatter(x="x", y="y", size=4, fill_color="color", line_color=None), ("x", "y", "color")),
        _texts("beats", align="center", size_px=13, style="bold"),
        _quads("ghost", fill_color=None, line_color="color", line_dash=[4, 3], line_width=1.5),
        _segments("ghost_edges", width=1.25, dash="dashed"),
        _texts("ghost_names", style="bold"),
        _segments("caliper_march", width=1.0, dash="dotted"),
        _segments("calipers", width=1.25),
        _quads("caliper_grips", **filled),
        Layer(
            "caliper_points", Scatter(x="x", y="y", size=6, fill_color="color", line_color=None), ("x", "y", "color")
        ),
        _texts("axis", align="center"),
        _segments("axis_ticks"),
        _texts("names", style="bold", size_px=12),
        _texts("bar_names"),
        _texts("row_names"),
    )


def overview_layers() -> tuple[Layer, ...]:
    """Glyphs of the whole-recording overview: brush, heart rate, events, quality, head."""
    filled = {"fill_color": "color", "line_color": None}
    return (
        _quads("overview_brush", fill_alpha=0.18, **filled),
        _segments("overview_rules"),
        _quads("overview_spans", fill_alpha=0.9, **filled),
        _lines("overview_rate", width=1.2),
        _segments("overview_head", width=1.5),
        _segments("overview_brush_edges", width=1.0),
        _texts("overview_texts"),
        _texts("overview_times", align="center"),
    )


def _plot(name: str, layers: tuple[Layer, ...]) -> Plot:
    """A bare plot without axes, toolbar, border or tools: the page itself handles keys and pointer."""
    plot = Plot(
        name=name,
        x_range=Range1d(start=0, end=10, name=f"{name}_x"),
        y_range=Range1d(start=100, end=0, name=f"{name}_y"),
        width=600,
        height=100,
        min_border=0,
        outline_line_color=None,
        toolbar_location=None,
        background_fill_color=None,
        border_fill_color=None,
        lod_threshold=None,  # Bokeh's level of detail keeps every 10th sample and loses R peaks
        output_backend="canvas",  # measured faster than WebGL here: 26 against 127 ms for a jump
    )
    for layer in layers:
        source = ColumnDataSource({column: [] for column in layer.columns}, name=layer.name)
        plot.add_glyph(source, layer.glyph)
    return plot


@cache
def figure_items() -> dict[str, Any]:
    """Both figures as Bokeh JSON items {"overview": ..., "strip": ...}; the same for every page, so built once."""
    plots = (_plot("overview", overview_layers()), _plot("strip", strip_layers()))
    return {str(plot.name): json_item(plot) for plot in plots}
