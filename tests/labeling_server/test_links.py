"""Links: to a place of the strip and how it is drawn, to spans, beats and past states; those that are wrong say so."""

from __future__ import annotations

import uuid
from urllib.parse import parse_qs, urlsplit

import pytest

from storage import annotations

STRIP = "() => ({ ...document.getElementById('strip').dataset })"
LAYER = "name => Bokeh.documents.map((one) => one.get_model_by_name(name)).find(Boolean).data"


def until(page, script, arg=None):
    page.page.wait_for_function(script, arg=arg)


def query_of(page):
    return {name: value for name, (value,) in parse_qs(urlsplit(page.page.url).query).items()}


def hint(page, text):
    until(page, "text => document.getElementById('status-hint').textContent.includes(text)", text)


def opened(open_page, site, recording, query, login="second"):
    page = open_page(login)
    page.page.goto(f"{site}/streams/{recording.stream_id}?{query}")
    page.page.wait_for_selector("body[data-ready]")
    return page


@pytest.fixture
def id_of(database, recording):
    with database.transaction() as conn:
        ids = {row.label: row.id for row in annotations.queue(conn, stream_id=recording.stream_id)}
    return ids.__getitem__


@pytest.mark.browser
def test_a_link_brings_a_colleague_to_the_same_strip_and_a_reload_back(open_page, site, recording):
    page = open_page()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.select("AFL")
    page.press("b", "<", "+", "h", "h", ";", "{")
    until(page, "() => location.search.includes('lead=') && location.search.includes('filter=0.05-40')")
    page.press("u")
    hint(page, "Link copied: the beat at 12:27:1")
    link = page.page.evaluate("() => navigator.clipboard.readText()")
    assert "P-TEST" not in link
    strip = page.page.evaluate(STRIP)
    colleague = opened(open_page, site, recording, urlsplit(link).query)
    theirs = colleague.page.evaluate(STRIP)
    for name in ("startUs", "endUs"):
        assert int(theirs[name]) == pytest.approx(int(strip[name]), abs=2)
    assert colleague.text("#status-paper") == page.text("#status-paper")
    assert "12.5 mm/s   20 mm/mV   0.05-40 Hz, 50 Hz notch" in page.text("#status-paper")
    assert colleague.text("#status-leads") == page.text("#status-leads") == "V5"
    assert colleague.text("#selection .code") == "N"
    colleague.page.reload()
    colleague.page.wait_for_selector("body[data-ready]")
    until(colleague, "() => location.search.includes('beat=')")
    assert query_of(colleague) == {name: value for name, (value,) in parse_qs(urlsplit(link).query).items()}


def ghost(page):
    """Of the dashed outline on the strip: the seconds of its edges that are on screen, and what is written at it."""
    until(page, f"() => ({LAYER})('ghost_names').text.length")
    edges, names = (page.page.evaluate(LAYER, name) for name in ("ghost_edges", "ghost_names"))
    return edges["x0"], names["text"][0]


@pytest.mark.browser
def test_a_past_state_is_shown_as_it_was_beside_now_and_left_by_escape(open_page, site, recording, database, id_of):
    page = open_page()
    page.select("AFIB")
    page.press("2")  # AFL
    page.saved(undo=1)
    page.press(">", "h")
    until(page, "() => document.getElementById('status-paper').textContent === '50 mm/s   10 mm/mV   0.05-150 Hz'")
    page.press("[", "Shift+ArrowLeft")  # made at another speed, with a filter
    page.saved(undo=2)
    made = page.page.evaluate(STRIP)
    page.press("[", "Shift+ArrowRight", "Shift+ArrowRight", "Enter")
    page.saved(undo=5)
    page.press("h", "h", "h", "<", "Home")
    until(page, "() => document.getElementById('status-paper').textContent === '25 mm/s   10 mm/mV   no filter'")
    page.page.goto(f"{site}/streams/{recording.stream_id}?annotation={id_of('AFIB')}")
    page.page.wait_for_selector('.history a.revision[href*="revision=2"]')
    now = page.page.evaluate(STRIP)

    def is_then(reader):
        until(reader, "() => document.querySelector('.past h3')?.textContent === 'Past state: revision 2 of 5'")
        until(
            reader, "() => document.getElementById('status-paper').textContent === '50 mm/s   10 mm/mV   0.05-150 Hz'"
        )
        shown = reader.page.evaluate(STRIP)
        assert int(shown["startUs"]) == pytest.approx(int(made["startUs"]), abs=1_000)
        assert ghost(reader) == ([pytest.approx(19.98)], "#2: AFL, corrected")  # it ends beyond the screen
        assert "now" in reader.text("#status-hint")

    link = page.page.locator('.history a.revision[href*="revision=2"]')
    link.focus()
    page.press("Enter")
    is_then(page)
    page.press("x", "1", "Control+z")  # nothing of it edits a past state, nor what stands now
    hint(page, "nothing was changed")
    colleague = opened(open_page, site, recording, f"annotation={id_of('AFIB')}&revision=2")
    is_then(colleague)
    until(colleague, "() => location.search.includes('at=') && location.search.includes('revision=2')")
    colleague.page.reload()
    colleague.page.wait_for_selector("body[data-ready]")
    is_then(colleague)
    page.press("Escape")
    until(page, "() => !document.querySelector('.past') && !location.search.includes('revision')")
    until(page, "us => document.getElementById('strip').dataset.startUs === us", now["startUs"])
    assert page.text("#selection .code") == "AFL"
    until(page, f"() => ({LAYER})('ghost_names').text.length === 0")
    with database.transaction() as conn:
        assert annotations.get(conn, id_of("AFIB")).revision == 5
    # of a beat as well
    page.press("Home", "b", "Shift+S")
    page.saved(undo=6)
    page.page.wait_for_selector(".history a.revision")
    page.page.locator(".history a.revision").click()
    until(page, "() => document.querySelector('.past h3')?.textContent === 'Past state: revision 1 of 1'")
    assert ghost(page)[1] == "#1: S, corrected"
    page.press("ArrowDown")  # another thing is selected: the past is left
    until(page, "() => !document.querySelector('.past') && location.search.includes('annotation=')")


def wrong_links(id_of):
    """Queries, and a part of what is said about each."""
    return {
        "at=5": "but the recording is from 2025-11-01 12:26:40 to 2025-11-01 12:28:40",
        "at=soon&speed=33&montage=all": "speed 33",
        f"annotation={uuid.uuid4()}": "an annotation that there is not",
        "annotation=nothing&view=sideways": "a view that there is not",
        "beat=801": "a beat that is not there",
        "at=1762000030000000&beat=%F0%9F%92%94": "a beat that is not there",
        "calipers=1,2,ecg/II": "calipers where no samples are",
        f"annotation={id_of('AFL')}&revision=7": "names revision 7, but",
    }


@pytest.mark.browser
def test_a_wrong_link_says_why_and_lands_on_the_strip(open_page, site, recording, id_of):
    page = open_page()
    for query, told in wrong_links(id_of).items():
        page.page.goto(f"{site}/streams/{recording.stream_id}?{query}")
        page.page.wait_for_selector("body[data-ready]")
        hint(page, told)
        strip = page.page.evaluate(STRIP)
        assert recording.us_at(0) <= int(strip["startUs"]) < recording.us_at(30_000)
    assert page.text("#selection .code") == "AFL"  # of a revision that there is not the annotation as it stands


def test_a_recording_that_there_is_not_leads_to_the_list(client):
    for number in ("9999", "0", "99999999999", "nonsense", "<b>"):
        answer = client.get(f"/streams/{number}")
        assert answer.status_code == 404
        assert "there is none of number" in answer.text
        assert "test-recording" in answer.text
        assert "<b>" not in answer.text
