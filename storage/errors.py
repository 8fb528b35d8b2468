"""Every error that storage raises on purpose.

RhythmarkError
└── StorageError
    ├── RetryLaterError              nothing is wrong with the request: wait, then do the whole transaction again
    │   ├── DatabaseUnavailableError the server is gone, starting, stopping, or has no connection to spare
    │   ├── DiskFullError            the server has no space left
    │   └── ContentionError          deadlock, serialization failure, lock timeout, rows that others keep changing
    ├── StaleRevisionError           somebody else revised the row first; carries its current state
    ├── UnknownRowError              no row of that identity
    ├── SchemaError                  not migrated, or migrated by other code
    ├── SignalChangedError           rate, channels or origin of a known channel group differ
    ├── ConstraintError              a value breaks a rule of the data
    └── EmbeddedServerError          the embedded PostgreSQL cannot be had

psycopg's exceptions become these in one place, `storage.database`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from signal_processing.errors import RhythmarkError

if TYPE_CHECKING:
    from storage.annotation_row import AnnotationRow


class StorageError(RhythmarkError):
    """The database refused, for a reason that no class below names."""


class RetryLaterError(StorageError):
    """Nothing is wrong with the request: wait, then do the whole transaction again."""


class DatabaseUnavailableError(RetryLaterError):
    """The server is gone, starting, stopping, or has no connection to spare."""


class DiskFullError(RetryLaterError):
    """The server has no space left."""


class ContentionError(RetryLaterError):
    """Deadlock, serialization failure, lock timeout, or rows that others keep changing."""


class StaleRevisionError(StorageError):
    """Somebody else revised the row first.

    Parameters
    ----------
    current : the row as it stands now; what the caller wanted is still in the caller's hands, so nothing is lost.
    expected_revision : the revision that the caller had seen.
    """

    def __init__(self, current: AnnotationRow, *, expected_revision: int) -> None:
        self.current = current
        self.expected_revision = expected_revision
        super().__init__(
            f"annotation {current.id} must be at revision {expected_revision} to be revised, "
            f"but is at {current.revision} (by {current.updated_by})",
        )


class StaleRowsError(StorageError):
    """Channel groups changed since their state was loaded: another worker writes them."""


class UnknownRowError(StorageError):
    """No row of that identity."""


class SchemaError(StorageError):
    """The database is not migrated, or was migrated by other code."""


class SignalChangedError(StorageError):
    """Rate, channels or origin of a known channel group differ from what was registered."""


class ConstraintError(StorageError):
    """A value breaks a rule of the data: the message states rule, value and limit."""


class EmbeddedServerError(StorageError):
    """The embedded PostgreSQL cannot be had: binaries missing, data directory in use, start failed."""
