import numpy as np
import pytest
from fastapi.testclient import TestClient

from labeling_server.app import create_app
from labeling_server.settings import ServerSettings
from signal_processing.values import Annotation, Annotator, Block, Channel, Signal
from storage import annotations, catalogue, runs, users, waveforms, workers

LOGIN, PASSWORD = "reader", "a long enough password"
T0_US = 1_790_000_000_000_000
DETECTOR = Annotator("machine", "afrr", "1.2")


class Feed:
    """Writes what devices, detectors and workers would."""

    def __init__(self, database):
        self.database = database

    def store_stream(self, name, *, n_samples=3600, first=0, synthetic=False, ended=False, fs_hz=360.0):
        """A stream of one group with that many samples; gives stream, group."""
        signal = Signal(name, "ecg", fs_hz, T0_US, (Channel("MLII", "mV", 200.0), Channel("V1", "mV", 200.0)))
        with self.database.transaction() as conn:
            stream = catalogue.ensure_stream(
                conn, name=name, device="holter", t0_us=T0_US, patient_pseudonym="P-7F3K", synthetic=synthetic
            )
            group = catalogue.ensure_group(conn, stream.id, signal)
            if n_samples:
                waveforms.store_blocks(conn, group, [Block(first, np.zeros((n_samples, 2), np.int16))])
            if ended:
                catalogue.end_stream(conn, stream.id, at_us=T0_US + 10_000_000)
        return stream, group

    def propose(self, stream, group, label, start, end, *, ongoing=False):
        span = Annotation(start=start, end=end, label=label, annotator=DETECTOR, confidence=0.93, ongoing=ongoing)
        with self.database.transaction() as conn:
            run_id = runs.ensure_run(conn, group.id, DETECTOR, {})
            annotations.propose(conn, stream.id, group, run_id, [span])

    def beat_heart(self, worker="w-1", **more):
        facts = {
            "worker": worker,
            "source": "kafka",
            "state": "running",
            "started_us": T0_US,
            "lag": 7,
            "n_messages": 10,
            "n_samples": 3600,
            "n_dead_letters": 2,
            "samples_per_s": 360.0,
        }
        with self.database.transaction() as conn:
            workers.heartbeat(conn, workers.Heartbeat(**(facts | more)))


@pytest.fixture
def feed(database):
    return Feed(database)


@pytest.fixture
def app(database):
    with database.transaction() as conn:
        users.create(conn, login=LOGIN, password=PASSWORD, role="reader")
    return create_app(database, settings=ServerSettings(secret_key="k" * 64, project="Study A"))


@pytest.fixture
def stranger(app):
    """A browser that has not signed in."""
    return TestClient(app)


@pytest.fixture
def credentials():
    return LOGIN, PASSWORD


@pytest.fixture
def client(app):
    """A browser that has signed in."""
    client = TestClient(app)
    answer = client.post("/login", data={"login": LOGIN, "password": PASSWORD, "next": "/dashboard"})
    assert answer.status_code == 200
    return client
