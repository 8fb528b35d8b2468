"""The scores that each version of a detector was measured with; `python -m benchmarks.detector_report` writes them."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import msgspec


class Score(msgspec.Struct, frozen=True):
    """Figures of one version of a detector on one set of records.

    Parameters
    ----------
    measured : what was looked at ("QRS", "beat classes").
    database : name of the set of records, `n_records` of them.
    is_held_out : whatever was learned had not seen the records.
    leads : "channel 0" or "all leads".
    figures : in per cent, unless the name says otherwise.
    """

    detector: str
    version: str
    measured: str
    database: str
    n_records: int
    is_held_out: bool
    leads: str
    figures: dict[str, float]


@cache
def scores() -> tuple[Score, ...]:
    """All that were measured."""
    data = files("detectors").joinpath("scores.json").read_bytes()
    return msgspec.json.decode(data, type=tuple[Score, ...])


def scores_of(name: str, version: str) -> list[Score]:
    """Of an annotator in one version; none where that version was not measured."""
    return [one for one in scores() if (one.detector, one.version) == (name, version)]
