"""`rhythmark evaluate`: the table of all rhythms."""

from argparse import Namespace
from pathlib import Path

import numpy as np

from formats.wfdb_files import write_annotations, write_record
from rhythmark.commands import evaluate
from rhythmark.settings import Settings
from signal_processing.values import Annotation, Annotator, Block, Channel, Signal

SIGNAL = Signal("r", "ecg", 100.0, 0, (Channel("II", "mV", 200.0),))
WHO = Annotator("human", "who")


def written(folder: Path, annotator: str, spans):
    beats = [Annotation(start=at, end=at, label="N", annotator=WHO) for at in range(100, 60_000, 80)]
    rhythms = [Annotation(start=a, end=b, label=code, annotator=WHO) for a, b, code in spans]
    write_annotations(folder, "r", annotator, SIGNAL, [*beats, *rhythms])


def test_every_rhythm_that_either_side_names_has_a_row_of_episodes_and_durations(tmp_path, capsys):
    write_record(tmp_path, "r", SIGNAL, [Block(0, np.zeros((60_000, 1), np.int16))])
    written(tmp_path, "atr", [(31_000, 32_000, "VB"), (40_000, 42_000, "SVTA"), (50_000, 51_000, "VB")])
    written(tmp_path, "tst", [(31_500, 32_000, "VB"), (45_000, 46_000, "BII")])
    arguments = Namespace(reference=tmp_path / "r", test=None, reference_annotator="atr", annotator="tst")
    assert evaluate.run(arguments, Settings.read({}, directory=tmp_path)) == 0
    table = capsys.readouterr().out.partition("rhythms, of all records together")[2]
    rows = {row.split()[0]: row.split()[1:] for row in table.splitlines()[3:] if row}
    assert rows["(B"] == ["50.00", "100.00", "25.00", "100.00", "2", "1"]
    assert rows["(SVTA"] == ["0.00", "-", "0.00", "-", "1", "0"]
    assert rows["(BII"] == ["-", "0.00", "-", "0.00", "0", "1"]
