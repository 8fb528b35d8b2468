"""One record from PhysioNet, in the time that somebody who waits for a demo has.

wfdb sets no limit to its requests, so it runs in a process of its own that can be ended.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from formats.errors import FormatError
from formats.wfdb_files import download

TIMEOUT_S = 20.0


def fetch_record(database: str, name: str, directory: Path, *, timeout_s: float = TIMEOUT_S) -> Path:
    """Bring a record into a folder; gives its path without suffix.

    Raises
    ------
    FormatError : if PhysioNet does not answer in time or has no such record.
    """
    command = [sys.executable, "-m", "formats.physionet", database, name, str(directory)]
    try:
        done = subprocess.run(command, timeout=timeout_s, capture_output=True, text=True, check=False)  # noqa: S603 - our own module
    except subprocess.TimeoutExpired as error:
        msg = f"PhysioNet must answer within {timeout_s:g} s, got nothing for {database}/{name}"
        raise FormatError(msg) from error
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1].partition(": ")[2]
        msg = f"{database}/{name} could not be had from PhysioNet: {reason}"
        raise FormatError(msg)
    return directory / name


if __name__ == "__main__":
    download(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
