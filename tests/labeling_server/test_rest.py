"""The REST interface on a real database: samples exact, edits with revisions, refusals with rule, value and limit."""

from __future__ import annotations

import uuid

import numpy as np
import pytest

from labeling_server.api import window_codec
from signal_processing.vocabulary import VOCABULARY_VERSION


def window(client, recording, **query):
    path = f"/api/streams/{recording.stream_id}/window"
    return client.get(path, params={"group_id": recording.group_id, **query})


def new_span(recording, **fields):
    body = {
        "stream_id": recording.stream_id,
        "group_id": recording.group_id,
        "start_us": recording.us_at(2000),
        "end_us": recording.us_at(2500),
        "label": "AFIB",
        "view": {"gain_mm_mv": 10},
    }
    return body | fields


def test_a_window_holds_the_samples_bit_for_bit(client, recording):
    header, flat = window_codec.decode(window(client, recording, start=1000, end=3500).content)
    assert header["runs"] == [[1000, 2500]]
    np.testing.assert_array_equal(flat.reshape(-1, 2), recording.samples[1000:3500])


def test_a_window_beyond_the_recording_is_empty(client, recording):
    header, flat = window_codec.decode(window(client, recording, start=10**7, end=10**7 + 100).content)
    assert (header["runs"], flat.size) == ([], 0)


@pytest.mark.parametrize(
    ("bounds", "reason"),
    [
        ({"start": 10, "end": 5}, "must not end before it starts, got [10, 5)"),
        ({"start": 0, "end": 10**9}, "at most 2000000 samples"),
    ],
)
def test_a_window_that_cannot_be_is_refused(client, recording, bounds, reason):
    answer = window(client, recording, **bounds)
    assert answer.status_code == 422
    assert reason in answer.json()["message"]


def test_a_group_of_another_stream_is_refused(client, recording):
    path = f"/api/streams/{recording.stream_id + 1}/window"
    answer = client.get(path, params={"group_id": recording.group_id, "start": 0, "end": 10})
    assert answer.status_code == 422


def test_an_envelope_holds_the_peaks(client, recording):
    path = f"/api/streams/{recording.stream_id}/envelope"
    query = {"group_id": recording.group_id, "start": 0, "end": 30_000, "bins": 50}
    header, flat = window_codec.decode(client.get(path, params=query).content)
    low, high = flat.reshape(2, -1, 2)
    assert len(header["edges"]) == len(low) + 1
    assert (low[:, 0].min(), high[:, 0].max()) == (recording.samples[:, 0].min(), recording.samples[:, 0].max())


def test_an_envelope_of_one_channel_is_a_part_of_that_of_all(client, recording):
    path = f"/api/streams/{recording.stream_id}/envelope"
    query = {"group_id": recording.group_id, "start": 0, "end": 30_000, "bins": 10_000}
    _, flat = window_codec.decode(client.get(path, params=query).content)
    header, one = window_codec.decode(client.get(path, params={**query, "channel": 1, "edges": "ends"}).content)
    np.testing.assert_array_equal(one.reshape(2, -1), flat.reshape(2, -1, 2)[:, :, 1])
    assert (header["n_channels"], header["edges"]) == (1, [0, 30_000])
    answer = client.get(path, params={**query, "channel": 2})
    assert (answer.status_code, answer.json()["message"]) == (422, "channel must be within [0, 2), got 2")


def test_beats_come_with_what_an_edit_needs(client, recording):
    path = f"/api/streams/{recording.stream_id}/beats"
    found = client.get(path, params={"group_id": recording.group_id, "start": 0, "end": 1001}).json()
    assert found["samples"] == [200, 400, 600, 800, 1000]
    assert found["numbers"] == [1, 1, 1, 5, 1]
    assert set(found["touched"]) == {0}
    assert all(run > 0 for run in found["run_ids"])


def test_the_overview_tells_the_heart_rate(client, recording):
    path = f"/api/streams/{recording.stream_id}/overview"
    found = client.get(path, params={"group_id": recording.group_id, "bins": 20}).json()
    assert set(found["rate_bpm"][1:-1]) == {75.0}
    assert {label for _, _, label, _ in found["spans"]} == {"VT", "AFIB", "AFL", "NOISY"}


def test_the_queue_begins_with_the_most_urgent(client, recording):
    labels = [row["label"] for row in client.get("/api/queue", params={"stream_id": recording.stream_id}).json()]
    assert labels[0] == "VT"
    assert client.get("/api/queue", params={"order": "beauty"}).status_code == 422


def test_an_edit_makes_a_revision_and_its_history(client, spans):
    row = spans["VT"]
    answer = client.write("PATCH", f"/api/spans/{row['id']}", {"action": "confirm", "view": {"speed_mm_s": 25}}, 0)
    assert (answer.json()["status"], answer.headers["etag"]) == ("confirmed", '"1"')
    history = client.get(f"/api/spans/{row['id']}/history").json()
    assert [(entry["login"], entry["action"], entry["view"]) for entry in history] == [
        ("reader", "confirm", {"speed_mm_s": 25})
    ]


def test_an_edit_of_an_old_revision_is_a_conflict_with_the_current_state(client, spans):
    path = f"/api/spans/{spans['VT']['id']}"
    client.write("PATCH", path, {"action": "relabel", "changes": {"label": "VFL"}}, 0)
    answer = client.write("PATCH", path, {"action": "reject"}, 0)
    assert answer.status_code == 409
    assert (answer.json()["current"]["label"], answer.json()["current"]["revision"]) == ("VFL", 1)


def test_an_edit_without_a_revision_is_refused(client, spans):
    assert client.write("PATCH", f"/api/spans/{spans['VT']['id']}", {"action": "reject"}).status_code == 428


def test_an_edit_without_the_token_of_the_session_is_refused(client, spans):
    path = f"/api/spans/{spans['VT']['id']}"
    answer = client.patch(path, json={"action": "reject"}, headers={"If-Match": '"0"'})
    assert answer.status_code == 403
    assert client.get(path).json()["revision"] == 0


def test_a_viewer_may_not_write(anonymous, recording):
    anonymous.sign_in("guest")
    answer = anonymous.write("POST", "/api/spans", new_span(recording))
    assert answer.status_code == 403
    assert "viewer" in answer.json()["message"]


def test_a_user_who_was_disabled_meanwhile_may_not_write(client, database, recording):
    with database.transaction() as conn:
        conn.execute("UPDATE users SET disabled = true WHERE login = 'reader'")
    assert client.write("POST", "/api/spans", new_span(recording)).status_code == 401


@pytest.mark.parametrize("change", ["disabled = true", "role = 'viewer'"])
def test_a_session_from_before_a_change_of_the_account_reads_nothing(client, database, recording, change):
    assert client.get("/api/queue").status_code == 200
    with database.transaction() as conn:
        conn.execute(f"UPDATE users SET {change} WHERE login = 'reader'")  # noqa: S608 - one of the two above
    assert client.get("/api/queue").status_code == 401
    page = client.get(f"/streams/{recording.stream_id}", follow_redirects=False)
    assert page.headers["location"].startswith("/login")


def test_a_span_is_added_deleted_and_restored(client, recording):
    row = client.write("POST", "/api/spans", new_span(recording)).json()
    path = f"/api/spans/{row['id']}"
    assert (row["status"], row["author"], row["revision"]) == ("confirmed", "reader", 1)
    assert client.write("DELETE", path, None, 1).json()["deleted"] is True
    back = client.write("PATCH", path, {"action": "undo", "changes": {"deleted": False}}, 2).json()
    assert (back["deleted"], back["revision"]) == (False, 3)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"label": "NONSENSE"}, f"label must be one of the vocabulary (version {VOCABULARY_VERSION}), got 'NONSENSE'"),
        ({"end_us": 0}, "must not end before it starts"),
        ({"start_us": 0, "end_us": 1}, "must start within the stored signal"),
        ({"end_us": 4_000_000_000_000_000}, "must end within the stored signal"),
        ({"channel": "III"}, "channel must be one of II, V5"),
    ],
)
def test_a_span_that_breaks_a_rule_is_refused_with_rule_value_and_limit(client, recording, fields, reason):
    answer = client.write("POST", "/api/spans", new_span(recording, **fields))
    assert answer.status_code == 422
    assert reason in answer.json()["message"]


def test_a_field_that_does_not_exist_is_refused(client, spans):
    path = f"/api/spans/{spans['VT']['id']}"
    assert client.write("PATCH", path, {"action": "confirm", "changes": {"urgency": 0}}, 0).status_code == 422


def test_a_machine_beat_becomes_a_row_with_its_first_edit(client, recording):
    path = f"/api/streams/{recording.stream_id}/beats"
    query = {"group_id": recording.group_id, "start": 0, "end": 300}
    found = client.get(path, params=query).json()
    body = {
        "stream_id": recording.stream_id,
        "group_id": recording.group_id,
        "sample": 200,
        "number": 1,
        "run_id": found["run_ids"][0],
        "action": "relabel",
        "changes": {"label": "S"},
    }
    row = client.write("POST", "/api/beats/machine", body).json()
    assert (row["label"], row["status"], row["revision"]) == ("S", "corrected", 1)
    after = client.get(path, params=query).json()
    assert (after["numbers"], after["ids"], after["touched"]) == ([9], [row["id"]], [1])
    assert client.write("POST", "/api/beats/machine", body).status_code == 409


def test_a_beat_is_added(client, recording):
    body = {"stream_id": recording.stream_id, "group_id": recording.group_id, "sample": 301, "label": "V"}
    assert client.write("POST", "/api/beats", body).status_code == 201
    refused = client.write("POST", "/api/beats", body | {"label": "AFIB"})
    assert "must be one of a beat or pulse, got 'AFIB', which is one of a rhythm" in refused.json()["message"]
    path = f"/api/streams/{recording.stream_id}/beats"
    found = client.get(path, params={"group_id": recording.group_id, "start": 300, "end": 310}).json()
    assert (found["samples"], found["numbers"]) == ([301], [5])


@pytest.mark.parametrize("kind", ["spans", "beats"])
def test_an_addition_sent_twice_is_added_once(client, recording, kind):
    place = {"stream_id": recording.stream_id, "group_id": recording.group_id, "sample": 301, "label": "V"}
    body = (place if kind == "beats" else new_span(recording)) | {"id": str(uuid.uuid4())}
    answers = [client.write("POST", f"/api/{kind}", body) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert answers[0].json()["id"] == body["id"]
    assert len(client.get(f"/api/spans/{body['id']}/history").json()) == 1


def test_an_addition_with_the_id_of_another_ones_is_refused(client, anonymous, recording):
    body = new_span(recording, id=str(uuid.uuid4()))
    client.write("POST", "/api/spans", body)
    anonymous.sign_in("second")
    answer = anonymous.write("POST", "/api/spans", body)
    assert (answer.status_code, answer.json()["error"]) == (422, "invalid")


def test_the_list_of_recordings_tells_live_silent_and_ended(client, database):
    def states(statement):
        with database.transaction() as conn:
            conn.execute(statement)
        return [state for state in ("live", "silent", "ended") if f">{state}</span>" in client.get("/").text]

    assert states("SELECT 1") == ["ended"]
    assert states("UPDATE streams SET ended_us = NULL") == ["live"]
    assert states("UPDATE channel_groups SET updated_us = updated_us - 11000000") == ["silent"]


def test_an_unknown_recording_is_answered_so(client):
    assert client.get("/api/streams/999").status_code == 404
    assert client.get("/streams/999").status_code == 404


def test_the_interface_describes_itself(client):
    paths = client.get("/api/openapi.json").json()["paths"]
    assert {"/api/streams", "/api/queue", "/api/spans", "/api/streams/{stream_id}/window"} <= set(paths)


def test_the_database_gone_is_answered_as_wait_and_retry(client, database):
    database.close()
    answer = client.get("/api/streams")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
