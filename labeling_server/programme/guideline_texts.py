"""Texts of guidelines: their clauses by the vocabulary, and as HTML."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt

from reading.guideline import GuidelineError, clauses
from signal_processing.errors import InvalidValueError
from signal_processing.vocabulary import LABELS

if TYPE_CHECKING:
    from reading.guideline import Clause

_CODES = frozenset(entry.code for entry in LABELS)
_LABELS = re.compile(r"^Labels: *\S[^\n]*", re.MULTILINE)
# no HTML of the author's: whoever publishes must not run anything in a reader's page
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")


def checked_clauses(body: str) -> list[Clause]:
    """The clauses of a text that is to be published.

    Raises
    ------
    InvalidValueError : if it has none, a number stands twice, or a label is not of the vocabulary.
    """
    try:
        return clauses(body, known=_CODES)
    except GuidelineError as error:
        raise InvalidValueError(str(error)) from error


def clauses_of(body: str) -> list[Clause]:
    """The clauses of a text that was published."""
    return clauses(body)


def as_html(body: str) -> str:
    """The text as HTML; links lead nowhere but to http and pages of this site, as the library sees to."""
    html: str = _MARKDOWN.render(_LABELS.sub(r"*\g<0>*\n", body))
    return html
