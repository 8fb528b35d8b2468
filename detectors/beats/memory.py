"""The beat detector's plan and state as compiled code sees them: named views of one array each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from detectors.beats import slots as slot
from detectors.beats.plan import (
    N_ACTIVITY,
    N_BAND,
    N_BASELINE,
    N_CANDIDATES,
    N_CLUSTERS,
    N_FEATURES,
    N_HEIGHTS,
    N_INTERVALS,
    N_LOGS,
    N_LOWPASS,
    N_POINTS,
    N_QRS,
    Arrays,
    Plan,
)
from detectors.loops.compiled import inner

if TYPE_CHECKING:
    from detectors.beats.plan import Floats, Int


@inner
def _table(memory: Floats, at: Int, n_rows: Int, n_columns: Int) -> Floats:
    return memory[at : at + n_rows * n_columns].reshape((n_rows, n_columns))


@inner
def _cube(memory: Floats, at: Int, n_first: Int, n_rows: Int, n_columns: Int) -> Floats:
    return memory[at : at + n_first * n_rows * n_columns].reshape((n_first, n_rows, n_columns))


@inner
def plan_of(numbers: Floats) -> Plan:
    """What `beats.plan.packed` made one array of."""
    low = np.int64(3)
    base = low + N_LOWPASS * 6
    band = base + N_BASELINE * 6
    low_settled = band + N_BAND * 6
    base_settled = low_settled + N_LOWPASS * 2
    band_settled = base_settled + N_BASELINE * 2
    rest = band_settled + N_BAND * 2
    return Plan(
        int(numbers[0]),
        numbers[1],
        numbers[2],
        _table(numbers, low, np.int64(N_LOWPASS), np.int64(6)),
        _table(numbers, base, np.int64(N_BASELINE), np.int64(6)),
        _table(numbers, band, np.int64(N_BAND), np.int64(6)),
        _table(numbers, low_settled, np.int64(N_LOWPASS), np.int64(2)),
        _table(numbers, base_settled, np.int64(N_BASELINE), np.int64(2)),
        _table(numbers, band_settled, np.int64(N_BAND), np.int64(2)),
        int(numbers[rest]),
        int(numbers[rest + 1]),
        int(numbers[rest + 2]),
        int(numbers[rest + 3]),
        int(numbers[rest + 4]),
        int(numbers[rest + 5]),
        int(numbers[rest + 6]),
        int(numbers[rest + 7]),
        numbers[rest + 8],
    )


@inner
def arrays_of(memory: Floats, n_leads: Int, ring: Int) -> Arrays:
    """What `beats.plan.new_memory` made one array of."""
    counts = memory[: slot.N_COUNTS].view(np.int64)
    numbers = np.int64(slot.N_COUNTS)
    pending = numbers + slot.N_NUMBERS
    intervals = pending + slot.N_PENDING_SLOTS + N_FEATURES
    logs = intervals + N_INTERVALS
    activity = logs + N_LOGS
    clusters = activity + N_ACTIVITY
    low = clusters + N_CLUSTERS * slot.N_CLUSTER_SLOTS
    base = low + n_leads * N_LOWPASS * 2
    band = base + n_leads * N_BASELINE * 2
    leads = band + n_leads * N_BAND * 2
    candidates = leads + n_leads * slot.N_LEAD_SLOTS
    heights = candidates + N_CANDIDATES * (slot.PER_LEAD + n_leads)
    waves = heights + (n_leads + 1) * N_HEIGHTS
    templates = waves + 2 * n_leads * N_QRS
    rings = templates + N_CLUSTERS * n_leads * N_POINTS
    two = np.int64(2)
    return Arrays(
        _cube(memory, low, n_leads, np.int64(N_LOWPASS), two),
        _cube(memory, base, n_leads, np.int64(N_BASELINE), two),
        _cube(memory, band, n_leads, np.int64(N_BAND), two),
        _table(memory, leads, n_leads, np.int64(slot.N_LEAD_SLOTS)),
        _cube(memory, rings, np.int64(slot.N_RINGS), n_leads, ring),
        memory[activity : activity + N_ACTIVITY],
        _table(memory, candidates, np.int64(N_CANDIDATES), slot.PER_LEAD + n_leads),
        _table(memory, heights, n_leads + 1, np.int64(N_HEIGHTS)),
        memory[intervals : intervals + N_INTERVALS],
        memory[logs : logs + N_LOGS],
        _cube(memory, templates, np.int64(N_CLUSTERS), n_leads, np.int64(N_POINTS)),
        _table(memory, clusters, np.int64(N_CLUSTERS), np.int64(slot.N_CLUSTER_SLOTS)),
        _table(memory, waves, two, n_leads * N_QRS),
        memory[pending:intervals],
        memory[numbers:pending],
        counts,
    )
