"""What the labeling server must be told; read once at the entry point and passed in."""

from __future__ import annotations

from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from labeling_server.metrics_access import MetricsAccess
from signal_processing.errors import InvalidValueError

MIN_SECRET_LENGTH = 32
"""Characters; below it a signed session could be guessed (NIST SP 800-107: a key at least as long as 128 bits)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """How one labeling server is set up.

    Parameters
    ----------
    secret_key : signs the session cookies; at least 32 characters, the same in every process that serves one site.
    project : shown in the top bar.
    zone : IANA name of the time zone in which times are shown ("Europe/Berlin").
    session_hours : a session ends so long after its login.
    secure_cookies : send the session over https only; False for plain http on the own machine.
    metrics_access : who may read /metrics; nobody when nothing is said.
    """

    secret_key: str
    project: str = "Rhythmark"
    zone: str = "UTC"
    session_hours: float = 10.0
    secure_cookies: bool = False
    metrics_access: MetricsAccess = field(default_factory=MetricsAccess)

    def __post_init__(self) -> None:
        if len(self.secret_key) < MIN_SECRET_LENGTH:
            msg = f"secret_key must have at least {MIN_SECRET_LENGTH} characters, got {len(self.secret_key)}"
            raise InvalidValueError(msg)
        ZoneInfo(self.zone)  # raises ZoneInfoNotFoundError on a name that no database holds
