"""Compiling ahead: what runs in production is compiled by it, wherever compiled code can be kept."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from detectors.registry import PRODUCTION
from detectors.warm_up import warm_up

ROOT = Path(__file__).parents[2]


def test_warm_up_runs_every_production_detector():
    assert set(warm_up()) == set(PRODUCTION)


def test_code_compiles_when_no_folder_can_be_written_to():
    program = """
import numpy as np
from detectors.quality.stillness_loop import find_still
print(find_still(np.zeros((3, 1)), np.zeros(1, np.int64), np.zeros(1), 0, 0, 2, np.zeros((2, 2), np.int64)))
"""
    environment = {**os.environ, "NUMBA_CACHE_DIR": "/proc/no-such-folder"}
    command = [sys.executable, "-c", program]
    ran = subprocess.run(command, check=False, env=environment, capture_output=True, text=True, timeout=100)
    assert (ran.returncode, ran.stdout) == (0, "(0, 0)\n"), ran.stderr


def test_compiled_code_is_not_shared_by_sources_that_differ_in_any_module_it_may_call(tmp_path):
    for room in ("detectors", "signal_processing"):
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))

    def folder():
        program = (
            "from pathlib import Path; from detectors.loops.compiled import _cache_folder;"
            "print(_cache_folder('', Path('detectors/beats').absolute()).name)"
        )
        ran = subprocess.run([sys.executable, "-c", program], check=True, cwd=tmp_path, capture_output=True, text=True)
        return ran.stdout

    seen = {folder()}
    assert {folder()} == seen
    for changed in ("signal_processing/filters.py", "detectors/beats/front.py", "detectors/loops/medians.py"):
        with (tmp_path / changed).open("a") as module:
            module.write("# a change\n")
        seen.add(folder())
    assert len(seen) == 4


def test_compiled_code_calls_its_own_room_and_what_loops_share():
    imported = re.compile(r"^\s*from detectors(?:\.(\w+))?[\w.]* import ", re.MULTILINE)
    for path in (ROOT / "detectors").rglob("*.py"):
        source = path.read_text()
        if "loops.compiled import" in source:
            assert set(imported.findall(source)) <= {"loops", path.parent.name}, path
