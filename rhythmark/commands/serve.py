"""`rhythmark serve`: the workstation and the dashboard."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from labeling_server.app import create_app
from labeling_server.metrics_access import MetricsAccess, networks_of
from labeling_server.serve import serve
from labeling_server.settings import ServerSettings
from rhythmark.release.making import ReleaseFolder
from storage import migrations
from storage.database import Database

if TYPE_CHECKING:
    from argparse import Namespace

    from rhythmark.settings import Settings


def run(arguments: Namespace, settings: Settings) -> int:
    """Serve until stopped."""
    server = ServerSettings(
        secret_key=settings.required_secret(),
        zone=settings.zone,
        secure_cookies=settings.secure_cookies,
        metrics_access=MetricsAccess(settings.metrics_token, networks_of(settings.metrics_from)),
    )
    host = arguments.host or settings.host
    port = settings.port if arguments.port is None else arguments.port
    # after its orderly end the server raises the signal again; for a service manager's stop that is all there is to say
    signal.signal(signal.SIGTERM, lambda _number, _frame: None)
    dsn = settings.required_dsn()
    migrations.require_current(dsn)
    with Database.open(dsn) as database:
        maker = ReleaseFolder(database, settings.releases)
        serve(create_app(database, settings=server, release_maker=maker), host, port)
    return 0
