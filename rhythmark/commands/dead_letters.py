"""`rhythmark dead-letters list | show | replay`: what could not be taken, and another try."""

from __future__ import annotations

from collections import Counter
from heapq import nlargest
from typing import TYPE_CHECKING

from formats.csv_spans import iso_utc
from ingest import letters as dead
from ingest.errors import DeadLetterError
from ingest.kafka_dead_letters import MAX_REPLAYS, DeadLetters
from ingest.kafka_worker import quiet_client
from rhythmark.tables import as_table

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterable, Iterator

    from ingest.letters import Letter
    from rhythmark.settings import Settings

_COLUMNS = ("letter", "put aside (UTC)", "from", "stream", "bytes", "replays", "reason")
_MAX_KINDS = 1_000
"""Kinds of reasons that a summary keeps apart; a flood of ever new ones must not fill memory."""
_MAX_SAID = 20
_FAILED = 1


def run(arguments: Namespace, settings: Settings) -> int:
    """Do what was asked of the dead letters."""
    quiet_client()
    with DeadLetters(settings.required_kafka()) as letters:
        if arguments.action == "list":
            return _summary(letters, arguments) if arguments.summary else _list(letters, arguments)
        if arguments.action == "show":
            return _show(letters.letter(*arguments.letter))
        return _replay(letters, arguments)


def _list(letters: DeadLetters, arguments: Namespace) -> int:
    newest = arguments.limit if not _is_filtered(arguments) else None
    chosen = _chosen(letters.letters(since_us=arguments.since, newest=newest), arguments)
    # the rows alone are kept: a letter may hold a mebibyte
    rows = nlargest(arguments.limit, ((letter.at_us or 0, letter.offset, _row(letter)) for letter in chosen))
    print(as_table(_COLUMNS, [row for _, _, row in rows]) if rows else "no dead letters")
    return 0


def _summary(letters: DeadLetters, arguments: Namespace) -> int:
    kinds: Counter[tuple[str, str]] = Counter()
    for letter in _chosen(letters.letters(since_us=arguments.since), arguments):
        kind = (dead.class_of(letter.reason), dead.rule_of(letter.reason))
        kinds[kind if kind in kinds or len(kinds) < _MAX_KINDS else ("other", "further kinds")] += 1
    rows = [(str(n), name, rule) for (name, rule), n in kinds.most_common()]
    print(as_table(("letters", "class", "rule"), rows) if rows else "no dead letters")
    return 0


def _show(letter: Letter) -> int:
    origin = "not said" if letter.origin is None else f"{letter.origin.topic}/{letter.origin.number}"
    facts = [
        ("letter", letter.name),
        ("put aside", _time(letter)),
        ("reason", letter.reason),
        ("class", dead.class_of(letter.reason)),
        ("original", f"{origin} offset {'-' if letter.origin_offset is None else letter.origin_offset}"),
        ("key", "none" if letter.key is None else repr(letter.key[:200])),
        ("bytes", str(len(letter.value))),
        ("replays", f"{letter.n_replays} of at most {MAX_REPLAYS}"),
    ]
    if letter.truncated_from_bytes is not None:
        facts.append(("truncated", f"the first {len(letter.value)} of {letter.truncated_from_bytes} bytes are here"))
    fields = [(f"  {name}", text) for name, text in dead.fields_of(letter.value)]
    for name, text in [*facts, ("message", "" if fields else "is no MessagePack array"), *fields]:
        print(f"{name:<14}{_printable(text)}".rstrip())
    print("first bytes", *dead.hex_dump(letter.value), sep="\n")
    return 0


def _replay(letters: DeadLetters, arguments: Namespace) -> int:
    if arguments.letter is None and not (arguments.all or arguments.since is not None or _is_filtered(arguments)):
        msg = "letters to replay must be named: LETTER, --all, --reason, --stream or --since, got none of them"
        raise DeadLetterError(msg)
    if arguments.letter is not None:
        wanted: Iterable[Letter] = [letters.letter(*arguments.letter)]
    else:
        wanted = _chosen(letters.letters(since_us=arguments.since), arguments)
    n_sent = n_before = 0
    problems: Counter[str] = Counter()
    for one in letters.replay(wanted, again=arguments.again, dry_run=arguments.dry_run):
        n_before += one.was_replayed
        n_sent += not (one.was_replayed or one.problem)
        if one.problem:
            problems[dead.rule_of(one.problem)] += 1
            if problems.total() <= _MAX_SAID:
                print(f"refused {one.letter.name}: {_printable(one.problem)}")
        elif arguments.dry_run and not one.was_replayed and n_sent <= _MAX_SAID:
            print(f"would replay {' '.join(_row(one.letter)[:4])}")
    done = "would replay" if arguments.dry_run else "replayed"
    print(f"{done} {n_sent}, replayed before {n_before}, refused {problems.total()}")
    return _FAILED if problems else 0


def _is_filtered(arguments: Namespace) -> bool:
    return arguments.reason is not None or arguments.stream is not None


def _chosen(letters: Iterator[Letter], arguments: Namespace) -> Iterator[Letter]:
    for letter in letters:
        if arguments.reason not in {None, dead.class_of(letter.reason)} and arguments.reason not in letter.reason:
            continue
        if arguments.stream is None or dead.stream_of(letter) == arguments.stream:
            yield letter


def _row(letter: Letter) -> tuple[str, ...]:
    origin = "-" if letter.origin is None else f"{letter.origin.topic}/{letter.origin.number}/{letter.origin_offset}"
    cut = "" if letter.truncated_from_bytes is None else f" of {letter.truncated_from_bytes}"
    stream = dead.stream_of(letter) or "-"
    reason = letter.reason[: dead.MAX_RULE_CHARACTERS]
    return (letter.name, _time(letter), origin, stream, f"{len(letter.value)}{cut}", str(letter.n_replays), reason)


def _time(letter: Letter) -> str:
    return "-" if letter.at_us is None else iso_utc(letter.at_us)


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text)
