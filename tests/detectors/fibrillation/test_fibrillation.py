"""Drawn fibrillation is found, in time; rhythms, noise and a flat line are not taken for it; recordings hold floors."""

import numpy as np
import pytest

from detectors.fibrillation.detector import FibrillationDetector
from detectors.laws import cut
from detectors.runner import DetectorRun, annotate
from formats.wfdb_files import read_blocks, read_header, read_marks
from signal_processing.values import Block
from tests.detectors.signals import Case, ecg, fibrillation, wave
from training.fibrillation_examples import FIBRILLATION, NEITHER, sample_classes

FS_HZ = 250.0


def found(case):
    """The spans as they were last said, in seconds from the first sample."""
    last = {span.start: span for span in annotate(FibrillationDetector(), case.signal, [case.block])}
    return [
        ((s.start - case.block.start) / case.signal.fs_hz, (s.end - case.block.start) / case.signal.fs_hz)
        for s in last.values()
    ]


def drawn(x):
    case = ecg(n_leads=1, duration_s=len(x) / FS_HZ)
    return Case(case.signal, case.with_samples(x[:, None]))


@pytest.mark.parametrize("fs_hz", [128.0, 250.0, 500.0])
def test_drawn_fibrillation_is_one_span_that_begins_and_ends_with_it(fs_hz):
    ((start_s, end_s),) = found(fibrillation(fs_hz=fs_hz))
    assert abs(start_s - 12) <= 2
    assert abs(end_s - 30) <= 2


def test_fibrillation_is_said_within_eight_seconds_of_its_begin():
    case = fibrillation()
    run = DetectorRun(FibrillationDetector(), case.signal)
    pieces = cut(case.block, range(250, len(case.block), 250))
    said_at_s = next(second for second, piece in enumerate(pieces, start=1) if run.feed(piece))
    assert 12 < said_at_s <= 20


def test_a_span_goes_through_a_lead_that_is_off():
    case = fibrillation()
    x = np.array(case.block.samples)
    x[:, 1] = np.nan
    assert len(found(Case(case.signal, case.with_samples(x)))) == 1


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_rhythm_with_early_beats_and_a_pause_is_none(seed):
    assert not found(ecg(seed=seed))


def test_bigeminy_of_wide_beats_is_none():
    t = np.arange(round(40 * FS_HZ)) / FS_HZ
    at = np.arange(0.5, 40, 1.3)
    x = wave(t, at, width_s=0.01, size=1.0) + wave(t, at + 0.45, width_s=0.04, size=-1.4)
    x += wave(t, at + 0.3, width_s=0.05, size=0.2) + wave(t, at + 0.78, width_s=0.06, size=0.5)
    assert not found(drawn(x))


def test_noise_a_flat_line_and_mains_are_none():
    rng = np.random.default_rng(7)
    n = round(40 * FS_HZ)
    t = np.arange(n) / FS_HZ
    assert not found(drawn(rng.normal(0, 0.5, n)))
    assert not found(drawn(np.zeros(n)))
    assert not found(drawn(0.5 * np.sin(2 * np.pi * 50 * t)))


def seconds_said(data_dir, database, name, end_s):
    """Of each second: its class by the reference, and whether the detector says fibrillation; of the first lead."""
    header = read_header(data_dir / database / name, t0_us=0)
    n = min(round(end_s * header.signal.fs_hz), header.n_samples)
    digital = np.concatenate([block.samples for block in read_blocks(header, end=n)])
    physical = header.signal.physical(Block(0, digital))
    classes = sample_classes(database, read_marks(data_dir / database / name, "atr"), header.n_samples)[:n]
    within = np.zeros(n, dtype=bool)
    for span in annotate(FibrillationDetector(), header.signal, [physical]):
        within[span.start : span.end] = True
    return classes, within


@pytest.mark.data
@pytest.mark.parametrize(("database", "name", "end_s"), [("cudb", "cu01", 600), ("vfdb", "422", 1800)])
def test_fibrillation_of_recordings_is_found_to_nine_tenths(data_dir, database, name, end_s):
    classes, within = seconds_said(data_dir, database, name, end_s)
    assert within[classes == FIBRILLATION].mean() >= 0.9
    assert within[classes == NEITHER].mean() <= 0.05


@pytest.mark.data
@pytest.mark.parametrize("name", ["102", "118", "208"])
def test_no_fibrillation_is_found_in_paced_and_ectopic_rhythms(data_dir, name):
    _, within = seconds_said(data_dir, "mitdb", name, 600)
    assert not within.any()
