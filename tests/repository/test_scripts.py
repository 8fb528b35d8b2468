"""The rooms of the workstation's scripts: imports go one way, and every import leads to something that is exported."""

import re
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "labeling_server" / "static" / "js"
ROOMS = ("base", "signal", "paper", "edits", "strip", "windows", "review", "calipers", "views", "page", "desk", "forms")
"""From the bottom up, as docs/architecture.md has them: a script imports from its own room and from those before it."""
_IMPORT = re.compile(r'^import (?:(?:\{(?P<names>[^}]*)\}|\* as \w+) from )?"(?P<path>\.[^"]+)";', re.MULTILINE)
_IN_COMMENT = re.compile(r'import\("(?P<path>\.[^"]+)"\)')
_EXPORTED = re.compile(r"^export (?:async )?(?:function\*?|const|let|class) (\w+)", re.MULTILINE)


def scripts():
    return sorted(SCRIPTS.rglob("*.js"))


def name_of(path):
    return str(path.relative_to(SCRIPTS))


def imports_of(path):
    """(names, those of another name here as "theirs as ours", target) of each import."""
    text = path.read_text()
    for found in _IMPORT.finditer(text):
        names = [name.strip() for name in (found["names"] or "").split(",") if name.strip()]
        yield names, (path.parent / found["path"]).resolve()


def test_every_script_is_in_a_room():
    assert {path.relative_to(SCRIPTS).parts[0] for path in scripts()} == set(ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_scripts_import_from_their_own_room_and_those_below_it(room):
    below = ROOMS[: ROOMS.index(room) + 1]
    wrong = [
        f"{name_of(path)} imports {name_of(target)}"
        for path in sorted((SCRIPTS / room).rglob("*.js"))
        for _, target in imports_of(path)
        if target.relative_to(SCRIPTS).parts[0] not in below
    ]
    assert wrong == []


def test_scripts_do_not_import_each_other_in_a_circle():
    graph = {path: {target for _, target in imports_of(path)} for path in scripts()}
    while free := {path for path, targets in graph.items() if not targets & graph.keys()}:
        graph = {path: targets for path, targets in graph.items() if path not in free}
    assert [name_of(path) for path in graph] == []


def test_what_is_imported_is_exported_there():
    exported = {path: set(_EXPORTED.findall(path.read_text())) for path in scripts()}
    wrong = [
        f"{name_of(path)}: {name} of {target.name}"
        for path in scripts()
        for names, target in imports_of(path)
        for name in names
        if name.split(" as ")[0] not in exported.get(target, set())
    ]
    assert wrong == []


def test_types_that_comments_name_are_of_scripts_that_exist():
    wrong = [
        f"{name_of(path)}: {found['path']}"
        for path in scripts()
        for found in _IN_COMMENT.finditer(path.read_text())
        if not (path.parent / found["path"]).is_file()
    ]
    assert wrong == []


def test_what_is_imported_is_used():
    wrong = [
        f"{name_of(path)}: {name}"
        for path in scripts()
        for names, _ in imports_of(path)
        for name in names
        if len(re.findall(rf"\b{name.split(' as ')[-1]}\b", path.read_text())) == 1
    ]
    assert wrong == []
