"""`rhythmark demo`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rhythmark import demo

if TYPE_CHECKING:
    from argparse import Namespace

    from rhythmark.settings import Settings


def run(arguments: Namespace, settings: Settings) -> int:
    """Run the demo until stopped."""
    wanted = demo.Wanted(arguments.record, arguments.kafka, arguments.port, arguments.history)
    demo.run(wanted, settings)
    return 0
