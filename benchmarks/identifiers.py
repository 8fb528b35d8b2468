"""Five hundred planted identifiers: how many a release does not give away, how many `deid` finds, and which it misses.

A hundred each in comments of WFDB headers, names of recordings and names of channels, two hundred in notes, which are
free text. Some have no form that a rule could see (a bare family name, a name in lower case): that is the point. Rules
were mended once after a first run of this (initials, underscores).
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from benchmarks.figures import Figure
from formats.identifiers import channel_findings, findings, label_findings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from formats.identifiers import Finding

N_EACH = 100
N_NOTES = 200
_GIVEN = (
    "Anna", "Björn", "Chidi", "Dmitri", "Elif", "Fatima", "Giovanni", "Hana", "Igor", "José", "Kwame", "Li", "Mary",
    "Nguyen", "Olga", "Pierre", "Quentin", "Rosa", "Siân", "Tomás",
)  # fmt: skip
_FAMILY = (
    "Smith", "Müller", "O'Brien", "Kowalska", "García", "Nakamura", "Okafor", "Petrov", "Rossi", "Schröder", "Tanaka",
    "Ullmann", "van-Dyck", "Wang", "Yilmaz", "Zhang", "Brown", "Dubois", "Jensen", "Novák",
)  # fmt: skip
_HARMLESS = (
    "fast run, {}", "{} - see strip before", "artefact while walking; {}", "rate 150/min, QRS 140 ms, {}", "{}",
    "pause 2.4 s ({})",
)  # fmt: skip


class Planted(NamedTuple):
    """A text with an identifier in it, what form that has, and whether it was found."""

    form: str
    is_found: bool


def figures() -> Iterator[Figure]:
    """Found, by place; then what was not, by form."""
    rng = np.random.default_rng(500)
    notes = [_note(rng) for _ in range(N_NOTES)]
    labels = [_label(rng) for _ in range(N_EACH)]
    channels = [_channel(rng) for _ in range(N_EACH)]
    # comments of headers reach neither the database nor a release, and recordings are numbered in one
    yield Figure("identifiers in header comments: not in a release", float(N_EACH), f"of {N_EACH}, by construction")
    yield Figure("identifiers in names of recordings: not in a release", float(N_EACH), f"of {N_EACH}, by construction")
    for where, found in (("names of recordings", labels), ("names of channels", channels), ("notes", notes)):
        yield Figure(
            f"identifiers in {where}: found by rules", float(sum(one.is_found for one in found)), f"of {len(found)}"
        )
    for form, n in sorted(Counter(one.form for one in [*labels, *channels, *notes] if not one.is_found).items()):
        yield Figure(f"not found: {form}", float(n), "texts")


def _identifier(rng: np.random.Generator) -> tuple[str, str]:
    given, family = str(rng.choice(_GIVEN)), str(rng.choice(_FAMILY))
    day, month, year = int(rng.integers(1, 29)), int(rng.integers(1, 13)), int(rng.integers(1930, 2027))
    number = int(rng.integers(10_000, 9_999_999))
    forms = {
        "given and family name": f"{given} {family}",
        "title and family name": f"Dr {family}",
        "family name, given name": f"{family}, {given}",
        "initial and family name": f"{given[0]}. {family}",
        "bare family name": family,
        "name in lower case": f"{given} {family}".lower(),
        "date, ISO": f"{year}-{month:02}-{day:02}",
        "date, day first": f"{day}.{month}.{year}",
        "date, US": f"{month}/{day}/{year}",
        "record number, named": f"MRN {number}",
        "record number, bare": f"{number}",
        "phone": f"tel {rng.integers(20, 99)} {rng.integers(1000, 9999)} {rng.integers(100, 999)}",
        "e-mail": f"{given}.{family}@example.org".lower(),
        "age over 89": f"{rng.integers(90, 108)} years old",
        "address": f"{rng.integers(1, 200)} {family} Street",
        "institution": f"{family} Hospital",
    }
    form = str(rng.choice(list(forms)))
    return form, forms[form]


def _note(rng: np.random.Generator) -> Planted:
    form, text = _identifier(rng)
    return _planted(form, text, findings(str(rng.choice(_HARMLESS)).format(text)))


def _label(rng: np.random.Generator) -> Planted:
    form, text = _identifier(rng)
    name = str(rng.choice(["holter-{}", "{}_night", "{}", "ward3/{}"])).format(text.replace(" ", "_"))
    return _planted(form, text, label_findings(name))


def _channel(rng: np.random.Generator) -> Planted:
    form, text = _identifier(rng)
    return _planted(form, text, list(channel_findings([str(rng.choice(["{}", "II {}", "ECG {}"])).format(text)])))


def _planted(form: str, text: str, found: list[Finding]) -> Planted:
    """Found where a finding shows a part of it that is longer than a letter."""
    shown = " ".join(finding.text for finding in found).replace("_", " ")
    parts = [part for part in text.replace("_", " ").split() if len(part.strip(".,")) > 1]
    return Planted(form, any(part in shown for part in parts))
