"""An error that concerns one channel group, told apart from what concerns a whole batch."""

from __future__ import annotations

import traceback
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

import structlog

from ingest.errors import StaleStateError
from signal_processing.errors import RhythmarkError
from storage.database import translating
from storage.errors import RetryLaterError, SchemaError, StaleRowsError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ingest.batch import GroupKey

_log = structlog.get_logger()


class GroupFailedError(Exception):
    """Carries out of the transaction which group it was."""

    def __init__(self, key: GroupKey) -> None:
        super().__init__(str(key))
        self.key = key


@contextmanager
def naming(key: GroupKey) -> Iterator[None]:
    """Attach the group to an error that concerns only it; what concerns the whole batch passes through."""
    try:
        with translating():  # here already: a connection that breaks is the whole batch's misfortune, not this group's
            yield
    except (RetryLaterError, SchemaError, StaleStateError, StaleRowsError):
        raise
    except Exception as error:
        if not isinstance(error, RhythmarkError):
            where = traceback.format_exc(limit=-3)  # no variables: they hold samples
            _log.error("group_failed_unexpectedly", stream=key.stream, group=key.group, where=where)
        raise GroupFailedError(key) from error


def naming_if(is_one: bool, key: GroupKey | None) -> AbstractContextManager[None]:  # noqa: FBT001 - reads as "if it is one"
    """`naming` where it is clear which group it is; else no exception of psycopg comes out of the block."""
    return naming(key) if is_one and key is not None else translating()
