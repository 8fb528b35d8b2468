"""What an edit cuts out of other spans: answered over REST, foretold and told on the page, taken back by its undo."""

from __future__ import annotations

import re
from typing import get_args

import pytest

from labeling_server.api import edit_bodies
from signal_processing import layers
from storage import annotations, revisions
from storage.annotation_row import Actor
from storage.overlaps import DECIDED

SECOND = Actor(None, "second")


@pytest.fixture
def standing(database, recording):
    """(label, start, end) of what is decided, in samples."""

    def read():
        with database.transaction() as conn:
            rows = annotations.spans_between(conn, recording.stream_id, 0, recording.us_at(30_000), statuses=DECIDED)
        clock = recording.signal.clock
        return [(row.label, int(clock.sample_at(row.start_us)), int(clock.sample_at(row.end_us))) for row in rows]

    return read


@pytest.fixture
def decide(database, recording):
    """A colleague's span, in samples."""

    def add(label, start, end):
        with database.transaction() as conn:
            return revisions.add(
                conn,
                stream_id=recording.stream_id,
                group_id=recording.group_id,
                start_us=recording.us_at(start),
                end_us=recording.us_at(end),
                label=label,
                channel=None,
                actor=SECOND,
                view={},
            )

    return add


def span(recording, label, start, end, **more):
    ids = {"stream_id": recording.stream_id, "group_id": recording.group_id}
    return {**ids, "start_us": recording.us_at(start), "end_us": recording.us_at(end), "label": label, **more}


def erasure(recording, start, end, layer="rhythm", **more):
    times = {"start_us": recording.us_at(start), "end_us": recording.us_at(end)}
    return {"group_id": recording.group_id, "layer": layer, **times, **more}


def test_an_edit_answers_with_what_else_it_changed_and_undo_with_what_came_back(client, recording, spans, standing):
    path = f"/api/spans/{spans['AFIB']['id']}"
    assert client.write("PATCH", path, {"action": "confirm"}, 0).json()["also"] == []
    answer = client.write("POST", "/api/spans", span(recording, "SR", 5400, 5600))
    row, also = answer.json(), {one["start_us"]: one for one in answer.json()["also"]}
    assert set(also) == {recording.us_at(5000), recording.us_at(5600)}
    assert client.get(path).json() == also[recording.us_at(5000)]
    cut = client.get(f"{path}/history").json()[-1]
    assert (cut["action"], cut["cause_id"], cut["cause_revision"]) == ("cut", row["id"], 1)
    undo = {"action": "undo", "changes": {"deleted": True}, "undoes": 1}
    undone = client.write("PATCH", f"/api/spans/{row['id']}", undo, 1).json()
    assert {one["id"] for one in undone["also"]} == {one["id"] for one in also.values()}
    assert (undone["n_left"], standing()) == (0, [("AFIB", 5000, 6200)])


def test_a_cut_annotation_is_of_a_newer_revision_for_whoever_edits_it(client, recording, spans):
    path = f"/api/spans/{spans['AFIB']['id']}"
    client.write("PATCH", path, {"action": "confirm"}, 0)
    client.write("POST", "/api/spans", span(recording, "SR", 6000, 7000))
    answer = client.write("PATCH", path, {"action": "reject"}, 1)
    assert (answer.status_code, answer.json()["current"]["end_us"]) == (409, recording.us_at(6000))


def test_a_range_is_erased_from_one_layer_and_put_back_by_undo_of_the_first(client, recording, standing, decide):
    for label, start, end in [("SR", 1000, 2000), ("AFIB", 2000, 3000), ("NOISY", 1500, 2500)]:
        decide(label, start, end)
    path = f"/api/streams/{recording.stream_id}/spans/erase"
    first, _ = client.write("POST", path, erasure(recording, 1500, 2500)).json()["changed"]
    assert standing() == [("SR", 1000, 1500), ("NOISY", 1500, 2500), ("AFIB", 2500, 3000)]
    undo = {"action": "undo", "undoes": first["revision"]}
    client.write("PATCH", f"/api/spans/{first['id']}", undo, first["revision"])
    assert standing() == [("SR", 1000, 2000), ("NOISY", 1500, 2500), ("AFIB", 2000, 3000)]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"layer": "events"}, "'rhythm', 'ventricular', 'rate' or 'quality'"),
        ({"channel": "III"}, "channel must be one of II, V5"),
        ({"end_us": 0}, "must end after it starts"),
    ],
)
def test_an_erasure_that_breaks_a_rule_is_refused(client, recording, fields, reason):
    path = f"/api/streams/{recording.stream_id}/spans/erase"
    answer = client.write("POST", path, {**erasure(recording, 1500, 2500), **fields})
    assert answer.status_code == 422
    assert reason in answer.json()["message"]


def test_layers_that_can_be_erased_are_the_exclusive_ones():
    assert get_args(edit_bodies.ExclusiveLayer) == tuple(layer.id for layer in layers.EXCLUSIVE)


# The page ---------------------------------------------------------------------------------------------------------


def told(page, selector, pattern):
    """Waits until a line of the page says something."""
    page.page.wait_for_function(
        "([selector, pattern]) => new RegExp(pattern).test(document.querySelector(selector).textContent)",
        arg=[selector, pattern],
        timeout=20_000,
    )


def places(page, recording, *samples):
    """Where samples that are on screen are, px."""
    strip = page.page.locator("#strip")
    box = strip.bounding_box()
    start_us, px_per_s = (float(strip.get_attribute(name)) for name in ("data-start-us", "data-px-per-s"))
    xs = [box["x"] + 56 + (recording.us_at(sample) - start_us) / 1e6 * px_per_s for sample in samples]
    return [(x, box["y"] + 300) for x in xs]


def mark(page, recording, start, end):
    """Marks a range of samples that are on screen, the second mark by the pointer."""
    at = places(page, recording, start, end)
    page.page.mouse.click(*at[0])
    page.press("m")
    page.page.mouse.move(*at[1])


@pytest.fixture
def at_span(open_page, site, recording):
    """A page that shows a span, with nothing selected."""

    def opened(row):
        page = open_page()
        page.page.goto(f"{site}/streams/{recording.stream_id}?annotation={row.id}")
        page.page.wait_for_selector("body[data-ready]")
        page.press("Escape")
        return page

    return opened


@pytest.mark.browser
def test_what_a_new_span_will_cut_is_foretold_then_told_and_comes_back(at_span, recording, decide, standing):
    page = at_span(decide("AFIB", 5000, 6200))
    mark(page, recording, 5400, 5600)
    told(page, "#status-hint", r"cuts, in its layer: AFIB 12:27:01\.\d+.12:27:02\.\d+")
    page.press("m")
    page.page.keyboard.type("SR")
    page.press("Enter")
    page.saved(undo=1)
    told(page, "#status-save", r"cut AFIB .*Ctrl\+Z undoes")
    (first, sr, second) = standing()
    assert [first[0], sr[0], second[0]] == ["AFIB", "SR", "AFIB"]
    assert (first[2], second[1]) == (sr[1], sr[2])
    page.press("Control+z")
    page.saved(undo=0)
    told(page, "#status-save", "back again: AFIB")
    assert standing() == [("AFIB", 5000, 6200)]
    page.press("Control+Shift+Z")
    page.saved(undo=1)
    assert standing() == [first, sr, second]


@pytest.mark.browser
def test_accepting_foretells_what_it_cuts_and_so_does_a_moved_edge(open_page, recording, decide, standing):
    decide("SR", 4900, 5200)
    decide("SR", 6250, 7000)
    page = open_page()
    page.select("AFIB")
    told(page, "#status-hint", r"accepting cuts SR 12:27:00\.000.12:27:00\.800$")
    edge, beyond = places(page, recording, 6200, 6300)
    page.page.mouse.move(*edge)
    page.page.mouse.down()
    page.page.mouse.move(*beyond, steps=4)
    told(page, "#status-hint", r"cuts SR 12:27:00\.000.12:27:00\.800, SR 12:27:05\.000.12:27:05\.\d+$")
    page.page.mouse.up()
    page.saved(undo=1)
    (before, afib, after) = standing()
    assert (before, afib[:2], after[2]) == (("SR", 4900, 5000), ("AFIB", 5000), 7000)
    assert afib[2] == after[1] > 6250


@pytest.mark.browser
def test_a_marked_range_is_erased_from_a_layer_that_is_chosen(at_span, recording, decide, standing):
    decide("NOISY", 5000, 6200)
    page = at_span(decide("AFIB", 5000, 6200))
    mark(page, recording, 5600, 6300)
    page.press("\\")
    page.page.keyboard.type("qual")
    page.press("Enter")
    page.saved(undo=1)
    told(page, "#status-save", "cut NOISY")
    assert re.match(r"\[\('AFIB', 5000, 6200\), \('NOISY', 5000, 5[56]\d\d\)\]", str(sorted(standing())))
    page.press("Control+z")
    page.saved(undo=0)
    assert sorted(standing()) == [("AFIB", 5000, 6200), ("NOISY", 5000, 6200)]
