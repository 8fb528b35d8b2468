"""Learn the network of `detectors/waves/model.npz`: where P, QRS and T begin and end.

`python -m training.wave_boundaries` learns from all records and writes the file; with `--cross-validate` it writes
nothing, learns from two thirds of the patients at a time, and prints how well that does on the others. Both need torch,
installed by hand (CPU wheels will do). Data, licences and figures stand in docs/training.md.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import detectors.waves
from detectors.waves.decode import waves_of
from detectors.waves.network import Network, network_of, probabilities
from detectors.waves.windows import FS_HZ, N_HOP, N_MARGIN, N_WINDOW, normalised, size_of
from training.wave_network import learn
from training.wave_scores import Tally, table
from training.wave_strips import Marked, read_noise, read_strips

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from training.wave_strips import Strip

N_FOLDS = 3
N_EPOCHS = 50
SEED = 7


def folds(strips: Sequence[Strip]) -> dict[tuple[str, str], int]:
    """The third that each record of each database is in."""
    rng = np.random.default_rng(SEED)
    own: dict[tuple[str, str], int] = {}
    for database in ("ludb", "qtdb"):
        names = sorted({strip.record for strip in strips if strip.database == database})
        own |= {(database, names[k]): i % N_FOLDS for i, k in enumerate(rng.permutation(len(names)))}
    return own


def cross_validated(strips: Sequence[Strip], noise: NDArray[np.float32]) -> list[Network]:
    """A network for each third, which has not seen it."""
    fold_of = folds(strips)
    seen = [[strip for strip in strips if fold_of[strip.database, strip.record] != fold] for fold in range(N_FOLDS)]
    return [network_of(learn(own, noise, n_epochs=N_EPOCHS, seed=fold)) for fold, own in enumerate(seen)]


def found(network: Network, strip: Strip) -> list[Marked]:
    """The waves that a network finds in a strip."""
    n = len(strip.samples)
    chances = np.zeros((n, 4), np.float32)
    for first in range(0, n, N_HOP):
        window = strip.samples[np.clip(np.arange(first - N_MARGIN, first - N_MARGIN + N_WINDOW), 0, n - 1)]
        plain = normalised(window.astype(np.float64), size_of(window.astype(np.float64)))
        own = probabilities(network, plain)
        chances[first : first + N_HOP] = own[N_MARGIN : N_MARGIN + min(N_HOP, n - first)]
    waves = waves_of(chances, strip.samples[:, None], np.zeros(n, np.bool_))
    return [Marked(wave.kind, *(strip.start_s + place / FS_HZ for place in wave[1:4])) for wave in waves]


def held_out(strips: Iterable[Strip], networks: Sequence[Network]) -> dict[str, Tally]:
    """Scores of strips by the network that has not seen their record: LUDB by lead and all, QTDB by lead."""
    tallies: dict[str, Tally] = {}
    strips = list(strips)
    fold_of = folds(strips)
    for strip in strips:
        waves = found(networks[fold_of[strip.database, strip.record]], strip)
        for name in (f"{strip.database} lead {strip.lead}", f"{strip.database} all leads, each alone"):
            tallies.setdefault(name, Tally()).add(strip.marked, waves, strip.judged_s)
    return tallies


def main() -> int:
    """Learn and write, or cross-validate."""
    parser = argparse.ArgumentParser(prog="python -m training.wave_boundaries", description=__doc__)
    parser.add_argument("--cross-validate", action="store_true", help="three folds by record; writes nothing")
    parser.add_argument("--output", type=Path, default=Path(detectors.waves.__path__[0]) / "model.npz")
    arguments = parser.parse_args()
    data_dir = Path(os.environ.get("RHYTHMARK_DATA", "../shared/data"))
    strips, noise = read_strips(data_dir), read_noise(data_dir)
    if arguments.cross_validate:
        networks = cross_validated(strips, noise)
        print(*(table(name, tally) for name, tally in held_out(strips, networks).items()), sep="\n\n")
        return 0
    arrays: dict[str, Any] = learn(strips, noise, n_epochs=N_EPOCHS, seed=N_FOLDS)
    np.savez_compressed(arguments.output, **arrays)
    return 0


if __name__ == "__main__":
    sys.exit(main())
