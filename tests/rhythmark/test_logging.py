"""Log lines: JSON for machines, key=value for people, each with its worker."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

SPEAK = """
import logging, sys, threading
import structlog
from rhythmark import logging as ours
ours.configure(sys.argv[1], style=sys.argv[2])
ours.name_worker("w1")
log = structlog.get_logger("ingest.worker")
log.debug("whispered")
log.warning("waiting", wait_s=0.5)
thread = threading.Thread(target=lambda: logging.getLogger("psycopg.pool").warning("error connecting"))
thread.start(); thread.join()
logging.getLogger("asyncio").info("chatter")
try:
    samples = [4711]
    raise ValueError("broken")
except ValueError:
    log.exception("failed")
"""


def said(level="info", style="auto"):
    done = subprocess.run([sys.executable, "-c", SPEAK, level, style], capture_output=True, text=True, check=True)
    return done.stderr.splitlines()


def test_lines_are_json_where_nobody_sits_at_a_terminal_and_each_names_the_worker():
    lines = [json.loads(line) for line in said()]
    assert [line["event"] for line in lines] == ["waiting", "error connecting", "failed"]
    assert {line["worker"] for line in lines} == {"w1"}
    assert [line["level"] for line in lines] == ["warning", "warning", "error"]
    assert (lines[0]["wait_s"], lines[1]["logger"]) == (0.5, "psycopg.pool")
    assert all("timestamp" in line for line in lines)
    assert "ValueError: broken" in lines[2]["exception"]
    assert "4711" not in str(lines)


def test_lines_are_key_and_value_when_asked_for():
    first = said(style="console")[0]
    assert "level=warning event=waiting" in first
    assert "worker=w1" in first


@pytest.mark.parametrize(("level", "n"), [("debug", 4), ("error", 1)])
def test_level_decides_what_is_said(level, n):
    assert len(said(level)) == n


def test_command_takes_its_level_and_format_from_environment_and_arguments(rhythmark, empty_dsn):
    loud = rhythmark("db", "upgrade", RHYTHMARK_DSN=empty_dsn, RHYTHMARK_LOG_LEVEL="info")
    assert json.loads(loud.stderr.splitlines()[0])["event"] == "migration applied"
    quiet = rhythmark("db", "status", RHYTHMARK_DSN=empty_dsn, RHYTHMARK_LOG_LEVEL="error", RHYTHMARK_LOG_FORMAT="json")
    assert quiet.stderr == ""
    wrong = rhythmark("db", "status", RHYTHMARK_LOG_LEVEL="loud")
    assert "RHYTHMARK_LOG_LEVEL must be one of debug, info, warning, error, got 'loud'" in wrong.stderr
