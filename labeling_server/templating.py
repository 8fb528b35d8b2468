"""The Jinja2 environment of all pages: auto-escaped, every text from `texts`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.templating import Jinja2Templates

from labeling_server.texts import text

if TYPE_CHECKING:
    from labeling_server.settings import ServerSettings

TEMPLATES = Path(__file__).parent / "templates"
STATIC = Path(__file__).parent / "static"


def page_templates(settings: ServerSettings) -> Jinja2Templates:
    """Templates of this room; `frame.html` is what all pages extend, also those of rooms that add their folder.

    A page gets `text(key)`, `project`, and what its context adds; `frame.html` reads `reader` (Reader or absent),
    `csrf` and `page` (name of the current page).
    """
    environment = Environment(
        loader=FileSystemLoader([TEMPLATES]),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["digits"] = _digits
    environment.filters["percent"] = lambda share: f"{100 * share:g}"
    environment.globals.update(text=text, project=settings.project, zone=settings.zone)
    return Jinja2Templates(env=environment)


def _digits(value: float, n_digits: int, per: float = 1.0) -> str:
    """A number with so many digits behind the point, in units of `per`; never "-0.0"."""
    return f"{round(value / per, n_digits) + 0.0:.{n_digits}f}"
