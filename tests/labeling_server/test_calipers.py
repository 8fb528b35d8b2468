"""The calipers in a real browser: by keyboard alone, by pointer, over leads of other rates; and their formulas."""

from __future__ import annotations

import numpy as np
import pytest

from signal_processing.values import Block, Channel, Signal
from storage import annotations, catalogue, waveforms

pytestmark = pytest.mark.browser

FS_HZ = 250.0
T0_US = 1_762_000_000_000_000
GUTTER_PX = 56
NONE = "\N{EN DASH}"
RR_SAMPLES = 200
"""Of the recording of the tests: 800 ms, 75 a minute."""


class Calipers:
    """The readout over the strip, and its legs in samples."""

    def __init__(self, page):
        self.page = page

    def stand_at(self, start, end):
        self.page.page.wait_for_function(
            "([start, end]) => { const { dataset, hidden } = document.getElementById('calipers');"
            " return !hidden && dataset.start === String(start) && dataset.end === String(end); }",
            arg=[start, end],
        )

    def legs(self):
        data = self.page.page.locator("#calipers").evaluate("element => ({ ...element.dataset })")
        return int(data["start"]), int(data["end"])

    def rows(self):
        """Figures by their name."""
        texts = self.page.page.locator("#calipers div").evaluate_all(
            "rows => rows.map(row => [...row.children].map(part => part.textContent))"
        )
        return dict(texts)

    def says(self, text):
        self.page.page.wait_for_function(
            "text => document.getElementById('calipers').textContent.includes(text)", arg=text
        )

    def differs(self, name, figure):
        self.page.page.wait_for_function(
            "([name, figure]) => { const rows = [...document.querySelectorAll('#calipers div')];"
            " const [row] = rows.filter(one => one.children[0].textContent === name);"
            " return row && row.children[1].textContent !== figure; }",
            arg=[name, figure],
        )

    def hint(self, text):
        self.page.page.wait_for_function(
            "text => document.getElementById('status-hint').textContent.includes(text)", arg=text
        )

    def marched(self):
        """Seconds at which the interval is repeated, as the figure has them."""
        self.page.page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        return self.page.page.evaluate(
            "() => Bokeh.documents.map(doc => doc.get_model_by_name('caliper_march')).find(Boolean).data.x0"
        )


@pytest.fixture
def put_up(open_page):
    """A page at the start of its recording, calipers at the cursor."""

    def opener(login="reader", **how):
        page = open_page(login, **how)
        page.press("Home", "Escape")
        page.page.wait_for_function("() => document.querySelector('#selection .empty') !== null")
        page.press("Shift+C")
        page.page.wait_for_selector("#calipers:not([hidden])")
        return page, Calipers(page)

    return opener


def test_intervals_and_voltages_are_measured_to_the_sample_by_keyboard(put_up, recording):
    page, calipers = put_up()
    start, end = calipers.legs()
    assert (start % RR_SAMPLES, end - start) == (0, RR_SAMPLES)
    assert (calipers.rows()["Δt"], calipers.rows()["Rate"]) == ("800 ms", "75 /min")
    page.press("ArrowRight", "ArrowRight", "ArrowRight")
    calipers.stand_at(start, end + 3)
    assert calipers.rows()["Δt"] == "812 ms"
    page.press("Shift+P")
    calipers.stand_at(start, end)
    page.press("[", *["Shift+ArrowLeft"] * 10)
    calipers.stand_at(start - 50, end)
    rise_mv = np.diff(recording.samples[[start - 50, end], 0])[0] / 200
    assert rise_mv > 0.9
    assert calipers.rows()["ΔV II"] == f"+{rise_mv:.2f} mV"
    page.press("Shift+ArrowDown")
    calipers.says("ΔV V5")
    page.press("]", ".")
    calipers.stand_at(start - 50, end + RR_SAMPLES)
    # the slow wave, of 0.3 Hz, goes down by 0.08 mV in II between the legs: less of it is drawn, so less is measured
    stored_mv = np.diff(recording.samples[[start - 50, end + RR_SAMPLES], 1])[0] / 200
    assert calipers.rows()["ΔV V5"] == f"+{stored_mv:.2f} mV"
    page.press("h", "h", "h")
    page.page.wait_for_function("() => document.getElementById('status-paper').textContent.includes('0.5-40 Hz')")
    calipers.differs("ΔV V5", f"+{stored_mv:.2f} mV")
    page.press("h")
    page.press(",", "Shift+G", ".")
    calipers.stand_at(start, end + 50)
    page.press("Shift+G", "Shift+G", ",", "Shift+M")
    calipers.stand_at(start, end)
    shown_us = page.page.locator("#strip").evaluate("strip => Number(strip.dataset.endUs)")
    last = int((shown_us - T0_US) / 1e6 * FS_HZ)
    expected = [beat / FS_HZ for beat in range(0, last, RR_SAMPLES) if beat not in {start, end}]
    assert calipers.marched() == pytest.approx(expected)
    page.press("Shift+M")
    assert calipers.marched() == []
    page.press("ArrowDown")
    page.page.wait_for_function("() => document.querySelector('#selection .code') !== null")
    page.press("Escape")
    page.page.wait_for_selector("#calipers", state="hidden")
    assert page.page.locator("#selection .code").count() == 1


def test_qt_is_corrected_by_the_median_of_the_intervals_before_and_goes_into_a_comment(put_up, database, recording):
    page, calipers = put_up()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    start, end = calipers.legs()
    page.press("]", *["Shift+ArrowLeft"] * 20, "Shift+T")
    calipers.stand_at(start, end - 100)
    n_before = start // RR_SAMPLES - 1
    calipers.says(f"RR 800 ms, median of {n_before}")
    # by hand: 400 / 0.8^(1/2), 400 / 0.8^(1/3), 400 + 154 * 0.2, 400 + 1.75 * 15
    formulas = {"Bazett": "447 ms", "Fridericia": "431 ms", "Framingham": "431 ms", "Hodges": "426 ms"}
    assert {name: calipers.rows()[f"QTc {name}"] for name in formulas} == formulas
    page.press("Shift+Y")
    calipers.hint("copied")
    copied = page.page.evaluate("() => navigator.clipboard.readText()")
    assert copied.startswith("II 2025-11-01 12:26:4")
    assert "QT 400 ms; QTc Bazett 447, Fridericia 431, Framingham 431, Hodges 426 ms; RR 800 ms, median of" in copied
    page.select("VT")
    page.press("Shift+W", "Shift+W")
    page.saved(undo=2)
    with database.transaction() as conn:
        (row,) = [row for row in annotations.queue(conn, stream_id=recording.stream_id) if row.label == "VT"]
    assert (row.note.splitlines(), row.revision) == ([copied, copied], 2)
    page.press("[", *[","] * (start // RR_SAMPLES - 1))
    calipers.says("no QTc: no RR interval within 10 s before the onset")
    assert calipers.rows()["QTc Bazett"] == NONE


def test_legs_are_dragged_stay_in_time_and_are_in_the_address(put_up, open_page):
    page, calipers = put_up("guest")  # measuring changes nothing, so a viewer may
    start, end = calipers.legs()
    strip = page.page.locator("#strip")
    box, px_per_s = strip.bounding_box(), float(strip.get_attribute("data-px-per-s"))

    def drag(sample, y, by_px):
        x = round(box["x"] + GUTTER_PX + sample / FS_HZ * px_per_s)
        page.page.mouse.move(x, box["y"] + y)
        page.page.mouse.down()
        page.page.mouse.move(x + by_px, box["y"] + y, steps=3)
        page.page.mouse.up()

    drag(end, 300, 30)
    moved = end + round(30 / px_per_s * FS_HZ)
    calipers.stand_at(start, moved)
    link_y = 88 + 12
    drag((start + moved) // 2, link_y, -60)
    back = round(60 / px_per_s * FS_HZ)
    calipers.stand_at(start - back, moved - back)
    page.press("<")
    page.page.wait_for_function("() => document.getElementById('status-paper').textContent.includes('12.5 mm/s')")
    calipers.stand_at(start - back, moved - back)
    page.page.wait_for_function("() => location.search.includes('calipers=')")
    second = open_page("second")
    second.page.goto(page.page.url)
    second.page.wait_for_selector("body[data-ready]")
    Calipers(second).stand_at(start - back, moved - back)


@pytest.fixture
def two_rates(database):
    """An ECG without beats, and a lead of 64 Hz that begins half a second later and rises by half a unit a sample."""
    ecg = Signal("two", "ecg", FS_HZ, T0_US, (Channel("II", "mV", 200.0),))
    slow = Signal("two", "temp", 64.0, T0_US + 500_000, (Channel("skin", "Cel"),), "float32")
    with database.transaction() as conn:
        stream = catalogue.ensure_stream(conn, name="two", device="two", t0_us=T0_US)
        for signal, samples in (
            (ecg, np.zeros((5000, 1), dtype=np.int16)),
            (slow, np.arange(0, 640, 0.5, dtype=np.float32)[:, np.newaxis]),
        ):
            group = catalogue.ensure_group(conn, stream.id, signal)
            waveforms.store_blocks(conn, group, [Block(0, samples)])
        catalogue.end_stream(conn, stream.id, at_us=T0_US + 20_000_000)
    return stream.id


MATHS = """async () => {
  const qt = await import("/static/js/signal/qt.js");
  const peaks = await import("/static/js/signal/peaks.js");
  const { actions } = await import("/static/js/page/actions.js");
  const { labels, say } = await import("/static/js/base/config.js");
  const noisy = Array.from({ length: 200 }, (_, i) => Math.exp(-((i - 100) ** 2) / 800) + (i % 2 ? 0.01 : 0));
  const names = (key) => actions.filter((action) => action.keys.includes(key));
  const keys = [...new Set(actions.flatMap((action) => action.keys))];
  const measuring = actions.filter((action) => action.group === "measure").flatMap((action) => action.keys);
  return {
    corrected: [[640, 0.64], [400, 0.512], [350, 1]].map(([ms, s]) =>
      qt.CORRECTIONS.map(([, correct]) => correct(ms, s))),
    rr: qt.rrIntervalsS([0, 200, 450, 1450, 1650], 250, (from) => from !== 450),
    medians: [[], [3], [4, 1], [5, 1, 2]].map(qt.median),
    turns: peaks.turningPoints([0, 1, 0, 5, 5, 5, 0, 2, 2], 2),
    peak: peaks.nearestPeak(noisy, 80, 40, 0.05),
    flat: peaks.nearestPeak(Array(50).fill(7), 20, 10, 0.05),
    ambiguous: keys.filter((key) => names(key).filter((action) => !action.when).length > 1),
    untold: actions.filter((action) => say(`do.${action.id}`) === `do.${action.id}`).map((action) => action.id),
    labels: measuring.filter((key) => labels.get(key)?.kind === "beat" || /^[ v0-9N]$/.test(key)),
  };
}"""


def test_leads_of_other_rates_keep_the_time_and_show_their_unit_and_the_maths_holds(put_up, two_rates):
    page, calipers = put_up(stream_id=two_rates)
    start, end = calipers.legs()
    assert end - start == FS_HZ  # no beat far and wide: one second
    assert calipers.rows() == {"Δt": "1000 ms", "Rate": "60 /min", "ΔV II": "0.00 mV"}
    page.press("Shift+ArrowDown")
    calipers.says("ΔV skin")
    slow_start, slow_end = calipers.legs()
    assert slow_start / 64 + 0.5 == pytest.approx(start / FS_HZ, abs=0.5 / 64)
    assert slow_end - slow_start == 64
    assert calipers.rows()["ΔV skin"] == "+32.0 °C"
    page.press("Shift+P")
    calipers.hint("no peak within 200 ms")
    found = page.page.evaluate(MATHS)
    # by hand: 640 / 0.8, 640 / 0.86177, 640 + 154 * 0.36, 640 + 1.75 * 33.75; 400 / 0.7155, 400 / 0.8, ...
    assert found["corrected"][0] == pytest.approx([800.0, 742.65, 695.44, 699.0625], abs=0.01)
    assert found["corrected"][1] == pytest.approx([559.02, 500.0, 475.152, 500.078], abs=0.01)
    assert found["corrected"][2] == [350] * 4  # at 60 a minute nothing is corrected
    assert found["rr"] == pytest.approx([0.8, 1.0, 0.8])  # the third has a gap in it
    assert found["medians"] == [None, 3, 2.5, 2]
    assert (found["turns"], found["flat"]) == ([4, 6], None)
    assert found["peak"] in {99, 101}  # the top, not the noise of 0.01 on the way up
    assert (found["ambiguous"], found["untold"], found["labels"]) == ([], [], [])
