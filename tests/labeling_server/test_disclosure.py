"""Full disclosure and the table of hours, by keyboard at a real browser."""

from __future__ import annotations

import numpy as np
import pytest

from signal_processing.values import Block, Channel, Signal
from storage import catalogue, waveforms

pytestmark = pytest.mark.browser

T0_US = 1_762_000_000_000_000
MINUTE_US = 60_000_000
SPIKE_AT = 20_001
ROOT = "#view .disclosure"
MIDDLE_IS = """([us, withinUs]) => {
  const { startUs, endUs } = document.getElementById("strip").dataset;
  return document.getElementById("view").hidden && Math.abs((Number(startUs) + Number(endUs)) / 2 - us) < withinUs;
}"""


@pytest.fixture
def spiky(database):
    """Two minutes of nothing but one sample of 5 mV."""
    samples = np.zeros((30_000, 1), np.int16)
    samples[SPIKE_AT] = 1000
    signal = Signal("spiky", "ecg", 250.0, T0_US, (Channel("II", "mV", 200.0),))
    with database.transaction() as conn:
        stream = catalogue.ensure_stream(conn, name="spiky", device="test", t0_us=T0_US, synthetic=True)
        group = catalogue.ensure_group(conn, stream.id, signal)
        waveforms.store_blocks(conn, group, [Block(0, samples)])
        waveforms.seal(conn, group)
        catalogue.end_stream(conn, stream.id, at_us=T0_US + 2 * MINUTE_US)
    return stream.id


def data_of(page, selector):
    return page.page.eval_on_selector(selector, "element => ({ ...element.dataset })")


def opened(page, key, selector):
    page.press(key)
    page.page.wait_for_selector(selector)
    return data_of(page, selector)


def test_a_minute_of_full_disclosure_is_gone_to_by_keys(open_page, recording):
    page = open_page()
    told = opened(page, "D", f"{ROOT}[data-painted-at]")
    # 12:26:40 to 12:28:40 lies in three minutes of the clock
    assert (told["lines"], told["lineS"], int(told["firstUs"]) % MINUTE_US) == ("3", "60", 0)
    assert (told["beats"], told["spans"]) == (str(len(recording.beat_samples)), "4")
    page.press("End", "ArrowUp", "+")
    page.page.wait_for_selector(f'{ROOT}[data-gain="10"]')
    target_us = int(data_of(page, ROOT)["cursorUs"])
    assert target_us == pytest.approx(recording.us_at(30_000) - MINUTE_US, abs=4_000)
    page.press("Enter")
    page.page.wait_for_function(MIDDLE_IS, arg=[target_us, 20_000])


def test_a_decision_is_seen_in_full_disclosure_and_a_click_goes_there(open_page):
    page = open_page()
    page.select("AFL")
    page.press("x")
    page.saved(undo=1)
    page.press("Escape")
    told = opened(page, "D", f"{ROOT}[data-painted-at]")
    assert told["spans"] == "3"
    # the third line, at its left end: 20 px of axis, 20 px a line
    page.page.locator(f"{ROOT} canvas").click(position={"x": 110, "y": 70})
    page.page.wait_for_function(MIDDLE_IS, arg=[int(told["firstUs"]) + 2 * MINUTE_US, 1_000_000])


def test_a_spike_of_one_sample_is_in_what_full_disclosure_draws(open_page, spiky):
    page = open_page(stream_id=spiky)
    page.press("Home")
    highest = page.page.evaluate(
        """async ([us, size]) => {
          const { lineOf, linesOf, loadPage } = await import("/static/js/views/disclosure_lines.js");
          const page = { first: lineOf(us, 60), n: 3, lineS: 60, lead: 0, widthPx: 900 };
          await loadPage(page);
          return linesOf(page).map((line) => Math.max(...line.bins.flatMap((bins) => [...bins.high])));
        }""",
        [T0_US, 60],
    )
    assert max(highest) == 1000


def test_the_table_of_hours_goes_to_the_longest_interval(open_page, recording):
    page = open_page()
    page.select("NOISY")
    told = opened(page, "H", "#view .hours[data-hours]")
    assert (told["hours"], told["place"]) == ("1", "hour")
    row = page.page.locator("#view tr[data-start-us]").inner_text().split("\t")
    assert str(len(recording.beat_samples)) in [cell.strip() for cell in row]
    page.press("ArrowRight", "Enter")
    page.page.wait_for_function("us => document.getElementById('strip').dataset.startUs === String(us)", arg=T0_US)
    assert page.page.locator("#view").is_hidden()


def test_the_page_is_filtered_as_the_strip_is_and_full_disclosure_says_that_it_is_not(open_page):
    page = open_page()
    page.select("AFIB")
    told = opened(page, "G", "#view .rhythm-page[data-painted-at]")
    assert "no filter" in page.text("#view .viewbar")
    drawn = "() => document.querySelector('#view canvas').toDataURL()"
    before = page.page.evaluate(drawn)
    page.press("h", "h", "h")
    page.page.wait_for_selector('#view .rhythm-page[data-filter="0.5-40 Hz"]')
    assert "0.5-40 Hz" in page.text("#view .viewbar")
    page.page.wait_for_function(f"was => ({drawn})() !== was", arg=before)
    filtered = data_of(page, "#view .rhythm-page")
    assert (filtered["startUs"], filtered["beats"]) == (told["startUs"], told["beats"])
    page.press("Escape")
    opened(page, "D", f"{ROOT}[data-painted-at]")
    assert "not filtered" in page.text("#view .viewbar")
