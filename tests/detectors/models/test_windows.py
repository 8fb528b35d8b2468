"""A model that reads windows, as a detector; and an ONNX model, written here byte by byte, through onnxruntime."""

import importlib.util
import pickle
import struct

import numpy as np
import pytest

from detectors import laws
from detectors.models.onnx_model import OnnxModel
from detectors.models.windows import WindowDetector
from detectors.runner import annotate
from signal_processing.errors import InvalidValueError
from signal_processing.values import Annotator, Block, Channel, Signal

FS_HZ = 100.0
SIGNAL = Signal("drawn", "acc", FS_HZ, 0, (Channel("y", "mV"), Channel("x", "mV")))
needs_onnxruntime = pytest.mark.skipif(
    importlib.util.find_spec("onnxruntime") is None, reason="no onnxruntime: pip install 'rhythmark[onnx]'"
)


def loudness(window):
    """[quiet, loud]: how much of the first row is beyond 1."""
    share = float(np.mean(np.abs(window[0]) > 1.0))
    return [1.0 - share, share]


def detector(model=loudness, **changes):
    fields = {"labels": (None, "NOISY"), "window_s": 2.0, "fs_hz": FS_HZ, "channels": ("x",)} | changes
    return WindowDetector("loud", "1", model, **fields)


def signal_of(*loud_s, fs_hz=FS_HZ, duration_s=30.0):
    """(signal, block) that is loud from and to these times, s, in its second channel."""
    t = np.arange(round(duration_s * fs_hz)) / fs_hz
    x = np.column_stack([np.full(len(t), 9.0), 0.1 * np.sin(t)])
    for start_s, end_s in loud_s:
        x[(t >= start_s) & (t < end_s), 1] = 2.0
    return Signal("drawn", "acc", fs_hz, 0, SIGNAL.channels), Block(1234, x)


def test_windows_of_one_label_are_one_span_of_the_channel_that_the_model_reads():
    signal, block = signal_of((4.0, 9.5))
    (*_, last) = annotate(detector(), signal, [block])
    assert (last.start - 1234, last.end - 1234, last.label, last.channel, last.ongoing) == (
        400,
        1000,
        "NOISY",
        "x",
        False,
    )
    assert last.annotator == Annotator("machine", "loud", "1")
    assert last.figures == {"mean_probability": pytest.approx((1 + 1 + 0.75) / 3), "windows": 3.0}
    assert last.confidence == last.figures["mean_probability"]


def test_a_window_with_a_missing_sample_is_not_judged():
    signal, block = signal_of((4.0, 10.0))
    holed = np.array(block.samples)
    holed[650, 1] = np.nan
    spans = [a for a in annotate(detector(), signal, [Block(block.start, holed)]) if not a.ongoing]
    assert [(a.start - 1234, a.end - 1234) for a in spans] == [(400, 600), (800, 1000)]


@pytest.mark.parametrize("fs_hz", [50.0, 128.0, 360.0])
def test_a_model_sees_its_own_sampling_rate_whatever_the_signals(fs_hz):
    shapes = set()

    def model(window):
        shapes.add(window.shape)
        return loudness(window)

    signal, block = signal_of((4.0, 8.0), fs_hz=fs_hz)
    (span,) = [a for a in annotate(detector(model), signal, [block]) if not a.ongoing]
    assert shapes == {(1, 200)}
    assert ((span.start - 1234) / fs_hz, (span.end - 1234) / fs_hz) == (4.0, 8.0)


@pytest.mark.parametrize("fs_hz", [FS_HZ, 128.0])
def test_the_adapter_keeps_every_law(fs_hz):
    laws.check_all(detector(), *signal_of((4.0, 9.5), (15.0, 27.0), fs_hz=fs_hz))


def test_a_signal_without_the_channel_is_not_accepted():
    assert detector().accepts(SIGNAL)
    assert not detector(channels=("x", "z")).accepts(SIGNAL)


def test_what_does_not_fit_the_model_is_refused():
    with pytest.raises(InvalidValueError, match="must be of the vocabulary, got LOUD"):
        detector(labels=(None, "LOUD"))
    with pytest.raises(InvalidValueError, match="has 3 labels, its model says 2 classes"):
        annotate(detector(labels=(None, "NOISY", "FLAT")), *[*signal_of((0.0, 9.0))][:1], [signal_of((0.0, 9.0))[1]])


def _field(number, value):
    """One field of a protocol buffer: an integer, or bytes with their length."""
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _varint(n):
    out = bytearray()
    while n > 0x7F:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    return bytes([*out, n])


def _node(kind, inputs, output):
    return b"".join(_field(1, name) for name in inputs) + _field(2, output) + _field(4, kind)


def _value(name, shape):
    dims = b"".join(_field(1, _field(1, n)) for n in shape)
    return _field(1, name) + _field(2, _field(1, _field(1, 1) + _field(2, dims)))


def _tensor(name, array):
    dims = b"".join(_field(1, n) for n in array.shape)
    return dims + _field(2, 1) + _field(8, name) + _field(9, struct.pack(f"<{array.size}f", *array.ravel()))


def onnx_of_mean(n_samples):
    """softmax([0, 20 (mean - 1)]) of one channel, as bytes of an ONNX model (onnx.proto3, IR version 8, opset 13)."""
    weights = np.zeros((n_samples, 2), np.float32)
    weights[:, 1] = 20.0 / n_samples
    graph = b"".join(
        [
            _field(1, _node(b"Flatten", [b"window"], b"flat")),
            _field(1, _node(b"MatMul", [b"flat", b"weights"], b"product")),
            _field(1, _node(b"Add", [b"product", b"bias"], b"sum")),
            _field(1, _node(b"Softmax", [b"sum"], b"probabilities")),
            _field(2, b"mean"),
            _field(5, _tensor(b"weights", weights)),
            _field(5, _tensor(b"bias", np.array([0.0, -20.0], np.float32))),
            _field(11, _value(b"window", (1, 1, n_samples))),
            _field(12, _value(b"probabilities", (1, 2))),
        ]
    )
    return _field(1, 8) + _field(7, graph) + _field(8, _field(1, b"") + _field(2, 13))


@needs_onnxruntime
def test_an_onnx_model_keeps_every_law_and_finds_what_it_was_made_for():
    model = OnnxModel(onnx_of_mean(200))
    signal, block = signal_of((4.0, 10.0))
    (*_, span) = annotate(detector(model), signal, [block])
    assert (span.start - 1234, span.end - 1234) == (400, 1000)
    assert span.confidence == pytest.approx(1.0, abs=1e-6)
    laws.check_all(detector(model), signal, block)


@needs_onnxruntime
def test_an_onnx_model_travels_to_other_processes():
    window = np.full((1, 200), 1.05, np.float32)
    model = OnnxModel(onnx_of_mean(200))
    said = model(window)
    assert said == pickle.loads(pickle.dumps(model))(window)  # noqa: S301 - made a moment ago
    assert said[1] == pytest.approx(1 / (1 + np.exp(-1.0)), abs=1e-4)


@needs_onnxruntime
def test_what_is_no_onnx_model_is_refused():
    with pytest.raises(InvalidValueError, match="model of 3 bytes must be ONNX"):
        OnnxModel(b"abc")
