"""How good the detectors are that read a recording: over REST, and at the page by keyboard alone."""

from __future__ import annotations

import pytest

from detectors.scores import scores
from signal_processing.values import Annotator
from storage import runs


@pytest.fixture
def measured(database, recording):
    """A version that was measured has read the recording; `MACHINE`, which was not, has as well."""
    score = scores()[0]
    with database.transaction() as conn:
        runs.ensure_run(conn, recording.group_id, Annotator("machine", score.detector, score.version), {})
    return score


def test_each_version_that_read_a_recording_comes_with_what_was_measured(client, recording, measured):
    found = client.get(f"/api/streams/{recording.stream_id}/detectors").json()
    by_name = {one["name"]: one for one in found}
    assert by_name["test-detector"] == {"name": "test-detector", "version": "1.0", "scores": []}
    first = by_name[measured.detector]["scores"][0]
    assert (first["database"], first["figures"]) == (measured.database, measured.figures)
    assert client.get(f"/api/streams/{recording.stream_id + 1}/detectors").status_code == 404


@pytest.mark.browser
def test_a_key_shows_how_good_the_detectors_are_and_which_were_not_measured(open_page, measured):
    page = open_page()
    page.press("%")
    page.page.wait_for_selector(".overlay.detectors [data-detector]")
    assert "This version was not measured." in page.text("[data-detector=test-detector]")
    told = page.text(f"[data-detector={measured.detector}]")
    assert f"{measured.detector} {measured.version}" in told
    assert all(f"{name} {value:g}" in " ".join(told.split()) for name, value in measured.figures.items())
    box = page.page.locator(".overlay.detectors")
    assert box.evaluate("box => box.scrollWidth <= box.clientWidth")  # nothing is cut off at its side
    page.press("Escape")
    assert page.page.locator(".overlay").count() == 0
