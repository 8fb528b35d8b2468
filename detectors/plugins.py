"""Detectors of other packages: whatever is installed under the entry point `rhythmark.detectors`.

An entry point names a detector, or what gives one or several when it is called without arguments (a class, a
function). One that cannot be loaded, is no detector or takes a name that is taken is left out, and a
`BrokenDetectorWarning` says which and why; the others run. docs/how-to/add-a-detector.md shows a whole package.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import is_dataclass
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, cast

from signal_processing.errors import InvalidValueError
from signal_processing.values import Annotator

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from importlib.metadata import EntryPoint

    from detectors.protocol import AnyDetector
    from signal_processing.values import Signal

GROUP = "rhythmark.detectors"
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_METHODS = ("accepts", "initial", "step", "finish")


class BrokenDetectorWarning(UserWarning):
    """An installed detector that is left out."""


def installed(own: Mapping[str, AnyDetector]) -> dict[str, AnyDetector]:
    """The detectors of other packages, by name, in the order of their entry points' names.

    Parameters
    ----------
    own : those of this project; nobody may take their names or speak as their annotators.
    """
    found: dict[str, AnyDetector] = {}
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: (entry.name, entry.value)):
        try:
            for detector in _loaded(entry):
                _check_free(detector, {**own, **found}.values())
                found[detector.name] = Installed(detector)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong in somebody's package, the others shall run
            _warn(f"{_described(entry)} is left out: {type(error).__name__}: {error}")
    return found


class Installed:
    """A detector of another package; what it cannot tell about a signal, it does not accept.

    Everything else is the detector's own: a run of it, and its state, are as without this.
    """

    def __init__(self, detector: AnyDetector) -> None:
        self._detector = detector

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # who copies or unpickles asks before there is a detector
            raise AttributeError(name)
        return getattr(self._detector, name)

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (self._detector,))

    def accepts(self, signal: Signal) -> bool:
        """As the detector says; not, with a warning, when that fails."""
        try:
            return bool(self._detector.accepts(signal))
        except Exception as error:  # noqa: BLE001 - see above
            _warn(f"detector {self._detector.name!r} cannot tell whether it accepts {signal.group!r}: {error!r}")
            return False


def _loaded(entry: EntryPoint) -> Iterator[AnyDetector]:
    value = entry.load()
    made = value() if isinstance(value, type) or not hasattr(value, "step") else value
    for one in made if isinstance(made, (list, tuple)) else [made]:
        yield _checked(one)


def _checked(value: Any) -> AnyDetector:
    """The value, which must have the form of `detectors.protocol.Detector`."""
    missing = [name for name in _METHODS if not callable(getattr(value, name, None))]
    rules = {
        f"a detector must have methods {', '.join(_METHODS)}, {type(value).__name__} lacks {', '.join(missing)}": (
            not missing
        ),
        f"name must be lower case with dashes, got {_of(value, 'name')}": _is_name(getattr(value, "name", None)),
        f"version must be a text that is not empty, got {_of(value, 'version')}": _is_text(
            getattr(value, "version", None)
        ),
        f"latency_s must be a number from 0 on, got {_of(value, 'latency_s')}": _is_duration(
            getattr(value, "latency_s", None)
        ),
        f"state_type must be a dataclass, got {_of(value, 'state_type')}": is_dataclass(
            getattr(value, "state_type", None)
        ),
        f"annotators must be a tuple of Annotator, got {_of(value, 'annotators')}": _are_annotators(
            getattr(value, "annotators", None)
        ),
    }
    for rule, is_kept in rules.items():
        if not is_kept:
            raise InvalidValueError(rule)
    return cast("AnyDetector", value)


def _of(value: Any, name: str) -> str:
    return repr(getattr(value, name, None))


def _is_name(name: Any) -> bool:
    return isinstance(name, str) and _NAME.fullmatch(name) is not None


def _is_text(text: Any) -> bool:
    return isinstance(text, str) and bool(text)


def _is_duration(number: Any) -> bool:
    return isinstance(number, (int, float)) and number >= 0


def _are_annotators(annotators: Any) -> bool:
    is_some = isinstance(annotators, tuple) and bool(annotators)
    return is_some and all(isinstance(one, Annotator) and one.kind == "machine" for one in annotators)


def _check_free(detector: AnyDetector, others: Iterable[AnyDetector]) -> None:
    names = {detector.name, *(annotator.name for annotator in detector.annotators)}
    for other in others:
        taken = names & {other.name, *(annotator.name for annotator in other.annotators)}
        if taken:
            msg = f"names of detectors and annotators must differ, {', '.join(sorted(taken))} is taken"
            raise InvalidValueError(msg)


def _described(entry: EntryPoint) -> str:
    package = "" if entry.dist is None else f" of {entry.dist.name} {entry.dist.version}"
    return f"detector {entry.name!r} ({entry.value}){package}"


def _warn(text: str) -> None:
    warnings.warn(text, BrokenDetectorWarning, stacklevel=2)
