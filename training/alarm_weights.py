"""Learn the weights of `detectors/alarms/rules.py`, and judge its verdicts by the score of the CinC Challenge 2015.

`python -m training.alarm_weights` prints both: the weights of ventricular tachycardia, as they are typed into the
module, and the score, each alarm of ventricular tachycardia by weights that were learned from the others. Data,
licences and figures stand in docs/training.md.
"""

from __future__ import annotations

import csv
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from detectors.alarms.channels import Readings, readings
from detectors.alarms.rules import verified, vt_inputs
from formats.wfdb_files import read_blocks, read_header
from signal_processing.values import Block

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

DATABASE = "challenge-2015"
ALARM_S = 300.0
LABELS = {
    "Asystole": "ASYSTOLE",
    "Bradycardia": "BRADY",
    "Tachycardia": "TACHY",
    "Ventricular_Tachycardia": "VT",
    "Ventricular_Flutter_Fib": "VFIB",
}
TRUE_WEIGHT = 2.0
"""What a true alarm counts in learning; a rejected one costs five in the score, and there are fewer of them."""
COST = 5


class Alarm(NamedTuple):
    """An alarm, what the channels said before it, and whether experts called it true."""

    name: str
    label: str
    found: Readings
    is_true: bool


def read_alarms(data_dir: Path) -> Iterator[Alarm]:
    """Every alarm of the database."""
    folder = data_dir / DATABASE
    with (folder / "ALARMS").open(encoding="ascii") as file:
        for name, kind, truth in csv.reader(file):
            header = read_header(folder / name, t0_us=0)
            digital = np.concatenate([block.samples for block in read_blocks(header)])
            before = digital[: round(ALARM_S * header.signal.fs_hz)]
            found = readings(header.signal, header.signal.physical(Block(0, before)))
            yield Alarm(name, LABELS[kind], found, truth == "1")


def learned(inputs: Floats, truth: NDArray[np.bool_]) -> Any:
    """A logistic function of standardised inputs (n, n_inputs)."""
    model = make_pipeline(StandardScaler(), LogisticRegression(C=1.0))
    return model.fit(inputs, truth, logisticregression__sample_weight=np.where(truth, TRUE_WEIGHT, 1.0))


def weights_of(model: Any) -> Floats:
    """The bias and the weights (1 + n_inputs,) of inputs that are not standardised."""
    scaler, logistic = model[0], model[1]
    weights = logistic.coef_[0] / scaler.scale_
    return np.concatenate([[logistic.intercept_[0] - weights @ scaler.mean_], weights])


def score(pairs: Sequence[tuple[bool, bool]]) -> str:
    """The challenge's score of pairs of truth and verdict, and how many of each were right."""
    hits = sum(truth and stands for truth, stands in pairs)
    dropped = sum(truth and not stands for truth, stands in pairs)
    rejected = sum(not truth and not stands for truth, stands in pairs)
    passed = sum(stands and not truth for truth, stands in pairs)
    points = 100 * (hits + rejected) / (len(pairs) + (COST - 1) * dropped)
    return f"{points:.1f}; true kept {hits}, dropped {dropped}; false rejected {rejected}, passed {passed}"


def main() -> int:
    """Print weights and score."""
    alarms = list(read_alarms(Path(os.environ.get("RHYTHMARK_DATA", "../shared/data"))))
    verdicts = [verified(alarm.label, alarm.found).stands for alarm in alarms]
    of_vt = [i for i, alarm in enumerate(alarms) if alarm.label == "VT"]
    inputs = np.array([vt_inputs(alarms[i].found) for i in of_vt])
    truth = np.array([alarms[i].is_true for i in of_vt])
    for k, i in enumerate(of_vt):
        others = np.arange(len(of_vt)) != k
        verdicts[i] = bool(learned(inputs[others], truth[others]).predict(inputs[[k]])[0])
    pairs = [(alarm.is_true, stands) for alarm, stands in zip(alarms, verdicts, strict=True)]
    for label in LABELS.values():
        own = [pair for alarm, pair in zip(alarms, pairs, strict=True) if alarm.label == label]
        wrong = [alarm.name for alarm, (is_true, stands) in zip(alarms, pairs, strict=True) if is_true != stands]
        wrong = [name for name in wrong if any(alarm.name == name and alarm.label == label for alarm in alarms)]
        print(f"{label} {score(own)}; wrong: {', '.join(wrong)}")
    print(f"all {score(pairs)}")
    print(f"bias and weights: {weights_of(learned(inputs, truth)).round(3).tolist()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
