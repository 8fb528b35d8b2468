"""Families of beats over REST and at the page, on a recording of two shapes."""

from __future__ import annotations

import numpy as np
import pytest
from shapes_kit import N_BEATS, ODD, RR, TwoShapes

from labeling_server.api import window_codec
from signal_processing.values import Channel, Signal
from storage import catalogue


@pytest.fixture
def unstored(database, recording):
    return TwoShapes(database, recording.signal.t0_us)


@pytest.fixture
def shapes(database, unstored):
    unstored.store(database, 0, N_BEATS)
    return unstored


def test_each_shape_is_a_family_with_its_counts_and_its_template(client, shapes):
    told = shapes.get(client).json()
    narrow, wide = told["families"]
    assert (told["n_beats"], [lead["name"] for lead in told["leads"]]) == (N_BEATS, ["II", "V5"])
    assert (narrow["count"], narrow["labels"]) == (48, {"N": 48})
    assert (wide["count"], wide["labels"]) == (12, {"N": 10, "V": 2})
    assert (wide["first_sample"], wide["last_sample"]) == (4 * RR, 59 * RR)
    lead = np.array(narrow["template"][0])
    assert lead.argmax() == told["n_before"]
    assert lead.max() == pytest.approx(1.0, abs=0.1)
    assert np.array(wide["template"][1]).max() == pytest.approx(0.6, abs=0.1)


def test_members_come_with_the_most_unlike_first(client, shapes):
    number = shapes.families(client)[0]["number"]
    told = shapes.get(client, f"/{number}", limit=10).json()
    assert (told["total"], len(told["samples"])) == (48, 10)
    assert told["samples"][0] == shapes.samples[ODD]
    assert told["similarities"] == sorted(told["similarities"])
    in_time = shapes.get(client, f"/{number}", order="time", offset=40).json()["samples"]
    assert in_time == shapes.samples[~shapes.is_wide][40:].tolist()


def test_waveforms_of_members_lie_on_the_template(client, shapes):
    header, flat = window_codec.decode(shapes.get(client, "/waveforms", per_family=10).content)
    members = flat.reshape(len(header["runs"]), -1, header["n_channels"])
    for family in shapes.families(client):
        own = members[np.array(header["families"]) == family["number"]]
        assert len(own) == 10
        np.testing.assert_allclose(own, np.broadcast_to(np.transpose(family["template"]), own.shape), atol=0.2)


def test_strips_hold_the_samples_around_their_members_bit_for_bit(client, shapes):
    number = shapes.families(client)[1]["number"]
    header, flat = window_codec.decode(shapes.get(client, f"/{number}/strips", limit=5, offset=2).content)
    assert header["strips"] == list(range(5))
    strips = flat.reshape(5, -1, 2)
    for sample, (start, n), strip in zip(header["samples"], header["runs"], strips, strict=True):
        assert (start, n) == (sample - header["reach"], 2 * header["reach"])
        np.testing.assert_array_equal(strip, shapes.digital[start : start + n])


def test_what_people_do_to_beats_changes_counts_and_not_shapes(client, shapes):
    before = shapes.families(client)
    shapes.edit(client, 13, "relabel", label="V")
    shapes.edit(client, 0, "reject")
    added = {"stream_id": shapes.stream_id, "group_id": shapes.group_id, "sample": int(shapes.samples[30]) + 1}
    shapes.edit(client, 30, "delete")
    assert client.write("POST", "/api/beats", {**added, "label": "S"}).status_code == 201
    narrow, wide = shapes.families(client)
    assert (narrow["labels"], narrow["n_touched"]) == ({"N": 46, "S": 1}, 1)
    assert (wide["labels"], wide["n_touched"]) == ({"N": 9, "V": 3}, 1)
    assert [family["number"] for family in before] == [narrow["number"], wide["number"]]


def test_families_go_on_with_the_stream(client, database, unstored):
    unstored.store(database, 0, 30)
    # the last beat's samples are not all there yet
    assert [family["count"] for family in unstored.families(client)] == [23, 6]
    unstored.store(database, 30, N_BEATS)
    assert [family["count"] for family in unstored.families(client)] == [48, 12]


def test_a_family_that_there_is_not_is_refused(client, shapes):
    answer = shapes.get(client, "/99")
    assert answer.status_code == 404
    assert "must be one of channel group" in answer.json()["message"]


def test_a_group_without_a_lead_in_millivolt_is_refused(client, database, recording):
    signal = Signal("pulse", "ppg", 50.0, recording.signal.t0_us, (Channel("PLETH", "1"),))
    with database.transaction() as conn:
        stream = catalogue.ensure_stream(conn, name="pulse", device="test", t0_us=signal.t0_us)
        group = catalogue.ensure_group(conn, stream.id, signal)
    answer = client.get(f"/api/streams/{stream.id}/families", params={"group_id": group.id})
    assert answer.status_code == 422
    assert "need a lead in mV" in answer.json()["message"]


def test_families_are_for_those_who_signed_in(anonymous, shapes):
    assert shapes.get(anonymous).status_code == 401


def cards(page):
    """Of each card its letter, its count, and whether it is chosen."""
    return page.page.locator(".family").evaluate_all(
        "all => all.map((one) => [one.querySelector('.code').textContent,"
        " one.querySelector('.figures').textContent, one.getAttribute('aria-selected')])"
    )


@pytest.mark.browser
def test_a_reader_goes_through_families_and_relabels_one_by_keyboard(open_page, shapes):
    page = open_page(stream_id=shapes.stream_id)
    page.press("Shift+M")
    page.page.wait_for_selector(".family canvas")
    assert cards(page) == [["N", "48", "true"], ["N", "12", "false"]]
    painted = (
        "canvas => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some((v) => v > 0)"
    )
    assert page.page.locator(".family canvas").first.evaluate(painted)
    # the second family opens, and its members lie there
    page.press("ArrowRight", "Enter")
    page.page.wait_for_selector(".member canvas")
    assert page.page.locator(".member").count() == 12
    page.press("Escape")
    page.page.wait_for_selector(".family[aria-selected=true]")
    # the most unlike of the first on the strip, the next there, and back
    page.press("ArrowLeft", ".")
    page.page.wait_for_url(f"**beat={shapes.samples[ODD]}*")
    page.press(".")
    page.page.wait_for_function(f"() => !location.search.includes('beat={shapes.samples[ODD]}')")
    page.press("Shift+M")
    page.page.wait_for_selector(".member[aria-selected=true]#member-1")
    page.press("Escape", "ArrowRight", "v")
    page.page.wait_for_selector(".overlay.bulk button.primary:focus")
    assert "10 N become V" in page.text(".overlay.bulk")
    page.press("Enter")
    page.saved(undo=1)
    page.page.wait_for_function("() => document.querySelector('#family-2 .counts')?.textContent === 'V 12'")
    page.press("Control+z")
    page.saved(undo=0)
    page.page.wait_for_function("() => document.querySelector('#family-2 .counts')?.textContent === 'N 10 · V 2'")
    page.press("Escape")
    assert page.page.locator("#view").is_hidden()


@pytest.mark.browser
def test_a_range_of_rr_intervals_is_chosen_by_keyboard_and_walked_over(open_page, shapes):
    page = open_page(stream_id=shapes.stream_id)
    page.press("Shift+Z")
    page.page.wait_for_selector("#lorenz-chosen")
    page.page.wait_for_function("() => document.getElementById('lorenz-chosen').textContent.includes('of 58')")
    page.press("ArrowRight")  # the range appears: RR before of 300 to 600 ms, of which there is none
    assert page.text("#lorenz-chosen").startswith("0 of 58")
    page.press(*["Shift+ArrowRight"] * 11)  # up to 820 ms: all beats are 800 ms apart
    assert page.text("#lorenz-chosen").startswith("58 of 58")
    page.press(".")
    page.page.wait_for_url(f"**beat={shapes.samples[1]}*")
