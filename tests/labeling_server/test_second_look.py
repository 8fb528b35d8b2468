"""What was decided before samples of it came: shown, asked for again, and done with once it is decided again."""

from __future__ import annotations

import pytest

from storage import annotations, catalogue


def samples_came(database, recording, *ranges):
    with database.transaction() as conn:
        group = catalogue.group_by_id(conn, recording.group_id)
        annotations.mark_changed(conn, [(group, part) for part in ranges])


def decide(client, row, action="confirm"):
    answer = client.write("PATCH", f"/api/spans/{row['id']}", {"action": action, "changes": {}}, row["revision"])
    assert answer.status_code == 200
    return answer.json()


def queued(client, **parameters):
    return [(row["label"], row["status"]) for row in client.get("/api/queue", params=parameters).json()]


def test_decided_span_is_asked_for_again_when_its_signal_changed(client, database, recording, spans):
    confirmed = decide(client, spans["AFIB"])
    decide(client, spans["NOISY"], "reject")
    assert confirmed["signal_changed_us"] is None
    samples_came(database, recording, (5_900, 6_000))
    assert queued(client) == [("VT", "proposed"), ("AFL", "proposed"), ("AFIB", "confirmed")]
    assert queued(client, order="newest") == [("VT", "proposed"), ("AFL", "proposed")]
    assert queued(client, order="time") == [("VT", "proposed"), ("AFIB", "confirmed"), ("AFL", "proposed")]
    assert ("AFIB", "confirmed") in queued(client, order="label")
    assert ("AFIB", "confirmed") in queued(client, order="risk")
    row = client.get(f"/api/spans/{confirmed['id']}").json()
    assert row["signal_changed_us"] >= confirmed["updated_us"]
    assert decide(client, row)["signal_changed_us"] is None
    assert queued(client) == [("VT", "proposed"), ("AFL", "proposed")]


def test_deleted_span_is_not_asked_for_again(client, database, recording, spans):
    decide(client, spans["AFIB"], "delete")
    samples_came(database, recording, (0, 30_000))
    assert "AFIB" not in [label for label, _ in queued(client)]


@pytest.mark.browser
def test_badge_says_that_the_signal_changed_and_goes_when_it_is_confirmed_again(open_page, database, recording):
    page = open_page()
    page.select("AFIB")
    page.press("Enter")
    page.saved(undo=1)
    assert page.page.locator("#queue-list .entry", has_text="AFIB").count() == 0
    samples_came(database, recording, (5_900, 6_000))
    entry = page.page.locator("#queue-list .entry", has_text="AFIB")
    entry.wait_for(timeout=15_000)  # the page asks every few seconds
    assert "signal changed since" in entry.inner_text()
    page.select("AFIB")
    assert "Look again" in page.text("#selection .changed-since")
    assert page.text("#selection .what .badge") == "confirmed"
    page.press("Enter")
    page.saved(undo=2)
    entry.wait_for(state="detached")
    with database.transaction() as conn:
        assert "AFIB" not in [row.label for row in annotations.queue(conn)]
