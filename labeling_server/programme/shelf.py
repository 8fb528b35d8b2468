"""Reports that were worked out before: a project's stands until another reading is handed in."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, Any

from labeling_server.programme.parts import WHOLE, Part
from labeling_server.programme.report import report_of
from storage import readings

if TYPE_CHECKING:
    from labeling_server.programme.report import AgreementReport
    from storage.projects import ProjectRow

MAX_KEPT = 16


class ReportShelf:
    """Keeps the newest report of each project that was asked for lately; for any number of threads."""

    def __init__(self) -> None:
        self._reports: OrderedDict[tuple[int, Part], AgreementReport] = OrderedDict()
        self._lock = Lock()

    def report_of(self, conn: Any, project: ProjectRow, part: Part = WHOLE) -> AgreementReport:
        """The report on what is handed in now."""
        key = (project.id, part)
        newest = readings.newest(conn, project.id)
        with self._lock:
            kept = self._reports.get(key)
            wanted = {one.name: one.target for one in kept.targets} if kept is not None else {}
            if kept is not None and kept.newest == newest and wanted == project.targets:
                self._reports.move_to_end(key)
                return kept
        report = report_of(conn, project, part=part)
        with self._lock:
            self._reports[key] = report
            self._reports.move_to_end(key)
            while len(self._reports) > MAX_KEPT:
                self._reports.popitem(last=False)
        return report
