"""What a project wants of its readers' agreement, label by label, and whether it is so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from labeling_server.programme.report import ClassFigures, SpanFigures


@dataclass(frozen=True, slots=True)
class TargetFigure:
    """What is wanted of a label or class, and what it is: alpha of beats and answers, the least IoU of spans."""

    name: str
    target: float
    value: float | None
    is_met: bool


def targets_of(
    wanted: Mapping[str, float],
    classes: Iterable[ClassFigures | None],
    spans: Iterable[SpanFigures],
    people: Collection[str],
) -> list[TargetFigure]:
    """Each target beside what was found; a label that several tables name takes the first.

    Parameters
    ----------
    people : readers whose agreement counts: not a machine's, nor that of a consensus with those that it is of.
    """
    values: dict[str, float | None] = {}
    for found in classes:
        for one in found.by_category if found else ():
            values.setdefault(one.label, one.alpha.value)
    least: dict[str, float] = {}
    for span in spans:
        if span.iou.value is not None and {span.first, span.second} <= set(people):
            least[span.label] = min(least.get(span.label, 1.0), span.iou.value)
    values = {**least, **values}
    return [
        TargetFigure(name, target, values.get(name), (value := values.get(name)) is not None and value >= target)
        for name, target in sorted(wanted.items())
    ]
