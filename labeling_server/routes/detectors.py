"""About the detectors over REST: which ones read a recording, and how good that version was when it was measured."""

from __future__ import annotations

from typing import Any

import msgspec

from detectors.scores import scores_of
from labeling_server.api import proposal_answers as answers
from labeling_server.api.bounds import RowId  # noqa: TC001 - FastAPI reads it at run time
from labeling_server.api.requests import Db, api_router
from labeling_server.sessions import ApiReader  # noqa: TC001 - FastAPI reads it at run time
from storage import catalogue
from storage.runs import list_runs

router = api_router("/api/streams", tag="recordings")


@router.get("/{stream_id}/detectors", response_model=list[answers.DetectorScores])
def get_detectors(stream_id: RowId, database: Db, _: ApiReader) -> list[dict[str, Any]]:
    """Every version of a detector that read the recording, by name; `scores` is empty where it was not measured."""
    with database.transaction() as conn:
        catalogue.stream_by_id(conn, stream_id)  # 404 without it
        groups = catalogue.groups_of(conn, stream_id)
        found = {(run.name, run.version) for group in groups for run in list_runs(conn, group.id)}
    return [
        {"name": name, "version": version, "scores": [msgspec.to_builtins(one) for one in scores_of(name, version)]}
        for name, version in sorted(found)
    ]
