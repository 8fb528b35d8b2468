"""The certificate of a release as PDF: who stands for which content, when, in which role."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle, getSampleStyleSheet
from reportlab.lib.units import mm
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from labeling_server.texts import text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_STYLES = getSampleStyleSheet()
_BODY = ParagraphStyle("body", parent=_STYLES["BodyText"], fontSize=9, leading=12)
_SMALL = ParagraphStyle(
    "small", parent=_BODY, fontSize=7, leading=9, textColor=colors.HexColor("#5d666e"), wordWrap="CJK"
)
_TITLE = ParagraphStyle("title", parent=_STYLES["Heading1"], fontSize=16, leading=20)


def certificate_pdf(project: str, release: Mapping[str, Any], *, clock: Callable[[int], str], zone: str) -> bytes:
    """One page or more; the same release with the same signatures gives the same bytes.

    Parameters
    ----------
    release : as `visible_releases` has it.
    clock : how a time is told.
    """
    out = io.BytesIO()
    title = text("certificate.title", project=project, version=release["version"])
    # invariant: no time of making in the file
    document = SimpleDocTemplate(
        out, pagesize=A4, title=title, leftMargin=20 * mm, rightMargin=20 * mm, topMargin=20 * mm, invariant=1
    )
    facts = [
        (text("releases.sums"), release["sha256"]),
        (text("releases.made", zone=zone), clock(release["created_us"])),
        (
            text("releases.content"),
            text("releases.content.text", records=release["n_records"], patients=release["n_patients"]),
        ),
        *((text("certificate.accepted"), one) for one in release["accepted"]),
        *((text("certificate.exceptions"), one) for one in release["exceptions"]),
    ]
    signed: list[tuple[str, ...]] = [
        (f"{one['login']}, {one['role']}", clock(one["at_us"]), one["meaning"], one["sha256"])
        for one in release["signatures"]
    ]
    story = [
        Paragraph(escape(title), _TITLE),
        Paragraph(escape(text("certificate.text")), _BODY),
        Spacer(0, 4 * mm),
        _table(facts, (40 * mm, 130 * mm)),
        Spacer(0, 6 * mm),
        Paragraph(escape(text("releases.signed")), _STYLES["Heading3"]),
        _table(signed or [("-",)], (35 * mm, 33 * mm, 52 * mm, 50 * mm)[: 4 if signed else 1]),
    ]
    document.build(story)
    return out.getvalue()


def _table(rows: Sequence[Sequence[str]], widths: Sequence[float]) -> Table:
    cells = [[Paragraph(escape(cell), _SMALL if len(cell) > 60 else _BODY) for cell in row] for row in rows]  # noqa: PLR2004 - a checksum
    table = Table(cells, colWidths=list(widths), hAlign="LEFT")
    table.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LINEBELOW", (0, 0), (-1, -1), 0.3, colors.HexColor("#dcdad5")),
            ]
        )
    )
    return table
