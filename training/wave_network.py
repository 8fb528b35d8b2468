"""The network of `detectors.waves.network`, learned with torch, which is installed by hand; nothing else needs it."""

from __future__ import annotations

import copy
import importlib
import time
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from detectors.waves.decode import QRS, P
from detectors.waves.network import CLASSES, DILATIONS, N_STEM_TAPS, N_TAPS
from detectors.waves.windows import FS_HZ, N_WINDOW, normalised, size_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from training.wave_strips import Strip

    Floats = NDArray[np.float64]

CHANNELS = (16, 24, 32, 48, 64)
"""Rows at 250 Hz and at each half of it."""
BATCH = 32
RATE = 4e-3
"""Greatest learning rate, of AdamW (Loshchilov and Hutter, ICLR 2019) with one cycle (Smith and Topin, 2019)."""
DECAY = 1e-2
AVERAGE = 0.995
"""What is kept is the running mean of the weights (Polyak and Juditsky, 1992), with this memory."""
OUTSIDE = 200
"""How far a window may reach beyond its strip, samples."""
STRETCH, WARP, SWELL = 0.10, 0.15, 0.25
"""Half of the windows are stretched in time, as a whole and from place to place; three in ten are made larger and
smaller from place to place: by factors whose logarithms have these standard deviations."""
KNOTS = 40
"""Samples from one such place to the next."""


class Examples(NamedTuple):
    """A batch: (n, N_WINDOW) samples as the network takes them, targets (n, N_WINDOW, n_classes), weights."""

    samples: NDArray[np.float32]
    targets: NDArray[np.float32]
    weights: NDArray[np.float32]


def learn(
    strips: Sequence[Strip], noise: NDArray[np.float32], *, n_epochs: int, seed: int, rate: float = RATE
) -> dict[str, NDArray[Any]]:
    """Learn from strips; gives the arrays that `network_of` reads, without a prefix."""
    torch = importlib.import_module("torch")
    torch.set_num_threads(1)  # sums in one order
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    net = _network(torch)
    mean = copy.deepcopy(net)
    n_steps = n_epochs * (len(strips) // BATCH)
    optimiser = torch.optim.AdamW(net.parameters(), lr=rate, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=n_steps, pct_start=0.15)
    began, total = time.monotonic(), 0.0
    for step in range(1, n_steps + 1):
        batch = _batch(strips, noise, rng)
        samples, targets, weights = (torch.from_numpy(part) for part in batch)
        net.train()
        with torch.autocast("cpu", dtype=torch.bfloat16):  # convolutions alone: half the time
            scores = net(samples[:, None])
        scores = torch.log_softmax(scores.float(), 1).transpose(1, 2)
        loss = -((scores * targets).sum(2) * weights).sum() / weights.sum().clamp(min=1)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        _average(torch, mean, net, min(AVERAGE, step / (step + 20)))
        total += loss.item()
        if step % 100 == 0:
            print(f"step {step} of {n_steps}: loss {total / 100:.4f}, {time.monotonic() - began:.0f} s", flush=True)
            total = 0.0
    return _arrays(mean.state_dict())


def _network(torch: Any) -> Any:
    nn = torch.nn

    class Net(nn.Module):  # type: ignore[misc,name-defined] # torch is not there when types are checked
        def __init__(self) -> None:
            super().__init__()
            pairs = list(pairwise(CHANNELS))
            self.stem = _layer(nn, 1, CHANNELS[0], N_STEM_TAPS)
            self.down = nn.ModuleList(_layer(nn, narrow, wide, stride=2) for narrow, wide in pairs)
            self.downb = nn.ModuleList(_layer(nn, wide, wide) for _, wide in pairs)
            self.middle = nn.ModuleList(_layer(nn, CHANNELS[-1], CHANNELS[-1], dilation=d) for d in DILATIONS)
            self.up = nn.ModuleList(_layer(nn, wide + narrow, narrow) for narrow, wide in reversed(pairs))
            self.out = nn.Conv1d(CHANNELS[0], len(CLASSES), 1)

        def forward(self, rows: Any) -> Any:
            rows = self.stem(rows)
            kept = []
            for halving, layer in zip(self.down, self.downb, strict=True):
                kept.append(rows)
                rows = layer(halving(rows))
            for layer in self.middle:
                rows = rows + layer(rows)
            for layer, beside in zip(self.up, reversed(kept), strict=True):
                rows = layer(torch.cat([rows.repeat_interleave(2, dim=2), beside], 1))
            return self.out(rows)

    return Net()


def _layer(nn: Any, n_in: int, n_out: int, n_taps: int = N_TAPS, *, stride: int = 1, dilation: int = 1) -> Any:
    padding = dilation * (n_taps // 2)
    return nn.Sequential(
        nn.Conv1d(n_in, n_out, n_taps, stride=stride, padding=padding, dilation=dilation, bias=False),
        nn.BatchNorm1d(n_out),
        nn.ReLU(),
    )


def _average(torch: Any, mean: Any, net: Any, memory: float) -> None:
    with torch.no_grad():
        for kept, new in zip(mean.state_dict().values(), net.state_dict().values(), strict=True):
            if kept.dtype.is_floating_point:
                kept.mul_(memory).add_(new, alpha=1 - memory)
            else:
                kept.copy_(new)


def _arrays(state: dict[str, Any]) -> dict[str, NDArray[Any]]:
    """The convolutions as the detector reads them, each with the normalisation that follows it folded in."""
    plain = {
        name: np.asarray(value.double() if value.dtype.is_floating_point else value) for name, value in state.items()
    }
    arrays: dict[str, NDArray[Any]] = {}
    for name in (key.removesuffix(".0.weight") for key in plain if key.endswith(".0.weight")):
        factor = plain[f"{name}.1.weight"] / np.sqrt(plain[f"{name}.1.running_var"] + 1e-5)
        weights = plain[f"{name}.0.weight"] * factor[:, None, None]
        _put(arrays, name, weights, plain[f"{name}.1.bias"] - factor * plain[f"{name}.1.running_mean"])
    middle = np.zeros((*plain["out.weight"].shape[:2], N_TAPS))
    middle[:, :, N_TAPS // 2] = plain["out.weight"][:, :, 0]
    _put(arrays, "out", middle, plain["out.bias"])
    return arrays


def _put(arrays: dict[str, NDArray[Any]], name: str, weights: Floats, bias: Floats) -> None:
    name = name.replace(".", "")
    name = f"down{name.removeprefix('downb')}b" if name.startswith("downb") else name
    arrays[f"{name}.weights"], arrays[f"{name}.bias"] = weights.astype(np.float16), bias.astype(np.float32)


def _batch(strips: Sequence[Strip], noise: NDArray[np.float32], rng: np.random.Generator) -> Examples:
    others: dict[tuple[str, str, float], list[int]] = {}
    for i, strip in enumerate(strips):
        others.setdefault((strip.database, strip.record, strip.start_s), []).append(i)
    parts = []
    for i in rng.choice(len(strips), BATCH):
        strip, place = strips[i], _place(strips[i], rng)
        part = _window(strip, place)
        if rng.random() < 0.3:  # noqa: PLR2004 - as if an electrode lay elsewhere
            beside = rng.choice(others[strip.database, strip.record, strip.start_s])
            part = _mixed(part, _window(strips[beside], place), rng.uniform(0.3, 1), rng.choice([-1, 1]))
        parts.append(_without_p(part) if rng.random() < 0.08 else part)  # noqa: PLR2004 - it is not the rhythm that tells
    samples = [_spoilt(part.samples.astype(np.float64), noise, rng) for part in parts]
    return Examples(
        np.array([normalised(one, size_of(one)) for one in samples]),
        np.array([part.targets for part in parts], np.float32),
        np.array([part.weights for part in parts], np.float32),
    )


def _place(strip: Strip, rng: np.random.Generator) -> Floats:
    """Where the samples of a window lie in a strip; half of them at samples of it."""
    steps = np.ones(N_WINDOW)
    if rng.random() < 0.5:  # noqa: PLR2004 - half of them
        steps *= np.exp(rng.normal(0, STRETCH)) * _slow(WARP, rng)
    wide = np.arange(len(strip.samples), dtype=np.float64)  # where each sample of the strip comes to lie
    if rng.random() < 0.25:  # noqa: PLR2004 - beats of another width: a wide QRS is no reason to lack a P
        wide = np.cumsum(1 + strip.targets[:, QRS] * (np.exp(rng.uniform(-0.2, 0.7)) - 1))
        wide -= wide[0]
    room = wide[-1] + 1 - steps.sum()
    first = round(rng.uniform(min(-OUTSIDE, room), max(room, 0) + OUTSIDE))
    place = first + np.cumsum(steps) - steps[0]
    within = np.interp(place, wide, np.arange(len(wide)))
    return np.asarray(within + np.minimum(place, 0) + np.maximum(place - wide[-1], 0))


def _slow(spread: float, rng: np.random.Generator) -> Floats:
    """Factors that change slowly over a window."""
    knots = np.arange(0, N_WINDOW + KNOTS, KNOTS)
    return np.exp(np.interp(np.arange(N_WINDOW), knots, rng.normal(0, spread, len(knots))))


def _window(strip: Strip, place: Floats) -> Examples:
    """The samples of a strip at places between its own; beyond the strip its first or last sample."""
    last = len(strip.samples) - 1
    inside = np.clip(place, 0, last)
    base = np.minimum(inside.astype(np.int64), last - 1)
    part = (inside - base).astype(np.float32)
    targets = strip.targets[base] * (1 - part)[:, None] + strip.targets[base + 1] * part[:, None]
    weights = np.where(inside == place, np.minimum(strip.weights[base], strip.weights[base + 1]), 0)
    return Examples(_cubic(strip.samples, base, part), targets, weights)


def _without_p(part: Examples) -> Examples:
    """Straight lines where the P waves are."""
    is_p = part.targets[:, P] > 0
    if is_p.all():
        return part
    at = np.arange(len(is_p))
    samples = np.where(is_p, np.interp(at, at[~is_p], part.samples[~is_p]), part.samples).astype(np.float32)
    targets = part.targets.copy()
    targets[:, 0] += targets[:, P]
    targets[:, P] = 0
    return Examples(samples, targets, part.weights)


def _mixed(one: Examples, other: Examples, share: float, sign: int) -> Examples:
    return Examples(
        share * one.samples + (1 - share) * sign * other.samples,
        share * one.targets + (1 - share) * other.targets,
        np.minimum(one.weights, other.weights),
    )


def _cubic(samples: NDArray[np.float32], base: NDArray[np.int64], part: NDArray[np.float32]) -> NDArray[np.float32]:
    """Catmull and Rom's spline through the samples."""
    last = len(samples) - 1
    a, b, c, d = (samples[np.clip(base + k, 0, last)] for k in (-1, 0, 1, 2))
    return b + part / 2 * (c - a + part * (2 * a - 5 * b + 4 * c - d + part * (3 * (b - c) + d - a)))


def _spoilt(samples: Floats, noise: NDArray[np.float32], rng: np.random.Generator) -> Floats:
    """A quarter is inverted; wander, recorded noise, white noise and hum are added, each now and then."""
    size = size_of(samples) + 1e-6
    t = np.arange(N_WINDOW) / FS_HZ
    if rng.random() < 0.25:  # noqa: PLR2004 - see above, and below
        samples = -samples
    if rng.random() < 0.3:  # noqa: PLR2004 - how often it is done
        samples = (samples - np.median(samples)) * _slow(SWELL, rng)
    if rng.random() < 0.4:  # noqa: PLR2004 - how often it is done
        wave = np.sin(2 * np.pi * rng.uniform(0.05, 0.6) * t + rng.uniform(0, 2 * np.pi))
        samples = samples + size * rng.exponential(0.25) * wave
    if rng.random() < 0.25:  # noqa: PLR2004 - how often it is done
        at = rng.integers(noise.shape[1] - N_WINDOW)
        recorded = noise[rng.integers(len(noise)), at : at + N_WINDOW].astype(np.float64)
        recorded -= recorded.mean()
        samples = samples + recorded / (recorded.std() + 1e-9) * size * 10 ** rng.uniform(-2.3, -0.9)
    if rng.random() < 0.3:  # noqa: PLR2004 - how often it is done
        samples = samples + rng.normal(0, size * 10 ** rng.uniform(-2.5, -1.5), N_WINDOW)
    if rng.random() < 0.15:  # noqa: PLR2004 - how often it is done
        hum = np.sin(2 * np.pi * rng.choice([50, 60]) * t + rng.uniform(0, 2 * np.pi))
        samples = samples + size * 10 ** rng.uniform(-2.5, -1.2) * hum
    return samples
