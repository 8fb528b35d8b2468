"""Zoom, filters of the display and montages at a real browser: no peak is lost, nothing is done in secret."""

from __future__ import annotations

import numpy as np
import pytest

from storage import annotations

pytestmark = pytest.mark.browser

LAYER = "name => Bokeh.documents.map((one) => one.get_model_by_name(name)).find(Boolean).data"
"""The columns of a layer of the strip."""
RESPONSE = """
async ({kind, hz, fsHz, freqs}) => {
  const biquad = await import("/static/js/signal/biquad.js");
  const section = kind === "notch" ? biquad.notch(hz, fsHz, 25) : biquad[kind](hz, fsHz);
  return freqs.map((freq) => {
    const n = 40000;
    const values = Float64Array.from({ length: n }, (_, i) => Math.sin((2 * Math.PI * freq * i) / fsHz));
    const before = values.slice();
    biquad.filterBothWays(values, [section]);
    let [same, power] = [0, 0];
    for (let i = n / 4; i < (3 * n) / 4; i += 1) {
      same += values[i] * before[i];
      power += before[i] * before[i];
    }
    return same / power; // of a filter without a shift the gain itself
  });
}"""


def page_s(page):
    return float(page.page.locator("#strip").get_attribute("data-page-s"))


def until_page(page, condition):
    page.page.wait_for_function(f"() => ((s) => {condition})(Number(document.getElementById('strip').dataset.pageS))")


def until_text(page, text):
    page.page.wait_for_function("text => document.getElementById('status-paper').textContent.includes(text)", arg=text)
    page.page.wait_for_timeout(100)  # what the line says is painted in the next frame


def trace(page):
    return page.page.evaluate(LAYER, "trace")


def test_zooming_out_ends_at_the_whole_recording_and_keeps_every_peak(open_page, recording):
    page = open_page()
    page.press("Home", "{", "}")  # one lead alone
    page.page.wait_for_function("() => document.getElementById('status-leads').textContent === 'II'")
    page.press("z")
    until_page(page, "s > 119")
    assert page_s(page) == pytest.approx(120.0, abs=0.5)
    assert "a page" in page.text("#status-paper")
    px_per_mv = 10 * 96 / 25.4
    columns = trace(page)
    xs, ys = (np.concatenate([np.array(piece) for piece in columns[axis]]) for axis in ("xs", "ys"))
    highest = ys.max() - ys.min()
    stored = recording.samples[:, 0]
    assert highest == pytest.approx((int(stored.max()) - int(stored.min())) / 200 * px_per_mv, rel=0.01)
    # each beat's peak stands where the beat is
    for beat in recording.beat_samples[::20]:
        near = np.abs(xs - beat / 250.0) < 0.2
        assert ys[near].min() == pytest.approx(ys.min(), abs=0.12 * px_per_mv)


def test_zooming_in_and_out_comes_back_to_the_same_place(open_page):
    page = open_page()
    before = page_s(page), page.page.locator("#strip").get_attribute("data-start-us")
    page.press(">")
    until_page(page, f"s < {before[0] * 0.9}")
    page.press("<")
    until_page(page, f"s > {before[0] * 0.9}")
    now = page_s(page), page.page.locator("#strip").get_attribute("data-start-us")
    assert now[0] == pytest.approx(before[0])
    assert int(now[1]) == pytest.approx(int(before[1]), abs=5_000)


def test_the_length_of_the_page_is_in_the_address(open_page, site, recording):
    page = open_page()
    page.page.goto(f"{site}/streams/{recording.stream_id}?at={recording.us_at(0)}&page=60")
    page.page.wait_for_selector("body[data-ready]")
    assert page_s(page) == pytest.approx(60.0)


@pytest.mark.parametrize(
    ("kind", "hz", "passed", "stopped"),
    [("highPass", 0.5, 10.0, 0.1), ("lowPass", 40.0, 5.0, 110.0), ("notch", 50.0, 40.0, 50.0)],
)
def test_filters_take_3_db_at_their_corner_and_shift_nothing(open_page, kind, hz, passed, stopped):
    page = open_page()
    query = {"kind": kind, "hz": hz, "fsHz": 250.0, "freqs": [hz, passed, stopped]}
    at_corner, inside, outside = page.page.evaluate(RESPONSE, query)
    assert inside == pytest.approx(1.0, abs=0.05)
    assert abs(outside) < 0.02
    if kind != "notch":
        assert at_corner == pytest.approx(np.sqrt(0.5), abs=0.01)


def test_a_filter_is_said_in_the_status_line_and_takes_the_baseline_away(open_page):
    page = open_page()
    assert "no filter" in page.text("#status-paper")
    unfiltered = np.concatenate(trace(page)["ys"])
    page.press("h", "h", "h", ";")
    until_text(page, "0.5-40 Hz, 50 Hz notch")
    filtered = np.concatenate(trace(page)["ys"])
    assert not np.array_equal(unfiltered, filtered)
    page.press("h", ";", ";")
    until_text(page, "no filter")
    assert np.array_equal(unfiltered, np.concatenate(trace(page)["ys"]))


def test_a_span_is_painted_while_the_signal_plays(open_page, database, recording):
    page = open_page()
    page.press("Home", "Escape", "m", ":", ":", ":", " ")  # eight times as fast as the clock
    page.page.wait_for_function(
        "from => Number(document.getElementById('strip').dataset.startUs) > from + 6e6", arg=recording.us_at(0)
    )
    page.press(" ", "m")
    page.page.wait_for_selector(".palette.span")
    page.page.keyboard.type("noisy")
    page.press("Enter")
    page.saved(undo=1)
    with database.transaction() as conn:
        rows = annotations.spans_between(conn, recording.stream_id, recording.us_at(0), recording.us_at(30_000))
    (painted,) = [row for row in rows if row.author.kind == "human"]
    assert painted.label == "NOISY"
    assert 6e6 < painted.end_us - painted.start_us < 20e6
