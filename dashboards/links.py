"""Addresses of the workstation: the one place of this room that knows them."""

from __future__ import annotations

from urllib.parse import urlencode


def workstation(stream_id: int, *, annotation_id: str = "") -> str:
    """Where a stream, or one proposal in it, is on screen."""
    path = f"/streams/{stream_id}"
    return f"{path}?{urlencode({'annotation': annotation_id})}" if annotation_id else path
