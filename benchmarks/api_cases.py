"""Requests made from the description of the API: right ones, wrong ones, and either aimed at what is really there."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, NamedTuple

import hypothesis
import schemathesis
from hypothesis import HealthCheck, Phase
from hypothesis import strategies as st
from schemathesis import GenerationMode

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterator, Mapping, Sequence

    from schemathesis import Case
    from schemathesis.schemas import APIOperation

CURRENT = "the current one"
"""In place of a revision: the one that the annotation has when the request is sent."""
REVISIONS = (CURRENT, CURRENT, CURRENT, '"0"', '"1"', '"7"', "0", "*", 'W/"0"', '"99999999999"', "")


class Known(NamedTuple):
    """What is in the database.

    Parameters
    ----------
    beats : (sample, number) of machine beats.
    annotations : ids of annotations.
    """

    stream_id: int
    group_id: int
    run_id: int
    start_us: int
    end_us: int
    n_samples: int
    beats: Sequence[tuple[int, int]]
    annotations: Sequence[uuid.UUID]

    def fields(self) -> st.SearchStrategy[dict[str, Any]]:
        """Values of fields, by their names, that fit what is there, and mostly each other."""
        bounds = st.tuples(st.integers(0, self.n_samples), st.integers(0, self.n_samples)).map(sorted)
        return st.builds(
            self._placed,
            st.sampled_from(self.annotations),
            st.sampled_from(self.beats),
            bounds,
            st.sampled_from(["N", "V", "AFIB", "VT", "NOISY", "NONSENSE"]),
            st.sampled_from(["II", "V5", "III", None]),
        )

    def _placed(
        self, annotation: uuid.UUID, beat: tuple[int, int], bounds: list[int], label: str, channel: str | None
    ) -> dict[str, Any]:
        us_a_sample = (self.end_us - self.start_us) // self.n_samples
        start_us, end_us = (self.start_us + bound * us_a_sample for bound in bounds)
        return {
            "stream_id": self.stream_id,
            "group_id": self.group_id,
            "run_id": self.run_id,
            "annotation_id": str(annotation),
            "start": bounds[0],
            "end": bounds[1],
            "sample": beat[0],
            "number": beat[1],
            "start_us": start_us,
            "end_us": end_us,
            "label": label,
            "channel": channel,
            "evidence": [str(self.annotations[0])],
            "min_confidence": 0.5,
        }


class Made(NamedTuple):
    """A request; an aimed one may have become right though it was made wrong."""

    case: Case
    is_aimed: bool


def requests_of(document: Mapping[str, Any], known: Known, *, n_examples: int, seed: int) -> Iterator[Made]:
    """For every operation of the description so many requests; the same ones for the same seed."""
    schema = schemathesis.openapi.from_dict(_without_security(document))
    for found in schema.get_all_operations():
        yield from _drawn(_made(found.ok(), known), n_examples, seed)


def _without_security(document: Mapping[str, Any]) -> dict[str, Any]:
    """Sessions are sent by the people, not drawn."""
    copied = copy.deepcopy(dict(document))
    for operations in copied["paths"].values():
        for operation in operations.values():
            operation.pop("security", None)
    return copied


def _made(operation: APIOperation, known: Known) -> st.SearchStrategy[Made]:
    modes = (GenerationMode.POSITIVE, GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    cases = st.one_of([operation.as_strategy(generation_mode=mode) for mode in modes])
    return st.builds(_aimed, cases, known.fields(), st.sampled_from(REVISIONS), st.sampled_from([True, True, False]))


def _aimed(case: Case, fields: Mapping[str, Any], revision: str, is_aimed: bool) -> Made:  # noqa: FBT001 - drawn
    """The request with some of its fields replaced by what is there."""
    if not is_aimed:
        return Made(case, is_aimed)
    for container in (case.path_parameters, case.query, case.body):
        if isinstance(container, dict):
            _replace(container, fields)
            _replace(container.get("changes"), fields)
    if case.method in {"PATCH", "DELETE"}:
        case.headers["If-Match"] = revision
    return Made(case, is_aimed)


def _replace(container: Any, fields: Mapping[str, Any]) -> None:
    if isinstance(container, dict):
        container.update({name: value for name, value in fields.items() if name in container})


def _drawn(made: st.SearchStrategy[Made], n_examples: int, seed: int) -> list[Made]:
    found: list[Made] = []

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=n_examples,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(made)
    def collect(one: Made) -> None:
        found.append(one)

    collect()
    return found
