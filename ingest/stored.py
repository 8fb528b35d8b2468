"""What came of a batch, and what is left to be done."""

from __future__ import annotations

from typing import NamedTuple


class Stored(NamedTuple):
    """What a batch came to; sample times, over all groups.

    `n_old` of the `n_groups` are of a backlog: their detectors read it later. `n_late` of the `n_samples` came after
    later ones: they are stored, but detectors had passed them already. `detector_s` of the worker's time went into
    detectors, `write_s` is what the transaction took beside them.
    """

    n_samples: int = 0
    n_duplicate: int = 0
    n_late: int = 0
    n_groups: int = 0
    n_old: int = 0
    n_blocks: int = 0
    n_beats: int = 0
    n_spans: int = 0
    n_checkpoint_bytes: int = 0
    detector_s: float = 0.0
    write_s: float = 0.0


class Behind(NamedTuple):
    """Of how many channel groups the detectors are behind what is stored, and how much signal at most, s."""

    n_groups: int = 0
    most_s: float = 0.0
