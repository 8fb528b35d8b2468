"""The server of the workstation as the command line starts it, and a Chromium at it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.error import URLError

from benchmarks import processes
from benchmarks.day import PASSWORD
from benchmarks.stack import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

READY_S = 30.0


class Served:
    """A server process on a database."""

    def __init__(self, dsn: str, port: int | None = None) -> None:
        self._dsn = dsn
        self.port = port or free_port()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it and wait until it answers.

        Raises
        ------
        TimeoutError : if it does not.
        """
        environment = os.environ | {"RHYTHMARK_DSN": self._dsn, "RHYTHMARK_SECRET": "s" * 40}
        command = [sys.executable, "-m", "rhythmark", "serve", "--host", "127.0.0.1", "--port", str(self.port)]
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
        deadline_s = time.monotonic() + READY_S
        while not self._answers():
            if time.monotonic() > deadline_s:
                msg = f"the server must answer within {READY_S:g} s, it did not"
                raise TimeoutError(msg)
            time.sleep(0.05)

    def kill(self) -> None:
        """End it as a power cut would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def rss_mib(self) -> float:
        """Memory of the process, MiB."""
        assert self.process is not None
        return processes.resident_bytes(self.process.pid) / 2**20

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=2) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False


@contextmanager
def served(dsn: str) -> Iterator[Served]:
    """A server until the block ends."""
    server = Served(dsn)
    server.start()
    try:
        yield server
    finally:
        server.kill()


@contextmanager
def chromium() -> Iterator[Any]:
    """Playwright's browser object.

    Raises
    ------
    RuntimeError : if there is no Chromium.
    """
    from playwright.sync_api import sync_playwright  # only these benchmarks need it

    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        msg = "this benchmark needs Chromium on PATH, there is none"
        raise RuntimeError(msg)
    arguments = ["--no-sandbox", "--disable-gpu", "--enable-precise-memory-info", "--js-flags=--expose-gc"]
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


def sign_in(browser: Any, address: str, login: str, *, width: int = 1366, height: int = 768) -> Any:
    """A page of a reader who has signed in."""
    context = browser.new_context(viewport={"width": width, "height": height}, timezone_id="UTC")
    page = context.new_page()
    page.goto(f"{address}/login?next=/")
    page.fill("#login", login)
    page.fill("#password", PASSWORD)
    page.click("button.primary")
    page.wait_for_load_state("load")
    return page
