"""The REST API, a module a noun; each has its `router`."""

from labeling_server.routes import (
    bulk,
    detectors,
    edits,
    evidence,
    families,
    family_edits,
    guidelines,
    hours,
    projects,
    proposals,
    quality,
    reading,
    releases,
    session,
    streams,
)

# edits of families before families: "edits" is no number of one
_MODULES = (
    session,
    streams,
    hours,
    detectors,
    edits,
    evidence,
    bulk,
    proposals,
    family_edits,
    families,
    projects,
    reading,
    quality,
    guidelines,
    releases,
)
ROUTERS = tuple(module.router for module in _MODULES)
"""In the order in which they are asked."""
