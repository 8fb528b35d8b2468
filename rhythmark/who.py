"""Who runs a command, as the audit trail names them."""

from __future__ import annotations

import getpass
import os

from storage.annotation_row import Actor


def operator() -> Actor:
    """The account of this machine: no user of the database."""
    try:
        return Actor(None, getpass.getuser())
    except (KeyError, OSError):  # an account without a name, as in containers
        return Actor(None, f"uid {os.getuid()}")
