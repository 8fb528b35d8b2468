"""The table of hours over REST, and beats in the small form."""

from __future__ import annotations

import pytest

from labeling_server.api import window_codec
from storage import catalogue

T0_US = 1_762_000_000_000_000


@pytest.fixture
def table(client, recording):
    def ask():
        path = f"/api/streams/{recording.stream_id}/hours"
        return client.get(path, params={"group_id": recording.group_id}).json()

    return ask


def beat_marks(client, recording, **query):
    path = f"/api/streams/{recording.stream_id}/beat-marks"
    return client.get(path, params={"group_id": recording.group_id, **query})


def test_the_hours_tell_what_is_stored(table, recording):
    found = table()
    (hour,) = found["hours"]
    assert hour == found["total"]
    assert (hour["start_us"], hour["end_us"]) == (recording.us_at(0), recording.us_at(len(recording.samples)))
    assert (hour["n_beats"], hour["n_ventricular"]) == (len(recording.beat_samples), 1)
    assert (hour["rate_min_bpm"], hour["rate_mean_bpm"], hour["rate_max_bpm"]) == (75.0, 75.0, 75.0)
    assert (hour["longest_rr_s"], hour["n_pauses"]) == (0.8, 0)
    assert (hour["af_confirmed_s"], hour["af_proposed_s"]) == (0.0, 8.4)
    assert (hour["n_vt_confirmed"], hour["n_vt_proposed"]) == (0, 1)
    assert (hour["noise_s"], hour["signal_s"]) == (2.0, 120.0)


def test_what_a_reader_decides_moves_within_the_table(client, table, spans):
    for code, action in (("AFIB", "confirm"), ("VT", "reject"), ("NOISY", "reject")):
        client.write("PATCH", f"/api/spans/{spans[code]['id']}", {"action": action}, 0)
    hour = table()["total"]
    assert (hour["af_confirmed_s"], hour["af_proposed_s"]) == (4.8, 3.6)
    assert (hour["n_vt_proposed"], hour["noise_s"]) == (0, 0.0)


def test_noise_of_one_lead_leaves_the_other_to_read(client, table, spans):
    row = spans["NOISY"]
    client.write("PATCH", f"/api/spans/{row['id']}", {"action": "correct", "changes": {"channel": "II"}}, 0)
    assert table()["total"]["noise_s"] == 0.0


def test_a_recording_without_samples_has_no_hours(client, database, recording):
    with database.transaction() as conn:
        stream = catalogue.ensure_stream(conn, name="empty", device="test", t0_us=T0_US)
        group = catalogue.ensure_group(conn, stream.id, recording.signal)
    found = client.get(f"/api/streams/{stream.id}/hours", params={"group_id": group.id}).json()
    assert (found["hours"], found["total"]) == ([], None)


def test_beats_in_the_small_form_are_those_of_the_large(client, recording):
    path = f"/api/streams/{recording.stream_id}/beats"
    large = client.get(path, params={"group_id": recording.group_id, "start": 500, "end": 20_000}).json()
    header, flat = window_codec.decode(beat_marks(client, recording, start=500, end=20_000).content)
    offsets, numbers = flat.reshape(2, header["n_beats"])
    assert (offsets + header["start"]).tolist() == large["samples"]
    assert numbers.tolist() == large["numbers"]


def test_more_beats_than_one_answer_carries_are_refused(client, recording):
    answer = beat_marks(client, recording, start=0, end=250 * 7 * 3600)
    assert answer.status_code == 422
    assert "at most 21600 s, got 25200 s" in answer.json()["message"]
