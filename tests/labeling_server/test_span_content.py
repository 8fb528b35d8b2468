"""What can be said of a span beside its label: over REST, and by a reader at a real browser."""

from __future__ import annotations

import uuid

import pytest

from storage import annotations, beats, catalogue

LAYER = "name => Bokeh.documents.map((one) => one.get_model_by_name(name)).find(Boolean).data"


# Over REST -----------------------------------------------------------------------------------------------------------


def describe(client, row, action="describe", **changes):
    revision = client.get(f"/api/spans/{row['id']}").json()["revision"]
    return client.write("PATCH", f"/api/spans/{row['id']}", {"action": action, "changes": changes}, revision)


def test_words_are_said_and_taken_back_over_rest(client, spans):
    row = describe(client, spans["VT"], severity="severe", certainty="possible").json()
    assert (row["severity"], row["certainty"], row["status"]) == ("severe", "possible", "proposed")
    row = describe(client, spans["VT"], severity=None).json()
    assert (row["severity"], row["certainty"]) == (None, "possible")
    (first, _) = client.get(f"/api/spans/{row['id']}/history").json()
    assert [first[side]["severity"] for side in ("before", "after")] == [None, "severe"]


NO_WORDS = ({"severity": 3}, {"severity": "awful"}, {"certainty": True}, {"evidence": None}, {"evidence": ["no id"]})


def test_what_is_no_word_and_no_id_is_refused(client, spans):
    answers = [describe(client, spans["VT"], **changes) for changes in NO_WORDS]
    assert {(answer.status_code, answer.json()["error"]) for answer in answers} == {(422, "invalid")}


def test_evidence_is_linked_and_read_in_both_directions(client, recording, spans):
    noisy, vt = spans["NOISY"]["id"], spans["VT"]["id"]
    place = {"stream_id": recording.stream_id, "group_id": recording.group_id}
    body = {**place, "start_us": recording.us_at(10), "end_us": recording.us_at(500), "label": "AFIB"}
    added = client.write("POST", "/api/spans", body | {"evidence": [noisy, vt], "severity": "mild"}).json()
    describe(client, spans["VT"], "link", evidence=[noisy])
    read = client.get(f"/api/spans/{added['id']}/evidence").json()
    assert (added["evidence"], [row["id"] for row in read]) == ([noisy, vt], [noisy, vt])
    first = client.get(f"/api/spans/{noisy}/evidence-of", params={"limit": 1})
    following = client.get(first.headers["link"].split(">")[0].removeprefix("<"))
    assert [row["id"] for row in (*first.json(), *following.json())] == [added["id"], vt]
    assert "link" not in following.headers
    answer = client.write("POST", "/api/spans", body | {"evidence": [str(uuid.uuid4())]})
    assert "must be stored annotations of stream" in answer.json()["message"]


# At the page ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def stored(database, recording):
    """Reads what the database has, spans by their first label."""
    with database.transaction() as conn:
        ids = {row.label: row.id for row in annotations.queue(conn, stream_id=recording.stream_id)}

    def read(label):
        with database.transaction() as conn:
            return annotations.get(conn, ids[label])

    return read


def names(page):
    return page.page.evaluate(LAYER, "span_labels")["text"]


def wait_for_name(page, name):
    page.page.wait_for_function(f"([name]) => ({LAYER})('span_labels').text.includes(name)", arg=[name])


@pytest.mark.browser
def test_keys_say_how_severe_how_certain_and_in_which_lead_and_each_undo_takes_back_one(open_page, stored):
    page = open_page()
    page.press("$", "$", '"', "@", "@")
    page.saved(undo=5)
    row = stored("VT")
    assert (row.severity, row.certainty, row.channel, row.status) == ("moderate", "possible", "V5", "corrected")
    wait_for_name(page, "VT ++ poss. · V5")
    assert "severity mild → moderate" in page.text(".history")
    shade = page.page.evaluate(LAYER, "shade")
    assert shade["top"][0] > 250  # the lower of two leads alone
    assert page.page.locator(".words button[aria-pressed=true]").all_inner_texts() == ["moderate", "possible"]
    page.press(*["Control+z"] * 4)
    page.saved(undo=1)
    row = stored("VT")
    assert (row.severity, row.certainty, row.channel, row.status) == ("mild", None, None, "proposed")
    page.press("Control+Shift+Z", "Control+Shift+Z")
    page.saved(undo=3)
    assert (stored("VT").severity, stored("VT").certainty, stored("VT").channel) == ("moderate", "possible", None)
    page.page.get_by_role("button", name="severe", exact=True).click()
    page.page.select_option("#lead", "II")
    page.saved(undo=5)
    assert (stored("VT").severity, stored("VT").channel) == ("severe", "II")


@pytest.mark.browser
def test_an_undo_of_a_comment_leaves_the_edge_that_was_moved_before_it(open_page, stored):
    page = open_page()
    page.select("AFIB")
    before = stored("AFIB")
    held = []
    page.page.route("**/api/spans/*", lambda route: route.continue_() if held else held.append(route))
    page.press("]", "Shift+ArrowRight", "c")
    page.page.keyboard.type("ends late")
    page.press("Control+Enter")
    # both are on their way, the comment made on a row that the move has not reached yet
    page.page.wait_for_function("() => document.getElementById('status-save').dataset.pending === '2'")
    held[0].continue_()
    page.saved(undo=2)
    assert (stored("AFIB").note, stored("AFIB").end_us - before.end_us) == ("ends late", 20_000)
    page.press("Control+z")
    page.saved(undo=1)
    assert (stored("AFIB").note, stored("AFIB").end_us - before.end_us) == ("", 20_000)
    page.press("Control+z")
    page.saved(undo=0)
    assert stored("AFIB").end_us == before.end_us


@pytest.mark.browser
def test_what_a_colleague_said_since_is_neither_undone_nor_overwritten(open_page, client, stored):
    page = open_page()
    page.select("AFL")
    page.press("1")
    page.saved(undo=1)
    describe(client, {"id": str(stored("AFL").id)}, severity="severe")
    page.page.reload()
    page.page.wait_for_selector("body[data-ready]")
    page.press("Control+z")
    page.saved(undo=0)
    assert (stored("AFL").label, stored("AFL").severity) == ("AFL", "severe")
    for news in ("**/live?*", "**/queue?*"):
        page.page.route(news, lambda route: route.abort())
    describe(client, {"id": str(stored("AFL").id)}, severity="moderate")
    page.press('"')
    page.page.wait_for_selector(".conflict")
    said = {row.split()[0]: row.split()[1:] for row in page.page.locator(".conflict tbody tr").all_inner_texts()}
    assert (said["Severity"], said["Certainty"]) == (["moderate", "severe"], ["\N{EN DASH}", "possible"])
    page.press("u")
    page.saved(undo=1)
    assert (stored("AFL").severity, stored("AFL").certainty) == ("severe", "possible")


@pytest.mark.browser
def test_a_span_is_linked_to_spans_and_beats_that_it_rests_on(open_page, database, recording, stored):
    page = open_page()
    page.select("AFIB")
    page.press("K")
    page.page.wait_for_selector(".linking")
    page.select("NOISY")
    page.press("K")
    page.page.wait_for_function("() => document.querySelector('.linking p').textContent.endsWith('rests on 1')")
    page.press("b", "K")
    page.saved(undo=2)
    with database.transaction() as conn:
        group = catalogue.group_by_id(conn, recording.group_id)
        found = beats.read_beats(conn, group, 0, group.next_sample)
        (beat_id,) = [identity for identity in found.ids if identity is not None]
        assert annotations.get(conn, beat_id).status == "proposed"
    assert stored("AFIB").evidence == (stored("NOISY").id, beat_id)
    page.press("Escape")
    page.page.wait_for_function("() => document.querySelectorAll('.links li').length === 2")
    assert page.page.locator(".linking").count() == 0
    assert page.text("#selection .code") == "AFIB"
    page.page.locator(".links .place").first.click()
    page.page.wait_for_function("() => document.querySelector('#selection .code').textContent === 'NOISY'")
    page.page.locator(".evidence .place", has_text="AFIB").wait_for()  # and the other direction
    page.press("Delete")
    page.saved(undo=3)
    page.select("AFIB")
    page.page.locator(".links s", has_text="NOISY").wait_for()
    page.press("Control+z", "Control+z")  # it is there again, then the beat is linked no more
    page.saved(undo=1)
    assert stored("AFIB").evidence == (stored("NOISY").id,)


@pytest.mark.browser
def test_an_edge_snaps_to_the_nearest_beat_by_key_and_while_it_is_dragged(open_page, recording, stored):
    page = open_page()
    page.press("]", "|")  # of VT, samples 700 to 1300: beats at 1200 and 1400
    page.saved(undo=1)
    assert stored("VT").end_us == recording.us_at(1200)
    strip = page.page.locator("#strip")
    box = strip.bounding_box()
    start_us, px_per_s = (float(strip.get_attribute(name)) for name in ("data-start-us", "data-px-per-s"))

    def px(sample):
        return box["x"] + 56 + (recording.us_at(sample) - start_us) / 1e6 * px_per_s

    y = box["y"] + 300
    page.page.mouse.move(px(1200), y)
    page.page.mouse.down()
    page.page.keyboard.down("Shift")
    page.page.mouse.move(px(1400) - 6, y, steps=4)
    page.page.mouse.up()
    page.page.keyboard.up("Shift")
    page.saved(undo=2)
    assert stored("VT").end_us == recording.us_at(1400)
    page.page.mouse.move(px(1400), y)
    page.page.mouse.down()
    page.page.mouse.move(px(1500) + 0.4, y, steps=4)
    page.page.mouse.up()
    page.saved(undo=3)
    end_us = stored("VT").end_us
    clock = recording.signal.clock
    assert end_us == clock.us_at(clock.sample_at(end_us))  # without Shift on a sample
    assert abs(clock.sample_at(end_us) - 1500) <= 3


@pytest.mark.browser
def test_later_is_no_answer_and_a_free_label_asks_for_its_words(open_page, database, recording, stored):
    page = open_page()
    page.press("d")
    page.page.wait_for_function("() => document.querySelector('#selection .code').textContent !== 'VT'")
    entries = page.page.locator("#queue-list .entry")
    assert "later" in entries.last.inner_text()
    page.page.reload()
    page.page.wait_for_selector("body[data-ready]")
    assert "VT" in entries.last.inner_text()
    assert (stored("VT").revision, page.text("#status-undo")) == (0, "undo 0")
    page.press("Home", "Escape", "m", "PageDown", "m")
    page.page.keyboard.type("note")
    page.press("Enter")
    page.page.wait_for_function("() => document.activeElement?.id === 'comment'")
    page.page.keyboard.type("felt dizzy on the stairs, then sat down")
    page.press("Control+Enter")
    page.saved(undo=2)
    wait_for_name(page, "felt dizzy on the stairs,…")
    with database.transaction() as conn:
        rows = annotations.spans_between(conn, recording.stream_id, recording.us_at(0), recording.us_at(30_000))
    (note,) = [row for row in rows if row.label == "NOTE"]
    clock = recording.signal.clock
    assert all(us == clock.us_at(clock.sample_at(us)) for us in (note.start_us, note.end_us))
