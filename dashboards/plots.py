"""Throughput and lag over time, as Bokeh figures that the page's script feeds."""

from __future__ import annotations

from functools import cache
from typing import Any

from bokeh.core.types import ID
from bokeh.embed import json_item
from bokeh.models import (
    BasicTicker,
    ColumnDataSource,
    DataRange1d,
    DatetimeTicker,
    DatetimeTickFormatter,
    HoverTool,
    NumeralTickFormatter,
    Range1d,
)
from bokeh.plotting import figure

from dashboards.history import LENGTH_S

_MINUTES = "%H:%M"


@cache
def items() -> dict[str, Any]:
    """Each plot as JSON that `Bokeh.embed.embed_item` takes, keyed by the id of the element it belongs in.

    Each has one column data source with the columns `time` (ms of the zone shown), `value`, whose NaN breaks the
    line, and `area`, which is 0 where nothing is known, as an area does not break.
    """
    plots = {
        "throughput": _plot("throughput", axis_format="0.[0]a", tooltip="@value{0,0} samples/s"),
        "lag": _plot("lag", axis_format="0.[0]a", tooltip="@value{0,0} messages behind"),
    }
    return {name: json_item(plot, ID(name)) for name, plot in plots.items()}


def _plot(name: str, *, axis_format: str, tooltip: str) -> figure:
    source = ColumnDataSource({"time": [], "value": [], "area": []})
    plot = figure(
        name=name,
        sizing_mode="stretch_both",
        toolbar_location=None,
        tools=[],
        x_axis_type="datetime",
        x_range=Range1d(start=0, end=LENGTH_S * 1000),  # the script moves it with the clock
        y_range=DataRange1d(start=0, default_span=2, range_padding=0.2),
        min_border=2,
        background_fill_color=None,
        border_fill_color=None,
        outline_line_color=None,
    )
    plot.varea("time", 0, "area", source=source, fill_alpha=0.12)
    line = plot.line("time", "value", source=source, line_width=1.5)
    hover = HoverTool(
        tooltips=f"@time{{%H:%M:%S}} <br>{tooltip}", formatters={"@time": "datetime"}, mode="vline", renderers=[line]
    )
    plot.add_tools(hover)
    plot.toolbar.logo = None
    plot.xaxis.formatter = DatetimeTickFormatter(
        seconds="%H:%M:%S", minsec="%H:%M:%S", minutes=_MINUTES, hourmin=_MINUTES
    )
    plot.yaxis.formatter = NumeralTickFormatter(format=axis_format)
    plot.xaxis.ticker = DatetimeTicker(desired_num_ticks=6)
    plot.yaxis.ticker = BasicTicker(desired_num_ticks=3)
    for axis in (plot.xaxis, plot.yaxis):
        axis.minor_tick_line_color = None
        axis.axis_line_color = None
        axis.major_tick_line_color = None
    plot.xgrid.grid_line_color = None
    return plot
