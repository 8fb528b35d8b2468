"""What the environment says, read once at the entry point and passed on.

| variable | what | default |
|---|---|---|
| RHYTHMARK_DSN, RHYTHMARK_DSN_FILE | the database, or a file that holds it | the running demo's |
| RHYTHMARK_KAFKA | brokers, "host:port[,host:port]" | none |
| RHYTHMARK_SECRET, RHYTHMARK_SECRET_FILE | signs the sessions of readers, at least 32 characters | none |
| RHYTHMARK_PSEUDONYM_KEY, RHYTHMARK_PSEUDONYM_KEY_FILE | makes pseudonyms, at least 32 characters | none |
| RHYTHMARK_DATA | reference recordings | ../shared/data |
| RHYTHMARK_HOST, RHYTHMARK_PORT | where the workstation listens | 127.0.0.1, 8000 |
| RHYTHMARK_HOME | the demo's database, recordings and log | .rhythmark |
| RHYTHMARK_RELEASES | where the server keeps releases that are made in its pages | releases in RHYTHMARK_HOME |
| RHYTHMARK_ZONE | time zone of the pages | UTC |
| RHYTHMARK_SECURE_COOKIES | 1 behind https | 0 |
| RHYTHMARK_LOG_LEVEL | debug, info, warning or error; RHYTHMARK_LOG is its older name | info |
| RHYTHMARK_LOG_FORMAT | json, console, or auto: console on a terminal, else json | auto |
| RHYTHMARK_METRICS_TOKEN, RHYTHMARK_METRICS_TOKEN_FILE | bearer token for /metrics, at least 16 characters | none |
| RHYTHMARK_METRICS_FROM | addresses and networks that read /metrics without it, "127.0.0.1,10.0.0.0/8" | none |

Secrets come from files or the environment, never from the command line, which every user of the machine can read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from signal_processing.errors import InvalidValueError

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_PORT = 65_535
MIN_SECRET_CHARACTERS = 32
_BROKERS = re.compile(r"[^\s,:]+:\d{1,5}(,[^\s,:]+:\d{1,5})*")
_LOG_LEVELS = ("debug", "info", "warning", "error")
LOG_FORMATS = ("auto", "json", "console")
DATABASE_FOLDER = "postgresql"
"""Where below RHYTHMARK_HOME the demo keeps its database."""


class SettingsError(InvalidValueError):
    """A setting is missing or breaks its rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """See the table above; None where nothing is set."""

    dsn: str | None
    kafka: str | None
    secret: str | None
    pseudonym_key: str | None
    data: Path
    host: str
    port: int
    home: Path
    releases: Path
    zone: str
    secure_cookies: bool
    log_level: str
    log_format: str
    metrics_token: str | None
    metrics_from: str

    @classmethod
    def read(cls, environment: Mapping[str, str], *, directory: Path) -> Settings:
        """Read and check.

        Parameters
        ----------
        directory : relative paths start here.

        Raises
        ------
        SettingsError : if a value breaks its rule or a file that is named cannot be read.
        """
        home = directory / (environment.get("RHYTHMARK_HOME") or ".rhythmark")
        return cls(
            dsn=_secret(environment, "RHYTHMARK_DSN"),
            kafka=_brokers(environment.get("RHYTHMARK_KAFKA")),
            secret=_checked_secret(_secret(environment, "RHYTHMARK_SECRET")),
            pseudonym_key=_secret(environment, "RHYTHMARK_PSEUDONYM_KEY"),
            data=directory / (environment.get("RHYTHMARK_DATA") or "../shared/data"),
            host=environment.get("RHYTHMARK_HOST") or "127.0.0.1",
            port=_port(environment.get("RHYTHMARK_PORT") or "8000"),
            home=home,
            releases=directory / (environment.get("RHYTHMARK_RELEASES") or home / "releases"),
            zone=_zone(environment.get("RHYTHMARK_ZONE") or "UTC"),
            secure_cookies=_choice(environment, "RHYTHMARK_SECURE_COOKIES", ("0", "1")) == "1",
            log_level=_log_level(environment),
            log_format=_choice(environment, "RHYTHMARK_LOG_FORMAT", LOG_FORMATS),
            metrics_token=_secret(environment, "RHYTHMARK_METRICS_TOKEN"),
            metrics_from=environment.get("RHYTHMARK_METRICS_FROM") or "",
        )

    def required_dsn(self) -> str:
        """The database.

        Raises
        ------
        SettingsError : if none is set and no demo runs.
        """
        dsn = self.dsn or _running_demo(self.home)
        if dsn is None:
            msg = (
                f"RHYTHMARK_DSN or RHYTHMARK_DSN_FILE must name the database, got neither; no demo runs in {self.home}"
            )
            raise SettingsError(msg)
        return dsn

    def required_kafka(self) -> str:
        """The brokers.

        Raises
        ------
        SettingsError : if none are set.
        """
        if self.kafka is None:
            msg = "RHYTHMARK_KAFKA must name the brokers as host:port[,host:port], got nothing"
            raise SettingsError(msg)
        return self.kafka

    def required_secret(self) -> str:
        """The key of the readers' sessions.

        Raises
        ------
        SettingsError : if none is set.
        """
        if self.secret is None:
            msg = (
                f"RHYTHMARK_SECRET_FILE must name a file with a key of at least {MIN_SECRET_CHARACTERS} characters, got"
                " nothing; make one with: openssl rand -hex 32 > FILE"
            )
            raise SettingsError(msg)
        return self.secret

    def required_pseudonym_key(self) -> str:
        """The key of pseudonyms.

        Raises
        ------
        SettingsError : if none is set.
        """
        if self.pseudonym_key is None:
            msg = (
                "RHYTHMARK_PSEUDONYM_KEY_FILE must name a file with a key of at least 32 characters, got nothing;"
                " make one with: openssl rand -hex 32 > FILE"
            )
            raise SettingsError(msg)
        return self.pseudonym_key


def _running_demo(home: Path) -> str | None:
    """The database of a demo that runs in that folder, so that the other commands work beside it."""
    if not (home / DATABASE_FOLDER).is_dir():
        return None
    from storage.embedded import running_dsn

    return running_dsn(home / DATABASE_FOLDER)


def _secret(environment: Mapping[str, str], name: str) -> str | None:
    """The value itself, or what the file holds that the variable with _FILE names."""
    file = environment.get(f"{name}_FILE")
    if not file:
        return environment.get(name) or None
    try:
        value = Path(file).read_text(encoding="utf-8").strip()
    except OSError as error:
        msg = f"{name}_FILE must name a readable file, got {file!r}: {error.strerror}"
        raise SettingsError(msg) from error
    if not value:
        msg = f"{name}_FILE must name a file with a value in it, {file!r} is empty"
        raise SettingsError(msg)
    return value


def _checked_secret(secret: str | None) -> str | None:
    if secret is not None and len(secret) < MIN_SECRET_CHARACTERS:
        msg = f"RHYTHMARK_SECRET must have at least {MIN_SECRET_CHARACTERS} characters, got {len(secret)}"
        raise SettingsError(msg)
    return secret


def _brokers(text: str | None) -> str | None:
    if text and not _BROKERS.fullmatch(text):
        msg = f"RHYTHMARK_KAFKA must be host:port[,host:port], got {text!r}"
        raise SettingsError(msg)
    for broker in filter(None, (text or "").split(",")):
        if not 1 <= int(broker.rpartition(":")[2]) <= MAX_PORT:
            msg = f"port of a broker in RHYTHMARK_KAFKA must be within [1, {MAX_PORT}], got {broker!r}"
            raise SettingsError(msg)
    return text or None


def _log_level(environment: Mapping[str, str]) -> str:
    name = "RHYTHMARK_LOG_LEVEL" if environment.get("RHYTHMARK_LOG_LEVEL") else "RHYTHMARK_LOG"
    return _choice(environment, name, _LOG_LEVELS, default="info")


def _port(text: str) -> int:
    if not (text.isdecimal() and int(text) <= MAX_PORT):
        msg = f"RHYTHMARK_PORT must be within [0, {MAX_PORT}], got {text!r}"
        raise SettingsError(msg)
    return int(text)


def _zone(name: str) -> str:
    """The name of a time zone that this machine knows."""
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:  # unknown, not a name at all, a folder of names
        msg = f"RHYTHMARK_ZONE must be a time zone as Europe/Berlin, got {name!r}"
        raise SettingsError(msg) from error
    return name


def _choice(environment: Mapping[str, str], name: str, allowed: tuple[str, ...], *, default: str | None = None) -> str:
    value = environment.get(name) or default or allowed[0]
    if value not in allowed:
        msg = f"{name} must be one of {', '.join(allowed)}, got {value!r}"
        raise SettingsError(msg)
    return value
