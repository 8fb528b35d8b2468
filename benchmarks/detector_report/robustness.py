"""What becomes of the scores when leads are swapped, gains and rates other ones, mains hum added or blocks lost."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import msgspec

from benchmarks.detector_report import ours
from benchmarks.detector_report.beat_tables import DATABASES, all_recordings, beats_in_words
from benchmarks.detector_report.parts import Part, Table, percent
from benchmarks.detector_report.recordings import CHANNEL_0, Leads, Recording, chosen, recordings
from detectors.evaluation.beats import Confusion, compare
from detectors.evaluation.distortions import DISTORTIONS, on_original, without_lost
from detectors.registry import detector_named
from detectors.runner import annotate
from signal_processing.values import settled

if TYPE_CHECKING:
    from detectors.evaluation.distortions import Distorted

FIRST = next(iter(DISTORTIONS))
ONE_LEAD_SAYS_NOTHING = "leads swapped"
"""Of one lead this is another lead, not a distortion."""

Found = dict[tuple[str, str], Confusion]


def part() -> Part:
    """One table a database and choice of leads, a row a distortion."""
    all_leads, channel_0 = _found(None), _found(CHANNEL_0)
    tables = [
        _table(database, words, found)
        for database in DATABASES
        for words, found in (("all leads", all_leads), ("channel 0", channel_0))
    ]
    about = (
        f"Every record of mitdb and svdb, distorted; {beats_in_words()} with trees that had not seen the record; gross"
        " F1 by EC57 and its change against the record as it is, in points. Beats within lost"
        " blocks are asked of nobody; a lost block is a gap, at which the detector begins anew, as it would behind"
        " Kafka, or missing samples (NaN) of a signal that goes on. Resampled records lose what the lower"
        " rate cannot carry."
    )
    return Part("robustness", "Robustness", about, tables)


def _found(leads: Leads) -> Found:
    found: Found = defaultdict(lambda: Confusion(Counter()))
    for trees, records in ours.folds():
        with ours.held_out(trees):
            for recording in (one for one in all_recordings() if one.name in records):
                _add(found, recording, leads)
    return found


def _add(found: Found, recording: Recording, leads: Leads) -> None:
    samples, fs_hz = recording.samples, recording.signal.fs_hz
    for name, distort in DISTORTIONS.items():
        if name == ONE_LEAD_SAYS_NOTHING and (leads is not None or recording.signal.n_channels == 1):
            continue
        signal, block = chosen(recording.signal, samples, leads)
        distorted = distort(block.samples, fs_hz)
        signal = msgspec.structs.replace(signal, fs_hz=distorted.fs_hz)
        said = settled(annotate(detector_named("beats"), signal, distorted.blocks()))
        marks = on_original(ours.marks(signal, said), distorted, fs_hz)
        found[recording.database, name] += _compared(recording, marks, distorted)


def _compared(recording: Recording, marks: list, distorted: Distorted) -> Confusion:
    reference = without_lost(recording.reference, distorted.lost)
    return compare(reference, marks, fs_hz=recording.signal.fs_hz, end=recording.n_samples)


def _table(database: str, words: str, found: Found) -> Table:
    columns = ["", "QRS F1", "change", "VEB F1", "change", "SVEB F1", "change"]
    before = _scores(found[database, FIRST])
    rows = []
    for name in DISTORTIONS:
        if (database, name) not in found:
            continue
        now = _scores(found[database, name])
        pairs = zip(now, before, strict=True)
        cells = [cell for a, b in pairs for cell in (percent(a), "" if name == FIRST else f"{a - b:+.2f}")]
        rows.append([name, *cells])
    return Table(f"{database}, {len(recordings(database))} records, {words}", columns, rows)


def _scores(counts: Confusion) -> tuple[float, ...]:
    return tuple(one.f1_percent or 0.0 for one in (counts.qrs, counts.veb, counts.sveb_pooled))
