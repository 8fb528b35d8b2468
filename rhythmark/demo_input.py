"""Which recording the demo plays: the one that is named, a reference one, one from PhysioNet, or a synthetic one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from formats.errors import FormatError
from formats.physionet import fetch_record
from formats.wfdb_files import read_header
from formats.wfdb_header import record_name_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from rhythmark.settings import Settings

DATABASE, RECORD = "mitdb", "208"
_SYNTHETIC_MIN = 30.0
_SEED = 208


@dataclass(frozen=True, slots=True)
class DemoInput:
    """A recording to play.

    Parameters
    ----------
    record : WFDB record on this machine.
    name : begins the stream's name.
    note : where it comes from and under which licence.
    """

    record: Path
    name: str
    synthetic: bool
    note: str


def chosen_input(named: Path | None, settings: Settings, *, say: Callable[[str], None]) -> DemoInput:
    """The first of the four that can be had; all but a named one fall through, and the choice is said.

    Raises
    ------
    FormatError : if a named record cannot be read.
    """
    if named is not None:
        header = read_header(named)
        synthetic = any("SYNTHETIC" in comment for comment in header.comments)
        return DemoInput(header.path, record_name_of(header.path.name), synthetic, f"record {header.path.name}")
    reference = settings.data / DATABASE / RECORD
    if reference.with_name(f"{RECORD}.hea").is_file():
        say(f"Playing the reference recording {DATABASE}/{RECORD} from {settings.data.resolve()}.")
        return _mitdb(reference)
    return _fetched(settings.home / "recordings", say) or _synthetic(settings.home / "recordings", say)


def _mitdb(record: Path) -> DemoInput:
    return DemoInput(record, f"{DATABASE}-{RECORD}", synthetic=False, note=f"PhysioNet {DATABASE}/{RECORD}, ODC-By 1.0")


def _fetched(folder: Path, say: Callable[[str], None]) -> DemoInput | None:
    record = folder / RECORD
    if not record.with_name(f"{RECORD}.hea").is_file():
        try:
            fetch_record(DATABASE, RECORD, folder)
        except FormatError:
            say(f"No reference recordings here and PhysioNet is out of reach, so no {DATABASE}/{RECORD}.")
            return None
    say(f"Playing {DATABASE}/{RECORD} from PhysioNet.")
    return _mitdb(record)


def _synthetic(folder: Path, say: Callable[[str], None]) -> DemoInput:
    from rhythmark.synthetic import RECORD as NAME
    from rhythmark.synthetic import write_synthetic

    say("Playing a SYNTHETIC recording, made by a program; every page says so.")
    record = folder / NAME
    if not record.with_name(f"{NAME}.hea").is_file():
        write_synthetic(folder, minutes=_SYNTHETIC_MIN, seed=_SEED)
    return DemoInput(record, NAME, synthetic=True, note="made by a program (neurokit2 and Rhythmark)")
