"""kill -9 in the middle of sending an archive: the same command goes on, and all of it is in the topic."""

from __future__ import annotations

import os
import subprocess
import time

import numpy as np
import pytest
from kafka import KafkaConsumer, TopicPartition

from formats.wfdb_files import read_blocks, read_header, write_record
from ingest.topics import N_WAVEFORM_PARTITIONS, WAVEFORM_TOPIC
from ingest.wire import decode
from signal_processing.values import Block
from tests.end_to_end.commands import command, wait_for

pytestmark = [pytest.mark.kafka, pytest.mark.data]

N_RECORDS = 40
N_SAMPLES = 60_000


@pytest.fixture
def archive(data_dir, tmp_path):
    """Parts of a real recording, 166 s each, in two folders."""
    header = read_header(data_dir / "mitdb" / "208", t0_us=1_700_000_000_000_000)
    values = np.concatenate([block.samples for block in read_blocks(header)])
    root = tmp_path / "archive"
    for i in range(N_RECORDS):
        part = Block(0, values[i * 14_000 : i * 14_000 + N_SAMPLES])
        write_record(root / f"ward{i % 2}", f"r{i:02}", header.signal, [part])
    return root


@pytest.fixture
def environment(own_broker, tmp_path):
    home = tmp_path / "home"
    return os.environ | {"RHYTHMARK_KAFKA": own_broker.bootstrap, "RHYTHMARK_HOME": str(home)}


def received(bootstrap):
    """Sample counts of each message, by stream, in the order of arrival."""
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, metrics_enabled=False)
    try:
        partitions = [TopicPartition(WAVEFORM_TOPIC, i) for i in range(N_WAVEFORM_PARTITIONS)]
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        ends = consumer.end_offsets(partitions)
        streams = {}
        while any(consumer.position(partition) < ends[partition] for partition in partitions):
            for records in consumer.poll(timeout_ms=500).values():
                for record in records:
                    message = decode(record.value, now_us=time.time_ns() // 1000)
                    streams.setdefault(message.stream_id, []).append(message)
        return streams
    finally:
        consumer.close()


def test_archive_whose_sending_was_killed_is_sent_to_its_end_by_the_same_command(
    environment, own_broker, archive, tmp_path
):
    # at full speed all of it is there before the journal's first line
    send = command("replay", archive, "--to", "kafka", "--speed", "2000", "--block-s", "10")
    journals = tmp_path / "home" / "replay"
    killed = subprocess.Popen(send, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: any(path.stat().st_size > 0 for path in journals.glob("*.jsonl")) or killed.poll() is not None)
    finally:
        killed.kill()
        killed.wait()
    before = received(own_broker.bootstrap)
    again = subprocess.run(send, env=environment, capture_output=True, text=True, check=True, timeout=120)
    after = received(own_broker.bootstrap)

    assert sorted(after) == sorted(f"ward{i % 2}/r{i:02}" for i in range(N_RECORDS))
    for messages in after.values():
        covered = np.zeros(N_SAMPLES, int)
        for message in messages:
            covered[message.seq : message.end] += 1
        assert covered.min() == 1
        assert len({message.origin_us() for message in messages}) == 1
        assert messages[-1].last
    whole = [stream for stream, messages in before.items() if messages[-1].last]
    assert 0 < len(whole) < N_RECORDS
    n_safe = int(again.stdout.split("; ")[1].split()[0])
    assert 0 < n_safe <= len(whole)
    n_again = sum(len(after[stream]) > len(before[stream]) for stream in whole)
    assert n_again <= len(whole) - n_safe  # what the journal knew was not sent again
    assert f"sent {N_RECORDS - n_safe} records" in again.stdout
