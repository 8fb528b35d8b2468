"""Many beats at once, over REST and by keyboard."""

from __future__ import annotations

import uuid

import pytest

from storage import beats, catalogue
from storage.bulk_edit_row import MAX_BEATS

N, V, F, A = 1, 5, 6, 8


def bulk(client, recording, **fields):
    body = {
        "id": str(uuid.uuid4()),
        "group_id": recording.group_id,
        "action": "relabel",
        "label": "V",
        "samples": recording.beat_samples[:5],
        "numbers": [N, N, N, V, N],
    }
    return client.write("POST", f"/api/streams/{recording.stream_id}/beats/bulk", body | fields)


def numbers(database, recording):
    with database.transaction() as conn:
        group = catalogue.group_by_id(conn, recording.group_id)
        found = beats.read_beats(conn, group, 0, group.next_sample)
    return dict(zip(found.samples.tolist(), found.numbers.tolist(), strict=True))


def test_bulk_edit_is_previewed_done_once_undone_and_listed(client, database, recording):
    before = numbers(database, recording)
    seen = bulk(client, recording, is_preview=True)
    assert (seen.status_code, seen.json()["n_changed"], seen.json()["by_label"]) == (200, 4, {"N": 4})
    assert numbers(database, recording) == before
    identity = str(uuid.uuid4())
    answers = [bulk(client, recording, id=identity, view={"speed_mm_s": 25}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    done = answers[0].json()
    told = [done[name] for name in ("n_given", "n_changed", "n_protected", "n_same", "n_gone")]
    assert (told, done["login"], done["view"]) == ([5, 4, 0, 1, 0], "reader", {"speed_mm_s": 25})
    assert list(numbers(database, recording).values())[:6] == [V, V, V, V, V, N]
    undone = client.write("POST", f"/api/beats/bulk/{identity}/undo", {}).json()
    assert (undone["undone_by"], undone["n_changed_since"]) == ("reader", 0)
    assert numbers(database, recording) == before
    assert client.write("POST", f"/api/beats/bulk/{identity}/redo", {}).json()["undone_us"] is None
    path = f"/api/streams/{recording.stream_id}/beats/bulk"
    assert [row["id"] for row in client.get(path, params={"limit": 1}).json()] == [identity]
    assert client.get(path, params={"before": identity}).json() == []


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"samples": [], "numbers": []}, f"1 to {MAX_BEATS} beats"),
        ({"samples": [5] * (MAX_BEATS + 1), "numbers": [1] * (MAX_BEATS + 1)}, f"got {MAX_BEATS + 1}"),
        ({"numbers": [1]}, "as many, got 5 and 1"),
        ({"samples": [2**70], "numbers": [1]}, "less than or equal to"),
        ({"numbers": [N, N, N, V, 40_000]}, "32767"),
        ({"label": None}, "must be given with relabel"),
        ({"label": "AFIB"}, "a rhythm"),
        ({"label": "XX"}, "vocabulary"),
        ({"action": "move"}, "relabel"),
        ({"id": None}, "must carry an id"),
        ({"group_id": None}, "integer"),
    ],
)
def test_bulk_edit_that_breaks_a_rule_is_refused_with_rule_and_limit(client, database, recording, fields, reason):
    answer = bulk(client, recording, **fields)
    assert answer.status_code == 422
    assert reason in answer.text
    assert len(answer.text) < 2_000


def test_bulk_edits_want_the_token_the_role_and_the_streams_own_group(anonymous, client, recording):
    path = f"/api/streams/{recording.stream_id}/beats/bulk"
    done = bulk(client, recording).json()
    assert client.post(path, json={}).status_code == 403
    assert client.write("POST", path.replace(f"/{recording.stream_id}/", "/9999/"), {
        "group_id": recording.group_id, "action": "delete", "samples": [200], "numbers": [N], "is_preview": True
    }).status_code == 422  # fmt: skip
    assert client.write("POST", f"/api/beats/bulk/{uuid.uuid4()}/undo", {}).status_code == 404
    anonymous.sign_in("guest")
    assert bulk(anonymous, recording).status_code == 403
    assert anonymous.write("POST", f"/api/beats/bulk/{done['id']}/undo", {}).status_code == 403
    assert [row["id"] for row in anonymous.get(path).json()] == [done["id"]]


def foretold(page, *lines):
    """Waits until the window says that this would change."""
    page.page.wait_for_function(
        "lines => JSON.stringify([...document.querySelectorAll('.overlay.bulk .told p')].map((p) => p.textContent))"
        " === JSON.stringify(lines)",
        arg=list(lines),
    )


@pytest.mark.browser
def test_beats_of_a_span_are_relabelled_by_keyboard_as_one_edit(open_page, database, recording):
    page = open_page()
    page.select("AFIB")
    page.press("b", "Shift+S")  # one beat that a person has decided
    page.saved(undo=1)
    reviewed = numbers(database, recording)
    lost = []

    def lose_first(route):
        if route.request.post_data_json.get("is_preview") or lost:
            return route.continue_()
        lost.append(route.fetch().status)
        return route.abort()

    page.page.route("**/beats/bulk", lose_first)
    page.select("AFIB")
    page.press("Shift+U", "V")
    foretold(page, "5 N become V", "1 reviewed beat stays")
    page.press("Enter")
    page.page.wait_for_selector("#status-save[data-kind=waiting]")
    page.select("AFIB")
    page.press("b", ".", "Shift+F")  # on a beat that the page still shows as a machine's
    page.saved(undo=3)  # sent again with the same id, and the other after it
    assert (lost, page.page.locator(".conflict").count(), numbers(database, recording)[5200]) == ([201], 0, F)
    page.press("Control+z")
    page.saved(undo=2)
    after = numbers(database, recording)
    assert {at: after[at] for at in after if after[at] != reviewed[at]} == dict.fromkeys(range(5200, 6200, 200), V)
    page.press("Control+z")
    page.saved(undo=1)
    assert "5 beats as before" in page.text("#status-save")
    assert numbers(database, recording) == reviewed
    page.press("Control+Shift+Z")
    page.saved(undo=2)
    assert numbers(database, recording) == after
    page.press("Escape", "Home", "m", "PageDown", "Shift+U", "A")
    page.page.wait_for_selector(".overlay.bulk .primary:not(:disabled)")
    page.press("Escape")
    assert page.page.locator(".overlay").count() == 0
    assert numbers(database, recording) == after
    page.press("Shift+U", "A")
    page.page.wait_for_selector(".overlay.bulk .primary:not(:disabled)")
    page.press("Enter")
    page.saved(undo=3)
    marked = numbers(database, recording)
    assert sum(number == A for number in marked.values()) > 3
    for left in (2, 1):
        page.press("Control+z")
        page.saved(undo=left)
    assert numbers(database, recording) == reviewed


@pytest.mark.browser
def test_only_beats_of_some_labels_are_accepted_rejected_or_deleted(open_page, database, recording):
    page = open_page()
    before = numbers(database, recording)
    page.select("VT")
    page.press("Shift+U", "Delete")
    foretold(page, "2 N, 1 V are deleted")
    page.press("2")
    foretold(page, "1 V is deleted")
    page.press("ArrowUp")
    foretold(page, "1 V is rejected")
    page.press("0", "ArrowUp")
    foretold(page, "2 N, 1 V are accepted")
    page.press("1", "x")
    foretold(page, "2 N are rejected")
    page.press("Enter")
    page.saved(undo=1)
    assert {at for at in before if at not in numbers(database, recording)} == {1000, 1200}
    page.press("Control+z")
    page.saved(undo=0)
    assert numbers(database, recording) == before


@pytest.mark.browser
def test_beats_of_a_label_are_gone_through_and_edited_in_the_whole_recording(open_page, database, recording):
    page = open_page()
    page.select("AFIB")
    page.press("b", "Shift+V")
    page.saved(undo=1)

    def says(text):
        page.page.wait_for_function("text => document.getElementById('status-hint').textContent === text", arg=text)

    page.press("Home", "Escape", "*")
    page.page.wait_for_selector(".overlay.search li")
    page.page.keyboard.type("V")
    page.press("Enter")
    says("V: 2 of 2")  # the next from the cursor on
    page.press(")")
    says("V: the last of 2 lies before; ( goes back")
    page.press("(")
    says("V: 1 of 2")
    page.page.wait_for_function("() => location.search.includes('beat=800')")
    page.press("Shift+U", "A")
    foretold(page, "1 V becomes A", "1 reviewed beat stays")
    page.press("Enter")
    page.saved(undo=2)
    assert numbers(database, recording)[800] == A
