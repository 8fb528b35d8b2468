"""Long lists in pages: `limit` says how long, the header `Link: <...>; rel="next"` where the next page is.

Lists are read on behind their last entry (`after`), so that what is added or taken away meanwhile shifts nothing; the
queue, which is worked from the top and ordered in six ways, by `offset`.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, TypeVar
from urllib.parse import urlencode

from fastapi import Depends, Query, Request, Response

from storage.annotation_row import AnnotationRow, Place

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MAX_PAGE = 1_000
MAX_OFFSET = 100_000

Offset = Annotated[int, Query(ge=0, le=MAX_OFFSET, description="Entries to leave out from the top")]

_PLACE = r"^[0-9]{1,16}\.[0-9]{1,16}\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
AfterSpan = Annotated[str | None, Query(pattern=_PLACE, description="As the Link header of the page before has it")]

_PageLimit = Annotated[int, Query(ge=1, le=MAX_PAGE, description="Entries at most; a Link header where there are more")]
_Row = TypeVar("_Row")


class Page(NamedTuple):
    """The page of a list that one request asks for."""

    limit: int
    request: Request
    response: Response

    @property
    def n_wanted(self) -> int:
        """Rows to read: one more than fit, which tells that there is another page."""
        return self.limit + 1

    def cut(self, rows: Sequence[_Row], **following: Callable[[_Row], object]) -> Sequence[_Row]:
        """The rows that fit; where there are more, the answer says where.

        Parameters
        ----------
        following : query parameters of the next page, each from the last row of this one.
        """
        kept = rows[: self.limit]
        if len(rows) > len(kept):
            changed = {name: str(value_of(kept[-1])) for name, value_of in following.items()}
            query = urlencode(dict(self.request.query_params) | changed)
            self.response.headers["Link"] = f'<{self.request.url.path}?{query}>; rel="next"'
        return kept


def note_next(request: Request, response: Response, *, offset: int, limit: int, total: int) -> None:
    """Say where the next page of a list of known length is, if there is one."""
    if offset + limit < total:
        query = urlencode(dict(request.query_params) | {"offset": str(offset + limit)})
        response.headers["Link"] = f'<{request.url.path}?{query}>; rel="next"'


def page_of_up_to(usual: int) -> Any:
    """A dependency that gives the `Page` of a request; `usual` is its limit where none is said."""

    def page(request: Request, response: Response, limit: _PageLimit = usual) -> Page:
        return Page(limit, request, response)

    return Depends(page)


AnyPage = Annotated[Page, page_of_up_to(MAX_PAGE)]


def place_of(after: str | None) -> Place | None:
    """The place in the order of spans that a page begins behind; `after` is an `AfterSpan`."""
    if after is None:
        return None
    start_us, end_us, identity = after.split(".")
    return Place(int(start_us), int(end_us), uuid.UUID(identity))


def after_span(row: AnnotationRow) -> str:
    """Where the page behind this row begins."""
    return f"{row.start_us}.{row.end_us}.{row.id}"
