"""Sentences about proposals: the order in which they wait, many accepted at once, what one rests on, reading blind.

Part of `labeling_server.texts`, which every reader of them takes.
"""

from __future__ import annotations

from typing import Final

PROPOSAL_TEXTS: Final[dict[str, str]] = {
    # orders of the queue
    "queue.label.why": "By label, the most urgent of each first",
    "queue.risk": "by risk",
    "queue.risk.why": "What would cost most if it were wrong: urgency, weighed by how unsure the detector was",
    "queue.time.why": "In the order of time",
    "queue.uncertainty": "unsure first",
    "queue.uncertainty.why": "What the detector was least sure of first",
    "queue.urgency.why": "The most urgent first, then by time",
    # many proposals at once
    "accept.title": "Accept proposals",
    "accept.range": "In",
    "accept.range.mark": "mark to cursor",
    "accept.range.page": "this page",
    "accept.range.whole": "the whole recording",
    "accept.least": "Confidence from",
    "accept.label": "Label",
    "accept.label.all": "all",
    "accept.emergent": "VT, VF, asystole too",
    "accept.apply": "Accept",
    "accept.foretold": "{n} are accepted: {what}",
    "accept.foretold.one": "1 is accepted: {what}",
    "accept.nothing": "Nothing to accept",
    "accept.unsure": "{n} less sure stay",
    "accept.unsure.one": "1 less sure stays",
    "accept.emergent.stay": "{n} emergent stay",
    "accept.emergent.stay.one": "1 emergent stays",
    "accept.overlapping": "{n} that overlap what is decided, or surer ones, stay",
    "accept.overlapping.one": "1 that overlaps what is decided, or a surer one, stays",
    "accept.ongoing": "{n} still going on stay",
    "accept.ongoing.one": "1 still going on stays",
    "accept.unseen": "What would be accepted is not known: {why}. Accepted, it waits here and is sent later.",
    "accept.spans": "{n} proposals",
    "accept.spans.one": "1 proposal",
    "accept.done.confirm": "{what} accepted",
    "accept.done.undo": "{what} as before",
    "accept.done.redo": "{what} accepted again",
    # what a span rests on
    "figures.seen": "detector",
    "figures.now": "beats now",
    "figures.differs": "Not what the detector saw: beats within were edited, or the bounds moved",
    "figures.decided": "{n} beats within decided by people",
    "figures.decided.one": "1 beat within decided by a person",
    "figures.parameters": "Parameters of {name} {version}",
    # how good the detectors are
    "detectors.title": "About the detectors",
    "detectors.about": "What read this recording, and how good that version was on recordings with experts' marks, %.",
    "detectors.none": "No detector has read this recording.",
    "detectors.unmeasured": "This version was not measured.",
    "detectors.where": "{database}, {n} records, {leads}",
    "detectors.heldout": "held out",
    "detectors.insample": "in sample",
    # reading blind
    "blind.on": "blinded: no proposals, no machine beats",
    "blind.queue": "Blinded: proposals and beats of machines are hidden, what people said stays. ~ shows them again.",
    "blind.selection": "Nothing is selected. m marks a span of your own, i inserts a beat at the cursor.",
    "blind.view": "Blinded: this view rests on the beats of machines. ~ shows them again.",
    "blind.hours": "Blinded: what rests on beats and proposals of machines is left out. ~ shows it again.",
    "blind.accept": "blinded: there are no proposals to accept; ~ shows them again",
    # actions
    "do.accept.all": "Accept all in a range, from a confidence on",
    "do.detectors": "About the detectors: how good they are",
    "do.blind": "Blinded: hide what machines say, and back",
}
