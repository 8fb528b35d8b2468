"""The root of every error that Rhythmark raises on purpose.

RhythmarkError
├── InvalidValueError          a value breaks a rule: what was read, what is allowed
│   ├── InvalidSignalError     a channel, rate, unit or gain
│   └── UnknownLabelError      a label that the vocabulary does not hold
├── formats.errors             FormatError and below: files
├── ingest.errors              MessageError and below: messages and brokers
└── storage.errors             StorageError and below: the database
"""


class RhythmarkError(Exception):
    """An error whose message states the rule, the value and the limit."""


class InvalidValueError(RhythmarkError, ValueError):
    """A value breaks a rule of the domain."""


class InvalidSignalError(InvalidValueError):
    """A signal description that no recording can have."""


class UnknownLabelError(InvalidValueError):
    """A label that the vocabulary does not hold."""
