"""Run benchmarks by name: `python -m benchmarks live:streams=200:seconds=30`; without names those that take minutes.

Options follow the name, parted by colons; what a benchmark takes stands in the `Options` of its module, and `--options
NAME` prints them with their defaults.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from typing import TYPE_CHECKING, Any

import msgspec
import structlog

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.figures import Figure

NAMES = (
    "storage",
    "ingest",
    "detectors",
    "operations",
    "bulk_edits",
    "proposals",
    "families",
    "agreement",
    "identifiers",
)
LONG_NAMES = ("live", "catch_up", "faults", "fuzz", "api_fuzz", "workstation", "readers", "programme")
"""Run by name only: they take their time, and what they take can be set."""


def main() -> int:
    """Print the figures of the named benchmarks as JSON lines."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    names = f"of {', '.join((*NAMES, *LONG_NAMES))}; default: {' '.join(NAMES)}"
    parser.add_argument("names", metavar="NAME[:KEY=VALUE...]", nargs="*", help=names)
    parser.add_argument("--options", metavar="NAME", choices=LONG_NAMES, help="print what NAME takes, and end")
    arguments = parser.parse_args()
    if arguments.options:
        print(msgspec.json.encode(_module(arguments.options).Options()).decode())
        return 0
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))  # stdout is for figures alone
    try:
        runs = [_run(text) for text in arguments.names or NAMES]
    except ValueError as error:
        parser.error(str(error))
    for figures in runs:
        for figure in figures:
            print(figure.line(), flush=True)
    return 0


def _run(text: str) -> Iterator[Figure]:
    """The benchmark that `NAME:key=value:...` asks for; it begins when it is iterated."""
    name, *pairs = text.split(":")
    if name not in (*NAMES, *LONG_NAMES):
        msg = f"benchmark must be one of {', '.join((*NAMES, *LONG_NAMES))}, got {name}"
        raise ValueError(msg)
    module = _module(name)
    if name in NAMES and not pairs:
        return _figures(module)
    if name in NAMES or not all("=" in pair for pair in pairs):
        msg = f"options of {name} must read KEY=VALUE and be known, got {':'.join(pairs)}"
        raise ValueError(msg)
    given = dict(pair.split("=", 1) for pair in pairs)
    options = msgspec.convert(given, module.Options, strict=False)  # a ValidationError is a ValueError
    return _figures(module, options)


def _figures(module: Any, *options: Any) -> Iterator[Figure]:
    found: Iterator[Figure] = module.figures(*options)
    return found


def _module(name: str) -> Any:
    return importlib.import_module(f"benchmarks.{name}")


if __name__ == "__main__":
    sys.exit(main())
