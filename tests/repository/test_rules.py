"""What holds for the whole repository, whatever room a change is in."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-demo.lock", "docker/requirements.lock")
MAX_FILE_BYTES = 1 << 20
MAX_MODULE_LINES = 400

# Where somebody's files lie; paths of Linux or of a container (/tmp, /usr, /run) are everybody's.
_MACHINE_PATH = re.compile(r"(?<![\w.])/(?:home|Users|root|work|mnt|srv)/\w")
_ADDRESS = re.compile(r"https?://|--(?:index|extra-index|find-links|trusted-host)|\s@\s")
_NOQA = re.compile(r"#\s*(?:noqa|type:\s*ignore)(?P<rest>[^\n]*)")
_REASONED = re.compile(r"(?::\s*[A-Z]+\d+(?:,\s*[A-Z]+\d+)*|\[[\w,-]+\])\s+(?:-|#)\s+\S+")


def tracked(*patterns):
    done = subprocess.run(
        ["git", "ls-files", "-z", "--", *patterns], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [ROOT / name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


def text_of(path):
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def test_no_tracked_file_names_a_path_of_one_machine():
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in tracked()
        if path != Path(__file__)
        for number, line in enumerate(text_of(path).splitlines(), start=1)
        if _MACHINE_PATH.search(line)
    ]
    assert not found


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_holds_hashes_and_no_addresses(lock):
    text = (ROOT / lock).read_text()
    requirements = re.split(r"\n(?=[a-zA-Z0-9])", text.strip())
    assert not _ADDRESS.search(text)
    assert all("--hash=sha256:" in requirement for requirement in requirements)


@pytest.mark.parametrize("lock", LOCKS[1:])
def test_smaller_locks_agree_with_the_largest(lock):
    pinned = re.compile(r"^[\w.-]+==\S+", re.MULTILINE)
    everything = set(pinned.findall((ROOT / LOCKS[0]).read_text()))
    assert set(pinned.findall((ROOT / lock).read_text())) <= everything


def test_every_declared_dependency_is_locked():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    declared = project["project"]["dependencies"] + project["project"]["optional-dependencies"]["demo"]
    names = {re.split(r"[\[><=!~;\s]", requirement, maxsplit=1)[0] for requirement in declared}
    for lock in LOCKS[:2]:
        locked = set(re.findall(r"^([\w.-]+)==", (ROOT / lock).read_text(), re.MULTILINE))
        assert names <= locked


def test_no_tracked_file_is_over_a_mebibyte():
    assert not [path for path in tracked() if path.stat().st_size > MAX_FILE_BYTES]


def test_modules_are_short_enough_to_read():
    modules = [path for path in tracked("*.py") if "tests" not in path.parts]
    assert not [
        str(path.relative_to(ROOT)) for path in modules if len(path.read_text().splitlines()) > MAX_MODULE_LINES
    ]


def test_every_exception_from_lint_and_types_gives_its_reason():
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in tracked("*.py")
        if path != Path(__file__)
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if (match := _NOQA.search(line)) and not _REASONED.match(match["rest"])
    ]
    assert not found


def test_continuous_integration_runs_the_command_that_the_readme_names():
    assert "make test" in (ROOT / ".ci" / "run").read_text()
    readme = (ROOT / "README.md").read_text()
    assert "make test" in readme
    assert "make demo" in readme


def test_links_between_documents_lead_somewhere():
    link = re.compile(r"\]\((?!https?://|#|mailto:)([^)#\s]+)")
    for path in tracked("*.md"):
        for target in link.findall(path.read_text()):
            assert (path.parent / target).exists(), f"{path.relative_to(ROOT)} links to {target}"
