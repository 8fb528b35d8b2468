"""The description of the API: it tells of every answer, names every field, and is for those who are signed in."""

from __future__ import annotations

from typing import get_args

import pytest

from detectors.scores import Score
from labeling_server.api import answers, edit_bodies, proposal_answers, rows_json
from signal_processing import family_edits
from signal_processing.values import Channel, Signal
from signal_processing.vocabulary import LabelKind
from storage import edits
from storage.acceptances import Acceptance, AcceptancePreview
from storage.annotation_row import (
    _STATE_FIELDS,
    CERTAINTIES,
    SEVERITIES,
    STATUSES,
    AnnotationRow,
    RevisionRow,
)
from storage.bulk_edit_row import ACTIONS, BulkEditRow, Preview
from storage.catalogue import GroupRow, StreamRow
from storage.family_edits import FamilyEditRow


@pytest.fixture
def operations(client):
    paths = client.get("/api/openapi.json").json()["paths"]
    return {
        (method.upper(), path): operation for path, methods in paths.items() for method, operation in methods.items()
    }


def test_the_description_is_for_those_who_are_signed_in(anonymous):
    answer = anonymous.get("/api/openapi.json")
    assert (answer.status_code, answer.json()["error"]) == (401, "no_session")


def test_every_operation_tells_what_it_answers_and_how_it_refuses(operations):
    assert len(operations) > 12
    for (method, path), operation in operations.items():
        is_read = method == "GET"
        told = set(operation["responses"])
        assert {"401", "422", "503"} <= told, path
        assert is_read or {"403", "404"} <= told, path
        assert operation["security"] == [{"session": []} if is_read else {"session": [], "csrf": []}]
        names = {parameter["name"].lower() for parameter in operation["parameters"]}
        assert ("if-match" in names) == ("428" in told)
        assert "if-match" not in names or "409" in told
        for code in told - {"304"}:
            (content,) = operation["responses"][code]["content"].values()
            assert content["schema"], (path, code)
        assert method != "GET" or "limit" not in names or "Link" in operation["responses"]["200"]["headers"]


@pytest.mark.parametrize(
    ("model", "fields"),
    [
        (answers.Annotation, {*AnnotationRow.__struct_fields__, "author_kind", "author_version"}),
        (answers.AnnotationState, set(_STATE_FIELDS)),
        (answers.Revision, set(RevisionRow.__struct_fields__)),
        (answers.BulkEdit, set(BulkEditRow.__struct_fields__)),
        (answers.BulkPreview, set(Preview.__struct_fields__)),
        (answers.FamilyEdit, set(FamilyEditRow.__struct_fields__)),
        (proposal_answers.Acceptance, set(Acceptance.__struct_fields__)),
        (proposal_answers.AcceptancePreview, set(AcceptancePreview.__struct_fields__)),
        (proposal_answers.DetectorScore, set(Score.__struct_fields__)),
        (answers.Stream, set(StreamRow.__struct_fields__) - {"patient_id"}),
        (answers.Channel, set(Channel.__struct_fields__)),
    ],
)
def test_a_model_names_every_field_of_its_row(model, fields):
    assert set(model.model_fields) == fields


def test_a_model_names_every_field_of_a_group():
    signal = Signal("stream", "ecg", 250.0, 0, (Channel("II", "mV"),))
    assert set(answers.Group.model_fields) == set(rows_json.group_json(GroupRow(1, 1, signal, 0, 0, 256)))


def test_words_of_the_api_are_those_of_the_house():
    assert get_args(edit_bodies.Status) == STATUSES
    assert (get_args(edit_bodies.Severity), get_args(edit_bodies.Certainty)) == (SEVERITIES, CERTAINTIES)
    assert set(get_args(edit_bodies.Action)) == set(edits.ACTIONS)
    assert get_args(edit_bodies.BulkAction) == ACTIONS
    assert get_args(edit_bodies.FamilyAction) == get_args(family_edits.Action)
    assert set(get_args(answers.Kind)) == set(LabelKind)
