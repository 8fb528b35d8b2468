"""The main job with nothing in its place: a recording through a real Kafka, the worker, the database, a reader at a
real browser with the keyboard alone, and out again as files that wfdb reads."""

from __future__ import annotations

import os
import re
import secrets
from contextlib import contextmanager

import httpx2
import numpy as np
import pytest
import wfdb

from signal_processing import vocabulary
from storage import annotations
from storage.database import Database
from tests.end_to_end.commands import ended_stream, rhythmark, running, wait_for

pytestmark = [pytest.mark.kafka, pytest.mark.browser, pytest.mark.data]

PASSWORD = secrets.token_urlsafe(12)
FS_HZ = 360


@pytest.fixture(params=["database_dsn", pytest.param("timescale_database_dsn", marks=pytest.mark.timescaledb)])
def environment(request, broker, tmp_path, data_dir):
    """What the commands read: the same as in production, each time with a database of its own."""
    secret = tmp_path / "secret"
    secret.write_text(secrets.token_urlsafe(48))
    return os.environ | {
        "RHYTHMARK_DSN": request.getfixturevalue(request.param),
        "RHYTHMARK_KAFKA": broker.bootstrap,
        "RHYTHMARK_SECRET_FILE": str(secret),
        "RHYTHMARK_HOME": str(tmp_path / "home"),
        "RHYTHMARK_DATA": str(data_dir),
    }


@pytest.fixture
def database_of(environment):
    with Database.open(environment["RHYTHMARK_DSN"]) as database:
        yield database


@pytest.fixture
def stream(environment, database_of, data_dir, tmp_path):
    """mitdb/208, sent to Kafka at full speed and stored by the worker."""
    name = f"ward-208-{secrets.token_hex(4)}"
    record = data_dir / "mitdb" / "208"
    rhythmark(environment, "db", "upgrade")
    rhythmark(environment, "replay", record, "--to", "kafka", "--speed", "max", "--stream", name, "--now")
    with running(environment, "ingest", "--group", name, log=tmp_path / "ingest.log"):
        return wait_for(lambda: ended_stream(database_of, name))


@pytest.fixture
def address(environment, stream, tmp_path):
    """The workstation, served."""
    rhythmark(environment, "user", "add", "reader", text=f"{PASSWORD}\n{PASSWORD}\n")
    log = tmp_path / "serve.log"
    with running(environment, "serve", "--port", "0", log=log):
        found = wait_for(lambda: re.search(r"\"port\": (\d+)", log.read_text()), timeout_s=30)
        url = f"http://127.0.0.1:{found[1]}"
        wait_for(lambda: _answers(url), timeout_s=30)
        yield url


def _answers(url):
    try:
        return httpx2.get(f"{url}/login").status_code == 200
    except httpx2.TransportError:
        return False


class Reader:
    """Someone at the keyboard; there is no mouse."""

    def __init__(self, page, stream_name):
        self._page = page
        self._stream_name = stream_name
        self.n_edits = 0

    def sign_in(self, url):
        self._page.goto(url)
        self._page.keyboard.type("reader")
        self._page.keyboard.press("Tab")
        self._page.keyboard.type(PASSWORD)
        self._page.keyboard.press("Enter")
        self._page.wait_for_selector(f"text={self._stream_name}")

    def open_stream(self):
        for _ in range(20):
            if self._page.evaluate("document.activeElement.textContent") == self._stream_name:
                break
            self._page.keyboard.press("Tab")
        self._page.keyboard.press("Enter")
        self._page.wait_for_selector("body[data-ready]")

    def press(self, *keys):
        for key in keys:
            self._page.keyboard.press(key)

    @contextmanager
    def holding(self, key):
        self._page.keyboard.down(key)
        yield
        self._page.keyboard.up(key)

    def type(self, text):
        self._page.keyboard.type(text)

    def selected(self):
        return self._page.locator("#queue-list [aria-current=true]").get_attribute("data-id")

    def saved(self):
        """Wait until the page says that one more edit is in the database."""
        self.n_edits += 1
        self._page.wait_for_function(
            """n => document.getElementById('status-save').dataset.kind === 'saved'
                && document.getElementById('status-undo').textContent.includes(String(n))""",
            arg=self.n_edits,
        )


@pytest.fixture
def reader(address, stream, browser):
    page = browser.new_page(viewport={"width": 1366, "height": 768})
    person = Reader(page, stream.name)
    person.sign_in(address)
    person.open_stream()
    yield person
    page.close()


def review(reader, row_of):
    """Five edits by keyboard; gives what each span must have become: (label, start_us, end_us), None where rejected."""
    expected = {}

    accepted = reader.selected()
    row = row_of(accepted)
    reader.press("Enter")
    reader.saved()
    expected[accepted] = (row.label, row.start_us, row.end_us)

    relabelled = reader.selected()
    assert relabelled != accepted
    row = row_of(relabelled)
    key, code = ("1", "AFIB") if row.label != "AFIB" else ("4", "VT")
    reader.press(key)
    reader.saved()
    expected[relabelled] = (code, row.start_us, row.end_us)

    reader.press("ArrowDown")
    moved = reader.selected()
    row = row_of(moved)
    reader.press("]")
    with reader.holding("Shift"):
        reader.press("ArrowRight", "ArrowRight", "ArrowRight")
    reader.saved()
    reader.press("Enter")  # and where it is now is confirmed
    reader.saved()
    # an edge lies on a sample: each 20 ms are seven of them
    expected[moved] = (row.label, row.start_us, pytest.approx(row.end_us + 3 * 7 / FS_HZ * 1e6, abs=1))

    rejected = reader.selected()
    reader.press("x")
    reader.saved()
    expected[rejected] = None

    reader.press("End", "Escape", "m", "PageUp", "m")
    reader.type("brady")
    reader.press("Enter")
    reader.saved()
    assert len(expected) == 4
    return expected


def test_recording_goes_through_kafka_database_and_browser_and_out_as_edited(
    environment, database_of, stream, reader, tmp_path, data_dir
):
    def row_of(annotation_id):
        with database_of.transaction() as conn:
            return annotations.get(conn, annotation_id)

    expected = review(reader, row_of)

    for annotation_id, state in expected.items():
        row = row_of(annotation_id)
        if state is None:
            assert row.status == "rejected"
        else:
            assert (row.label, row.start_us, row.end_us) == state
            assert row.status in {"confirmed", "corrected"}
            assert row.updated_by == "reader"
    with database_of.transaction() as conn:
        people = [
            row
            for row in annotations.spans_between(conn, stream.id, stream.t0_us, stream.ended_us)
            if row.author.kind == "human"
        ]
    assert [(row.label, row.status) for row in people] == [("BRADY", "confirmed")]
    assert people[0].end_us - people[0].start_us > 1_000_000

    folder = tmp_path / "export"
    rhythmark(environment, "export", stream.name, "--format", "wfdb", "--output", folder)
    (header,) = folder.glob("*.hea")
    exported = wfdb.rdrecord(str(header.with_suffix("")), physical=False)
    original = wfdb.rdrecord(str(data_dir / "mitdb" / "208"), physical=False)
    assert np.array_equal(exported.d_signal, original.d_signal)
    assert exported.adc_gain == original.adc_gain
    assert exported.baseline == original.baseline

    expert = wfdb.rdann(str(header.with_suffix("")), "exp")
    onsets = {
        (aux.strip("\x00"), int(at))
        for at, symbol, aux in zip(expert.sample, expert.symbol, expert.aux_note, strict=True)
        if symbol in {"+", '"'}
    }
    kept = [state for state in expected.values() if state is not None]
    kept.append((people[0].label, people[0].start_us, people[0].end_us))
    for label, start_us, _ in kept:
        sample = round((start_us - stream.t0_us) * FS_HZ / 1e6)
        starts = [aux for aux, at in onsets if at == sample]
        assert any(aux.startswith(vocabulary.label(label).wfdb_aux) for aux in starts), (label, sample, sorted(onsets))
    machine = wfdb.rdann(str(header.with_suffix("")), "mac")
    n_beats = len(wfdb.rdann(str(data_dir / "mitdb" / "208"), "atr").sample)
    assert 0.97 * n_beats < sum(symbol in "NVSF/Q" for symbol in machine.symbol) < 1.03 * n_beats
