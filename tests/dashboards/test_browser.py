"""The dashboard in a real Chromium."""

import re
import socket
import threading

import pytest
import uvicorn
from playwright.sync_api import expect

SIZE = {"width": 1366, "height": 768}
pytestmark = pytest.mark.browser


@pytest.fixture
def address(app):
    """The site on a free port of this machine."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=10)
    listener.close()


@pytest.fixture
def page(address, credentials, browser):
    """A signed-in page of the dashboard; an error on its console fails the test."""
    login, password = credentials
    page = browser.new_page(viewport=SIZE)
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{address}/login?next=/dashboard")
    page.fill("#login", login)
    page.fill("#password", password)
    page.click("button.primary")
    expect(page).to_have_url(f"{address}/dashboard")
    yield page
    page.close()
    assert not errors


def n_points(page):
    return page.evaluate("Bokeh.documents[0].roots()[0].renderers[0].data_source.data.time.length")


def test_dashboard_says_what_to_do_next_when_nothing_is_there(page):
    expect(page.locator("#streams-empty")).to_contain_text("rhythmark replay")
    expect(page.locator("#workers-empty")).to_contain_text("rhythmark ingest")
    expect(page.locator("#proposals-empty")).to_be_visible()


def test_dashboard_follows_what_comes_in_without_a_reload(page, feed):
    expect(page.locator("#streams-empty")).to_be_visible()
    stream, group = feed.store_stream("208")
    feed.propose(stream, group, "VT", 100, 460)
    feed.beat_heart()
    expect(page.locator("#streams tr")).to_have_count(1)
    expect(page.locator("#streams .watch-state")).to_have_text("live")
    expect(page.locator("#tile-lag")).to_have_text("7")
    expect(page.locator("#proposals .watch-label")).to_have_text("VT")
    feed.store_stream("208", first=3600, n_samples=720)
    expect(page.locator("#tile-rate")).to_have_text(re.compile(r"\d"))
    page.wait_for_function("() => Bokeh.documents.length === 2")
    page.wait_for_function("() => Bokeh.documents[0].roots()[0].renderers[0].data_source.data.time.length >= 2")
    assert n_points(page) >= 2


def test_dashboard_fits_its_window_and_shows_no_toolbar(page, feed):
    feed.store_stream("a-recording-with-quite-a-long-name-of-2026-11-21", synthetic=True)
    feed.beat_heart("a-host-with-quite-a-long-name-12345")
    expect(page.locator("#workers tr")).to_have_count(1)
    page.wait_for_function("() => document.querySelectorAll('.watch-canvas > *').length === 2")
    fits = page.evaluate(
        "[document.scrollingElement.scrollHeight <= innerHeight, document.scrollingElement.scrollWidth <= innerWidth]"
    )
    assert fits == [True, True]
    beside = "(node) => node.scrollWidth <= node.clientWidth"
    assert all(panel.evaluate(beside) for panel in page.locator(".watch-scroll, .watch-canvas").all())
    assert page.locator(".bk-toolbar, .bk-logo").count() == 0


def test_dashboard_keeps_its_figures_and_says_why_when_the_server_fails(page, feed):
    feed.store_stream("208")
    expect(page.locator("#streams tr")).to_have_count(1)
    page.route("**/figures.json*", lambda route: route.fulfill(status=503, json={"message": "the database is away"}))
    expect(page.locator("#freshness")).to_contain_text("the database is away")
    expect(page.locator("#streams tr")).to_have_count(1)
    page.unroute("**/figures.json*")
    expect(page.locator("#freshness")).to_contain_text("as of", timeout=15_000)
