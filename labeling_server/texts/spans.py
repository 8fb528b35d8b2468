"""Sentences about what can be said of a span; part of `labeling_server.texts`."""

from __future__ import annotations

from typing import Final

SPAN_TEXTS: Final[dict[str, str]] = {
    "queue.later": "later",
    "queue.later.none": "only what waits in the queue can be put off",
    "save.undo.nothing": "nothing of that edit stands any more: nothing to take back",
    "selection.severity": "Severity",
    "selection.certainty": "Certainty",
    "selection.evidence": "Rests on",
    "selection.evidence.of": "Is evidence of",
    "word.mild": "mild",
    "word.moderate": "moderate",
    "word.severe": "severe",
    "word.possible": "possible",
    "word.probable": "probable",
    "word.certain": "certain",
    # short, behind the label on a bar: severity is graded by plus signs, as murmurs and regurgitations are
    "sign.severity.mild": "+",
    "sign.severity.moderate": "++",
    "sign.severity.severe": "+++",
    "sign.certainty.possible": "poss.",
    "sign.certainty.probable": "prob.",
    "sign.certainty.certain": "cert.",
    "history.word": "{what} {from} → {to}",
    "history.linked": "evidence +{n}",
    "history.unlinked": "evidence \u2212{n}",
    "link.begin": "Link",
    "link.hint": "{what} rests on {n}: select others, K adds or removes, Esc ends",
    "link.title": "{what} rests on {n}",
    "link.choose": "Select what it rests on: a click, or . and , and b for beats.",
    "link.add": "Add",
    "link.take": "Remove",
    "link.done": "Done",
    "link.remove": "Does not rest on {what}",
    "link.where": "select the span that is to be linked first",
    "strip.edge.nobeat": "no beat within {seconds} s of the edge",
    "do.defer": "Later: to the end of the queue",
    "do.severity": "Severity: the next word, or none",
    "do.certainty": "Certainty: the next word, or none",
    "do.link": "Link to what it rests on",
    "do.scope": "Lead of the span: all, or one",
    "do.edge.snap": "Taken edge to the nearest beat",
}
