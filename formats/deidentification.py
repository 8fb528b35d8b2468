"""Recordings without what tells whose they are: before they are stored, so that identifiers never reach a table.

Pseudonyms are keyed (HMAC-SHA-256): without the key nobody can try names against them, and when the key is destroyed
nobody can any more, ourselves included. All dates of a patient move by one secret number of whole days, so that
intervals and times of day stay. Ages above 89 are 90 (45 CFR 164.514(b)(2)(i)(C)).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from formats.identifiers import channel_findings, findings
from signal_processing.errors import InvalidValueError

if TYPE_CHECKING:
    from signal_processing.values import Signal

MIN_KEY_CHARACTERS = 32
MAX_SHIFT_DAYS = 3_650
OLDEST = 90
_DAY_US = 86_400_000_000
_NAME_CHARACTERS = 12
"""Of base32: 60 bits, so that among a million patients two are alike with a chance of one in two million."""


class Person(NamedTuple):
    """Whom a recording is of: any identifier, the same for the same person; year of birth and sex where known."""

    identifier: str
    birth_year: int | None = None
    sex: str | None = None


class Deidentified(NamedTuple):
    """A recording's signal under new names and dates, and of whom it is."""

    signal: Signal
    pseudonym: str
    birth_year: int | None
    sex: str | None


class Deidentifier:
    """Gives the same names and dates for the same key, and others for another.

    Raises
    ------
    InvalidValueError : if the key has fewer than 32 characters.
    """

    def __init__(self, key: str) -> None:
        if len(key) < MIN_KEY_CHARACTERS:
            msg = f"key of pseudonyms must have at least {MIN_KEY_CHARACTERS} characters, got {len(key)}"
            raise InvalidValueError(msg)
        self._key = key.encode()

    def pseudonym(self, identifier: str) -> str:
        """A patient's name here; the case of letters and blanks around make no other person."""
        return "P-" + self._name("patient", " ".join(identifier.split()).casefold())

    def stream_name(self, name: str) -> str:
        """A recording's name here."""
        return "S-" + self._name("stream", name)

    def shift_us(self, identifier: str) -> int:
        """By how much all times of a patient move: whole days, ten years at most, never none."""
        digest = self._digest("dates", self.pseudonym(identifier))
        days = int.from_bytes(digest[:8]) % (2 * MAX_SHIFT_DAYS) - MAX_SHIFT_DAYS
        return (days if days < 0 else days + 1) * _DAY_US

    def deidentified(self, signal: Signal, person: Person) -> Deidentified:
        """A signal whose stream, dates and channels tell nobody; samples are not touched."""
        shift_us = self.shift_us(person.identifier)
        channels = signal.channels
        wrong = {finding.text for finding in channel_findings(channel.name for channel in channels)}
        named = tuple(
            msgspec.structs.replace(channel, name=f"channel {number}") if channel.name in wrong else channel
            for number, channel in enumerate(channels, 1)
        )
        t0_us = signal.t0_us + shift_us
        told = msgspec.structs.replace(signal, stream=self.stream_name(signal.stream), t0_us=t0_us, channels=named)
        return Deidentified(
            told, self.pseudonym(person.identifier), _shifted_birth(person.birth_year, signal.t0_us, t0_us), person.sex
        )

    def _name(self, what: str, value: str) -> str:
        return base64.b32encode(self._digest(what, value)).decode()[:_NAME_CHARACTERS]

    def _digest(self, what: str, value: str) -> bytes:
        return hmac.digest(self._key, f"{what}\x00{value}".encode(), hashlib.sha256)


def check_text(what: str, text: str) -> None:
    """Raise InvalidValueError where a text could tell who somebody is; a person words it otherwise."""
    found = findings(text)
    if found:
        kinds = ", ".join(sorted({finding.kind for finding in found}))
        msg = f"{what} must tell nobody, got {len(found)} texts that could: {kinds}"
        raise InvalidValueError(msg)


def _shifted_birth(birth_year: int | None, t0_us: int, shifted_us: int) -> int | None:
    """The year of birth that gives the same age on the new date; of those above 89 the age is 90."""
    if birth_year is None:
        return None
    age = min(max(_year(t0_us) - birth_year, 0), OLDEST)
    return _year(shifted_us) - age


def _year(us: int) -> int:
    return datetime.fromtimestamp(us / 1e6, UTC).year
