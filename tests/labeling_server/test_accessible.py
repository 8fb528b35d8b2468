"""For everybody: contrast of both themes, names of controls, focus that is seen, nothing told by colour alone."""

from __future__ import annotations

import re

import pytest

from labeling_server.templating import STATIC

CSS = (STATIC / "rhythmark.css").read_text()
AA_TEXT = 4.5
AA_SHAPES = 3.0
INKS = ("ink", "ink-soft", "accent", "good", "warn", "bad", *(f"class-{one}" for one in "nsvfpq"))
GROUNDS = ("paper", "surface", "sunken")
PAIRS = [
    *((ink, ground) for ink in INKS for ground in GROUNDS),
    *((ink, "accent-soft") for ink in ("ink", "ink-soft", "accent", "class-n", "class-s", "class-v")),
    *(("on-fill", ground) for ground in ("accent", "warn", *(f"class-{one}" for one in "nsvfpq"))),
    ("bad", "bad-soft"),
    ("ink", "bad-soft"),
    ("ink-soft", "bad-soft"),
]
SHAPES = [*((one, ground) for one in ("trace", "trace-band", "rate", "accent") for ground in ("paper", "surface"))]


def tokens(theme):
    """Colours of a theme by name: what the dark one does not name is as in the light one."""
    light, dark = (
        re.search(pattern, CSS, re.DOTALL)[1] for pattern in (r":root \{(.*?)\}", r'theme="dark"\] \{(.*?)\}')
    )
    found = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", light))
    return found if theme == "light" else found | dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", dark))


def luminance(colour):
    """Relative luminance, WCAG 2.2."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    """The contrast ratio of two colours, WCAG 2.2."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_and_shapes_have_the_contrast_of_wcag_aa(theme):
    colours = tokens(theme)
    wanted = {**dict.fromkeys(PAIRS, AA_TEXT), **dict.fromkeys(SHAPES, AA_SHAPES)}
    ratios = {pair: contrast(*(colours[name] for name in pair)) for pair in wanted}
    assert {pair: round(ratio, 2) for pair, ratio in ratios.items() if ratio < wanted[pair]} == {}


def test_what_moves_by_itself_stands_still_for_those_who_asked_for_it():
    still = re.search(r"@media \(prefers-reduced-motion: reduce\) \{(.*?)\}\s*\}", CSS)[1]
    moving = re.findall(r"([.\w-]+) \{[^}]*(?:animation|transition):", CSS.replace(still, ""))
    assert [selector for selector in moving if selector not in still] == []


CONTROLS = (
    "button, a[href], input, select, textarea, [tabindex='0'], canvas,"
    " [role=dialog], [role=img], [role=listbox], [role=separator]"
)
NAMELESS = f"""() => [...document.querySelectorAll("{CONTROLS}")]
  .filter((one) => one.checkVisibility())
  .filter((one) => one.type !== "hidden" && !one.closest("[role=img]:not(canvas)") && !one.closest("[role=option]"))
  .filter((one) => !(one.getAttribute("aria-label") ?? one.title ?? "").trim())
  .filter((one) => !one.innerText?.trim() && !one.labels?.length)
  .map((one) => one.outerHTML.slice(0, 120))"""
VIEWS = {"D": ".disclosure", "G": ".rhythm-page", "H": ".hours table", "M": ".view-head", "Z": "#lorenz-chosen"}
"""What is there when a view is."""
FOCUS = """() => { const one = document.activeElement; const style = getComputedStyle(one);
  const box = one.getBoundingClientRect();
  return { name: one.outerHTML.slice(0, 80), ring: parseFloat(style.outlineWidth) && style.outlineStyle !== "none",
           top: box.top, isBody: one === document.body, isSeen: box.width > 0 }; }"""


@pytest.mark.browser
def test_every_control_has_a_name_and_the_focus_is_seen_wherever_it_goes(open_page):
    page = open_page()
    nameless = {"strip": page.page.evaluate(NAMELESS)}
    seen = []
    page.page.evaluate("() => document.activeElement.blur()")
    for _ in range(40):
        page.press("Tab")
        found = page.page.evaluate(FOCUS)
        if found["isBody"] or found in seen:
            break
        seen.append(found)
    assert len(seen) > 10
    assert [one["name"] for one in seen if not one["ring"] or not one["isSeen"]] == []
    tops = [one["top"] for one in seen]
    assert tops[0] < 44 < tops[-1]  # the bar above, then what is below it
    for key, ready in VIEWS.items():
        page.press(f"Shift+{key}")
        page.page.wait_for_selector(f"#view {ready}")
        nameless[key] = page.page.evaluate(NAMELESS)
        page.press(f"Shift+{key}")
    for key in ("?", "Shift+U", "*", "l", "g", "k"):
        page.press(key)
        page.page.wait_for_selector(".overlay")
        nameless[key] = page.page.evaluate(NAMELESS)
        page.press("Escape")
    page.page.click("#menu-button")
    nameless["menu"] = page.page.evaluate(NAMELESS)
    assert {place: found for place, found in nameless.items() if found} == {}


@pytest.mark.browser
def test_classes_differ_by_letter_or_shape_and_not_by_colour_alone(open_page):
    page = open_page()
    told = page.page.evaluate(
        """async () => {
          const { labels } = await import("/static/js/base/config.js");
          const { classOf } = await import("/static/js/base/colors.js");
          const { MARKS } = await import("/static/js/views/lorenz_draw.js");
          const drawn = Object.fromEntries(Object.entries(MARKS).map(([name, mark]) => {
            const path = [];
            mark(new Proxy({}, { get: (_, what) => (...at) => path.push([what, ...at]) }), 0, 0);
            return [name, JSON.stringify(path)];
          }));
          const beats = [...labels.values()].filter((label) => label.kind === "beat");
          return { codes: beats.map((label) => label.code), classes: beats.map((label) => classOf(label.code)), drawn };
        }"""
    )
    assert len(set(told["codes"])) == len(told["codes"])
    assert set(told["classes"]) <= set(told["drawn"])
    assert len(set(told["drawn"].values())) == len(told["drawn"])
