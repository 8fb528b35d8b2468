"""Families merged and split by hand, over REST and at the page."""

from __future__ import annotations

import uuid

import pytest
from shapes_kit import N_BEATS, TwoShapes

from labeling_server.app import create_app
from labeling_server.settings import ServerSettings
from signal_processing.family_edits import FIRST_BY_HAND
from storage.family_edits import MAX_MERGED, MAX_SPLIT

SPLIT_OFF = 6
"""Narrow beats that are split off."""


@pytest.fixture
def unstored(database, recording):
    return TwoShapes(database, recording.signal.t0_us)


@pytest.fixture
def shapes(database, unstored):
    unstored.store(database, 0, N_BEATS)
    return unstored


def edit(client, shapes, action, samples, **fields):
    body = {
        "id": str(uuid.uuid4()),
        "group_id": shapes.group_id,
        "action": action,
        "samples": [int(s) for s in samples],
    }
    return client.write("POST", f"/api/streams/{shapes.stream_id}/families/edits", body | fields)


def step(client, shapes, identity, action):
    return client.write("POST", f"/api/streams/{shapes.stream_id}/families/edits/{identity}/{action}", {})


def listed(client, shapes, **query):
    return shapes.get(client, "/edits", **query).json()


def counts(client, shapes):
    return {family["number"]: family["count"] for family in shapes.families(client)}


def restarted(database):
    """The application as another process has it, that has worked nothing out yet."""
    settings = ServerSettings(secret_key="a secret of more than 32 characters", project="Tests")  # noqa: S106 - of a test
    return create_app(database, settings=settings)


def test_families_are_merged_split_undone_and_done_again_for_every_server(app, client, database, shapes):
    before = shapes.families(client)
    mine, other = app.state.families, restarted(database).state.families
    app.state.families = other
    assert shapes.families(client) == before
    app.state.families = mine
    narrow, wide = shapes.samples[~shapes.is_wide], shapes.samples[shapes.is_wide]
    identity = str(uuid.uuid4())
    answers = [edit(client, shapes, "merge", [narrow[0], wide[0]], id=identity, view={"gain": 10}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    done = answers[0].json()
    assert [done[name] for name in ("number", "n_given", "n_beats", "login", "view")] == [
        1,
        2,
        12,
        "reader",
        {"gain": 10},
    ]
    (whole,) = shapes.families(client)
    assert (whole["number"], whole["count"], whole["labels"], whole["by_hand"]) == (1, N_BEATS, {"N": 58, "V": 2}, True)
    off = edit(client, shapes, "split", narrow[:SPLIT_OFF]).json()
    after = counts(client, shapes)
    assert after == {1: N_BEATS - SPLIT_OFF, FIRST_BY_HAND + off["number"]: SPLIT_OFF}
    for shelf in (other, restarted(database).state.families, mine):
        app.state.families = shelf
        assert counts(client, shapes) == after
    members = shapes.get(client, f"/{FIRST_BY_HAND + 2}", order="time").json()
    assert (members["samples"], min(members["similarities"]) > 0.9) == (narrow[:SPLIT_OFF].tolist(), True)
    assert step(client, shapes, identity, "undo").json()["undone_by"] == "reader"
    assert counts(client, shapes) == {1: 48 - SPLIT_OFF, 2: 12, FIRST_BY_HAND + 2: SPLIT_OFF}
    told = [(row["number"], row["action"], row["n_affected"]) for row in listed(client, shapes)]
    assert told == [(2, "split", SPLIT_OFF), (1, "merge", 0)]
    step(client, shapes, off["id"], "undo")
    assert shapes.families(client) == before
    for other in (identity, off["id"]):
        assert step(client, shapes, other, "redo").json()["undone_us"] is None
    assert counts(client, shapes) == after
    assert [row["number"] for row in listed(client, shapes, limit=1)] == [2]
    assert [row["number"] for row in listed(client, shapes, limit=1, before=2)] == [1]


def test_a_preview_is_what_comes_of_it_and_changes_nothing(client, shapes):
    before = shapes.families(client)
    half = shapes.get(client, "/1/half").json()
    assert half["total"] == 48
    for action, samples in (("merge", [shapes.samples[0], shapes.samples[3]]), ("split", shapes.samples[:2])):
        seen = edit(client, shapes, action, samples, id=None, is_preview=True)
        assert (seen.status_code, shapes.families(client)) == (200, before)
        made = edit(client, shapes, action, samples).json()
        foretold = [
            family | ({"number": FIRST_BY_HAND + made["number"]} if family["number"] == FIRST_BY_HAND else {})
            for family in seen.json()["families"]
        ]
        now = shapes.families(client)
        assert [family for family in now if family["by_hand"]] == sorted(foretold, key=lambda one: -one["count"])
        assert (
            seen.json()["n_beats"],
            {family["number"] for family in before} - {family["number"] for family in now},
        ) == (
            made["n_beats"],
            set(seen.json()["gone"]),
        )
        step(client, shapes, made["id"], "undo")


def test_beats_that_come_later_join_the_part_that_they_are_more_like(client, database, unstored):
    unstored.store(database, 0, 30)
    narrow, wide = (unstored.samples[:28][is_kind[:28]] for is_kind in (~unstored.is_wide, unstored.is_wide))
    edit(client, unstored, "merge", [narrow[0], wide[0]])
    off = edit(client, unstored, "split", wide[:3]).json()
    unstored.store(database, 30, N_BEATS)
    # the wide ones that were seen and left in it stay
    n_later = int(unstored.is_wide[29:].sum())
    assert counts(client, unstored)[FIRST_BY_HAND + off["number"]] == 3 + n_later


def test_an_edit_whose_beats_are_gone_is_listed_as_without_effect(client, shapes):
    edit(client, shapes, "split", shapes.samples[:1])
    shapes.edit(client, 0, "delete")
    assert [row["n_affected"] for row in listed(client, shapes)] == [0]
    assert counts(client, shapes) == {1: 47, 2: 12}


REFUSED = [
    ({"samples": []}, f"1 to {MAX_MERGED} beats"),
    ({"samples": list(range(MAX_MERGED + 1))}, f"got {MAX_MERGED + 1}"),
    ({"action": "split", "samples": list(range(MAX_SPLIT + 1))}, f"got {MAX_SPLIT + 1}"),
    ({"samples": [200, 400]}, "at least 2 families, got those of 1"),
    ({"action": "split", "samples": [7]}, "got 1 of which none does"),
    ({"action": "rename"}, "merge"),
    ({"samples": [2**70]}, "less than or equal to"),
    ({"id": None}, "must carry an id"),
    ({"number": 4}, "Extra inputs"),
]


def test_an_edit_of_families_that_breaks_a_rule_is_refused_with_rule_and_limit(client, shapes):
    for fields, reason in REFUSED:
        answer = edit(client, shapes, **{"action": "merge", "samples": [200, 800]} | fields)
        assert answer.status_code == 422, fields
        assert reason in answer.text
        assert len(answer.text) < 2_000
    assert listed(client, shapes) == []


def test_edits_of_families_want_the_role_the_stream_and_an_identity_of_their_own(anonymous, client, shapes, recording):
    done = edit(client, shapes, "merge", [200, 800]).json()
    assert edit(client, shapes, "split", [200], id=done["id"]).status_code == 422
    elsewhere = f"/api/streams/{recording.stream_id}/families/edits/{done['id']}/undo"
    assert client.write("POST", elsewhere, {}).status_code == 404
    assert step(client, shapes, uuid.uuid4(), "undo").status_code == 404
    assert client.write("POST", elsewhere.removesuffix(f"/{done['id']}/undo"), {
        "group_id": shapes.group_id, "action": "split", "samples": [200], "is_preview": True
    }).status_code == 422  # fmt: skip
    anonymous.sign_in("guest")
    assert edit(anonymous, shapes, "merge", [200, 800], is_preview=True).status_code == 403
    assert step(anonymous, shapes, done["id"], "undo").status_code == 403
    assert [row["id"] for row in listed(anonymous, shapes)] == [done["id"]]


def cards(page):
    """Of each card its count and its title."""
    return page.page.locator(".family-grid .family").evaluate_all(
        "all => all.map((one) => [one.querySelector('.figures').textContent, one.querySelector('.title').textContent])"
    )


def wait_for_counts(page, *wanted):
    page.page.wait_for_function(
        "wanted => [...document.querySelectorAll('.family-grid .family')]"
        ".map((one) => one.querySelector('.figures').textContent).join() === wanted",
        arg=",".join(wanted),
    )


@pytest.mark.browser
def test_a_reader_merges_and_splits_families_by_keyboard_and_takes_it_back(open_page, shapes):
    page = open_page(stream_id=shapes.stream_id)
    page.press("Shift+M")
    wait_for_counts(page, "48", "12")
    page.press("m")  # nothing is marked yet
    page.page.wait_for_function("() => document.getElementById('status-save').textContent.includes('Mark two')")
    page.press(" ", "ArrowRight", " ")
    page.page.wait_for_selector(".family.marked[aria-checked=true]#family-2")
    page.press("m")
    page.page.wait_for_selector(".overlay.family-edit button.primary:focus")
    assert page.text(".family-edit .told").strip() == "2 families become one of 60 beats"
    assert page.page.locator(".family-preview .family .figures").first.inner_text() == "60"
    page.press("Enter")
    page.saved(undo=1)
    wait_for_counts(page, "60")
    assert cards(page) == [["60", "family 1, by hand"]]
    # the four most unlike of the whole become a family of their own
    page.press("Enter")
    page.page.wait_for_selector(".member canvas")
    page.press("ArrowRight", "ArrowRight", "ArrowRight", "u")
    page.page.wait_for_function("() => document.querySelectorAll('.member.marked').length === 4")
    page.press("s")
    page.page.wait_for_selector(".overlay.family-edit button.primary:focus")
    assert page.page.locator(".family-preview .figures:not(.soft)").all_inner_texts() == ["56", "4"]
    page.press("Enter")
    page.saved(undo=2)
    page.press("Escape")
    wait_for_counts(page, "56", "4")
    assert cards(page)[1] == ["4", "split off, 2"]
    page.press("Control+z")
    page.saved(undo=1)
    wait_for_counts(page, "60")
    # what was merged falls into its two shapes by itself
    page.press("d")
    page.page.wait_for_selector(".overlay.family-edit button.primary:focus")
    assert page.page.locator(".family-preview .figures:not(.soft)").all_inner_texts() == ["48", "12"]
    page.press("Escape", "Control+z")
    page.saved(undo=0)
    wait_for_counts(page, "48", "12")
    # a letter is for all families that are marked
    page.press("Home", " ", "ArrowRight", " ", "v")
    page.page.wait_for_selector(".overlay.bulk button.primary:focus")
    assert "58 N become V" in page.text(".overlay.bulk")
    page.press("Escape", "Escape")
    page.press("Control+Shift+Z")
    page.saved(undo=1)
    wait_for_counts(page, "60")


@pytest.mark.browser
def test_families_are_merged_by_pointer_and_taken_back_in_the_list_of_what_was_done(open_page, shapes):
    page = open_page(stream_id=shapes.stream_id)
    page.press("Shift+M")
    wait_for_counts(page, "48", "12")
    for number in (1, 2):
        page.page.locator(f"#family-{number} .tick").click()
    page.page.locator("button[data-do=merge]").click()
    page.page.locator(".overlay.family-edit button.primary").click()
    page.saved(undo=1)
    wait_for_counts(page, "60")
    page.page.locator("button[data-do=history]").click()
    page.page.wait_for_selector(".family-history li")
    assert page.text(".family-history li").split("\n")[1:3] == ["reader", "2 families merged"]
    page.page.locator(".family-history button").click()
    wait_for_counts(page, "48", "12")
    page.page.wait_for_selector(".family-history li s")
    assert page.text(".family-history li").split("\n")[2] == "2 families merged, undone by reader"
