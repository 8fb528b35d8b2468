"""What the routes of families take from their requests, and a family as they tell it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import numpy as np
from fastapi import Depends, Path, Request

from labeling_server.api.bounds import MAX_ROW_ID, RowId
from labeling_server.api.requests import Db, group_in_stream
from labeling_server.beat_families import FamilyShelf, GroupFamilies
from labeling_server.sessions import ApiReader  # noqa: TC001 - FastAPI reads it at run time
from signal_processing import vocabulary
from signal_processing.morphology import OTHER
from storage.beats import HUMAN
from storage.errors import UnknownRowError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from storage.catalogue import GroupRow

DIGITS = 4
"""Of a template in mV: a tenth of a microvolt is below every device's step."""

FamilyNumber = Annotated[int, Path(ge=0, le=MAX_ROW_ID, description="As the list of families has it")]


def shelf_of(request: Request) -> FamilyShelf:
    """The families that this server has worked out."""
    shelf: FamilyShelf = request.app.state.families
    return shelf


Shelf = Annotated[FamilyShelf, Depends(shelf_of)]


class AskedFamilies(NamedTuple):
    """The group that a request names, and its families."""

    group: GroupRow
    found: GroupFamilies

    def members(self, family: int) -> NDArray[np.intp]:
        """Places of a family's members in `found.beats`, in the order of time.

        Raises
        ------
        UnknownRowError : if it has none; number 0 may have none.
        """
        members = self.found.members(family)
        if not len(members) and family != OTHER:
            msg = f"family must be one of channel group {self.group.id} that has members, got {family}"
            raise UnknownRowError(msg)
        return members


def asked_families(stream_id: RowId, group_id: RowId, database: Db, _: ApiReader, shelf: Shelf) -> AskedFamilies:
    """The families of the group that a request names."""
    with database.transaction() as conn:
        group = group_in_stream(conn, stream_id, group_id)
    return AskedFamilies(group, shelf.families_of(database, group))


Asked = Annotated[AskedFamilies, Depends(asked_families)]


def family_json(found: GroupFamilies, number: int) -> dict[str, Any]:
    """Number, count, counts by label, how many a person touched, from where to where, template and spread in mV."""
    members = found.members(number)
    counts = Counter(found.beats.numbers[members].tolist())
    samples = found.beats.samples[members]
    family = found.told.family(number)
    return {
        "number": number,
        "count": len(members),
        "labels": {vocabulary.label_of_number(label).code: n for label, n in counts.most_common()},
        "n_touched": int((found.beats.origin[members] == HUMAN).sum()),
        "first_sample": int(samples[0]),
        "last_sample": int(samples[-1]),
        "by_hand": number in found.by_hand,
        "template": None if family is None else np.round(family.template, DIGITS).tolist(),
        "spread": None if family is None else np.round(family.spread, DIGITS).tolist(),
    }
