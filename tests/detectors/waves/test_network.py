"""The network as it is run, against the convolutions written out; windows, whatever the sampling rate."""

import itertools

import numpy as np
import pytest

from detectors.waves.network import CLASSES, DILATIONS, learned, network_of, probabilities
from detectors.waves.windows import FS_HZ, N_HOP, N_MARGIN, N_WINDOW, cut_for, interpolation, window_of


def arrays(rng, channels=(3, 4, 5)):
    """Layers of a small network, as a file has them."""

    def layer(n_out, n_in, n_taps):
        return {
            "weights": rng.normal(0, 1 / np.sqrt(n_in * n_taps), (n_out, n_in, n_taps)),
            "bias": rng.normal(0, 0.1, n_out),
        }

    layers = {"stem": layer(channels[0], 1, 9), "out": layer(4, channels[0], 5)}
    for i, (narrow, wide) in enumerate(itertools.pairwise(channels)):
        layers[f"down{i}"], layers[f"down{i}b"] = layer(wide, narrow, 5), layer(wide, wide, 5)
        layers[f"up{len(channels) - 2 - i}"] = layer(narrow, wide + narrow, 5)
    layers |= {f"middle{i}": layer(channels[-1], channels[-1], 5) for i in range(len(DILATIONS))}
    return {f"{name}.{part}": value.astype(np.float32) for name, own in layers.items() for part, value in own.items()}


def convolved(rows, given, name, stride=1, dilation=1):
    weights, bias = given[f"{name}.weights"], given[f"{name}.bias"]
    n_out, _, n_taps = weights.shape
    half = dilation * (n_taps // 2)
    padded = np.pad(rows, ((0, 0), (half, half)))
    at = range(0, rows.shape[1], stride)
    reach = dilation * np.arange(n_taps)
    columns = [np.tensordot(weights, padded[:, t + reach], axes=([1, 2], [0, 1])) + bias for t in at]
    assert columns[0].shape == (n_out,)
    return np.array(columns).T


def written_out(given, samples, n_down):
    def through(rows, name, **how):
        return np.maximum(convolved(rows, given, name, **how), 0)

    rows, kept = through(samples[None, :], "stem"), []
    for i in range(n_down):
        kept.append(rows)
        rows = through(through(rows, f"down{i}", stride=2), f"down{i}b")
    for i, dilation in enumerate(DILATIONS):
        rows = rows + through(rows, f"middle{i}", dilation=dilation)
    for i, beside in enumerate(reversed(kept)):
        rows = through(np.concatenate([np.repeat(rows, 2, axis=1), beside]), f"up{i}")
    odds = np.exp(convolved(rows, given, "out"))
    return (odds / odds.sum(axis=0)).T


def test_network_is_the_convolutions_that_its_file_says():
    rng = np.random.default_rng(0)
    given, samples = arrays(rng), rng.normal(0, 1, 64).astype(np.float32)
    assert probabilities(network_of(given), samples) == pytest.approx(written_out(given, samples, 2), abs=1e-5)


def test_learned_network_gives_probabilities_that_add_up():
    samples = np.random.default_rng(0).normal(0, 1, N_WINDOW).astype(np.float32)
    chances = probabilities(learned(), samples)
    assert chances.shape == (N_WINDOW, len(CLASSES))
    assert chances.sum(axis=1) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("fs_hz", [100.0, 128.0, 250.0, 257.3, 360.0, 1000.0])
def test_window_of_a_slow_wave_is_that_wave_at_250_hz(fs_hz):
    cut = cut_for(fs_hz)
    at_s = (np.arange(cut.before + cut.after) - cut.before) / fs_hz
    window = window_of(cut, np.sin(2 * np.pi * 9 * at_s))
    first_s = -round(N_MARGIN * fs_hz / FS_HZ) / fs_hz
    expected = np.sin(2 * np.pi * 9 * (first_s + np.arange(N_WINDOW) / FS_HZ))
    assert window.size_mv == pytest.approx(2, abs=0.03)
    shown = window.samples * window.size_mv
    assert shown - shown.mean() == pytest.approx(expected - expected.mean(), abs=0.02)
    assert abs(cut.hop / fs_hz - N_HOP / FS_HZ) <= 0.5 / fs_hz


def test_what_the_slower_rate_cannot_hold_is_filtered_out():
    sources, weights = interpolation(4.0, 200)
    fast = np.sin(2 * np.pi * 180 * np.arange(-64, 900) / 1000)  # would be a wave of 70 Hz at 250
    assert np.abs((fast[sources + 64] * weights).sum(axis=1)).max() < 0.02


def test_missing_samples_are_told_and_filled_with_what_was_before():
    cut = cut_for(250.0)
    raw = np.ones(cut.before + cut.after)
    raw[cut.before + 100 : cut.before + 110] = np.nan
    raw[cut.before + 200] = 1e300
    window = window_of(cut, raw)
    missing = np.flatnonzero(window.missing) - N_MARGIN
    assert set(range(100, 110)) | {200} <= set(missing.tolist()) <= set(range(99, 111)) | {199, 200, 201}
    assert window.samples == pytest.approx(0, abs=1e-3)
