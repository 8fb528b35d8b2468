"""The command `rhythmark`: understands its arguments, then imports what they need.

Nothing heavy is imported at the top, so that `--help` answers at once.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rhythmark import arguments
from signal_processing.errors import RhythmarkError

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence

FAILED = 1
USAGE = 2
INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; gives its exit code."""
    parser = arguments.parser()
    parsed = parser.parse_args(argv)
    if parsed.version:
        return _say_version()
    if parsed.command is None:
        parser.print_usage(sys.stderr)
        return _fail(f"command must be given, one of those `{parser.prog} --help` lists", USAGE)
    try:
        return _run(parsed)
    except RhythmarkError as error:
        return _fail(str(error))
    except KeyboardInterrupt:
        return INTERRUPTED
    except OSError as error:
        return _fail_of_the_machine(error)


def _fail_of_the_machine(error: OSError) -> int:
    if isinstance(error, BrokenPipeError):
        # what read our output is gone; say nothing more, not even at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    return _fail(f"{error.filename or 'the machine'}: {error.strerror or error}")


def _run(parsed: Namespace) -> int:
    from rhythmark import logging
    from rhythmark.settings import Settings

    settings = Settings.read(os.environ, directory=Path.cwd())
    logging.configure(settings.log_level, style=getattr(parsed, "log_format", None) or settings.log_format)
    # a service manager's stop is as orderly as Ctrl+C
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    command = importlib.import_module(f"rhythmark.commands.{parsed.command.replace('-', '_')}")
    code: int = command.run(parsed, settings)
    return code


def _say_version() -> int:
    from importlib.metadata import version

    print(f"rhythmark {version('rhythmark')}")
    return 0


def _fail(message: str, code: int = FAILED) -> int:
    print("error:", " ".join(message.split()), file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
