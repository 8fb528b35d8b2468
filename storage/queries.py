"""Loads named SQL: each statement stands in `storage/sql/*.sql` under a line `-- name: ...`."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from storage.errors import SchemaError

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAME = re.compile(r"^-- name: *(\w+) *$", re.MULTILINE)


def parse(text: str) -> dict[str, str]:
    """Split SQL text into its named blocks; what stands before the first name is a comment on the file.

    Raises
    ------
    SchemaError : if a name stands twice, or names nothing.
    """
    parts = _NAME.split(text)
    blocks: dict[str, str] = {}
    for name, body in zip(parts[1::2], parts[2::2], strict=True):
        statement = body.strip().rstrip(";")
        if name in blocks or not statement:
            msg = f"named SQL must stand once and not be empty, got {name!r}"
            raise SchemaError(msg)
        blocks[name] = statement
    return blocks


@cache
def load(noun: str) -> Mapping[str, str]:
    """The named statements of `storage/sql/<noun>.sql`."""
    return parse(resources.files("storage").joinpath("sql", f"{noun}.sql").read_text(encoding="utf-8"))
