"""WFDB records: read, written, and read again by WFDB's own programs and by wfdb-python."""

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import wfdb
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from formats.errors import FormatError
from formats.mit_annotations import decode
from formats.wfdb_files import (
    read_annotations,
    read_blocks,
    read_header,
    read_marks,
    write_annotations,
    write_record,
)
from signal_processing.values import INVALID_SAMPLE, Block, Channel, Signal


def whole(header, **rest):
    return np.concatenate([block.samples for block in read_blocks(header, **rest)])


def header_and_data(folder, record_line, signal_lines, data=b"\0" * 4000):
    """A record by hand."""
    (folder / "r.hea").write_text("\n".join([record_line, *signal_lines]) + "\n")
    (folder / "r.dat").write_bytes(data)
    return folder / "r"


def test_record_comes_back_bit_identical_with_its_description(tmp_path, signal, samples, blocks):
    header = read_header(write_record(tmp_path, "rec", signal, blocks, comments=["two\nlines"]))
    assert header.signal.channels == signal.channels
    assert header.signal.fs_hz == signal.fs_hz
    assert header.start_us == header.signal.t0_us == signal.t0_us
    assert header.n_samples == len(samples)
    assert any("two lines" in comment for comment in header.comments)
    np.testing.assert_array_equal(whole(header), samples)


@settings(max_examples=40, deadline=None)
@given(
    samples=npst.arrays(np.int16, st.tuples(st.integers(1, 60), st.integers(1, 4))),
    cut=st.integers(0, 60),
    gap=st.integers(0, 30),
    first=st.integers(0, 10**9),
)
def test_record_holds_any_int16_and_fills_any_gap(tmp_path_factory, samples, cut, gap, first):
    folder = tmp_path_factory.mktemp("any")
    signal = Signal("s", "ecg", 250.0, 0, tuple(Channel(f"c{i}", "mV") for i in range(samples.shape[1])))
    cut = min(cut, len(samples) - 1)
    parts = [Block(first, samples[:cut]), Block(first + cut + gap, samples[cut:])]
    header = read_header(write_record(folder, "r", signal, parts, first_sample=first))
    filler = np.full((gap, samples.shape[1]), INVALID_SAMPLE, np.int16)
    np.testing.assert_array_equal(whole(header), np.concatenate([samples[:cut], filler, samples[cut:]]))


def test_record_is_read_alike_by_wfdb_python(tmp_path, signal, samples, blocks):
    write_record(tmp_path, "rec", signal, blocks)
    record = wfdb.rdrecord(str(tmp_path / "rec"), physical=False)
    np.testing.assert_array_equal(record.d_signal, samples)
    assert (record.adc_gain, record.baseline, record.units) == ([200.0, 100.5], [1024, -7], ["mV", "mV"])
    assert record.checksum == [int(column.sum(dtype=np.int64).astype(np.int16)) for column in samples.T]
    assert record.init_value == samples[0].tolist()
    assert datetime.combine(record.base_date, record.base_time, UTC).timestamp() == pytest.approx(signal.t0_us / 1e6)


def test_record_is_read_alike_by_rdsamp(tmp_path, signal, samples, blocks, wfdb_program):
    write_record(tmp_path, "rec", signal, blocks)
    out = subprocess.run(
        [wfdb_program("rdsamp"), "-r", "rec"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    np.testing.assert_array_equal(np.loadtxt(out.stdout.splitlines(), dtype=int)[:, 1:], samples)
    assert out.stderr == ""  # rdsamp says so when a checksum is wrong


def test_gap_is_filled_and_told_in_the_header(tmp_path, signal, samples):
    parts = [Block(100, samples[:50]), Block(170, samples[50:90])]
    header = read_header(write_record(tmp_path, "rec", signal, parts, first_sample=100))
    assert header.start_us == signal.clock.us_at(100)
    found = whole(header)
    np.testing.assert_array_equal(found[:50], samples[:50])
    assert (found[50:70] == INVALID_SAMPLE).all()
    np.testing.assert_array_equal(found[70:], samples[50:90])
    assert any("filled with -32768 (invalid): [50, 70)" in comment for comment in header.comments)


@pytest.mark.parametrize("block_s", [0.001, 1.0, 3.7, 1e6])
def test_read_blocks_gives_the_same_samples_whatever_their_length(tmp_path, signal, samples, blocks, block_s):
    header = read_header(write_record(tmp_path, "rec", signal, blocks))
    pieces = list(read_blocks(header, block_s=block_s))
    assert [piece.start for piece in pieces[1:]] == [piece.end for piece in pieces[:-1]]
    np.testing.assert_array_equal(np.concatenate([piece.samples for piece in pieces]), samples)


def test_read_blocks_gives_a_part_when_asked(tmp_path, signal, samples, blocks):
    header = read_header(write_record(tmp_path, "rec", signal, blocks))
    np.testing.assert_array_equal(whole(header, start=1000, end=2500), samples[1000:2500])


def test_start_is_the_callers_when_the_header_states_none(tmp_path):
    path = header_and_data(tmp_path, "r 1 250 1000 10:20:30", ["r.dat 16 200/mV 16 0 0 0 0 I"])
    assert read_header(path).start_us is None
    assert read_header(path, t0_us=77).signal.t0_us == 77


@pytest.mark.parametrize(
    ("fmt", "data", "expected"),
    [
        ("16", np.array([1, -32768, 32767], "<i2").tobytes(), [1, INVALID_SAMPLE, 32767]),
        ("80", bytes([129, 0, 255]), [1, INVALID_SAMPLE, 127]),
        ("212", bytes([0x01, 0x80, 0x00, 0xFF, 0x07, 0x00]), [1, INVALID_SAMPLE, 2047]),
        ("24", b"\1\0\0\0\0\x80\xff\xff\x7f", [1, -(2**31), 2**23 - 1]),
        ("32", np.array([1, -(2**31), 2**31 - 1], "<i4").tobytes(), [1, -(2**31), 2**31 - 1]),
    ],
)
def test_read_blocks_maps_no_sample_of_each_format_to_that_of_the_type(tmp_path, fmt, data, expected):
    path = header_and_data(tmp_path, "r 1 250 3", [f"r.dat {fmt} 200/mV 16 0 0 0 0 I"], data)
    header = read_header(path)
    samples = whole(header)
    assert samples[:, 0].tolist() == expected
    assert samples.dtype == header.signal.sample_format.dtype
    assert header.signal.sample_type == ("int32" if fmt in {"24", "32"} else "int16")


def test_a_record_of_16_and_32_bits_is_read_as_int32(tmp_path):
    lines = ["r.dat 16 200/mV 16 0 0 0 0 I", "wide.dat 32 1000/mV 32 0 0 0 0 II"]
    (tmp_path / "wide.dat").write_bytes(np.array([70_000, -(2**31), -5], "<i4").tobytes())
    header = read_header(header_and_data(tmp_path, "r 2 250 3", lines, np.array([-32768, 7, 8], "<i2").tobytes()))
    assert whole(header).tolist() == [[-(2**31), 70_000], [7, -(2**31)], [8, -5]]
    assert whole(header).dtype == np.int32


@settings(max_examples=40, deadline=None)
@given(
    samples=npst.arrays(np.int32, st.tuples(st.integers(1, 60), st.integers(1, 4))),
    cut=st.integers(0, 60),
    gap=st.integers(0, 30),
)
def test_record_holds_any_int32_and_is_read_alike_by_wfdb_python(tmp_path_factory, samples, cut, gap):
    folder = tmp_path_factory.mktemp("any")
    channels = tuple(Channel(f"c{i}", "mV", 1e5) for i in range(samples.shape[1]))
    signal = Signal("s", "ecg", 250.0, 0, channels, "int32")
    cut = min(cut, len(samples) - 1)
    path = write_record(folder, "r", signal, [Block(0, samples[:cut]), Block(cut + gap, samples[cut:])])
    filler = np.full((gap, samples.shape[1]), -(2**31), np.int32)
    expected = np.concatenate([samples[:cut], filler, samples[cut:]])
    header = read_header(path)
    assert header.signal.sample_type == "int32"
    np.testing.assert_array_equal(whole(header), expected)
    theirs = wfdb.rdrecord(str(folder / "r"), physical=False, return_res=32)
    np.testing.assert_array_equal(theirs.d_signal, expected)
    assert theirs.checksum == [int(column.sum(dtype=np.int64).astype(np.int16)) for column in expected.T]


def test_record_of_32_bits_is_read_alike_by_rdsamp(tmp_path, wfdb_program):
    samples = np.random.default_rng(3).integers(-(2**30), 2**30, (500, 2)).astype(np.int32)
    signal = Signal("s", "ecg", 250.0, 0, (Channel("I", "mV", 1e6), Channel("II", "mV", 1e6)), "int32")
    write_record(tmp_path, "rec", signal, [Block(0, samples)])
    command = [wfdb_program("rdsamp"), "-r", "rec"]
    out = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    np.testing.assert_array_equal(np.loadtxt(out.stdout.splitlines(), dtype=int)[:, 1:], samples)
    assert out.stderr == ""


def test_write_record_refuses_floats(tmp_path):
    signal = Signal("s", "acc", 32.0, 0, (Channel("x", "[g]"),), "float32")
    with pytest.raises(FormatError, match="must be int16 or int32, those of 's'/'acc' are float32"):
        write_record(tmp_path, "r", signal, [Block(0, np.zeros((3, 1), np.float32))])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("wfdb_unit", "ucum"), [("mV", "mV"), ("uV", "uV"), ("mmHg", "mm[Hg]"), ("NU", "1"), ("%", "%"), ("bpm", "/min")]
)
def test_units_are_ucum_inside_and_wfdbs_own_in_files(tmp_path, wfdb_unit, ucum):
    path = header_and_data(tmp_path, "r 1 250 2000", [f"r.dat 16 10/{wfdb_unit} 16 0 0 0 0 X"])
    header = read_header(path)
    assert header.signal.channels[0].unit == ucum
    write_record(tmp_path, "copy", header.signal, read_blocks(header))
    assert f"10(0)/{wfdb_unit} " in (tmp_path / "copy.hea").read_text()


def test_channels_that_share_a_name_are_told_apart(tmp_path):
    lines = ["r.dat 16 200/mV 16 0 0 0 0 ECG"] * 2 + ["r.dat 16 0 16 0 0 0 0"]
    channels = read_header(header_and_data(tmp_path, "r 3 250 600", lines)).signal.channels
    assert [channel.name for channel in channels] == ["ECG", "ECG 1", "signal 2"]
    assert channels[2].gain == 200.0  # 0 means WFDB's default


LINE = "r.dat 16 200/mV 16 0 0 0 0 I"


@pytest.mark.parametrize(
    ("record_line", "signal_lines", "message"),
    [
        ("", [], "must have a record line"),
        ("# only a comment", [], "must have a record line"),
        ("\x00\x01\x02", [], r"must follow WFDB's header\(5\)"),
        ("r 2 250 1000", [LINE], "must describe its 1 or more signals, got 1 of 2"),
        ("r 0 250 1000", [], "must describe its 1 or more signals"),
        ("r 1 0 1000", [LINE], "sampling rate must be within"),
        ("r 1 nan 1000", [LINE], "sampling rate must be a plain number, got 'nan'"),
        ("r 1 -250 1000", [LINE], "sampling rate must be a plain number, got '-250'"),
        ("r 1 1e3 1000", [LINE], "sampling rate must be a plain number, got '1e3'"),
        ("r 1 250 -1000", [LINE], "number of samples must be a whole one, got '-1000'"),
        ("r/2 1 250 1000", ["a 500", "b 500"], "must have one segment, got 2"),
        ("r 2 250 1000", [LINE.replace(" 16 ", " 16x4 ", 1), LINE], "must sample all signals at one rate"),
        (
            "r 1 250 1000",
            ["missing.dat 16 200/mV 16 0 0 0 0 I"],
            "needs its signal file .*missing.dat, got: No such file",
        ),
        ("r 1 250 9000", [LINE], "must hold the 9000 samples its header states, got 2000"),
        ("r 1 250 1000", ["r.dat 16 200/parsec 16 0 0 0 0 I"], "unit of a WFDB signal must be one of .* got 'parsec'"),
        ("r 1 250 1000", ["../r.dat 16 200/mV 16 0 0 0 0 I"], "must lie beside the header .* got '../r.dat'"),
        ("r 1 250 1000", ["/etc/passwd 16 200/mV 16 0 0 0 0 I"], "must lie beside the header"),
    ],
)
def test_read_header_names_the_rule_when_the_header_breaks_it(tmp_path, record_line, signal_lines, message):
    with pytest.raises(FormatError, match=message):
        read_header(header_and_data(tmp_path, record_line, signal_lines))


def test_read_header_says_so_when_there_is_none(tmp_path):
    with pytest.raises(FormatError, match=r"needs a readable header .*nobody\.hea, got: No such file"):
        read_header(tmp_path / "nobody")


def test_read_header_says_so_when_the_path_is_a_folder_without_a_name():
    with pytest.raises(FormatError, match=r"record must be named, got the folder '\.'"):
        read_header(Path())


@pytest.mark.parametrize("rate", ["250", "250.5", "250/1000", "250/1000(-3.5)"])
def test_read_header_takes_a_rate_with_and_without_a_counter(tmp_path, rate):
    header = read_header(header_and_data(tmp_path, f"r 1 {rate} 1000", [LINE]))
    assert header.signal.fs_hz == float(rate.split("/")[0])


def test_read_header_says_so_when_the_signal_file_is_empty(tmp_path):
    with pytest.raises(FormatError, match="at least one sample"):
        read_header(header_and_data(tmp_path, "r 1 250", [LINE], b""))


def test_read_blocks_refuses_a_value_beyond_int16(tmp_path):
    data = b"\x7f" * 300  # differences of 8 bits, each upwards
    header = read_header(header_and_data(tmp_path, "r 1 250 300", ["r.dat 8 200/mV 16 0 0 0 0 I"], data))
    with pytest.raises(FormatError, match=r"fit \[-32768, 32767\], got \d+ in 'I' at sample"):
        whole(header)


def test_read_blocks_refuses_a_damaged_signal_file(tmp_path, signal, blocks):
    path = write_record(tmp_path, "rec", signal, blocks)
    data = bytearray((tmp_path / "rec.dat").read_bytes())
    data[4321] ^= 0x40
    (tmp_path / "rec.dat").write_bytes(data)
    with pytest.raises(FormatError, match=r"must add up to checksum .* the signal file is damaged"):
        whole(read_header(path))


@pytest.mark.parametrize("name", ["../out", "a/b", "", "a b", "a.b", "x" * 201])
def test_write_record_refuses_a_name_that_is_none(tmp_path, signal, blocks, name):
    with pytest.raises(FormatError, match="record name must be"):
        write_record(tmp_path, name, signal, blocks)


@pytest.mark.parametrize("annotator", ["", "../x", "dat", "hea", "a-b"])
def test_write_annotations_refuses_an_annotator_that_is_none(tmp_path, signal, said, annotator):
    with pytest.raises(FormatError, match="annotator must be"):
        write_annotations(tmp_path, "rec", annotator, signal, [said(1)])


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([], "at least one sample"),
        ([Block(0, np.zeros((4, 2)))], "must be int16, got float64"),
        ([Block(0, np.zeros((4, 3), np.int16))], "must have 2 channels, got 3"),
        (
            [Block(0, np.zeros((4, 2), np.int16)), Block(3, np.zeros((4, 2), np.int16))],
            "next sample is 4, got .* from 3",
        ),
    ],
)
def test_write_record_leaves_nothing_when_a_block_is_refused(tmp_path, signal, parts, message):
    with pytest.raises(FormatError, match=message):
        write_record(tmp_path, "rec", signal, parts)
    assert list(tmp_path.iterdir()) == []


def test_write_record_says_so_when_the_folder_cannot_be_made(tmp_path, signal, blocks):
    (tmp_path / "file").write_text("")
    with pytest.raises(FormatError, match="must be writable, got"):
        write_record(tmp_path / "file" / "below", "rec", signal, blocks)


def make_annotations(said):
    return [
        said(0, label="N"),
        said(10, label="V"),
        said(10, label="N"),
        said(10, 400, "AFIB"),
        said(20, 300, "NOISY", channel="V1"),
        said(350, 700, "PAUSE", note="after a beat; 2 s"),
        said(800, label="NOTE", note="Herzrasen ä\n"),
        said(1_500, label="PULSE"),
    ]


def test_annotations_come_back_through_a_file(tmp_path, signal, blocks, said):
    header = read_header(write_record(tmp_path, "rec", signal, blocks))
    write_annotations(tmp_path, "rec", "exp", signal, make_annotations(said))
    found = read_annotations(header, "exp")
    assert [(a.start, a.end, a.label, a.channel, a.note) for a in found] == [
        (0, 0, "N", None, ""),
        (10, 10, "N", None, ""),
        (10, 10, "V", None, ""),
        (10, 400, "AFIB", None, ""),
        (20, 300, "NOISY", "V1", ""),
        (350, 700, "PAUSE", None, "after a beat; 2 s"),
        (400, 5000, "SR", None, ""),
        (800, 800, "NOTE", None, "Herzrasen ä "),
        (1500, 1500, "PULSE", None, ""),
    ]


def test_annotations_are_read_alike_by_wfdb_python(tmp_path, signal, blocks, said):
    write_record(tmp_path, "rec", signal, blocks)
    write_annotations(tmp_path, "rec", "exp", signal, make_annotations(said))
    theirs = wfdb.rdann(str(tmp_path / "rec"), "exp")
    ours = read_marks(tmp_path / "rec", "exp")
    assert theirs.sample.tolist() == [mark.sample for mark in ours]
    assert theirs.symbol == [mark.symbol for mark in ours]
    assert theirs.subtype.tolist() == [mark.subtyp for mark in ours]


def test_annotations_are_read_alike_by_rdann(tmp_path, signal, blocks, said, wfdb_program):
    write_record(tmp_path, "rec", signal, blocks)
    write_annotations(tmp_path, "rec", "exp", signal, make_annotations(said))
    command = [wfdb_program("rdann"), "-r", "rec", "-a", "exp"]
    out = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    rows = [line.split("\t") for line in out.stdout.splitlines()]
    listed = [(int(row[0].split()[-5]), *row[0].split()[-4:]) for row in rows]
    ours = read_marks(tmp_path / "rec", "exp")
    assert listed == [(m.sample, m.symbol, str(m.subtyp), str(m.chan), str(m.num)) for m in ours]
    assert [row[1] if len(row) > 1 else "" for row in rows] == [mark.aux for mark in ours]


def test_annotations_need_no_rearranging_by_sortann(tmp_path, signal, blocks, said, wfdb_program):
    write_record(tmp_path, "rec", signal, blocks)
    path = write_annotations(tmp_path, "rec", "exp", signal, make_annotations(said))
    before = decode(path.read_bytes())
    command = [wfdb_program("sortann"), "-r", "rec", "-a", "exp"]
    subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)
    assert decode(path.read_bytes()) == before


def test_annotations_count_from_the_first_sample_of_the_record(tmp_path, signal, said):
    write_annotations(tmp_path, "rec", "exp", signal, [said(1_000_005)], first_sample=1_000_000)
    assert read_marks(tmp_path / "rec", "exp")[0].sample == 5
    with pytest.raises(FormatError, match="from 0: got -3"):
        write_annotations(tmp_path, "rec", "exp", signal, [said(7)], first_sample=10)


def test_read_marks_says_so_when_there_is_no_file(tmp_path):
    with pytest.raises(FormatError, match=r"rec\.atr must be readable, got: No such file"):
        read_marks(tmp_path / "rec", "atr")


@pytest.mark.data
@pytest.mark.parametrize(
    "name", ["mitdb/208", "cudb/cu01", "challenge-2017/A00001", "ludb/data/1", "challenge-2015/a103l"]
)
def test_reference_record_is_read_and_written_bit_identical(data_dir, tmp_path, name):
    path = data_dir / name
    if not path.with_name(f"{path.name}.hea").exists():
        pytest.skip(f"no record {path}")
    header = read_header(path)
    theirs = wfdb.rdrecord(str(path), physical=False).d_signal
    np.testing.assert_array_equal(whole(header), theirs)
    write_record(tmp_path, "copy", header.signal, read_blocks(header))
    copy = read_header(Path(tmp_path / "copy"))
    np.testing.assert_array_equal(whole(copy), theirs)
    assert copy.signal.channels == header.signal.channels
