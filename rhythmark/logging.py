"""Structured logs: one line an event, JSON or key=value, on standard error or in a file; no patient data."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from pathlib import Path

    from structlog.typing import EventDict, Processor, WrappedLogger

_named: dict[str, str] = {}


def name_worker(name: str) -> None:
    """From now on each line of this process says which worker it is of, lines of libraries and other threads too."""
    _named["worker"] = name


def _add_names(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return {**_named, **event}


_SHARED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    _add_names,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
]


def configure(level: str, *, file: Path | None = None, style: str = "auto") -> None:
    """Send the logs of the house and of its libraries to one place.

    Parameters
    ----------
    level : "debug", "info", "warning" or "error"; libraries speak from "warning" on only.
    file : appended to; None is standard error.
    style : "json", "console" for key=value, or "auto": key=value for people (a terminal, a file), else JSON.
    """
    structlog.configure(
        processors=[*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    is_json = style == "json" or (style == "auto" and file is None and not sys.stderr.isatty())
    renderer: Processor = structlog.processors.JSONRenderer() if is_json else _logfmt
    handler = logging.StreamHandler(sys.stderr) if file is None else logging.FileHandler(file, encoding="utf-8")
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
            foreign_pre_chain=_SHARED,
        )
    )
    handler.addFilter(_ours_or_serious)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(getattr(logging, level.upper()))


_logfmt = structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event", "logger"])

_OURS = (
    "rhythmark",
    "dashboards",
    "labeling_server",
    "ingest",
    "formats",
    "reading",
    "storage",
    "detectors",
    "signal_processing",
)


def _ours_or_serious(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING or record.name.partition(".")[0] in _OURS
