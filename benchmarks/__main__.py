"""Run benchmarks by name, or all of them."""

from __future__ import annotations

import argparse
import importlib
import sys

import structlog

NAMES = ("storage", "ingest", "detectors", "operations")


def main() -> int:
    """Print the figures of the named benchmarks as JSON lines."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", metavar="NAME", nargs="*", help=f"of {', '.join(NAMES)}; default: all")
    names = parser.parse_args().names or NAMES
    unknown = sorted(set(names) - set(NAMES))
    if unknown:
        parser.error(f"benchmark must be one of {', '.join(NAMES)}, got {', '.join(unknown)}")
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))  # stdout is for figures alone
    for name in names:
        for figure in importlib.import_module(f"benchmarks.{name}").figures():
            print(figure.line(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
