"""What in a text could tell who somebody is: names, dates, numbers of records and phones, addresses, ages over 89.

Rules after the eighteen identifiers of the HIPAA Privacy Rule, 45 CFR 164.514(b)(2). A rule sees forms, not meaning: a
bare family name in a sentence has none, and two capitalised words that are no name have one. So what is found is shown
to a person, and what is not found is no proof.
"""

from __future__ import annotations

import re
from importlib import resources
from typing import TYPE_CHECKING, Final, NamedTuple

from signal_processing.vocabulary import LABELS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Finding(NamedTuple):
    """What could be an identifier: its kind, its text, and where it stands in the text that was looked at."""

    kind: str
    text: str
    start: int
    end: int


_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?|januar|februar|märz|mai|juni|juli|oktober|dezember)"
)
_DAY, _MONTH_NUMBER = r"(?:0?[1-9]|[12]\d|3[01])", r"(?:0?[1-9]|1[0-2])"
_NAME = "[A-ZÀ-ÖØ-Þ][a-zà-öø-ÿ'\u2019-]+"
_PARTICLE = r"(?:[A-Z]\.|van|von|de|der|la|el|al|bin|O')"
_STREET = r"(?:street|st|road|rd|avenue|ave|lane|ln|drive|dr|court|ct|boulevard|blvd|way|place|square)"
_NUMBERED = (
    r"(?:mrn|ssn|pid|nhs|hkid|patient[ _-]?(?:id|no|number|nr)|case[ _-]?(?:no|number)|record[ _-]?(?:no|number)"
    r"|account|acct|insurance|policy|licen[cs]e|passport|chart|id|nr|no)"
)
_TITLE = r"(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Sr|Sra|Herr|Frau|Mme|Monsieur|Madame|Signor|Signora)"
_CALLED = (
    r"(?i:patient(?:'s)? name|surname|family name|first name|given name|name|nurse|physician|referred by|reported by"
    r"|dob|born|next of kin)"
)
_INSTITUTION = r"(?:hospital|clinic|klinik(?:um)?|infirmary|medical cent(?:er|re)|hospice|practice)"


def _rule(kind: str, *alternatives: str, any_case: bool = False) -> tuple[str, re.Pattern[str]]:
    return kind, re.compile("|".join(alternatives), re.IGNORECASE if any_case else 0)


_RULES: Final = (
    _rule("e-mail", r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
    _rule("web address", r"(?:https?://|www\.)\S+", any_case=True),
    _rule(
        "network address",
        r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])",
        r"\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b",
        any_case=True,
    ),
    _rule(
        "date",
        rf"(?<!\d)(?:19|20)\d{{2}}[-/.]{_MONTH_NUMBER}[-/.]{_DAY}(?!\d)",
        rf"(?<![\d.]){_DAY}[-/.]{_DAY}[-/.](?:\d{{4}}|\d{{2}})(?![\d.]\d|\d)",
        rf"(?<!\d)\d{{1,2}}(?:st|nd|rd|th|\.)?[ -]{_MONTH}\b\.?,?[ -]?(?:\d{{4}}|\d{{2}}\b)?",
        rf"\b{_MONTH}\.? \d{{1,2}}(?:st|nd|rd|th)?(?:,? \d{{4}})?\b",
        any_case=True,
    ),
    _rule(
        "number of a person",
        rf"\b{_NUMBERED}\b\.?[ :#=]*(?=[\w-]*\d)[\w/-]{{3,}}",
        r"(?<!\d)\d{3}-\d{2}-\d{4}(?!\d)",
        any_case=True,
    ),
    _rule(
        "number of a device",
        r"\b(?:s/?n|serial(?: (?:no|number|nr))?|imei|udi)\b\.?[ :#=]*(?=[\w-]*\d)[\w-]{4,}",
        any_case=True,
    ),
    _rule(
        "phone",
        r"(?:\b(?:tel|phone|fax|mobile|call|pager)\b\.?:?[ ]*)\+?[\d(][\d ()/.-]{5,}\d",
        r"(?<![\w.])(?:\+\d{1,3}[ -]?)?(?:\(\d{2,5}\)[ -]?|\d{2,5}[ -])\d{3,4}[ -]\d{3,5}(?!\d)",
        r"(?<![\w.])\+\d{1,3}[ -]?\d[\d -]{5,}\d",
        r"(?<![\w.:-])\d{3}-\d{4}(?![\w-])",
        any_case=True,
    ),
    _rule("long number", r"(?<![\w.])\d{6,}(?![\w.]*\d)"),
    _rule(
        "age over 89",
        r"\b(?:age[d]?|alter)\b[ :=]*(?:9\d|1[01]\d)\b",
        r"\b(?:9\d|1[01]\d)[ -]?(?:years?\b|yrs?\b|y/?o\b|y\.o\.|jahre)",
        any_case=True,
    ),
    _rule("address", rf"\b\d{{1,5}}[a-z]? (?:{_NAME} ){{1,3}}{_STREET}\b", any_case=True),
    _rule(
        "address",
        r"\b[A-ZÄÖÜ][\wäöüß-]*(?:straße|strasse|str\.|gasse|weg|allee|platz) ?\d{1,4}[a-z]?\b",
        rf"\b(?:[A-Z]{{1,2}}\d[A-Z\d]? \d[A-Z]{{2}}|[A-Z]{{2}} \d{{5}}(?:-\d{{4}})?|\d{{5}} {_NAME})\b",
    ),
    _rule("institution", rf"(?:{_NAME} ){{1,4}}{_INSTITUTION}\b", any_case=True),
    _rule("name", rf"\b{_CALLED}\b[ :=]+{_NAME}(?:[ ,]+{_NAME})*"),
    _rule("name", rf"\b{_TITLE}\b\.? (?:{_NAME}|[A-Z]\.)(?: {_NAME})*"),
    _rule("name", rf"(?<![\w]){_NAME}, {_NAME}(?: [A-Z]\.?)?"),
    _rule("name", rf"(?<![\w]){_NAME}(?:[ _]{_PARTICLE})*[ _]{_NAME}(?:[ _-]{_NAME})*"),
    _rule("name", rf"(?<![\w.])(?:[A-Z]\. ?){{1,2}}{_NAME}"),
    _rule("name", r"(?<![\w])[A-Z]{2,}\^[A-Z]{2,}(?:\^[A-Z]*)*"),  # as DICOM and HL7 write them
)


def _words_of(name: str) -> frozenset[str]:
    return frozenset(resources.files("formats").joinpath(name).read_text(encoding="utf-8").split())


_KNOWN_WORDS: Final = _words_of("known_words.txt") | {
    word.casefold() for entry in LABELS for word in re.findall(r"[A-Za-z]+", entry.name)
}
_PARTICLES: Final = frozenset({"van", "von", "de", "der", "la", "el", "al", "bin"})

KNOWN_CHANNELS: Final = _words_of("known_channels.txt")
"""Names of leads and sensors that tell nobody who somebody is, in lower case."""


def findings(text: str) -> list[Finding]:
    """What could be an identifier, in the order in which it stands; of what overlaps, the first rule's."""
    found: list[Finding] = []
    for kind, pattern in _RULES:
        for match in pattern.finditer(text):
            finding = Finding(kind, match[0].strip(), *match.span())
            if finding.text and not _overlaps(finding, found) and not (kind == "name" and _is_harmless(finding.text)):
                found.append(finding)
    return sorted(found, key=lambda finding: finding.start)


def channel_findings(names: Iterable[str]) -> Iterator[Finding]:
    """Names of channels that are no known lead or sensor: whoever names a channel may name a patient."""
    for name in names:
        plain = re.sub(r"[\s()\[\]]|\d+$", "", name.casefold())
        if name.casefold().strip() not in KNOWN_CHANNELS and plain not in KNOWN_CHANNELS:
            yield Finding("name of a channel", name, 0, len(name))


def label_findings(text: str) -> list[Finding]:
    """Of a name of a stream, a file or a device: what `findings` has, and each capitalised word that is no term.

    In a sentence that would be every other word; a name of a recording has few, and a family name is often one of them.
    """
    found = [one._replace(text=text[one.start : one.end]) for one in findings(re.sub(r"[_/]", " ", text))]
    for match in re.finditer(r"(?<![A-Za-zÀ-ÿ])[A-ZÀ-ÖØ-Þ][a-zà-öø-ÿ]{2,}", text):
        finding = Finding("name", match[0], *match.span())
        if not _overlaps(finding, found) and not _is_harmless(finding.text):
            found.append(finding)
    return sorted(found, key=lambda finding: finding.start)


def without(text: str, found: Iterable[Finding]) -> str:
    """The text with what was found replaced by its kind in brackets."""
    parts, at = [], 0
    for finding in sorted(found, key=lambda one: one.start):
        parts += [text[at : finding.start], f"[{finding.kind}]"]
        at = finding.end
    return "".join([*parts, text[at:]])


def _overlaps(finding: Finding, found: Iterable[Finding]) -> bool:
    return any(finding.start < other.end and other.start < finding.end for other in found)


def _is_harmless(text: str) -> bool:
    """Capitalised words of cardiology are no name, whatever they look like."""
    words = [word.casefold() for word in re.findall(r"[^\W\d_]+", text)]
    return all(word in _KNOWN_WORDS or word in _PARTICLES for word in words)
