"""An archive becomes streams, and sending it goes on after any interruption."""

from __future__ import annotations

import io
import shutil
from threading import Event

import numpy as np
import pytest

from formats.errors import FormatError
from formats.wfdb_files import read_blocks, read_header, write_record
from ingest.acknowledged import AcknowledgedSink, Reached
from ingest.errors import BrokerUnavailableError
from ingest.replay import FULL_SPEED
from rhythmark import journal as journals
from rhythmark.archive import UNDATED_US, Manner, archive_of, plan, send
from rhythmark.progress import Count, Progress
from signal_processing.values import Block, Channel, Signal

FS_HZ = 250.0
T0_US = 1_700_000_000_000_000
NOW_US = T0_US + 10**13


def write(folder, name, *, n_s=60, seed=1):
    rng = np.random.default_rng(seed)
    values = rng.integers(-500, 500, (int(n_s * FS_HZ), 2)).astype(np.int16)
    channels = (Channel("II", "mV", 200.0), Channel("V1", "mV", 200.0))
    signal = Signal(name, "ecg", FS_HZ, T0_US, channels)
    return write_record(folder, name, signal, [Block(0, values)]).with_suffix("")


class Broker:
    """Takes what is sent; acknowledges at a flush; dies before message number `dies_at`."""

    def __init__(self, *, dies_at=None):
        self.safe, self._pending, self._n, self._dies_at = [], [], 0, dies_at

    def send(self, message):
        if self._n == self._dies_at:
            msg = "gone"
            raise BrokerUnavailableError(msg)
        self._n += 1
        self._pending.append(message)

    def flush(self):
        self.safe += self._pending
        self._pending = []


def manner(**changes):
    facts = {
        "device": "d",
        "speed": FULL_SPEED,
        "block_s": 5.0,
        "now_us": NOW_US,
        "starts_now": False,
        "is_anew": False,
    }
    return Manner(**(facts | changes))


@pytest.fixture
def quiet():
    return Progress("records", 1, 1, file=io.StringIO())


@pytest.fixture
def archive(tmp_path):
    """Three records in two folders, of 60, 5 and 20 s."""
    root = tmp_path / "archive"
    write(root / "a", "r1")
    write(root / "a", "r2", n_s=5, seed=2)
    write(root / "b" / "deep", "r1", n_s=20, seed=3)
    return root


@pytest.fixture
def every_message_is_a_step(monkeypatch):
    """Each message is waited for, so that the journal knows all that arrived."""
    monkeypatch.setattr(AcknowledgedSink.__init__, "__kwdefaults__", {"every_s": 0.0, "clock": None})


def sent_by_stream(broker):
    streams = {}
    for message in broker.safe:
        known = streams.setdefault(message.stream_id, {})
        known.update({message.seq + i: tuple(row) for i, row in enumerate(message.block().samples.tolist())})
    return streams


def as_recorded(root):
    streams = {}
    for record in archive_of([root]):
        values = np.concatenate([block.samples for block in read_blocks(read_header(record.path))])
        streams[record.stream] = dict(enumerate(map(tuple, values.tolist())))
    return streams


def test_streams_of_a_folder_are_named_by_their_path_from_there(archive):
    assert [record.stream for record in archive_of([archive])] == ["a/r1", "a/r2", "b/deep/r1"]
    assert [record.stream for record in archive_of([archive / "a"], prefix="ward")] == ["ward/r1", "ward/r2"]
    assert [record.stream for record in archive_of([archive / "a" / "r2.hea"])] == ["r2"]


def test_record_that_is_named_twice_is_sent_once(archive):
    (archive / "a" / "zz.hea").symlink_to(archive / "a" / "r1.hea")
    records = archive_of([archive, archive / "a" / "r2", archive])
    assert [record.stream for record in records] == ["a/r1", "a/r2", "b/deep/r1"]


def test_two_records_that_would_become_one_stream_are_refused(archive):
    with pytest.raises(FormatError, match=r"must become different streams, got .*/a/r1 and .*/b/deep/r1 as 'r1'"):
        archive_of([archive / "a", archive / "b" / "deep"])


def test_copy_of_a_record_under_another_name_is_a_stream_of_its_own(archive):
    shutil.copytree(archive / "a", archive / "copy")
    assert [record.stream for record in archive_of([archive])][2:] == ["b/deep/r1", "copy/r1", "copy/r2"]


def test_folder_without_records_is_refused(tmp_path):
    with pytest.raises(FormatError, match="must hold at least one WFDB record"):
        archive_of([tmp_path])


def test_archive_arrives_whole_and_is_not_sent_again(archive, tmp_path, quiet):
    with journals.opened(tmp_path / "j.jsonl") as journal:
        planned, failures = plan(archive_of([archive]), journal, manner())
        broker = Broker()
        outcome = send(planned, broker, journal, manner(), quiet)
    assert failures == []
    assert sent_by_stream(broker) == as_recorded(archive)
    assert [message.stream_id for message in broker.safe if message.last] == ["a/r1", "a/r2", "b/deep/r1"]
    assert (outcome.n_sent, outcome.n_samples) == (3, 85 * 250 * 2)
    with journals.opened(tmp_path / "j.jsonl") as journal:
        planned, _ = plan(archive_of([archive]), journal, manner())
        again = Broker()
        assert send(planned, again, journal, manner(), quiet).n_there_already == 3
        assert again.safe == []
        planned, _ = plan(archive_of([archive]), journal, manner(is_anew=True))
        send(planned, again, journal, manner(is_anew=True), quiet)
    assert sent_by_stream(again) == as_recorded(archive)


def test_record_of_32_bits_arrives_whole(tmp_path, quiet):
    values = np.random.default_rng(4).integers(-(2**30), 2**30, (3_000, 2)).astype(np.int32)
    signal = Signal("wide", "ecg", FS_HZ, T0_US, (Channel("II", "mV", 1e6), Channel("V1", "mV", 1e6)), "int32")
    write_record(tmp_path / "wide", "r1", signal, [Block(0, values)])
    broker = Broker()
    with journals.opened(tmp_path / "j.jsonl") as journal:
        planned, failures = plan(archive_of([tmp_path / "wide"]), journal, manner())
        send(planned, broker, journal, manner(), quiet)
    assert failures == []
    assert sent_by_stream(broker) == {"r1": dict(enumerate(map(tuple, values.tolist())))}
    assert {message.dtype for message in broker.safe} == {"<i4"}


@pytest.mark.parametrize("dies_at", range(17))
def test_archive_arrives_whole_wherever_the_broker_died(archive, tmp_path, quiet, every_message_is_a_step, dies_at):
    first, second = Broker(dies_at=dies_at), Broker()
    with journals.opened(tmp_path / "j.jsonl") as journal, pytest.raises(BrokerUnavailableError):
        send(plan(archive_of([archive]), journal, manner())[0], first, journal, manner(), quiet)
    with journals.opened(tmp_path / "j.jsonl") as journal:
        send(plan(archive_of([archive]), journal, manner())[0], second, journal, manner(), quiet)
    both = Broker()
    both.safe = first.safe + second.safe
    assert sent_by_stream(both) == as_recorded(archive)
    # the record that was under way is cut at blocks of reading, 10 s: at most one message of 5 s comes twice
    assert len(both.safe) <= 17 + 1


def test_interruption_journals_what_is_safe(archive, tmp_path, quiet, monkeypatch):
    class Interrupted(Broker):
        def send(self, message):
            if len(self._pending) == 3:
                raise KeyboardInterrupt
            super().send(message)

    with journals.opened(tmp_path / "j.jsonl") as journal, pytest.raises(KeyboardInterrupt):
        send(plan(archive_of([archive]), journal, manner())[0], Interrupted(), journal, manner(), quiet)
    with journals.opened(tmp_path / "j.jsonl") as journal:
        planned, _ = plan(archive_of([archive]), journal, manner())
    assert planned[0].entry.next_sample == 15 * 250


def test_recording_that_starts_now_keeps_its_beginning_when_sending_goes_on(archive, tmp_path, quiet):
    with journals.opened(tmp_path / "j.jsonl") as journal:
        planned, _ = plan(archive_of([archive / "a"]), journal, manner(starts_now=True))
        journal.write([planned[0].entry])
        later = manner(starts_now=True, now_us=NOW_US + 10**9)
        planned, _ = plan(archive_of([archive / "a"]), journal, later)
    assert [one.entry.t0_us for one in planned] == [NOW_US, NOW_US + 10**9]


def test_record_that_changed_is_sent_from_its_beginning(archive, tmp_path, quiet):
    with journals.opened(tmp_path / "j.jsonl") as journal:
        send(plan(archive_of([archive]), journal, manner())[0], Broker(), journal, manner(), quiet)
        write(archive / "a", "r2", n_s=7, seed=9)
        planned, _ = plan(archive_of([archive]), journal, manner())
    assert [one.entry.is_whole for one in planned] == [True, False, True]


def test_damaged_record_is_said_and_the_others_go_on(archive, tmp_path):
    broken = archive / "a" / "r1.dat"
    content = bytearray(broken.read_bytes())
    content[100] ^= 0x55
    broken.write_bytes(content)
    (archive / "a" / "r2.dat").unlink()
    for _ in range(2):  # also the second time: it is not half sent and then whole
        said = io.StringIO()
        broker = Broker()
        with journals.opened(tmp_path / "j.jsonl") as journal:
            planned, failures = plan(archive_of([archive]), journal, manner())
            outcome = send(planned, broker, journal, manner(), Progress("records", 2, 1, file=said))
        assert len(failures) == 1
        assert "a/r2" in failures[0]
        assert outcome.n_failed == 1
        assert "a/r1" in said.getvalue()
        assert "the signal file is damaged" in said.getvalue()
    assert not any(message.last for message in broker.safe if message.stream_id == "a/r1")


def test_name_that_no_stream_can_have_is_said_before_anything_is_sent(archive, tmp_path):
    (archive / "a").rename(archive / "übung")
    with journals.opened(tmp_path / "j.jsonl") as journal:
        planned, failures = plan(archive_of([archive]), journal, manner())
    assert [one.record.stream for one in planned] == ["b/deep/r1"]
    assert all("stream must hold ASCII letters" in failure for failure in failures)
    assert len(failures) == 2


def test_record_without_a_date_has_always_the_same_one(tmp_path):
    record = write(tmp_path / "x", "r1")
    header = record.with_suffix(".hea")
    lines = header.read_text().splitlines()
    header.write_text("\n".join([" ".join(lines[0].split()[:4]), *lines[1:], ""]))
    with journals.opened(tmp_path / "j.jsonl") as journal:
        planned, failures = plan(archive_of([tmp_path / "x"]), journal, manner())
    assert failures == []
    assert planned[0].entry.t0_us == UNDATED_US


def test_journal_drops_what_an_interruption_tore(tmp_path):
    path = tmp_path / "j.jsonl"
    entries = [journals.Entry("a", "f", 5, 250, is_whole=False), journals.Entry("b", "f", 5, 500, is_whole=True)]
    with journals.opened(path) as journal:
        journal.write(entries)
    path.write_bytes(path.read_bytes()[:-7])
    with journals.opened(path) as journal:
        assert journal.find("a", "f") == entries[0]
        assert journal.find("b", "f") is None
        assert journal.find("a", "another record's") is None


def test_journal_has_one_writer(tmp_path):
    with (
        journals.opened(tmp_path / "j.jsonl"),
        pytest.raises(FormatError, match="one replay at a time"),
        journals.opened(tmp_path / "j.jsonl"),
    ):
        pass


def test_sink_says_what_is_safe_only_after_it_waited(archive):
    class Clock:
        now = 0.0

        def monotonic_s(self):
            return self.now

    clock, broker, heard = Clock(), Broker(), []
    sink = AcknowledgedSink(broker, heard.append, every_s=1.0, clock=clock)
    from ingest.replay import replay

    header = read_header(archive / "a" / "r2")
    replay(header.signal, read_blocks(header), sink, speed=FULL_SPEED, stop=Event())
    assert (heard, broker.safe) == ([], [])
    sink.settle()
    assert heard == [{"r2": Reached(5 * 250, is_whole=True)}]
    clock.now = 2.0
    sink.send(broker.safe[0])
    assert heard[1] == {"r2": Reached(250, is_whole=False)}


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_progress_is_a_bar_on_a_terminal():
    terminal = Terminal()
    with Progress("records", 2, 4_000_000, file=terminal) as progress:
        progress.skip(1_000_000)
        progress.advance(1_000_000)
        progress.finish_one()
        progress.say("error: x")
    assert "1/2 records:  50%" in terminal.getvalue()
    assert "error: x\n" in terminal.getvalue()


def test_records_are_counted_by_lines_above_a_bar_on_a_terminal_and_by_lines_alone_elsewhere():
    terminal, file = Terminal(), io.StringIO()
    for out in (terminal, file):
        with Count("records", 2, file=out) as count:
            count.finish_one("a: 7 beats")
            count.finish_one("error: x")
    assert file.getvalue() == "[1/2] a: 7 beats\n[2/2] error: x\n"
    assert "[2/2] error: x\n" in terminal.getvalue()
    assert "100%" in terminal.getvalue()
    assert "2/2" in terminal.getvalue().rsplit("\r", 1)[-1]


def test_progress_is_a_line_every_ten_seconds_elsewhere():
    out, now = io.StringIO(), [0.0]
    with Progress("records", 2, 40_000_000, file=out, now_s=lambda: now[0]) as progress:
        for now[0] in (4.0, 9.0, 10.0, 12.0):
            progress.advance(5_000_000)
        progress.finish_one()
    assert out.getvalue() == "0 of 2 records, 7.5 of 20.0 million samples, 1.5 MB/s, 17 s left\n"
