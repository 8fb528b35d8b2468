"""The type of a connection inside `Database.transaction()`: psycopg's, which only storage imports."""

from __future__ import annotations

from typing import Any, TypeAlias

Conn: TypeAlias = Any
