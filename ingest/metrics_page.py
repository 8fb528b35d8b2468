"""A worker's counts as Prometheus reads them."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from ingest.letters import REASON_CLASSES
from ingest.metrics import WORKER_STATES
from signal_processing.clock import US_PER_S

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.metrics_core import Metric

    from ingest.metrics import Histogram, WorkerFigures, WorkerMetrics
    from ingest.timing import Clock

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_COUNTERS = (
    ("messages", "n_messages", "Messages taken, stored or put aside"),
    ("samples", "n_samples", "Sample times stored, whatever the number of channels"),
    ("blocks", "n_blocks", "Runs of samples stored"),
    ("proposals", "n_proposals", "Spans and events that detectors proposed or extended"),
    ("beats", "n_beats", "Machine beats stored"),
    ("duplicate_samples", "n_duplicate_samples", "Sample times that were stored already"),
    ("late_samples", "n_late_samples", "Sample times stored behind the detectors"),
    ("transactions", "n_transactions", "Batches committed"),
    ("detector_seconds", "detector_s", "Time spent in detectors"),
    ("checkpoint_bytes", "checkpoint_bytes", "Bytes of detector states written"),
    ("rebalances", "n_rebalances", "Times that partitions came or went"),
)


class WorkerPage:
    """Renders `/metrics` of a worker.

    Parameters
    ----------
    metrics : of the worker.
    clock : says which streams are still active.
    """

    def __init__(self, metrics: WorkerMetrics, clock: Clock) -> None:
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(_WorkerCollector(metrics, clock))
        ProcessCollector(registry=self._registry)

    def render(self) -> bytes:
        """The text of now."""
        return generate_latest(self._registry)


class _WorkerCollector(Collector):
    def __init__(self, metrics: WorkerMetrics, clock: Clock) -> None:
        self._metrics, self._clock = metrics, clock

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        figures = self._metrics.figures(now_us=self._clock.now_us())
        for name, field, text in _COUNTERS:
            yield CounterMetricFamily(f"rhythmark_{name}", text, value=getattr(figures, field))
        yield _dead_letters(figures)
        yield _lags(figures)
        yield _states(figures)
        yield _histogram("write_seconds", "Time to store a batch, less that of the detectors", figures.write_s)
        yield _histogram("end_to_end_seconds", "From the producer's time stamp to the commit", figures.end_to_end_s)
        yield GaugeMetricFamily(
            "rhythmark_active_streams", "Streams with messages in the last minute", figures.n_active_streams
        )
        yield GaugeMetricFamily(
            "rhythmark_detectors_behind_groups", "Groups stored further than read", figures.behind.n_groups
        )
        yield GaugeMetricFamily(
            "rhythmark_detectors_behind_seconds", "Signal still to read, most", figures.behind.most_s
        )
        yield GaugeMetricFamily("rhythmark_states_in_memory", "Channel groups held in memory", figures.n_states)
        yield GaugeMetricFamily(
            "rhythmark_worker_start_time_seconds", "When the worker started, UTC", figures.started_us / US_PER_S
        )


def _dead_letters(figures: WorkerFigures) -> Metric:
    family = CounterMetricFamily("rhythmark_dead_letters", "Messages put aside, by class of reason", labels=["reason"])
    for reason in REASON_CLASSES:  # all from the start: a rate needs the zero before the first one
        family.add_metric([reason], figures.n_dead_letters.get(reason, 0))
    return family


def _lags(figures: WorkerFigures) -> Metric:
    family = GaugeMetricFamily(
        "rhythmark_consumer_lag_messages", "Messages still to read, of our partitions", labels=["topic", "partition"]
    )
    for partition, lag in sorted(figures.lag_messages.items()):
        family.add_metric([partition.topic, str(partition.number)], lag)
    return family


def _states(figures: WorkerFigures) -> Metric:
    family = GaugeMetricFamily("rhythmark_worker_state", "1 for the state that the worker is in", labels=["state"])
    for state in WORKER_STATES:
        family.add_metric([state], int(state == figures.state))
    return family


def _histogram(name: str, text: str, histogram: Histogram) -> Metric:
    bounds = [*map(str, histogram.bounds), "+Inf"]
    buckets = list(zip(bounds, accumulate(histogram.counts), strict=True))
    return HistogramMetricFamily(f"rhythmark_{name}", text, buckets=buckets, sum_value=histogram.total)
