"""A guideline: Markdown whose headings number its clauses, each bound to the labels that it is about.

## 2.1 Atrial fibrillation
Labels: AFIB, AFL
No P waves, irregular for at least 30 s ...
"""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

_HEADING = re.compile(r"#{1,6} +(?P<number>\d+(?:\.\d+)*)\.? +(?P<title>\S.*?) *#*")
_LABELS = re.compile(r"Labels: *(?P<names>\S.*)")


class GuidelineError(ValueError):
    """A guideline breaks a rule; the message says which, by what."""


class Clause(NamedTuple):
    """A numbered piece of a guideline; `text` is what stands below its heading."""

    number: str
    title: str
    labels: tuple[str, ...]
    text: str


class Changed(NamedTuple):
    """A clause that is new, gone or other than before; `labels` are those that either version binds to it."""

    number: str
    title: str
    how: str
    labels: tuple[str, ...]


def clauses(body: str, *, known: Collection[str] | None = None) -> list[Clause]:
    """The numbered clauses, in their order; text before the first belongs to none.

    Parameters
    ----------
    known : labels that there are; None: whatever is named.

    Raises
    ------
    GuidelineError : if there is no clause, a number stands twice, or a label is not among the known ones.
    """
    found: list[Clause] = []
    heading: re.Match[str] | None = None
    lines: list[str] = []
    for line in [*body.splitlines(), None]:
        new = _HEADING.fullmatch(line.rstrip()) if line is not None else None
        if heading is not None and (new or line is None):
            found.append(_clause(heading, lines))
        if new:
            heading, lines = new, []
        elif line is not None:
            lines.append(line)
    _check(found, known)
    return found


def _clause(heading: re.Match[str], lines: Sequence[str]) -> Clause:
    names = [name for line in lines if (bound := _LABELS.fullmatch(line.strip())) for name in bound["names"].split(",")]
    text = "\n".join(line for line in lines if not _LABELS.fullmatch(line.strip())).strip()
    return Clause(heading["number"], heading["title"], tuple(name.strip() for name in names if name.strip()), text)


def _check(found: Sequence[Clause], known: Collection[str] | None) -> None:
    if not found:
        msg = 'a guideline must have numbered clauses, headings such as "## 1.2 Pauses", got none'
        raise GuidelineError(msg)
    numbers = [clause.number for clause in found]
    twice = next((number for number in numbers if numbers.count(number) > 1), None)
    if twice is not None:
        msg = f"a number must stand for one clause, got {twice} twice"
        raise GuidelineError(msg)
    unknown = [
        (clause.number, name) for clause in found for name in clause.labels if known is not None and name not in known
    ]
    if unknown:
        number, name = unknown[0]
        msg = f"labels of a clause must be of the vocabulary, got {name!r:.100} in {number}"
        raise GuidelineError(msg)


def changed(before: Sequence[Clause], now: Sequence[Clause]) -> list[Changed]:
    """Which clauses are new, changed or gone, in the order of the newer version, what is gone last."""
    old, new = ({clause.number: clause for clause in version} for version in (before, now))
    found = []
    for number, clause in new.items():
        was = old.get(number)
        if was != clause:
            labels = tuple(dict.fromkeys([*clause.labels, *(was.labels if was else ())]))
            found.append(Changed(number, clause.title, "changed" if was else "new", labels))
    return found + [Changed(n, clause.title, "gone", clause.labels) for n, clause in old.items() if n not in new]


def difference(before: str, now: str) -> list[tuple[str, str]]:
    """Line by line: "+" what is new, "-" what is gone, " " what stood beside it."""
    lines = difflib.unified_diff(before.splitlines(), now.splitlines(), lineterm="", n=2)
    return [(line[0], line[1:]) for line in lines if not line.startswith(("+++", "---", "@@"))]
