"""Whether the trail of what people did is whole: entries, revisions of annotations, readings.

Entries of `audit_log` are one chain: the hash of each covers the hash before it. Revisions of an annotation are a chain
of their own (`revision_seals`), so that readers do not wait for each other; the seal of the newest one also covers the
state that it left. A reading's hash stands in the entry of its handing in. Hashes are worked out here, from the text
that the database gives of each row. Without a key they do not stop somebody who may rewrite everything, seals
included: keep a `Head` elsewhere, and the chain must still lead through it.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from storage import audit, queries
from storage.rows import fetch, fetch_one

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import Connection
    from psycopg.rows import TupleRow

    from storage.annotation_row import Actor

_SQL = queries.load("audit")

SEALED = "history-sealed"
HANDED_IN = "reading-handed-in"
_EVERY = 2**63 - 1
"""No seal has a greater number."""
BATCH = 5_000
"""Rows that are held at once."""


class Head(msgspec.Struct, frozen=True):
    """The newest entry of the chain: what to keep elsewhere; `hash` in hexadecimal."""

    seq: int
    hash: str


class Fault(NamedTuple):
    """What is wrong, and where."""

    where: str
    what: str


class Verified(NamedTuple):
    """What was looked at, and what is wrong with it."""

    n_entries: int
    n_revisions: int
    n_readings: int
    head: Head
    faults: list[Fault]


def head(conn: Connection[TupleRow]) -> Head:
    """The newest entry; number 0 while there is none."""
    row = fetch_one(conn, _SQL["head"])
    return Head(0, "") if row is None else Head(row[0], row[1].hex())


def seal(conn: Connection[TupleRow], actor: Actor) -> Head:
    """Note a digest of all seals of revisions in the chain, so that none of them goes with all that belongs to it."""
    n, until, digest = fetch_one(conn, _SQL["seals_digest"], {"until": _EVERY}) or (0, 0, b"")
    audit.record(conn, actor, SEALED, "revisions", {"until": until, "n": n, "sha256": digest.hex()})
    return head(conn)


def reading_digest(conn: Connection[TupleRow], reading_id: int) -> str:
    """SHA-256 of a reading as it is stored."""
    _, text = fetch_one(conn, _SQL["readings"], {"id": reading_id}) or (0, "")
    return hashlib.sha256(text.encode()).hexdigest()


def verify(conn: Connection[TupleRow], *, known: Head | None = None) -> Verified:
    """Look at every row of the trail; wants a transaction in which nothing changes (repeatable read).

    Parameters
    ----------
    known : a head that was kept elsewhere.
    """
    faults: list[Fault] = []
    n_entries, found = _chain(conn, known, faults)
    n_revisions = _revisions(conn, faults)
    n_readings = _readings(conn, faults)
    _sealed(conn, faults)
    return Verified(n_entries, n_revisions, n_readings, found, faults)


def _rows(conn: Connection[TupleRow], name: str, **parameters: object) -> Iterator[TupleRow]:
    """Rows of a statement, some at a time: a trail may be longer than memory."""
    with conn.cursor(name=f"verify_{name}") as cursor:
        cursor.itersize = BATCH
        cursor.execute(_SQL[name], parameters)
        yield from cursor


def _chain(conn: Connection[TupleRow], known: Head | None, faults: list[Fault]) -> tuple[int, Head]:
    stated, before, n = head(conn), b"", 0
    kept = None
    for seq, text, stored in _rows(conn, "chain"):
        n += 1
        where = f"entry {seq}"
        if seq != n:
            faults.append(Fault(where, f"entries must be numbered without a gap, number {n} is missing"))
            n = seq
        if hashlib.sha256(before + text.encode()).digest() != stored:
            faults.append(Fault(where, "it, or the one before, is not what it was when it was written"))
        before = stored
        if known is not None and seq == known.seq:
            kept = stored.hex()
    newest = Head(n, before.hex())
    if newest != stated:
        faults.append(Fault(f"entry {stated.seq}", f"the newest entry must be number {stated.seq}, got {n}"))
    if known is not None and known.seq and kept != known.hash:
        faults.append(Fault(f"entry {known.seq}", "its hash is not the one that was kept"))
    return n, newest


def _revisions(conn: Connection[TupleRow], faults: list[Fault]) -> int:
    n, owner, before, expected = 0, None, b"", 1
    for annotation_id, revision, text, seal_hash, state_hash, is_there, state in _rows(conn, "seals"):
        n += 1
        if annotation_id != owner:
            owner, before, expected = annotation_id, b"", 1
        where = f"annotation {annotation_id}, revision {revision}"
        if revision != expected:
            faults.append(Fault(where, f"revisions must follow each other, number {expected} is missing"))
        expected = revision + 1
        if not is_there:
            faults.append(Fault(where, "it is sealed, and not there"))
        elif seal_hash is None:
            faults.append(Fault(where, "it has no seal"))
        elif hashlib.sha256(before + text.encode() + (state_hash or b"")).digest() != seal_hash:
            faults.append(Fault(where, "it, or the one before, is not what it was when it was written"))
        elif state is not None and state_hash is not None and hashlib.sha256(state.encode()).digest() != state_hash:
            faults.append(Fault(where, "the annotation is not as this revision, its newest, left it"))
        before = seal_hash or b""
    for annotation_id, revision in fetch(conn, _SQL["without_newest"]):
        faults.append(Fault(f"annotation {annotation_id}, revision {revision}", "the newest revision is not there"))
    return n


def _readings(conn: Connection[TupleRow], faults: list[Fault]) -> int:
    noted: dict[int, str] = dict(fetch(conn, _SQL["handed_in"]))
    n = 0
    for reading_id, text in _rows(conn, "readings", id=None):
        n += 1
        digest = noted.pop(reading_id, None)
        if digest is None:
            faults.append(Fault(f"reading {reading_id}", "the trail does not know that it was handed in"))
        elif hashlib.sha256(text.encode()).hexdigest() != digest:
            faults.append(Fault(f"reading {reading_id}", "it is not what was handed in"))
    faults.extend(Fault(f"reading {reading_id}", "it was handed in, and is not there") for reading_id in noted)
    return n


def _sealed(conn: Connection[TupleRow], faults: list[Fault]) -> None:
    newest = fetch(conn, _SQL["sealed"])[-1:]
    for seq, detail in newest:
        n, _, digest = fetch_one(conn, _SQL["seals_digest"], {"until": detail["until"]}) or (0, 0, b"")
        if (n, digest.hex()) != (detail["n"], detail["sha256"]):
            what = f"of {detail['n']} seals of revisions that it covers, {n} are there, or some are others"
            faults.append(Fault(f"entry {seq}", what))
