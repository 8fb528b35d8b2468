"""Every error that ingest raises on purpose.

RhythmarkError
└── IngestError
    ├── MessageError                 one message breaks a rule: to the dead letters with it, the rest goes on
    ├── BrokerUnavailableError       the broker is gone, starting or stopping: wait, then try again
    ├── TooManyDeadLettersError      most of the last messages failed: the worker or the producer is wrong
    ├── StaleStateError              another worker stored samples of a group that this one thought its own
    ├── DeadLetterError              a dead letter cannot be found or replayed
    ├── ReanalysisError              a detector failed on a stored stream
    └── LocalBrokerError             the local broker cannot be had
"""

from __future__ import annotations

from signal_processing.errors import RhythmarkError


class IngestError(RhythmarkError):
    """The root of what ingest raises."""


class MessageError(IngestError, ValueError):
    """A message breaks a rule; the text states the rule, the value and the limit."""


class BrokerUnavailableError(IngestError):
    """The broker does not answer. Nothing is wrong with the request: wait, then try again."""


class TooManyDeadLettersError(IngestError):
    """Most of the last messages failed; the worker stops before it throws a whole topic away."""


class StaleStateError(IngestError):
    """A channel group holds samples that this worker did not store: its detector states are to be loaded anew."""


class DeadLetterError(IngestError):
    """A dead letter cannot be found, or not be put back; the text states the rule, the value and the limit."""


class ReanalysisError(IngestError):
    """A detector failed on a stored stream; what it said before stands."""


class LocalBrokerError(IngestError):
    """The local broker cannot be had: Java, Maven or the artefacts are missing, or the start failed."""
