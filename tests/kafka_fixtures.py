"""A real Kafka broker for the session, started from Maven artefacts."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from pathlib import Path

import pytest

from ingest.errors import LocalBrokerError
from ingest.local_broker import LocalBroker, gather_jars, jar_folder, missing_programs


@pytest.fixture(scope="session")
def kafka_jars():
    folder = jar_folder(os.environ)
    missing = missing_programs(jars_cached=folder.is_dir())
    if missing:
        pytest.skip(f"no Kafka broker: {' and '.join(missing)} not on PATH")
    try:
        return gather_jars(folder)
    except LocalBrokerError as error:
        pytest.skip(f"no Kafka broker: {error}")


def _start(jars):
    logging.getLogger("kafka").setLevel(logging.CRITICAL)  # each reconnect would be an error of its own
    folder = Path(tempfile.mkdtemp(prefix="rhythmark-kafka-"))
    broker = LocalBroker(folder, jars)
    broker.start()
    return broker


def _end(broker):
    broker.kill()  # its data goes anyway
    shutil.rmtree(broker.data_dir, ignore_errors=True)


@pytest.fixture(scope="session")
def broker(kafka_jars):
    """A broker that tests share and leave running."""
    running = _start(kafka_jars)
    yield running
    _end(running)


@pytest.fixture
def own_broker(kafka_jars):
    """A broker that a test may stop and start."""
    running = _start(kafka_jars)
    yield running
    _end(running)
