"""The sample loop of `crests`, compiled: pulses are spoken of, and breaths are meant as well."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors.loops.compiled import compiled, inlined, inner
from detectors.loops.medians import median

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

N_USUAL = 8
"""Pulses whose medians are the usual rise, interval and time to peak."""

N_SHAPE = 18
"""Points of the shape of a pulse."""

N_BINS = 9
"""Parts that the recent range is kept in, the newest one incomplete."""

COUNT, IS_RISING, CREST, TROUGH, LAST, BEFORE_LAST, N_PULSES, N_TURNS, N_PENDING = 0, 1, 2, 3, 4, 5, 6, 7, 8
FOLLOWED, PENDING = 9, 10
N_WAITING = 2
N_COUNTS = PENDING + N_WAITING
"""Samples taken; whether the wave rises; samples of its newest crest and trough; the newest pulse and the one before it
(-1: none); pulses found; turns since the newest pulse; how many crests wait for what follows them; samples followed;
the crests that wait."""

REFERENCE, HELD, CREST_VALUE, TROUGH_VALUE, PENDING_RISE, PENDING_TO_PEAK, PENDING_TURNS = 0, 1, 2, 3, 4, 6, 8
MOTION, GRAVITY, LIKENESS, UNEVENNESS, TURNS, USUAL_RISE, LOW = 10, 11, 12, 13, 14, 15, 16
HIGH = LOW + N_BINS
RISES = HIGH + N_BINS
INTERVALS = RISES + N_USUAL
TO_PEAKS = INTERVALS + N_USUAL
SHAPE = TO_PEAKS + N_USUAL
N_LEVELS = SHAPE + N_SHAPE
"""First valid sample, newest valid one; the wave at its newest crest and trough; rise, time to peak and turns of the
two crests that wait; motion and gravity, m/s2; likeness, unevenness of rise and turns of late; the usual rise; extremes
of each part of the recent range; rises, intervals and times to peak of the newest pulses; usual shape."""

APART, WAIT, BIN, BEFORE, AFTER, SETTLE, SECOND = 0, 1, 2, 3, 4, 5, 6
"""Widths, in samples: least distance of two pulses; how long a crest waits for the wave to fall; a part of the recent
range; the shape before and after a crest; what is heard before the first pulse is said; a second."""

TURN_SHARE = 0.12
"""A wave turns where it comes back by this share of the usual rise."""

LATE_RISE, EARLY_RISE = 0.22, 0.65
"""Least rise of a pulse, as a share of the usual one: when one is due, and when it comes much too soon."""

DUE_SHARE = 0.65
"""Share of the usual interval after which the next pulse is due."""

SOON_SHARE = 0.3
"""What is much too soon: before the pulse is due by this share of that time. Between the two it is in between."""

FIRST_SHARE = 0.7
"""The usual rise before there is any, as a share of the recent range."""

LATE_WEIGHT = 0.25
"""Weight of the newest pulse in what was seen of late."""

MAX_UNEVEN, MAX_TURNS = 1.5, 20.0
"""Where an uneven rise (as a logarithm) and the number of turns stop counting."""

MOTION_DOUBT = 2.0
"""Motion that halves the odds of a pulse, m/s2: about that of a brisk walk at the wrist."""

SHAPE_WEIGHT = 0.12
"""Weight of the newest pulse in the usual shape."""

WITHDRAWN_SHARE = 0.6
"""A small early crest that waits is none where the one that follows it too soon rises more than that, by this share."""

_EPSILON = 1e-12


@inlined
def _section(sos: Floats, z: Floats, x: float) -> float:
    y: float = sos[0] * x + z[0]
    z[0] = sos[1] * x - sos[4] * y + z[1]
    z[1] = sos[2] * x - sos[5] * y
    return y


@inner
def _usual(values: Floats, n: int) -> float:
    kept = np.empty(min(n, N_USUAL))
    for i in range(kept.shape[0]):
        kept[i] = values[i]
    return median(kept)


@inner
def _range(levels: Floats) -> float:
    low, high = levels[LOW], levels[HIGH]
    for i in range(1, N_BINS):
        low, high = min(low, levels[LOW + i]), max(high, levels[HIGH + i])
    return float(max(high - low, 0.0))


@inner
def _set_usual_rise(counts: Ints, levels: Floats) -> None:
    """The usual rise, or less where all that was lately seen is smaller: so it is found again after a sudden loss."""
    recent = _range(levels)
    if counts[N_PULSES] == 0:
        levels[USUAL_RISE] = FIRST_SHARE * recent
    else:
        levels[USUAL_RISE] = min(_usual(levels[RISES:INTERVALS], counts[N_PULSES]), recent)


@inner
def _is_pulse(widths: Ints, counts: Ints, levels: Floats, rise: float, usual_rise: float) -> bool:
    """Whether the crest is that of a pulse; the one that waits may be withdrawn for it."""
    if not rise > max(LATE_RISE * usual_rise, _EPSILON):
        return False
    n, since = counts[N_PULSES], counts[CREST] - counts[LAST]
    if n == 0:
        return rise >= EARLY_RISE * usual_rise
    due = float(widths[APART])
    if n > 1:
        due = max(due, DUE_SHARE * _usual(levels[INTERVALS:TO_PEAKS], n - 1))
    if since >= due:
        return True
    k = counts[N_PENDING] - 1
    if k >= 0 and levels[PENDING_RISE + k] < min(WITHDRAWN_SHARE * rise, EARLY_RISE * usual_rise):
        _withdraw(counts)
        return True
    soon = min((due - since) / (SOON_SHARE * due), 1.0)
    return bool(since >= widths[APART] and rise >= (LATE_RISE + (EARLY_RISE - LATE_RISE) * soon) * usual_rise)


@inner
def _withdraw(counts: Ints) -> None:
    counts[N_PENDING] -= 1
    counts[N_PULSES] -= 1
    counts[LAST] = counts[BEFORE_LAST]


@inner
def _take_crest(widths: Ints, counts: Ints, levels: Floats) -> None:
    """The wave has turned down: its crest waits for what follows it where it is that of a pulse."""
    crest, rise = counts[CREST], levels[CREST_VALUE] - levels[TROUGH_VALUE]
    counts[N_TURNS] += 1
    if not _is_pulse(widths, counts, levels, rise, levels[USUAL_RISE]):
        return
    k = counts[N_PENDING]
    if k >= N_WAITING:
        return
    counts[PENDING + k] = crest
    levels[PENDING_RISE + k] = rise
    levels[PENDING_TO_PEAK + k] = crest - counts[TROUGH]
    levels[PENDING_TURNS + k] = counts[N_TURNS]
    counts[N_PENDING] = k + 1
    counts[N_TURNS] = 0
    slot = counts[N_PULSES] % N_USUAL
    levels[RISES + slot] = rise
    levels[TO_PEAKS + slot] = crest - counts[TROUGH]
    if counts[LAST] >= 0:
        levels[INTERVALS + (counts[N_PULSES] - 1) % N_USUAL] = crest - counts[LAST]
    counts[N_PULSES] += 1
    counts[BEFORE_LAST] = counts[LAST]
    counts[LAST] = crest
    _set_usual_rise(counts, levels)


@inlined
def _turn(widths: Ints, counts: Ints, levels: Floats, i: int, wave: float) -> None:
    """Follow the wave up and down; it turns where it comes back by a share of the usual rise."""
    if counts[IS_RISING] == 1:
        back = levels[CREST_VALUE] - wave
        if back < 0.0:
            levels[CREST_VALUE], counts[CREST] = wave, i
        elif back > TURN_SHARE * levels[USUAL_RISE] or i - counts[CREST] >= widths[WAIT]:
            if back > 0.0:
                _take_crest(widths, counts, levels)
            counts[IS_RISING] = 0
            levels[TROUGH_VALUE], counts[TROUGH] = wave, i
    elif wave < levels[TROUGH_VALUE]:
        levels[TROUGH_VALUE], counts[TROUGH] = wave, i
    elif wave - levels[TROUGH_VALUE] > TURN_SHARE * levels[USUAL_RISE]:
        counts[IS_RISING] = 1
        levels[CREST_VALUE], counts[CREST] = wave, i


@inner
def _likeness(widths: Ints, counts: Ints, levels: Floats, wave: Floats, crest: int) -> float:
    """Correlation of a pulse with the usual shape, which then takes it in; 1 of the first."""
    shape = np.empty(N_SHAPE)
    mean = 0.0
    newest = counts[COUNT] - 1
    for k in range(N_SHAPE):
        at = crest - widths[BEFORE] + (k * (widths[BEFORE] + widths[AFTER])) // (N_SHAPE - 1)
        shape[k] = wave[min(max(at, 0), newest) % wave.size]
        mean += shape[k] / N_SHAPE
    power = _EPSILON
    for k in range(N_SHAPE):
        shape[k] -= mean
        power += shape[k] * shape[k]
    product, own = 0.0, _EPSILON
    for k in range(N_SHAPE):
        shape[k] /= np.sqrt(power)
        product += shape[k] * levels[SHAPE + k]
        own += levels[SHAPE + k] ** 2
    is_first = own <= 2 * _EPSILON
    for k in range(N_SHAPE):
        levels[SHAPE + k] += (1.0 if is_first else SHAPE_WEIGHT) * (shape[k] - levels[SHAPE + k])
    return 1.0 if is_first else product / np.sqrt(own)


@inlined
def _uneven(value: float, usual: float, floor: float) -> float:
    return float(min(abs(np.log((value + floor) / (usual + floor))), MAX_UNEVEN))


@inner
def _confidence(weights: Floats, widths: Ints, counts: Ints, levels: Floats, wave: Floats) -> float:
    """How sure the crest that has waited longest is a pulse: by its shape, rise, width, and those of late."""
    n = counts[N_PULSES]
    likeness = max(_likeness(widths, counts, levels, wave, counts[PENDING]), -1.0)
    rise = _uneven(levels[PENDING_RISE], _usual(levels[RISES:INTERVALS], n), _EPSILON)
    width = _uneven(levels[PENDING_TO_PEAK], _usual(levels[TO_PEAKS:SHAPE], n), 1.0)
    turns = np.log(min(max(levels[PENDING_TURNS], 1.0), MAX_TURNS))
    weight = 1.0 if n - counts[N_PENDING] == 0 else LATE_WEIGHT
    levels[LIKENESS] += weight * (likeness - levels[LIKENESS])
    levels[UNEVENNESS] += weight * (rise - levels[UNEVENNESS])
    levels[TURNS] += weight * (turns - levels[TURNS])
    score = weights[0] + weights[1] * likeness + weights[2] * width + weights[3] * levels[LIKENESS]
    score += weights[4] * levels[UNEVENNESS] + weights[5] * levels[TURNS]
    odds = np.exp(min(max(score, -30.0), 30.0)) * 2.0 ** (-levels[MOTION] / MOTION_DOUBT)
    return float(odds / (1.0 + odds))


@inner
def _settle(weights: Floats, widths: Ints, counts: Ints, levels: Floats, rings: Floats, found: Floats) -> None:
    """Say the crest that has waited longest: where the signal itself is highest, and how sure that is."""
    raw = rings[1]
    crest, newest, reach = counts[PENDING], counts[COUNT] - 1, widths[APART] // 2
    peak = crest
    for i in range(max(crest - reach, newest - raw.size + 1, 0), min(crest + reach // 2, newest) + 1):
        if raw[i % raw.size] > raw[peak % raw.size]:
            peak = i
    found[0] = peak
    found[1] = _confidence(weights, widths, counts, levels, rings[0])
    counts[PENDING] = counts[PENDING + 1]
    for at in (PENDING_RISE, PENDING_TO_PEAK, PENDING_TURNS):
        levels[at] = levels[at + 1]
    counts[N_PENDING] -= 1


@inner
def _feel(widths: Ints, levels: Floats, axes: Floats) -> None:
    """Take one sample of an accelerometer (n_axes,), m/s2: how far its length is from what it usually is."""
    squares = 0.0
    for k in range(axes.shape[0]):
        squares += axes[k] * axes[k]
    length = np.sqrt(squares)
    if not np.isfinite(length):
        return
    if levels[GRAVITY] == 0.0:
        levels[GRAVITY] = length
    levels[GRAVITY] += (length - levels[GRAVITY]) / (4.0 * widths[SECOND])
    levels[MOTION] += (abs(length - levels[GRAVITY]) - levels[MOTION]) / widths[SECOND]


@inlined
def _hear(sos: Floats, widths: Ints, z: Floats, counts: Ints, levels: Floats, rings: Floats, raw_or_nan: float) -> None:
    """Filter one sample, keep it, and the recent range."""
    n = counts[COUNT]
    if np.isfinite(raw_or_nan):
        if np.isnan(levels[REFERENCE]):
            levels[REFERENCE] = raw_or_nan
        levels[HELD] = raw_or_nan - levels[REFERENCE]
    wave = _section(sos[0], z[0], _section(sos[1], z[1], levels[HELD]))
    at = n % rings.shape[1]
    rings[0, at], rings[1, at] = wave, levels[HELD]
    part = (n // widths[BIN]) % N_BINS
    if n % widths[BIN] == 0:
        levels[LOW + part], levels[HIGH + part] = wave, wave
    else:
        levels[LOW + part], levels[HIGH + part] = min(levels[LOW + part], wave), max(levels[HIGH + part], wave)
    counts[COUNT] = n + 1
    if n % widths[BIN] == 0 or n + 1 == widths[SETTLE]:
        _set_usual_rise(counts, levels)


@inlined
def _follow(  # noqa: PLR0913, PLR0917 - as of run_block
    weights: Floats, widths: Ints, counts: Ints, levels: Floats, rings: Floats, i: int, found: Floats, n_found: int
) -> int:
    """Follow the wave at sample i, and say what has waited long enough; gives the number of pulses found so far."""
    _turn(widths, counts, levels, i, rings[0, i % rings.shape[1]])
    while counts[N_PENDING] > 0 and i >= counts[PENDING] + widths[AFTER]:
        _settle(weights, widths, counts, levels, rings, found[n_found])
        n_found += 1
    return n_found


@compiled
def run_block(  # noqa: PLR0913, PLR0917 - compiled code takes its arrays one by one
    samples: Floats,
    columns: Ints,
    scale: Floats,
    sos: Floats,
    weights: Floats,
    widths: Ints,
    z: Floats,
    counts: Ints,
    levels: Floats,
    rings: Floats,
    found: Floats,
    is_end: bool,  # noqa: FBT001 - compiled
) -> int:
    """Take samples (n, n_channels); write pulses (sample counted from the first, confidence), give their number.

    Of `columns` the first is the photoplethysmogram, the others the axes of an accelerometer, if any, which `scale`
    turns into m/s2; `rings` (2, n_ring) are the band-passed and the raw signal. Where it `is_end`, what still waits is
    said.
    """
    n_found = 0
    n_rows = samples.shape[0]
    axes = np.empty(columns.shape[0] - 1)
    for row in range(n_rows + is_end):
        if row < n_rows:
            if axes.shape[0] > 0:
                for k in range(axes.shape[0]):
                    axes[k] = samples[row, columns[k + 1]] * scale[k]
                _feel(widths, levels, axes)
            _hear(sos, widths, z, counts, levels, rings, samples[row, columns[0]])
            if counts[COUNT] < widths[SETTLE]:  # the recent range is not known yet
                continue
        while counts[FOLLOWED] < counts[COUNT]:
            i = counts[FOLLOWED]
            counts[FOLLOWED] = i + 1
            n_found = _follow(weights, widths, counts, levels, rings, i, found, n_found)
    if is_end:
        if counts[IS_RISING] == 1 and counts[CREST] < counts[COUNT] - 1:
            _take_crest(widths, counts, levels)
        while counts[N_PENDING] > 0:
            _settle(weights, widths, counts, levels, rings, found[n_found])
            n_found += 1
    return n_found
