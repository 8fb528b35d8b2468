"""Errors of recordings and annotations as files.

RhythmarkError
└── FormatError     a file breaks a rule of its format, or a value cannot be written in it
"""

from signal_processing.errors import RhythmarkError


class FormatError(RhythmarkError):
    """A file breaks a rule of its format, or a value cannot be written in it: rule, value, limit."""
