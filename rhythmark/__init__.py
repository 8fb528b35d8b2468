"""Command line, settings, composition root. Imports every room and is imported by none."""

__version__ = "0.1.0"
