"""Detectors of other packages: found by their entry points, named when broken, never in the way of the others."""

import os
import re
import subprocess
import sys
import tomllib
import warnings
from pathlib import Path

import numpy as np
import pytest

from detectors import laws, registry
from detectors.plugins import BrokenDetectorWarning
from detectors.runner import annotate
from signal_processing.values import Block, Channel, Signal

SIGNAL = Signal("s", "g", 10.0, 0, (Channel("II", "mV"), Channel("PLETH", "1")))

MODULE = '''
from dataclasses import dataclass
from detectors.protocol import Step
from signal_processing.values import Annotation, Annotator

@dataclass
class State:
    seen: int = 0

@dataclass(frozen=True)
class Tens:
    """Says a note at every tenth sample."""
    name: str = "tens"
    version: str = "1"
    latency_s: float = 1.0
    state_type = State

    @property
    def annotators(self):
        return (Annotator("machine", self.name, self.version),)

    def accepts(self, signal):
        return True

    def initial(self, signal):
        return State()

    def step(self, state, block):
        at = [block.start + i for i in range(len(block)) if (state.seen + i) % 10 == 9]
        state.seen += len(block)
        return Step(state, [Annotation(start=i, end=i, label="NOTE", annotator=self.annotators[0]) for i in at])

    def finish(self, state):
        return []

def two():
    return [Tens("tens-a"), Tens("tens-b")]

@dataclass(frozen=True)
class Hesitant(Tens):
    name: str = "hesitant"

    def accepts(self, signal):
        raise RuntimeError("which way?")

def fails():
    raise RuntimeError("no model file")

one = Tens("one")
taken = Tens("beats")
shouting = Tens("TENS")
nameless = Tens("of-nobody", version="")
'''


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Install a package with these entry points, for the test."""
    number = iter(range(100))

    def entry_points(**values):
        name = f"rhythmark_tens_{next(number)}"
        (tmp_path / f"{name}.py").write_text(MODULE)
        info = tmp_path / f"{name}-1.2.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n")
        lines = [f"{key} = {name}:{value}" for key, value in values.items()]
        (info / "entry_points.txt").write_text("\n".join(["[rhythmark.detectors]", *lines]))
        registry._registered.cache_clear()

    monkeypatch.syspath_prepend(str(tmp_path))
    registry._registered.cache_clear()
    yield entry_points
    registry._registered.cache_clear()
    for name in [name for name in sys.modules if name.startswith("rhythmark_tens_")]:
        del sys.modules[name]


def names_beside_our_own():
    return sorted(registry.registered().keys() - registry.own().keys())


def test_classes_functions_and_objects_are_found_and_run_beside_our_own(install):
    install(a="Tens", b="two", c="one")
    assert names_beside_our_own() == ["one", "tens", "tens-a", "tens-b"]
    assert [d.name for d in registry.production_for(SIGNAL)] == [
        name for name in registry.PRODUCTION if registry.own()[name].accepts(SIGNAL)
    ] + ["tens", "tens-a", "tens-b", "one"]
    block = Block(5, np.zeros((40, 2)))
    assert [a.start for a in annotate(registry.detector_named("one"), SIGNAL, [block])] == [14, 24, 34, 44]


def test_an_installed_detector_keeps_the_laws(install):
    install(a="Tens")
    laws.check_all(registry.detector_named("tens"), SIGNAL, Block(5, np.ones((300, 2))))


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("fails", r"detector 'a' \(rhythmark_tens_0:fails\) of rhythmark_tens_0 1.2 is left out: .*no model file"),
        ("absent", "is left out: AttributeError"),
        ("State", "must have methods accepts, initial, step, finish"),
        ("taken", "names of detectors and annotators must differ, beats is taken"),
        ("shouting", "name must be lower case with dashes, got 'TENS'"),
        ("nameless", "version must be a text that is not empty, got ''"),
    ],
)
def test_a_broken_one_is_named_and_the_others_run(install, value, said):
    install(a=value, b="one")
    with pytest.warns(BrokenDetectorWarning, match=said):
        assert names_beside_our_own() == ["one"]


def test_of_two_with_one_name_the_first_by_its_entry_point_runs(install):
    install(b="one")
    install(a="one")
    with pytest.warns(BrokenDetectorWarning, match="of rhythmark_tens_0 1.2 is left out: .*one is taken"):
        assert names_beside_our_own() == ["one"]


def test_one_that_cannot_tell_what_it_accepts_accepts_nothing(install):
    install(a="Hesitant", b="one")
    with pytest.warns(BrokenDetectorWarning, match="'hesitant' cannot tell whether it accepts 'g'"):
        assert "one" in [d.name for d in registry.production_for(SIGNAL)]


def test_nothing_is_said_when_nothing_is_installed(install):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert names_beside_our_own() == []


def test_the_template_in_the_documentation_installs_and_passes_its_own_test(tmp_path):
    text = (Path(__file__).parents[2] / "docs" / "how-to" / "add-a-detector.md").read_text()
    files = dict(re.findall(r"^`(\w+\.\w+)`\n\n```\w+\n(.*?)^```", text, re.MULTILINE | re.DOTALL))
    assert sorted(files) == ["large_swings.py", "pyproject.toml", "test_large_swings.py"]
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    project = tomllib.loads(files["pyproject.toml"])["project"]
    info = tmp_path / "large_swings-1.0.dist-info"  # what an installer writes
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    points = [f"{name} = {value}" for name, value in project["entry-points"]["rhythmark.detectors"].items()]
    (info / "entry_points.txt").write_text("\n".join(["[rhythmark.detectors]", *points]))
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(Path(__file__).parents[2])])}
    ask = "from detectors.registry import detector_named as named; print(type(named('large-swings').step).__name__)"
    for command in (["-m", "pytest", "-q", "-p", "no:cacheprovider", "test_large_swings.py"], ["-c", ask]):
        done = subprocess.run(
            [sys.executable, *command], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout == "method\n"
