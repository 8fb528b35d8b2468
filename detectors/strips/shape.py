"""What the shape of the beats says: likeness, width, P wave, T wave, and what moves where no beat is.

The usual beat of a strip is the median of its beats that are like each other, on a baseline taken before the QRS
complex. Amplitudes are relative to its QRS complex, so that gain changes nothing, and it is turned so that the QRS
complex points upwards, so that polarity changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from detectors.strips.beats import windows
from detectors.strips.strip import FS_HZ, within

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from detectors.strips.beats import Beats
    from detectors.strips.strip import Strip

    Floats = NDArray[np.float64]

NAN = float("nan")
BEFORE_S, AFTER_S = 0.32, 0.5
BEFORE, AFTER = round(BEFORE_S * FS_HZ), round(AFTER_S * FS_HZ)
QRS_HALF_S = 0.08
ATRIAL_HZ = (3.5, 12.0)
TRUSTED = 0.7
"""Likeness of beats that the usual one is made of."""
MIN_BEATS = 4


class Shape(NamedTuple):
    """The usual beat and each beat.

    Parameters
    ----------
    waves : (n, BEFORE + AFTER) each beat, upright, relative to the height of the usual QRS complex.
    usual : (BEFORE + AFTER,) their median.
    sign : what turns the strip upright.
    scale : the height of the usual QRS complex, in the unit of the strip.
    """

    waves: Floats
    usual: Floats
    sign: float
    scale: float


def shape_of(strip: Strip, beats: Beats) -> Shape:
    """The shape of beats, of which there must be one at least."""
    waves = windows(strip.clean, np.rint(beats.at).astype(np.int64), BEFORE, AFTER)
    waves = waves - np.median(waves[:, _part(-0.09, -0.05)], axis=1, keepdims=True)
    trusted = beats.likeness >= min(TRUSTED, float(np.median(beats.likeness)))
    usual = np.median(waves[trusted], axis=0)
    qrs = usual[_part(-QRS_HALF_S, QRS_HALF_S)]
    sign = 1.0 if np.sum(qrs**3) >= 0 else -1.0
    scale = max(float(qrs.max() - qrs.min()), 1e-9)
    return Shape(sign * waves / scale, sign * usual / scale, sign, scale)


def _part(start_s: float, end_s: float) -> slice:
    """The samples of a beat from one time from its QRS complex to another, s."""
    return slice(BEFORE + round(start_s * FS_HZ), BEFORE + round(end_s * FS_HZ))


def of_shape(strip: Strip, beats: Beats, shape: Shape | None) -> dict[str, float]:
    """Figures of the shape; NaN where there are too few beats."""
    figures = dict.fromkeys(NAMES, NAN)
    figures["likeness_median"] = float(np.median(beats.likeness)) if len(beats.likeness) else NAN
    if shape is None or len(beats.at) < MIN_BEATS:
        return figures
    rr = np.diff(beats.at) / FS_HZ
    figures |= _likenesses(beats) | _qrs(shape, beats) | _p_wave(shape, rr) | _t_wave(shape, rr)
    return figures | _ectopic(shape, rr) | _between(strip, beats, shape, rr)


def _likenesses(beats: Beats) -> dict[str, float]:
    likeness = beats.likeness
    return {
        "likeness_p10": float(np.percentile(likeness, 10)),
        "likeness_p25": float(np.percentile(likeness, 25)),
        "likeness_min": float(likeness.min()),
        "unlike_share": float(np.mean(likeness < 0.8)),  # noqa: PLR2004 - correlation
        "very_unlike_share": float(np.mean(likeness < 0.5)),  # noqa: PLR2004 - correlation
        "height_cv": float(beats.height.std() / beats.height.mean()),
        "height_max": float(beats.height.max() / np.median(beats.height)),
        "height_min": float(beats.height.min() / np.median(beats.height)),
        "height_alternates": _alternation(beats.height),
    }


def _alternation(values: Floats) -> float:
    centred = values - values.mean()
    size = float(centred @ centred)
    return float(centred[:-1] @ centred[1:]) / size if size > 0 else 0.0


def _width_s(wave: Floats) -> float:
    """Time within which the middle 90 % of the energy of the slope of a QRS complex lies, s."""
    slope = np.diff(wave[_part(-0.12, 0.14)])
    energy = np.cumsum(slope * slope)
    low, high = np.searchsorted(energy, [0.05 * energy[-1], 0.95 * energy[-1]])
    return float(high - low) / FS_HZ


def _qrs(shape: Shape, beats: Beats) -> dict[str, float]:
    usual = shape.usual
    qrs = usual[_part(-QRS_HALF_S, QRS_HALF_S)]
    widths = np.array([_width_s(wave) for wave in shape.waves])
    level = np.abs(usual[_part(-0.15, 0.2)]) > 0.15 * np.abs(qrs).max()
    spread = np.median(np.abs(shape.waves - usual), axis=0)
    return {
        "qrs_width_s": _width_s(usual),
        "qrs_width_at_level_s": float(level.sum()) / FS_HZ,
        "qrs_width_max_s": float(widths.max()),
        "qrs_width_p90_s": float(np.percentile(widths, 90)),
        "qrs_down": float(qrs.min()),
        "qrs_q": float(usual[_part(-QRS_HALF_S, 0)].min()),
        "qrs_s": float(usual[_part(0, QRS_HALF_S)].min()),
        "qrs_slope": float(np.abs(np.diff(qrs)).max()),
        "qrs_spread": float(spread[_part(-QRS_HALF_S, QRS_HALF_S)].mean()),
        "spread_before": float(spread[_part(-0.3, -0.1)].mean()),
        "spread_after": float(spread[_part(0.1, 0.45)].mean()),
        "beats_per_s": len(beats.at) / max((beats.at[-1] - beats.at[0]) / FS_HZ, 1.0),
    }


def _p_wave(shape: Shape, rr: Floats) -> dict[str, float]:
    """The P wave of the usual beat, and whether each beat has it."""
    reach_s = min(0.28, 0.45 * float(np.median(rr)))
    part = _part(-reach_s, -0.05)
    usual = shape.usual[part]
    line = np.linspace(usual[:10].mean(), usual[-6:].mean(), len(usual))
    bump = usual - line
    peak = int(np.argmax(np.abs(bump)))
    each = shape.waves[:, part]
    each = each - each.mean(axis=1, keepdims=True)
    centred = usual - usual.mean()
    size = np.sqrt((each * each).sum(axis=1) * (centred @ centred))
    likeness = each @ centred / np.maximum(size, 1e-12)
    fitted = each @ centred / max(float(centred @ centred), 1e-12)
    rest = each - centred
    steady = float((centred @ centred) / max(float(np.median((rest * rest).sum(axis=1))), 1e-12))
    slope = np.diff(usual)
    return {
        "p_height": float(bump[peak]),
        "p_size": float(np.abs(bump).max()),
        "p_energy": float(np.sqrt(np.mean(bump * bump))),
        "p_before_s": float(len(usual) - peak) / FS_HZ + 0.05,
        "p_likeness_median": float(np.median(likeness)),
        "p_likeness_p25": float(np.percentile(likeness, 25)),
        "p_likeness_p75": float(np.percentile(likeness, 75)),
        "p_fit_spread": float(np.median(np.abs(fitted - np.median(fitted)))),
        "p_steady": float(np.log(steady)),
        "p_turns": float(np.sum(slope[:-1] * slope[1:] < 0)),
        "p_unlike_share": float(np.mean(likeness < 0.3)),  # noqa: PLR2004 - correlation
    }


def _t_wave(shape: Shape, rr: Floats) -> dict[str, float]:
    reach_s = min(0.45, 0.65 * float(np.median(rr)))
    part = _part(0.12, reach_s)
    usual = shape.usual[part]
    at = int(np.argmax(np.abs(usual - np.median(usual))))
    each = shape.waves[:, part] - shape.waves[:, part].mean(axis=1, keepdims=True)
    centred = usual - usual.mean()
    size = np.sqrt((each * each).sum(axis=1) * (centred @ centred))
    likeness = each @ centred / np.maximum(size, 1e-12)
    return {
        "t_height": float(usual[at]),
        "t_range": float(usual.max() - usual.min()),
        "t_at_s": 0.12 + at / FS_HZ,
        "t_at_relative": (0.12 + at / FS_HZ) / float(np.sqrt(np.median(rr))),
        "st_level": float(shape.usual[_part(0.09, 0.12)].mean()),
        "t_likeness_median": float(np.median(likeness)),
        "t_likeness_p25": float(np.percentile(likeness, 25)),
    }


def _ectopic(shape: Shape, rr: Floats) -> dict[str, float]:
    """Beats that are early, or wide, or unlike the usual one, and several of these at once."""
    usual = float(np.median(rr))
    relative = np.concatenate([[1.0], rr / usual])
    following = np.concatenate([rr / usual, [1.0]])
    early, late_after = relative < 0.88, following > 1.1  # noqa: PLR2004 - of the usual interval
    centred = shape.usual[_part(-0.1, 0.3)] - shape.usual[_part(-0.1, 0.3)].mean()
    each = shape.waves[:, _part(-0.1, 0.3)]
    each = each - each.mean(axis=1, keepdims=True)
    size = np.sqrt((each * each).sum(axis=1) * (centred @ centred))
    whole = each @ centred / np.maximum(size, 1e-12)
    widths = np.array([_width_s(wave) for wave in shape.waves])
    wide = widths > _width_s(shape.usual) + 0.03
    energy = np.sqrt((each * each).mean(axis=1))
    big = energy > 1.5 * float(np.median(energy))
    p_part = _part(-min(0.28, 0.45 * usual), -0.05)
    p_usual = shape.usual[p_part] - shape.usual[p_part].mean()
    p_each = shape.waves[:, p_part] - shape.waves[:, p_part].mean(axis=1, keepdims=True)
    p_apart = np.sqrt(((p_each - p_usual) ** 2).mean(axis=1))
    p_apart = p_apart / max(float(np.median(p_apart)), 1e-9)
    unlike = whole < 0.7  # noqa: PLR2004 - correlation
    early_unlike = early & unlike
    return {
        "whole_likeness_median": float(np.median(whole)),
        "whole_likeness_p10": float(np.percentile(whole, 10)),
        "whole_likeness_min": float(whole.min()),
        "wide_share": float(wide.mean()),
        "big_share": float(big.mean()),
        "early_unlike": float(early_unlike.sum()),
        "early_like": float(np.sum(early & (whole > 0.85))),  # noqa: PLR2004 - correlation
        "early_wide": float(np.sum(early & wide)),
        "unlike_big_late": float(np.sum(unlike & big & late_after)),
        "unlike_on_time": float(np.sum(unlike & ~early & ~late_after)),
        "early_likeness": float(whole[early].mean()) if early.any() else NAN,
        "early_p_apart": float(p_apart[early].mean()) if early.any() else NAN,
        "second_shape_share": _second_shape(each, whole),
    }


def _second_shape(each: Floats, whole: Floats) -> float:
    """The share of beats that are like one another and not like the usual one."""
    apart = np.flatnonzero(whole < 0.75)  # noqa: PLR2004 - correlation
    if len(apart) < 2:  # noqa: PLR2004 - no two
        return 0.0
    unit = each[apart] / np.maximum(np.sqrt((each[apart] ** 2).sum(axis=1, keepdims=True)), 1e-12)
    alike = (unit @ unit.T > 0.85).sum(axis=1) - 1  # noqa: PLR2004 - correlation
    return float(alike.max() + (alike.max() > 0)) / len(whole)


def _between(strip: Strip, beats: Beats, shape: Shape, rr: Floats) -> dict[str, float]:
    """What moves where no QRS complex and no T wave is, with the usual beat taken away: the waves of the atria."""
    rest = shape.sign * strip.clean / shape.scale
    at = np.rint(beats.at).astype(np.int64)
    is_free = np.ones(len(rest), bool)
    usual = shape.usual - np.linspace(shape.usual[:8].mean(), shape.usual[-8:].mean(), len(shape.usual))
    for one, wave in zip(at, shape.waves, strict=True):
        low, high = max(one - BEFORE, 0), min(one + AFTER, len(rest))
        inside = slice(low - one + BEFORE, high - one + BEFORE)
        gain = float(np.clip(wave[_QRS] @ usual[_QRS] / max(float(usual[_QRS] @ usual[_QRS]), 1e-9), 0.3, 2.0))
        rest[low:high] -= gain * usual[inside] * _TAPER[inside]
        is_free[max(one - round(0.06 * FS_HZ), 0) : one + round(0.1 * FS_HZ)] = False
    atrial = within(rest, *ATRIAL_HZ)
    quiet = np.sqrt(np.mean(atrial[is_free] ** 2)) if is_free.any() else NAN
    pieces = np.array([np.sqrt(np.mean(part**2)) for part in np.array_split(atrial, max(len(atrial) // 300, 1))])
    spectrum = np.abs(np.fft.rfft((rest * is_free) * np.hanning(len(rest)))) ** 2
    hz = np.fft.rfftfreq(len(rest), 1 / FS_HZ)
    band = (hz >= ATRIAL_HZ[0]) & (hz <= ATRIAL_HZ[1])
    smooth = np.convolve(spectrum[band], np.ones(9) / 9, "same")
    total = float(smooth.sum()) + 1e-12
    top = int(np.argmax(smooth))
    all_power = float(spectrum[(hz > 0.7) & (hz < 40)].sum()) + 1e-12  # noqa: PLR2004 - Hz
    tq = shape.waves[:, : BEFORE - round(0.2 * FS_HZ)] if float(np.median(rr)) > 0.75 else shape.waves[:, :1]  # noqa: PLR2004 - s
    return {
        "atrial_size": float(np.log(quiet + 1e-4)),
        "atrial_calmest": float(np.log(np.percentile(pieces, 15) + 1e-4)),
        "atrial_wildest": float(np.log(np.percentile(pieces, 90) + 1e-4)),
        "atrial_hz": float(hz[band][top]),
        "atrial_peak_share": float(smooth[max(top - 6, 0) : top + 7].sum()) / total,
        "atrial_band_share": float(spectrum[band].sum()) / all_power,
        "tq_swing": float(np.median(np.ptp(tq, axis=1))),
        "rest_size": float(np.log(np.sqrt(np.mean(rest**2)) + 1e-4)),
    }


_QRS = _part(-QRS_HALF_S, QRS_HALF_S)
_TAPER = np.minimum(1.0, np.minimum(np.arange(BEFORE + AFTER), np.arange(BEFORE + AFTER)[::-1]) / 15)

NAMES: tuple[str, ...] = (
    *("likeness_median", "likeness_p10", "likeness_p25", "likeness_min", "unlike_share", "very_unlike_share"),
    *("height_cv", "height_max", "height_min", "height_alternates", "qrs_width_s", "qrs_width_at_level_s"),
    *("qrs_width_max_s", "qrs_width_p90_s", "qrs_down", "qrs_q", "qrs_s", "qrs_slope", "qrs_spread"),
    *("spread_before", "spread_after", "beats_per_s", "p_height", "p_size", "p_energy", "p_before_s"),
    *("p_likeness_median", "p_likeness_p25", "p_likeness_p75", "p_fit_spread", "p_steady", "p_turns"),
    *("p_unlike_share", "t_height", "t_range", "t_at_s", "t_at_relative", "st_level", "t_likeness_median"),
    *("t_likeness_p25", "whole_likeness_median", "whole_likeness_p10", "whole_likeness_min", "wide_share"),
    *("big_share", "early_unlike", "early_like", "early_wide", "unlike_big_late", "unlike_on_time"),
    *("early_likeness", "early_p_apart", "second_shape_share", "atrial_size", "atrial_calmest", "atrial_wildest"),
    *("atrial_hz", "atrial_peak_share", "atrial_band_share", "tq_swing", "rest_size"),
)
