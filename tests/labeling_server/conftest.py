"""A short synthetic recording in a real database, the application on it, and a browser at its page."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import httpx2
import numpy as np
import pytest
import uvicorn
from fastapi.testclient import TestClient

from labeling_server.app import create_app
from labeling_server.serve import bound_socket
from labeling_server.settings import ServerSettings
from signal_processing.values import Annotation, Annotator, Block, Channel, Signal
from storage import annotations, beats, catalogue, runs, users, waveforms

sys.path.insert(0, str(Path(__file__).parent))  # with importlib mode test folders are not on it

FS_HZ = 250.0
T0_US = 1_762_000_000_000_000
DURATION_S = 120
PASSWORD = "a password for tests"  # noqa: S105 - of users who live as long as a test
MACHINE = Annotator("machine", "test-detector", "1.0")


def ecg_like(n_samples, beat_samples):
    """Digital samples (n_samples, 2) at 200 adu/mV: a narrow peak of 1 mV a beat on a slow wave."""
    time_s = np.arange(n_samples) / FS_HZ
    trace = 0.05 * np.sin(2 * np.pi * 0.3 * time_s)
    for beat in beat_samples:
        trace += np.exp(-0.5 * ((np.arange(n_samples) - beat) / 3.0) ** 2)
    return np.stack([200 * trace, 100 * trace], axis=1).astype(np.int16)


class Recording:
    """What the tests know of the recording that they look at."""

    def __init__(self, database):
        self.beat_samples = list(range(200, int(DURATION_S * FS_HZ) - 200, 200))
        channels = (Channel("II", "mV", 200.0), Channel("V5", "mV", 200.0))
        self.signal = Signal("test-recording", "ecg", FS_HZ, T0_US, channels)
        self.samples = ecg_like(int(DURATION_S * FS_HZ), self.beat_samples)
        with database.transaction() as conn:
            stream = catalogue.ensure_stream(
                conn, name="test-recording", device="test", t0_us=T0_US, patient_pseudonym="P-TEST", synthetic=True
            )
            group = catalogue.ensure_group(conn, stream.id, self.signal)
            waveforms.store_blocks(conn, group, [Block(0, self.samples)])
            waveforms.seal(conn, group)
            self.stream_id, self.group_id = stream.id, group.id
            self._mark(conn, catalogue.group_by_id(conn, group.id))
            catalogue.end_stream(conn, stream.id, at_us=self.us_at(len(self.samples)))
            for login, role in (("reader", "reader"), ("second", "reader"), ("guest", "viewer")):
                users.create(conn, login=login, password=PASSWORD, role=role)

    def _mark(self, conn, group):
        run_id = runs.ensure_run(conn, group.id, MACHINE, {})
        found = [
            Annotation(start=beat, end=beat, label="V" if i == 3 else "N", annotator=MACHINE, confidence=0.9)
            for i, beat in enumerate(self.beat_samples)
        ]
        beats.store_beats(conn, group, run_id, found)
        spans = [("VT", 700, 1300), ("AFIB", 5000, 6200), ("AFL", 9000, 9900), ("NOISY", 15000, 15500)]
        proposed = [
            Annotation(start=a, end=b, label=label, annotator=MACHINE, confidence=0.8, figures={"rate_bpm": 150.0})
            for label, a, b in spans
        ]
        annotations.propose(conn, group.stream_id, group, run_id, proposed)

    def us_at(self, sample):
        return self.signal.clock.us_at(sample)


@pytest.fixture
def recording(database):
    return Recording(database)


@pytest.fixture
def app(database, recording):
    settings = ServerSettings(secret_key="a secret of more than 32 characters", project="Tests")  # noqa: S106 - of a test
    return create_app(database, settings=settings)


class Client(TestClient):
    """A client that remembers the token of its session."""

    csrf = ""

    def sign_in(self, login, password=PASSWORD):
        answer = self.post("/login", data={"login": login, "password": password}, follow_redirects=False)
        if answer.status_code == 303:
            page = self.get("/").text
            self.csrf = page.split('name="csrf" value="')[1].split('"')[0]
        return answer

    def write(self, method, path, body, revision=None):
        headers = {"X-CSRF-Token": self.csrf}
        if revision is not None:
            headers["If-Match"] = f'"{revision}"'
        return self.request(method, path, json=body, headers=headers)


@pytest.fixture
def anonymous(app):
    with Client(app) as client:
        yield client


@pytest.fixture
def client(anonymous):
    anonymous.sign_in("reader")
    return anonymous


@pytest.fixture
def as_user(anonymous):
    """Signs somebody in, in the place of whoever was; gives the client."""

    def sign_in(login):
        assert anonymous.sign_in(login).status_code == 303
        return anonymous

    return sign_in


@pytest.fixture
def spans(client, recording):
    """Proposals by label."""
    return {row["label"]: row for row in client.get("/api/queue", params={"stream_id": recording.stream_id}).json()}


@pytest.fixture
def site(app):
    """The address of the application, served for real."""
    listener = bound_socket("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, ws="none", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    assert httpx2.get(f"{address}/health", timeout=30).status_code == 200
    yield address
    server.should_exit = True
    thread.join(timeout=30)
    listener.close()


class Page:
    """A reader at the workstation, who acts by keyboard."""

    def __init__(self, browser, site, login, path, *, viewport=None, has_touch=False):
        size = viewport or {"width": 1366, "height": 768}
        self.context = browser.new_context(viewport=size, timezone_id="UTC", has_touch=has_touch, is_mobile=has_touch)
        self.page = self.context.new_page()
        self.problems = []
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on(
            "console", lambda said: self.problems.append(said.text) if "Content Security" in said.text else None
        )
        self.page.goto(f"{site}/login?next={path}")
        self.page.fill("#login", login)
        self.page.fill("#password", PASSWORD)
        self.page.click("button.primary")
        self.page.wait_for_selector("body[data-ready]", timeout=30_000)

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)

    def saved(self, undo):
        """Waits until the status line says that nothing is on its way and so many edits can be undone."""
        self.page.wait_for_function(
            "n => document.getElementById('status-undo').textContent === `undo ${n}`"
            " && document.getElementById('status-save').dataset.pending === '0'",
            arg=undo,
            timeout=30_000,
        )

    def select(self, label):
        self.page.locator("#queue-list .entry", has_text=label).first.click()
        self.page.wait_for_function(
            "label => document.querySelector('#selection .code')?.textContent === label", arg=label
        )

    def text(self, selector):
        return self.page.locator(selector).inner_text()


@pytest.fixture
def open_page(browser, site, recording):
    """Opens the workstation as somebody; problems of the page fail the test at its end."""
    opened = []

    def opener(login="reader", stream_id=None, **screen):
        page = Page(browser, site, login, f"/streams/{stream_id or recording.stream_id}", **screen)
        opened.append(page)
        return page

    yield opener
    problems = [problem for page in opened for problem in page.problems]
    for page in opened:
        page.context.close()
    assert problems == []
