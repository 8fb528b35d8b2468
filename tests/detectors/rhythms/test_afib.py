"""Atrial fibrillation: intervals drawn by hand, and the development records' reference beats."""

from pathlib import Path

import numpy as np
import pytest

from detectors.rhythms.afib import Afib
from detectors.rhythms.afib_judged import episodes, judged
from formats.wfdb_files import read_marks
from signal_processing.values import settled
from signal_processing.vocabulary import is_known, label


def steady(n, interval_s=0.8, seed=0):
    return list(interval_s + np.random.default_rng(seed).normal(0, 0.01, n))


def irregular(n, seed=1):
    return list(np.random.default_rng(seed).uniform(0.4, 0.9, n))


def beats_of(intervals):
    return [(1 + t_s, "N") for t_s in np.cumsum(intervals)]


def test_afib_says_nothing_of_a_steady_rhythm(script):
    assert script.run(Afib(), beats_of(steady(400))) == []


def test_afib_says_nothing_of_respiratory_variation(script):
    phase = np.arange(400) * 2 * np.pi / 5
    assert script.run(Afib(), beats_of(0.9 + 0.08 * np.sin(phase))) == []


def test_afib_says_nothing_of_bigeminy_and_trigeminy(script):
    assert script.run(Afib(), beats_of([0.55, 1.0] * 150)) == []
    assert script.run(Afib(), beats_of([0.55, 1.0, 0.8] * 100)) == []


def test_afib_says_nothing_of_early_beats_that_come_at_random(script):
    rng = np.random.default_rng(4)
    intervals = []
    while len(intervals) < 600:
        intervals += [*steady(1 + int(rng.integers(3, 12)), seed=len(intervals)), 0.5, 0.95]
    assert script.run(Afib(), beats_of(intervals)) == []


def test_afib_says_nothing_of_wenckebach_periods(script):
    assert script.run(Afib(), beats_of([0.95, 0.85, 0.8, 1.4] * 100)) == []


def test_afib_finds_an_episode_within_ten_beats_of_its_ends(script):
    before, within, after = steady(120), irregular(200), steady(120, seed=2)
    beats = beats_of(before + within + after)
    (episode,) = settled(script.run(Afib(), beats))
    assert episode.label == "AFIB"
    assert episode.start == pytest.approx(beats[119][0] * script.fs_hz, abs=10 * 0.8 * script.fs_hz)
    assert episode.end == pytest.approx(beats[319][0] * script.fs_hz, abs=10 * 0.8 * script.fs_hz)
    assert episode.figures["rate_bpm"] == pytest.approx(60 / np.mean(within), rel=0.05)
    assert episode.confidence > 0.7


def test_afib_keeps_an_episode_through_ventricular_beats(script):
    beats = beats_of(irregular(300))
    beats = [(t_s, "V" if i % 17 == 0 else "N") for i, (t_s, _) in enumerate(beats)]
    assert len(settled(script.run(Afib(), beats))) == 1


def test_afib_ends_an_episode_where_beats_cease(script):
    beats = beats_of(irregular(200))
    said = script.run(Afib(), beats, duration_s=beats[-1][0] + 200)
    assert not said[-1].ongoing
    assert said[-1].end <= round(beats[-1][0] * script.fs_hz)


def _marks(folder: Path, name: str, annotator: str):
    return read_marks(folder / name, annotator)


def _afib_shares(folder, name, annotator, fs_hz):
    """Reference and found AF, one boolean a beat each."""
    beats = [m for m in _marks(folder, name, annotator) if is_known(m.symbol) and label(m.symbol).aami]
    samples, found = np.array([m.sample for m in beats]), np.zeros(len(beats), dtype=bool)
    is_ectopic = np.isin([label(m.symbol).aami for m in beats], ["V", "F"])
    for span in episodes(judged(samples, is_ectopic, fs_hz), fs_hz):
        found[(samples >= span.start) & (samples < span.end)] = True
    rhythms = [(m.sample, m.aux) for m in _marks(folder, name, "atr") if m.symbol == "+" and m.aux.startswith("(")]
    changes = np.searchsorted([sample for sample, _ in rhythms], samples, side="right")
    return np.array([i > 0 and rhythms[i - 1][1] == "(AFIB" for i in changes]), found


@pytest.mark.data
def test_afib_finds_the_fibrillation_of_the_af_database(data_dir):
    folder = data_dir / "afdb-annotations-only"
    records = sorted(path.stem for path in folder.glob("*.qrs"))
    pairs = [_afib_shares(folder, name, "qrs", 250.0) for name in records]
    reference, found = (np.concatenate(part) for part in zip(*pairs, strict=True))
    assert found[reference].mean() >= 0.98
    assert (~found[~reference]).mean() >= 0.965  # of records it learned from; half of the rest is in 04015 and 08219


@pytest.mark.data
def test_afib_stays_silent_over_days_of_sinus_rhythm(data_dir):
    folder = data_dir / "nsrdb-annotations-only"
    records = sorted(path.stem for path in folder.glob("*.atr"))[::3]
    n_found = sum(int(_afib_shares(folder, name, "atr", 128.0)[1].sum()) for name in records)
    n_beats = sum(len(_marks(folder, name, "atr")) for name in records)
    assert n_found / n_beats <= 0.0005
