"""Who may read metrics: whoever has the token, or asks from a named network; nobody else, and nobody by default."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING

from signal_processing.errors import InvalidValueError

if TYPE_CHECKING:
    from collections.abc import Mapping

MIN_TOKEN_CHARACTERS = 16
_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")
_BEARER = "Bearer "


@dataclass(frozen=True, slots=True)
class MetricsAccess:
    """The rule.

    Parameters
    ----------
    token : what `Authorization: Bearer` must bear, at least 16 characters; None lets nobody in that way.
    networks : addresses that need no token; a request that a proxy passed on never counts as coming from one.
    """

    token: str | None = field(default=None, repr=False)
    networks: tuple[IPv4Network | IPv6Network, ...] = ()

    def __post_init__(self) -> None:
        if self.token is not None and len(self.token) < MIN_TOKEN_CHARACTERS:
            msg = f"token of the metrics must have at least {MIN_TOKEN_CHARACTERS} characters, got {len(self.token)}"
            raise InvalidValueError(msg)

    @property
    def is_open(self) -> bool:
        """Whether anybody may read at all."""
        return self.token is not None or bool(self.networks)

    def allows(self, *, address: str | None, headers: Mapping[str, str]) -> bool:
        """Whether a request may read.

        Parameters
        ----------
        address : of the peer that connected.
        headers : of the request; lower-case names, or a mapping that does not mind.
        """
        given = headers.get("authorization") or ""
        if self.token is not None and given.startswith(_BEARER):
            # bytes: compare_digest refuses text beyond ASCII
            return hmac.compare_digest(given.removeprefix(_BEARER).strip().encode(), self.token.encode())
        return not any(name in headers for name in _FORWARDED) and self._is_near(address)

    def _is_near(self, address: str | None) -> bool:
        try:
            peer = ip_address((address or "").partition("%")[0])
        except ValueError:
            return False
        mapped = getattr(peer, "ipv4_mapped", None)
        return any((mapped or peer) in network for network in self.networks)


def networks_of(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """The networks of a list as "127.0.0.1, 10.0.0.0/8, ::1".

    Raises
    ------
    InvalidValueError : if one is no address and no network.
    """
    try:
        return tuple(ip_network(one.strip()) for one in text.split(",") if one.strip())
    except ValueError as error:
        msg = f"networks that may read metrics must be addresses or networks as 10.0.0.0/8, got {text!r}: {error}"
        raise InvalidValueError(msg) from error
