"""Small records, and the command as a process of its own."""

import importlib
import os
import subprocess
import sys

import numpy as np
import pytest

from formats.wfdb_files import write_record
from rhythmark.arguments import parser
from rhythmark.settings import Settings
from signal_processing.values import Block, Channel, Signal

FS_HZ = 250.0


def _ecg_like(n_samples, rng):
    """A sharp peak each 0.8 s on a little noise, mV."""
    at_s = np.arange(n_samples) / FS_HZ
    phase_s = (at_s % 0.8) - 0.4
    trace = 1.2 * np.exp(-0.5 * (phase_s / 0.012) ** 2) + 0.2 * np.exp(-0.5 * ((phase_s - 0.25) / 0.04) ** 2)
    return trace + rng.normal(0, 0.01, n_samples)


@pytest.fixture(scope="session")
def write_ecg():
    """Writes a record of two leads, seconds long; gives its path without suffix."""

    def write(folder, name="rec", seconds=30.0):
        rng = np.random.default_rng(7)
        n_samples = round(seconds * FS_HZ)
        leads = np.stack([_ecg_like(n_samples, rng), 0.6 * _ecg_like(n_samples, rng)], axis=1)
        signal = Signal(name, "ecg", FS_HZ, 0, (Channel("II", "mV", 200.0), Channel("V1", "mV", 200.0)))
        header = write_record(folder, name, signal, [Block(0, np.round(leads * 200).astype(np.int16))])
        return header.with_suffix("")

    return write


@pytest.fixture
def write_twelve_leads():
    """Writes ten seconds of twelve leads, a named one of them flat; gives the record's path without suffix."""
    names = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")

    def write(folder, name, flat=None):
        rng = np.random.default_rng(7)
        n_samples = round(10.0 * FS_HZ)
        leads = np.stack([_ecg_like(n_samples, rng) for _ in names], axis=1)
        leads[:, [lead == flat for lead in names]] = 0.0
        signal = Signal(name, "ecg", FS_HZ, 0, tuple(Channel(lead, "mV", 200.0) for lead in names))
        return write_record(folder, name, signal, [Block(0, np.round(leads * 200).astype(np.int16))]).with_suffix("")

    return write


@pytest.fixture
def environment(tmp_path):
    """The environment of a command: nothing of ours but a home of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RHYTHMARK_")}
    return kept | {"RHYTHMARK_HOME": str(tmp_path / "home")}


@pytest.fixture
def rhythmark(environment, tmp_path):
    """Runs the command to its end."""

    def run(*arguments, stdin="", **variables):
        return subprocess.run(
            [sys.executable, "-m", "rhythmark", *map(str, arguments)],
            input=stdin,
            env=environment | variables,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )

    return run


@pytest.fixture
def ran(database_dsn, environment, tmp_path, capsys):
    """Runs a command in this process, where there are many to run; gives its exit code and what it says."""

    def run(*words):
        settings = Settings.read(environment | {"RHYTHMARK_DSN": database_dsn}, directory=tmp_path)
        parsed = parser().parse_args(list(map(str, words)))
        capsys.readouterr()
        code = importlib.import_module(f"rhythmark.commands.{parsed.command}").run(parsed, settings)
        said = capsys.readouterr()
        return code, said.out, said.err

    return run
