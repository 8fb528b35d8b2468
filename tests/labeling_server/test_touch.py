"""Fingers on the strip, as a tablet sends them: one pushes or selects, one that rests marks, two zoom."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.browser

GUTTER_PX = 56
STRIP = "() => ({ ...document.getElementById('strip').dataset })"


class Fingers:
    """What touches a page."""

    def __init__(self, page):
        self.wire = page.context.new_cdp_session(page.page)

    def send(self, kind, *points):
        at = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(points)]
        self.wire.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})

    def tap(self, x, y):
        self.send("touchStart", (x, y))
        self.send("touchEnd")

    def drag(self, start, end, steps=5):
        """From one place each to another."""
        self.send("touchStart", *start)
        for step in range(1, steps + 1):
            share = step / steps
            between = [(a + (c - a) * share, b + (d - b) * share) for (a, b), (c, d) in zip(start, end, strict=True)]
            self.send("touchMove", *between)
        self.send("touchEnd")


@pytest.fixture
def tablet(open_page):
    page = open_page(viewport={"width": 1024, "height": 768}, has_touch=True)
    page.press("Escape")
    return page


def strip(page):
    return page.page.evaluate(STRIP)


def until(page, script, arg=None):
    page.page.wait_for_function(script, arg=arg)


def test_fingers_push_zoom_select_and_mark(tablet, recording):
    fingers = Fingers(tablet)
    box = tablet.page.locator("#strip").bounding_box()
    px_per_s = float(strip(tablet)["pxPerS"])
    start_us = int(strip(tablet)["startUs"])
    middle = (box["x"] + box["width"] / 2, box["y"] + 300)

    def x_of(us):
        shown = strip(tablet)
        return box["x"] + GUTTER_PX + (us - int(shown["startUs"])) / 1e6 * float(shown["pxPerS"])

    # one finger pushes, and nothing goes on when it is lifted
    fingers.drag([middle], [(middle[0] - 200, middle[1] + 30)])
    until(tablet, "us => Number(document.getElementById('strip').dataset.startUs) > us", start_us + 1_000_000)
    pushed = int(strip(tablet)["startUs"])
    assert (pushed - start_us) / 1e6 == pytest.approx(200 / px_per_s, rel=0.1)
    # two that spread zoom in around what lies between them
    left, right = (middle[0] - 60, middle[1]), (middle[0] + 60, middle[1])
    at_us = pushed + (middle[0] - box["x"] - GUTTER_PX) / px_per_s * 1e6
    fingers.drag([left, right], [(middle[0] - 90, middle[1]), (middle[0] + 90, middle[1])])
    until(tablet, "was => Number(document.getElementById('strip').dataset.pxPerS) > was * 1.4", px_per_s)
    assert float(strip(tablet)["pxPerS"]) == pytest.approx(1.5 * px_per_s, rel=0.02)
    assert x_of(at_us) == pytest.approx(middle[0], abs=3)
    # near a speed of paper they end at it
    fingers.drag(
        [(middle[0] - 90, middle[1]), (middle[0] + 90, middle[1])],
        [(middle[0] - 61, middle[1]), (middle[0] + 61, middle[1])],
    )
    until(tablet, "() => document.getElementById('status-paper').textContent.startsWith('25 mm/s')")
    assert x_of(at_us) == pytest.approx(middle[0], abs=6)
    # on the overview they make the brush wider
    overview = tablet.page.locator("#overview").bounding_box()
    x, y = overview["x"] + overview["width"] / 2, overview["y"] + 30
    fingers.drag([(x - 20, y), (x + 20, y)], [(x - 80, y), (x + 80, y)])
    until(tablet, "was => Number(document.getElementById('strip').dataset.pxPerS) < was / 3", px_per_s)
    tablet.page.goto(tablet.page.url.split("?")[0] + f"?at={recording.us_at(0)}&speed=25")
    tablet.page.wait_for_selector("body[data-ready]")
    # a tap beside a beat's letter, as near as a finger can, selects it
    fingers.tap(x_of(recording.us_at(1000)) + 15, box["y"] + 92)
    until(tablet, "() => document.querySelector('#selection .code')?.textContent === 'N'")
    # and one on the bar of a span; its edge is taken from 16 px beside it
    fingers.tap(x_of(recording.us_at(1000)), box["y"] + 28)
    until(tablet, "() => document.querySelector('#selection .code')?.textContent === 'VT'")
    end_x = x_of(recording.us_at(1300)) + 15
    fingers.drag([(end_x, middle[1])], [(end_x + 40, middle[1])])
    tablet.saved(undo=1)
    assert "corrected" in tablet.text("#selection")
    # a finger that rests begins a span, and lifted elsewhere ends it
    fingers.send("touchStart", middle)
    until(tablet, "() => document.getElementById('status-hint').textContent.includes('start marked')")
    fingers.send("touchMove", (middle[0] + 60, middle[1]))
    fingers.send("touchMove", (middle[0] + 120, middle[1]))
    fingers.send("touchEnd")
    tablet.page.wait_for_selector(".overlay.palette")
    tablet.page.get_by_role("option", name="BRADY Bradycardia").click()  # a tap so soon would be half of a double one
    tablet.saved(undo=2)
    assert tablet.text("#selection .code") == "BRADY"
    # nothing of it moved or zoomed the page itself
    assert tablet.page.evaluate("() => [scrollX, scrollY, visualViewport.scale]") == [0, 0, 1]


SMALL = """() => [...document.querySelectorAll("button, a[href], select, input, [role=option]")].filter((one) => {
  const box = one.getBoundingClientRect();
  const isSeen = box.width && box.height && one.checkVisibility({ visibilityProperty: true });
  const label = one.closest("label")?.getBoundingClientRect();
  const isBig = (box.height >= 39.5 && box.width >= 39.5) || label?.height >= 39.5;
  return isSeen && !isBig;
}).map((one) => [one.outerHTML.slice(0, 80), one.getBoundingClientRect().width, one.getBoundingClientRect().height])"""


def test_controls_are_as_large_as_a_finger_lying_and_upright(tablet):
    small = {}
    for width, height in ((1024, 768), (768, 1024)):
        tablet.page.set_viewport_size({"width": width, "height": height})
        assert tablet.page.evaluate("() => matchMedia('(pointer: coarse)').matches")
        small[width, "strip"] = tablet.page.evaluate(SMALL)
        for key in "DGHMZ":
            tablet.press(f"Shift+{key}")
            tablet.page.wait_for_selector("#view:not([hidden])")
            small[width, key] = tablet.page.evaluate(SMALL)
            tablet.press(f"Shift+{key}")
        tablet.press("Shift+U", "V")
        tablet.page.wait_for_selector(".overlay.bulk .primary:not(:disabled)")
        small[width, "many"] = tablet.page.evaluate(SMALL)
        tablet.press("Escape", "?")
        tablet.page.wait_for_selector(".overlay.help")
        small[width, "help"] = tablet.page.evaluate(SMALL)
        tablet.press("Escape")
    assert {place: found for place, found in small.items() if found} == {}
