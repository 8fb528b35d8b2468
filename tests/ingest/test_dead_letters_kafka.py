"""Dead letters on a real Apache Kafka broker: looked at, put back once, put aside again."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ingest_kit import message, worker_on

from ingest.errors import DeadLetterError
from ingest.kafka_dead_letters import MAX_REPLAYS, DeadLetters
from ingest.kafka_producer import DeadLetterSink, KafkaSink, open_producer
from ingest.kafka_source import KafkaSource
from ingest.letters import headers_of
from ingest.source import DeadLetter, Partition, Received
from ingest.topics import ensure_topics
from ingest.wire import encode
from rhythmark import arguments
from rhythmark.commands import dead_letters as command

pytestmark = pytest.mark.kafka


class House:
    """Topics of one test: waveforms on two partitions, dead letters, marks."""

    def __init__(self, broker, topic):
        self.address, self.topic = broker.bootstrap, topic
        self.aside, self.marks = f"{topic}.aside", f"{topic}.marks"
        ensure_topics(self.address, topic=topic, n_partitions=2, dead_letter_topic=self.aside)

    def bury(self, *letters):
        sink = DeadLetterSink(self.address, topic=self.aside)
        sink.send(letters)
        sink.close()

    def open(self):
        return DeadLetters(self.address, topic=self.aside, marks=self.marks)

    def letters(self, **kwargs):
        with self.open() as letters:
            return list(letters.letters(**kwargs))

    def replay(self, **kwargs):
        with self.open() as letters:
            return [
                (one.letter.offset, one.problem, one.was_replayed)
                for one in letters.replay(letters.letters(), **kwargs)
            ]

    def source(self):
        return KafkaSource(self.address, group=f"g-{self.topic}", topic=self.topic, dead_letter_topic=self.aside)

    def sent(self, n):
        """The messages of the waveform topic."""
        source = self.source()
        messages = []
        for _ in range(100):
            polled = source.poll(0.2)
            source.seek(polled.unplaced, {})
            messages += polled.messages
            if len(messages) >= n and not polled.messages:
                break
        source.close()
        return messages


@pytest.fixture
def house(broker, topic):
    return House(broker, topic)


def dead(house, value, *, offset=0, partition=1, key=b"s1", reason="schema must be 1, got 7", n_replays=0):
    received = Received(Partition(house.topic, partition), offset, key, value, None, n_replays)
    return DeadLetter(received, reason)


def test_dead_letters_are_read_in_order_and_the_newest_alone_when_asked_for(house):
    house.bury(*(dead(house, b"%d" % i, offset=i) for i in range(5)))
    assert [one.value for one in house.letters()] == [b"0", b"1", b"2", b"3", b"4"]
    assert [one.value for one in house.letters(newest=2)] == [b"3", b"4"]
    later_us = house.letters()[-1].at_us + 1_000
    assert house.letters(since_us=later_us) == []
    with house.open() as letters:
        assert letters.letter(0, 3).value == b"3"
        with pytest.raises(DeadLetterError, match=r"within \[0, 5\), got 5"):
            letters.letter(0, 5)


def test_replay_puts_each_original_back_once_under_its_key_and_partition(house):
    copies = [dead(house, b"a"), dead(house, b"a"), dead(house, b"b", offset=1, key=None, partition=0)]
    house.bury(*copies)
    assert house.replay(dry_run=True) == [(1, "", True), (0, "", False), (2, "", False)]
    assert house.replay() == [(1, "", True), (0, "", False), (2, "", False)]
    assert {done for _, _, done in house.replay()} == {True}
    found = {(one.partition.number, one.key, one.value, one.n_replays) for one in house.sent(2)}
    assert found == {(1, b"s1", b"a", 1), (0, None, b"b", 1)}
    assert [done for _, _, done in house.replay(again=True)] == [True, False, False]
    assert len(house.sent(4)) == 4


def test_replay_refuses_what_was_replayed_too_often_or_has_no_place_to_go(house):
    house.bury(
        dead(house, b"a", n_replays=MAX_REPLAYS),
        dead(house, b"b", partition=9),
        DeadLetter(Received(Partition(f"{house.topic}.nowhere", 0), 0, None, b"c"), "r"),
    )
    problems = [problem for _, problem, _ in house.replay()]
    assert f"less than {MAX_REPLAYS} times, got {MAX_REPLAYS}" in problems[0]
    assert "must have partition 9" in problems[1]
    assert "must have partition 0" in problems[2]


def test_replay_of_a_truncated_letter_takes_the_original_where_it_still_is(house):
    whole = encode(message())
    sink = KafkaSink(house.address, topic=house.topic)
    sink.send_raw(b"s1", whole)
    sink.close()
    (original,) = house.sent(1)
    producer = open_producer(house.address)
    for beginning in (whole[:20], b"other"):
        headers = headers_of("r", original.partition, original.offset, 0)
        headers.append(("truncated_from_bytes", b"%d" % len(whole)))
        producer.send(house.aside, value=beginning, headers=headers)
    producer.close()
    (_, first, _), (_, second, _) = sorted(house.replay())
    assert first == ""
    assert f"5 of {len(whole)} bytes are here" in second
    assert [(one.key, one.value) for one in house.sent(2)] == [(b"s1", whole)] * 2


def test_message_that_fails_again_comes_back_as_a_letter_that_counts_its_replays(house, database):
    sink = KafkaSink(house.address, topic=house.topic)
    sink.send_raw(b"s1", b"rubbish")
    sink.close()
    worker = worker_on(database, house.source())
    rounds = []
    for _ in range(MAX_REPLAYS):
        while worker.run_once() == 0:
            pass
        rounds.append(house.letters()[-1].n_replays)
        assert house.replay()[-1][1:] == ("", False)
    while worker.run_once() == 0:
        pass
    rounds.append(house.letters()[-1].n_replays)
    worker._source.close()
    assert rounds == [0, 1, 2, 3]
    assert "must have been replayed less than" in house.replay()[-1][1]


def run(capsys, house, *words):
    parsed = arguments.parser().parse_args(["dead-letters", *words])
    code = command.run(parsed, SimpleNamespace(required_kafka=lambda: house.address))
    return code, capsys.readouterr().out


def test_command_lists_shows_and_replays_the_letters_of_a_stream(house, capsys, monkeypatch):
    monkeypatch.setattr(command, "DeadLetters", lambda _address: house.open())
    samples = bytes([0x5A, 0x5B]) * 20
    mine = dead(house, encode(message(schema=7, stream_id="bed 4", data=samples)), offset=1, key=b"bed 4")
    house.bury(mine, dead(house, b"rubbish", offset=2, key=None, reason="message of 7 bytes must be a message"))
    code, listed = run(capsys, house, "list")
    assert code == 0
    assert [line.split()[0] for line in listed.splitlines()[2:]] == ["0/1", "0/0"]
    assert "bed 4" in listed
    assert "0/1" not in run(capsys, house, "list", "--stream", "bed 4")[1]
    summary = run(capsys, house, "list", "--summary")[1]
    assert "1  undecodable  message of # bytes must be a message" in summary
    shown = run(capsys, house, "show", "0/0")[1]
    assert f"original      {house.topic}/1 offset 1" in shown
    assert "40 bytes" in shown
    assert "5a 5b" not in shown
    assert run(capsys, house, "replay", "--reason", "schema", "--dry-run")[1].startswith("would replay 0/0")
    assert run(capsys, house, "replay", "--stream", "bed 4") == (0, "replayed 1, replayed before 0, refused 0\n")
    assert run(capsys, house, "replay", "0/0") == (0, "replayed 0, replayed before 1, refused 0\n")
    assert run(capsys, house, "replay", "--all")[1].endswith("replayed 1, replayed before 1, refused 0\n")
    with pytest.raises(DeadLetterError, match="must be named"):
        run(capsys, house, "replay")
