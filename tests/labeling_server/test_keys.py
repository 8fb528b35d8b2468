"""The keys: none is a browser's, each has one meaning where it is heard, those inside views can be changed as well."""

from __future__ import annotations

import pytest

from labeling_server.texts import TEXTS

pytestmark = pytest.mark.browser

F_KEYS = {f"{shift}F{n}" for n in range(1, 13) for shift in ("", "Shift+")}
OF_BROWSERS = {"Tab", "Shift+Tab", "ContextMenu", "'", "/"} | F_KEYS
"""Firefox finds as one types after a slash or a quote; F keys are help, find, reload, carets, full screen, tools."""
WITH_CTRL = {"Ctrl+z", "Ctrl+Shift+Z", "Ctrl+Shift+ArrowLeft", "Ctrl+Shift+ArrowRight"}
"""Of these browsers make something in text fields only, where they stay theirs."""

ALL = """async () => {
  const { actions } = await import("/static/js/page/actions.js");
  const { viewActions } = await import("/static/js/windows/views.js");
  const told = ({ id, view, keys, when }) => ({ id, view, keys, isSometimes: Boolean(when) });
  return [...actions, ...viewActions()].map(told);
}"""
LABEL_KEYS = """async () => {
  const { labels } = await import("/static/js/base/config.js");
  return [...labels.values()].filter((label) => label.kind === "beat").map((label) => label.code);
}"""


def test_no_key_is_a_browsers_or_a_labels_and_each_has_one_meaning_and_a_text(open_page):
    page = open_page()
    actions = page.page.evaluate(ALL)
    views = {action["view"] for action in actions if action.get("view")}
    assert views == {"disclosure", "page", "hours", "families", "lorenz"}
    labels = set(page.page.evaluate(LABEL_KEYS)) - {"?"}
    ids = [action["id"] for action in actions]
    assert len(set(ids)) == len(ids)
    assert [one for one in ids if f"do.{one}" not in TEXTS] == []
    meanings = {}
    for action in actions:
        assert set(action["keys"]) - labels - {"v"}, action["id"]  # one is its own also while a letter labels
        for key in action["keys"]:
            assert key not in OF_BROWSERS, (key, action["id"])
            assert not key.startswith(("Alt+", "Meta+")), (key, action["id"])
            assert not key.startswith("Ctrl+") or key in WITH_CTRL, (key, action["id"])
            assert not key.isdigit(), (key, action["id"])
            if not action["isSometimes"]:
                meanings.setdefault((action.get("view"), key), []).append(action["id"])
    assert {at: found for at, found in meanings.items() if len(found) > 1} == {}


def change(page, action, key):
    """Gives an action another key in the help, and says what the help says to it."""
    page.page.locator(f'button.keys[data-action="{action}"]').click()
    page.press(key)
    return page.text(".help footer")


def test_keys_inside_a_view_are_listed_changed_and_kept_and_do_not_take_one_that_is_needed_there(open_page):
    page = open_page()
    page.press("Shift+D")
    page.page.wait_for_selector("#view .disclosure[data-painted-at]")
    page.press("?")
    first = page.page.locator(".help h3").first
    assert "Inside the views" in first.inner_text() or "INSIDE" in first.inner_text()  # that of the open view on top
    assert "must be free" in change(page, "disclosure.gain.up", "PageUp")  # of the same view
    assert "must be free" in change(page, "disclosure.gain.up", "g")  # of the page, and heard in the view
    assert "must be free" in change(page, "theme", "PageUp")
    assert "browser's" in change(page, "disclosure.gain.up", "F3")
    assert "labels" in change(page, "disclosure.gain.up", "S")
    assert "I" in change(page, "disclosure.gain.up", "I")
    assert "I" in change(page, "hours.copy", "I")  # two views are never open at once
    page.press("Escape")
    gain = page.page.locator("#view .disclosure").get_attribute("data-gain")
    page.page.reload()
    page.page.wait_for_selector("#view .disclosure[data-painted-at]")
    page.press("I")
    page.page.wait_for_function("was => document.querySelector('#view .disclosure').dataset.gain !== was", arg=gain)
    assert page.text("#view .viewbar kbd >> text=I") == "I"
