"""The desk in Chromium, by keyboard alone: reading blinded, adjudicating, auditing, releasing, taking."""

from __future__ import annotations

import re
import zipfile

import pytest

from storage import audit_trail, readings
from tests.labeling_server.conftest import PASSWORD
from tests.labeling_server.programme_kit import (
    app_with_releases,
    design,
    make_project_of_three,
    next_of,
    read_all,
    span,
)

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("cheap_hashes")]

GUIDELINE = "## 1 Fibrillation\nLabels: AFIB\nNo P waves.\n\n## 2 Tachycardia\nLabels: VT\nThree beats, over 100/min.\n"


@pytest.fixture
def app(database, recording, tmp_path):
    return app_with_releases(database, tmp_path / "releases")


@pytest.fixture
def project(database, recording):
    return make_project_of_three(database, recording, n_items=4)


class Person:
    """Somebody at a page of a project."""

    def __init__(self, browser, site, login, path):
        self.site = site
        self.context = browser.new_context(viewport={"width": 1366, "height": 768}, accept_downloads=True)
        self.page = self.context.new_page()
        self.problems = []
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.goto(f"{site}/login?next={path}")
        self.page.fill("#login", login)
        self.page.fill("#password", PASSWORD)
        self.page.keyboard.press("Enter")
        self.page.wait_for_selector("body[data-ready]", timeout=30_000)

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)

    def go(self, path):
        self.page.goto(f"{self.site}{path}")
        self.page.wait_for_selector("body[data-ready]", timeout=30_000)

    def text(self, selector):
        return self.page.locator(selector).inner_text()

    def until(self, script, arg=None):
        self.page.wait_for_function(script, arg=arg, timeout=30_000)

    def has_item(self):
        self.until(
            "() => document.getElementById('desk-hold').hidden && document.querySelector('#desk-position').textContent"
        )

    def done(self, n):
        """That many items are handed in, and the next one, or the end, is there."""
        self.until("n => document.querySelector('#desk-queue dd')?.textContent === String(n)", n)

    def tab_to(self, name):
        """Goes on with Tab until the field of that name has the focus."""
        for _ in range(60):
            self.press("Tab")
            if self.page.evaluate("() => document.activeElement?.name ?? ''") == name:
                return
        raise AssertionError(name)


@pytest.fixture
def person(browser, site):
    people = []

    def sign_in(login, path):
        people.append(Person(browser, site, login, path))
        return people[-1]

    yield sign_in
    problems = [problem for one in people for problem in one.problems]
    for one in people:
        one.context.close()
    assert problems == []


def test_the_whole_path_by_keyboard(  # noqa: PLR0915 - one story
    person, client, project, database, tmp_path
):
    client.sign_in("boss")
    design(client, project)
    base = f"/projects/{project.id}"

    boss = person("boss", f"{base}/guideline")
    boss.tab_to("body")
    boss.page.keyboard.insert_text(GUIDELINE)
    boss.press("Tab")
    boss.page.keyboard.type("the first one")
    boss.press("Enter")
    boss.until("() => document.querySelector('article.prose')")

    # two readers, each for themselves: three of six items are read otherwise
    for login, keys in (("ann", [["1"]] * 6), ("bob", [["1"], ["4"], ["q"], ["1"], ["x"], ["1"]])):
        reader = person(login, f"{base}/read")
        assert "Version 1 of the guideline is new to you" in reader.text("#desk-hold")
        reader.press("Enter")
        for number, own in enumerate(keys):
            reader.has_item()
            assert "No P waves." not in reader.text("#desk-marks")
            reader.press(*own)
            reader.press("Enter")
            reader.done(number + 1)
        assert "Everything that was given to you is read" in reader.text("#desk-hold")
        words = set(re.findall(r"\w+", reader.text("body")))
        assert login in words
        assert not words & ({"ann", "bob", "R1", "R2"} - {login})

    # an adjudicator: takes one lane, writes a third, calls one unreadable
    judge = person("judge", f"{base}/disputes")
    judge.has_item()
    assert judge.page.locator(".desk-entry").count() == 3
    for left, keys in ((2, [" "]), (1, ["m", *["ArrowRight"] * 6, "m", "9"]), (0, ["x"])):
        judge.press(*keys)
        judge.press("Enter", "m", "Enter")  # the code "missed", then the reason
        judge.page.keyboard.type("looked at twice")
        judge.press("Enter")
        judge.until("n => document.querySelectorAll('.desk-entry').length === n", left)
    assert "Nothing waits for an adjudicator" in judge.text("#desk-hold")

    # an auditor: draws, lets one stand, overturns one
    eye = person("eye", f"{base}/quality")
    eye.tab_to("n_random")
    eye.press("Control+a", "6")
    eye.press("Tab", "Control+a", "0", "Enter")
    eye.until("() => document.querySelector('form[data-api$=audits] [role=status]').textContent.startsWith('6 items')")
    eye.go(f"{base}/audits")
    eye.has_item()
    eye.press("Enter")
    eye.until("() => document.querySelectorAll('.desk-entry').length === 5")
    eye.press("x", "Enter", "q", "Enter")  # unreadable; the code "quality"
    eye.page.keyboard.type("baseline wander")
    eye.press("Enter")
    eye.until("() => document.querySelectorAll('.desk-entry').length === 4")
    for left in (3, 2, 1, 0):
        eye.press("Enter")
        eye.until("n => document.querySelectorAll('.desk-entry').length === n", left)

    # the owner releases and signs
    boss.go(f"{base}/releases")
    boss.tab_to("version")
    boss.page.keyboard.type("1.0")
    boss.press("Enter")
    boss.until("() => document.querySelector('tbody b')?.textContent === '1.0'")
    boss.tab_to("meaning")
    boss.page.keyboard.type("read by two, audited")
    boss.press("Enter")
    boss.until("() => document.querySelector('tbody')?.textContent.includes('read by two, audited')")

    # a researcher takes it, and finds nothing else
    rita = person("rita", f"{base}/releases")
    tabs = rita.page.locator(".tabs.sub a").all_inner_texts()
    assert tabs == ["Agreement", "Releases", "Guideline"]
    with rita.page.expect_download() as taken:
        rita.page.locator("a.button").focus()
        rita.press("Enter")
    path = tmp_path / "taken.zip"
    taken.value.save_as(path)
    assert zipfile.ZipFile(path).testzip() is None
    for part in ("read", "disputes", "audits", "quality"):
        assert rita.context.request.get(f"{rita.site}{base}/{part}").status == 403

    with database.transaction() as conn:
        assert audit_trail.verify(conn).faults == []
        found = readings.of_project(conn, project.id)
        assert [one.answer for one in found if one.reader == "audit"] == ["unreadable"]
        consensus = [one for one in found if one.reader == "consensus"]
        assert len(consensus) == 6
        assert sorted(one.source for one in consensus) == ["adjudicated"] * 3 + ["by rule"] * 3
        codes = (
            conn.execute("SELECT code FROM adjudications").fetchall()
            + conn.execute("SELECT code FROM audits WHERE code IS NOT NULL").fetchall()
        )
        assert codes == [("missed",)] * 3 + [("quality",)]


@pytest.fixture
def reading(person, client, project):
    client.sign_in("boss")
    design(client, project)
    reader = person("ann", f"/projects/{project.id}/read")
    reader.has_item()
    return reader


def marks_of(reader):
    """The label of each, and the words of where it is."""
    names, times = (reader.page.locator(f".desk-mark {part}").all_inner_texts() for part in ("b", ".time"))
    return [[name, *time.split()] for name, time in zip(names, times, strict=True)]


def test_spans_and_beats_are_marked_moved_deleted_and_taken_back(reading):
    reading.press("m", *["ArrowRight"] * 10, "m", "1")
    (afib,) = marks_of(reading)
    assert (afib[0], afib[-2:]) == ("AFIB", ["2.0", "s"])
    reading.press("]", *["Shift+ArrowRight"] * 5)
    assert marks_of(reading)[0][-2:] == ["2.1", "s"]
    reading.press("Escape", "V")
    assert [mark[0] for mark in marks_of(reading)] == ["AFIB", "V"]
    # on the peak of the beat: every 200 samples of 250 Hz, the clock of the page in whole milliseconds
    assert float(marks_of(reading)[1][-1].split(":")[-1]) % 0.8 == pytest.approx(0.0, abs=1e-6)
    reading.press("S")  # the selected beat is another
    assert [mark[0] for mark in marks_of(reading)] == ["AFIB", "S"]
    reading.press("Delete")
    assert [mark[0] for mark in marks_of(reading)] == ["AFIB"]
    reading.press("Control+z", "Control+z")
    assert [mark[0] for mark in marks_of(reading)] == ["AFIB", "V"]
    reading.press("Control+Shift+Z")
    assert [mark[0] for mark in marks_of(reading)] == ["AFIB", "S"]


def test_what_is_marked_survives_a_reload_and_an_empty_reading_asks_once(reading, database, project):
    reading.press("4")
    reading.page.reload()
    reading.has_item()
    assert marks_of(reading)[0][0] == "VT"
    reading.press("Control+z")  # nothing of before the reload is there to take back
    reading.press(".", "Delete", "Enter")
    reading.until("() => document.getElementById('desk-notice').textContent.includes('Enter again')")
    with database.transaction() as conn:
        assert readings.of_project(conn, project.id) == []
    reading.press("Enter")
    reading.done(1)
    with database.transaction() as conn:
        (one,) = readings.of_project(conn, project.id)
    assert (one.answer, len(one.marks.labels), one.how.view["speed_mm_s"]) == ("read", 0, 25.0)
    assert one.how.seconds > 0


def test_who_shares_a_browser_sees_nothing_of_what_another_has_marked(reading, project):
    reading.press("4")
    assert marks_of(reading)[0][0] == "VT"
    reading.page.locator("form[action='/logout'] button").click()
    reading.page.wait_for_selector("#login")
    reading.page.fill("#login", "bob")
    reading.page.fill("#password", PASSWORD)
    reading.page.keyboard.press("Enter")
    reading.page.wait_for_selector("a.reader")
    reading.go(f"/projects/{project.id}/read")
    reading.has_item()
    assert marks_of(reading) == []


def test_a_server_that_is_away_loses_nothing(reading, database, project):
    reading.page.route("**/reading", lambda route: route.abort())
    reading.press("1", "Enter")
    reading.until("() => document.getElementById('desk-save').dataset.kind === 'waiting'")
    reading.press("Enter", "Enter")  # nothing is sent twice
    reading.page.unroute("**/reading")
    reading.done(1)
    with database.transaction() as conn:
        (one,) = readings.of_project(conn, project.id)
    assert one.marks.labels.tolist() == ["AFIB"]


def test_an_answer_that_was_lost_is_not_taken_for_a_refusal(reading, database, project):
    lost = []

    def lose(route):
        if not lost:
            lost.append(route.fetch().status)
            route.abort()
        else:
            route.continue_()

    reading.page.route("**/reading", lose)
    reading.press("1", "Enter")
    reading.done(1)
    assert lost == [200]
    with database.transaction() as conn:
        assert len(readings.of_project(conn, project.id)) == 1


def test_later_keeps_the_item_for_the_end_and_a_begun_span_is_not_handed_in(reading):
    reading.press("m", "ArrowRight", "Enter")
    reading.until("() => document.getElementById('desk-notice').textContent.includes('has no label yet')")
    reading.press("Escape", "d")
    reading.until("() => document.querySelectorAll('#desk-queue dd')[2]?.textContent === '1'")


def test_a_millivolt_and_a_second_are_as_long_as_the_page_says(reading):
    reading.page.evaluate("() => document.fonts.ready")
    found = reading.page.evaluate(
        """async () => {
          const { desk } = await import('/static/js/desk/item.js');
          const { xOf, pxPerS } = await import('/static/js/desk/canvas.js');
          return [xOf(desk.startUs + 1e6) - xOf(desk.startUs), pxPerS(), desk.leads.map((lead) => lead.channel.name)];
        }"""
    )
    mm = 96 / 25.4
    assert found[0] == pytest.approx(25 * mm, rel=1e-9)
    assert found[1] == pytest.approx(25 * mm, rel=1e-9)
    assert found[2] == ["II", "V5"]


def test_a_lesson_shows_what_is_known_beside_what_was_said_and_changes_nothing(person, client, project, database):
    client.sign_in("boss")
    with database.transaction() as conn:
        row = conn.execute("SELECT id, stream_id, start_us, end_us FROM reading_items ORDER BY id LIMIT 1").fetchone()
    item = dict(zip(("id", "stream_id", "start_us", "end_us"), row, strict=True))
    client.write("PUT", f"/api/items/{item['id']}/truth", span(item, "VT") | {"kind": "entrance"})
    design(client, project, pass_mark=1.0)
    client.sign_in("ann")
    assert next_of(client, project)["item"]["id"] == item["id"]
    client.write("POST", f"/api/items/{item['id']}/reading", span(item, "AFIB"))
    reader = person("ann", f"/projects/{project.id}/lesson?item={item['id']}")
    reader.has_item()
    assert marks_of(reader)[0][0] == "AFIB"
    reader.press("1", "x", "Delete", "Enter")
    assert [mark[0] for mark in marks_of(reader)] == ["AFIB"]
    reader.go(f"/projects/{project.id}/read")
    assert "The entrance test was not passed: 0 of 1 items were right" in reader.text("#desk-hold")


def test_what_machines_say_is_shown_when_it_is_asked_for_and_then_of_every_item(person, client, project, database):
    client.sign_in("boss")
    design(client, project)
    for login, label in (("ann", "AFIB"), ("bob", "AFL")):
        client.sign_in(login)
        read_all(client, project, lambda item, name=label: span(item, name))
    judge = person("judge", f"/projects/{project.id}/disputes")
    judge.has_item()
    lanes = """async () => {
      const { desk } = await import('/static/js/desk/item.js');
      const { rows } = await import('/static/js/desk/canvas.js');
      return rows().map((row) => [row.name, row.marks.map((mark) => mark.label)]);
    }"""
    assert [name for name, _ in judge.page.evaluate(lanes)] == ["A", "B", "Decision"]
    judge.press("~")
    judge.until("() => document.querySelectorAll('.desk-entry').length > 1")
    judge.page.wait_for_function(f"async () => (await ({lanes})()).some(([, labels]) => labels.includes('VT'))")
    shown = dict(judge.page.evaluate(lanes))
    assert set(shown) == {"A", "B", "Machine", "Decision"}
    judge.press("Control+ArrowDown", "Control+ArrowDown")  # item 3 of the recording: AFIB from 20 s on
    judge.page.wait_for_function(
        f"async () => (await ({lanes})()).some(([name, labels]) => name === 'Machine' && labels.includes('AFIB'))"
    )
