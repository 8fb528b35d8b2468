"""ONNX models in the windows' adapter, run by onnxruntime: `pip install rhythmark[onnx]`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from signal_processing.errors import InvalidValueError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


class OnnxModel:
    """A model with one input (1, n_channels, n_samples) of float32 and, as its first output, (1, n_classes).

    It runs on one thread of the processor: a worker has many streams to share its cores among, and sums of several
    threads need not be the same to the bit.

    Parameters
    ----------
    data : the file's bytes; a package reads them with `importlib.resources`.

    Raises
    ------
    InvalidValueError : if onnxruntime is not installed or cannot read the bytes.
    """

    def __init__(self, data: bytes) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            msg = "ONNX models need onnxruntime: pip install 'rhythmark[onnx]'"
            raise InvalidValueError(msg) from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.use_deterministic_compute = True
        try:
            self._session: Any = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        except Exception as error:
            msg = f"model of {len(data)} bytes must be ONNX that onnxruntime runs: {error}"
            raise InvalidValueError(msg) from error
        self._data = data
        self._input = self._session.get_inputs()[0].name

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (self._data,))

    def __call__(self, window: NDArray[np.float32]) -> Sequence[float]:
        """The probabilities of the classes."""
        said = self._session.run(None, {self._input: window[np.newaxis]})[0]
        return [float(one) for one in np.ravel(said)]
