"""A reader at a real browser: what keys do stands in the database before the page says so."""

from __future__ import annotations

import pytest

from storage import annotations, beats, catalogue

pytestmark = pytest.mark.browser


@pytest.fixture
def stored(database, recording):
    """Reads what the database has, spans by their first label."""
    with database.transaction() as conn:
        ids = {row.label: row.id for row in annotations.queue(conn, stream_id=recording.stream_id)}

    def read(label):
        with database.transaction() as conn:
            return annotations.get(conn, ids[label])

    return read


def all_beats(database, recording):
    with database.transaction() as conn:
        group = catalogue.group_by_id(conn, recording.group_id)
        return beats.read_beats(conn, group, 0, group.next_sample)


def test_a_wrong_password_is_answered_on_the_login_page(browser, site):
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{site}/login")
    page.fill("#login", "reader")
    page.fill("#password", "not the password")
    page.click("button.primary")
    assert "do not match" in page.locator("[role=alert]").inner_text()
    context.close()


def test_the_most_urgent_proposal_is_on_screen_at_first(open_page):
    page = open_page()
    assert page.text("#selection .code") == "VT"


def test_enter_accepts_and_the_next_of_the_queue_is_selected(open_page, stored):
    page = open_page()
    page.press("Enter")
    page.saved(undo=1)
    assert stored("VT").status == "confirmed"
    assert page.text("#selection .code") != "VT"


def test_x_rejects_and_q_calls_ambiguous(open_page, stored):
    page = open_page()
    page.select("AFL")
    page.press("x")
    page.select("NOISY")
    page.press("q")
    page.saved(undo=2)
    assert (stored("AFL").status, stored("NOISY").status) == ("rejected", "ambiguous")


def test_a_digit_relabels_the_selected_span(open_page, stored):
    page = open_page()
    page.select("AFL")
    page.press("1")
    page.saved(undo=1)
    assert (stored("AFL").label, stored("AFL").status) == ("AFIB", "corrected")


def test_an_edge_moves_by_keys(open_page, stored):
    page = open_page()
    page.select("AFIB")
    before = stored("AFIB")
    page.press("]")
    page.page.keyboard.down("Shift")
    page.press("ArrowRight", "ArrowRight", "ArrowRight")
    page.page.keyboard.up("Shift")
    page.saved(undo=1)
    after = stored("AFIB")
    assert (after.start_us, after.end_us - before.end_us) == (before.start_us, 60_000)


def test_nudges_that_follow_each_other_do_not_collide(open_page, stored):
    page = open_page()
    page.select("AFIB")
    before = stored("AFIB")
    page.press("[", *["Shift+ArrowLeft"] * 5)
    page.saved(undo=5)
    assert stored("AFIB").start_us - before.start_us == -100_000
    assert page.page.locator(".conflict").count() == 0


def test_an_edge_moves_by_mouse(open_page, stored):
    page = open_page()
    page.select("VT")
    before = stored("VT")
    strip = page.page.locator("#strip")
    box = strip.bounding_box()
    start_us, px_per_s = (float(strip.get_attribute(name)) for name in ("data-start-us", "data-px-per-s"))
    x = box["x"] + 56 + (before.end_us - start_us) / 1e6 * px_per_s
    y = box["y"] + 300
    page.page.mouse.move(x, y)
    page.page.mouse.down()
    page.page.mouse.move(x + 30, y, steps=4)
    page.page.mouse.up()
    page.saved(undo=1)
    assert (stored("VT").end_us - before.end_us) / 1e6 == pytest.approx(30 / px_per_s, abs=2 / px_per_s)


def test_a_span_is_added_by_two_marks_and_a_label(open_page, database, recording):
    page = open_page()
    page.press("Home", "Escape", "m", "PageDown", "m")
    page.page.keyboard.type("brady")
    page.press("Enter")
    page.saved(undo=1)
    with database.transaction() as conn:
        rows = annotations.spans_between(conn, recording.stream_id, recording.us_at(0), recording.us_at(30_000))
    added = [row for row in rows if row.label == "BRADY"]
    assert [(row.status, row.author.name) for row in added] == [("confirmed", "reader")]


def test_undo_and_redo_are_revisions_of_their_own(open_page, stored):
    page = open_page()
    page.press("x")
    page.saved(undo=1)
    page.press("Control+z")
    page.saved(undo=0)
    assert (stored("VT").status, stored("VT").revision) == ("proposed", 2)
    page.press("Control+Shift+Z")
    page.saved(undo=1)
    assert (stored("VT").status, stored("VT").revision) == ("rejected", 3)


def test_an_undo_pressed_before_the_edit_is_saved_undoes_that_edit(open_page, stored):
    page = open_page()
    page.press("x", "Control+z")
    page.page.wait_for_function("() => document.getElementById('status-save').dataset.kind === 'saved'")
    page.saved(undo=0)
    assert (stored("VT").status, stored("VT").revision) == ("proposed", 2)


def test_a_letter_relabels_the_selected_beat(open_page, database, recording):
    page = open_page()
    page.press("b", "Shift+S")
    page.saved(undo=1)
    found = all_beats(database, recording)
    assert [number for number, touched in zip(found.numbers, found.origin, strict=True) if touched] == [9]


def test_a_beat_is_inserted_at_the_cursor_and_moved_by_one_sample(open_page, database, recording):
    page = open_page()
    before = len(all_beats(database, recording).samples)
    page.press("Home", "i")
    page.saved(undo=1)
    page.page.wait_for_function("() => document.querySelector('#selection .code')?.textContent === 'N'")
    added = [s for s, touched in zip(*all_beats(database, recording)[:4:3], strict=True) if touched]
    page.press("Shift+ArrowRight")
    page.saved(undo=2)
    moved = [s for s, touched in zip(*all_beats(database, recording)[:4:3], strict=True) if touched]
    assert len(all_beats(database, recording).samples) == before + 1
    assert [s + 1 for s in added] == moved


def test_a_rejected_beat_is_gone_and_undo_brings_it_back(open_page, database, recording):
    page = open_page()
    before = all_beats(database, recording)
    page.press("b", "x")
    page.saved(undo=1)
    assert len(all_beats(database, recording).samples) == len(before.samples) - 1
    page.press("Control+z")
    page.saved(undo=0)
    assert all_beats(database, recording).numbers.tolist() == before.numbers.tolist()


def test_a_viewer_changes_nothing(open_page, stored):
    page = open_page("guest")
    page.press("Enter", "x")
    assert "view only" in page.text("#status-save")
    assert stored("VT").revision == 0


def test_two_readers_of_one_span_see_a_conflict_and_lose_nothing(open_page, stored):
    first, second = open_page("reader"), open_page("second")
    for page in (first, second):
        page.select("AFIB")
    first.page.route("**/live?*", lambda route: route.abort())  # it does not hear of the other's edit in time
    first.page.route("**/queue?*", lambda route: route.abort())
    second.press("2")
    second.saved(undo=1)
    first.press("x")
    first.page.wait_for_selector(".conflict")
    said = first.text(".conflict")
    assert "second" in said
    assert "AFL" in said
    assert "rejected" in said
    assert stored("AFIB").label == "AFL"
    first.press("u")
    first.saved(undo=1)
    assert (stored("AFIB").label, stored("AFIB").status) == ("AFIB", "rejected")


def test_an_edit_waits_while_the_server_is_silent_and_arrives_later(open_page, stored):
    page = open_page()
    page.page.route("**/api/spans/*", lambda route: route.abort())
    page.press("x")
    page.page.wait_for_selector("#status-save[data-kind=waiting]")
    assert stored("VT").status == "proposed"
    page.page.unroute("**/api/spans/*")
    page.saved(undo=1)
    assert stored("VT").status == "rejected"


def test_a_beat_whose_answer_was_lost_is_added_once(open_page, database, recording):
    page = open_page()
    page.press("Escape", "Home")
    lost = []

    def lose_first(route):
        answer = route.fetch()
        if lost:
            route.fulfill(response=answer)
        else:
            lost.append(answer.status)
            route.abort()

    page.page.route("**/api/beats", lose_first)
    page.press("i", "V")
    page.saved(undo=1)
    with database.transaction() as conn:
        (n_added,) = conn.execute("SELECT count(*) FROM annotation_revisions WHERE action = 'add'").fetchone()
    assert (lost, n_added) == ([201], 1)


def test_a_key_can_be_changed_and_the_page_remembers(open_page, stored):
    page = open_page()
    page.press("?")
    button = page.page.locator('button.keys[data-action="reject"]')
    button.click()
    page.press("l")  # another action's
    assert "must be free" in page.text(".help footer")
    button = page.page.locator('button.keys[data-action="reject"]')
    button.click()
    page.press("j")  # a beat's letter
    assert "labels" in page.text(".help footer")
    page.page.locator('button.keys[data-action="reject"]').click()
    page.press("&")
    assert page.text('button.keys[data-action="reject"]') == "&"
    page.press("Escape")
    page.page.reload()
    page.page.wait_for_selector("body[data-ready]")
    page.select("AFL")
    page.press("&")
    page.saved(undo=1)
    assert stored("AFL").status == "rejected"


def test_one_revision_is_taken_back_and_what_came_after_it_stays(open_page, site, recording, stored):
    page = open_page()
    page.select("AFL")
    page.press("1")  # relabelled
    page.saved(undo=1)
    page.press("Enter")
    page.saved(undo=2)
    page.page.goto(f"{site}/streams/{recording.stream_id}?annotation={stored('AFL').id}")
    page.page.wait_for_selector("body[data-ready]")
    page.page.locator('.history li[data-revision="1"] button.back').click()
    page.saved(undo=3)
    row = stored("AFL")
    assert (row.label, row.status, row.revision) == ("AFL", "confirmed", 3)
    page.press("Control+z")
    page.saved(undo=2)
    assert stored("AFL").label == "AFIB"
