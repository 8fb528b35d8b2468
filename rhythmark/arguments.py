"""The command line: what can be said. What it does stands in `rhythmark.commands`, imported when it is asked for."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from rhythmark.argument_types import (
    Commands,
    channel_list,
    count,
    letter_name,
    minutes,
    moment,
    new_command,
    port,
    positive,
    since_us,
    speed,
)
from rhythmark.programme_arguments import add_programme

HELP = "Streaming annotation for wearable and ECG signals: ingest, pre-mark, let experts confirm, export."


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    root = argparse.ArgumentParser(
        prog="rhythmark",
        allow_abbrev=False,
        description=HELP,
        epilog="The environment says the rest: RHYTHMARK_DSN, RHYTHMARK_KAFKA, RHYTHMARK_SECRET_FILE, RHYTHMARK_DATA,"
        " RHYTHMARK_HOME and more, see docs/. Exit codes: 0 done, 1 failed, 2 not understood, 130 interrupted.",
    )
    root.add_argument("--version", action="store_true", help="say the version and stop")
    commands = root.add_subparsers(dest="command", metavar="COMMAND")
    _demo(commands)
    _annotate(commands)
    _evaluate(commands)
    _pulses(commands)
    _classify_strip(commands)
    _check_quality(commands)
    _verify_alarms(commands)
    _delineate(commands)
    _replay(commands)
    _ingest(commands)
    _serve(commands)
    _streams(commands)
    _reanalyse(commands)
    _dead_letters(commands)
    _export(commands)
    _load(commands)
    add_programme(commands)
    _db(commands)
    _user(commands)
    _audit(commands)
    return root


def _demo(commands: Commands[argparse.ArgumentParser]) -> None:
    text = "run the main job on this machine: embedded database, a recording in real time, the workstation"
    command = new_command(commands, "demo", text)
    command.add_argument("--record", type=Path, metavar="PATH", help="WFDB record to replay (default: mitdb/208)")
    command.add_argument("--kafka", action="store_true", help="through a real Kafka broker (needs Java and Maven)")
    command.add_argument(
        "--port", type=port, metavar="N", help="port of the workstation (default: 8000, else a free one)"
    )
    command.add_argument(
        "--history", type=minutes, default=5.0, metavar="MIN", help="minutes that are there at once (default: 5)"
    )


def _annotate(commands: Commands[argparse.ArgumentParser]) -> None:
    command = new_command(commands, "annotate", "run the detectors over recordings and write WFDB annotation files")
    command.add_argument("records", nargs="+", type=Path, metavar="RECORD", help="WFDB record, or a folder of them")
    command.add_argument("--output", required=True, type=Path, metavar="DIR", help="folder for the annotation files")
    command.add_argument("--annotator", default="rhy", metavar="NAME", help="suffix of the files (default: rhy)")
    command.add_argument("--channels", type=channel_list, metavar="0,1", help="use these channels only")
    _jobs(command)


def _evaluate(commands: Commands[argparse.ArgumentParser]) -> None:
    command = new_command(commands, "evaluate", "score annotation files against reference ones by EC57")
    command.add_argument("reference", type=Path, metavar="DIR", help="folder of records with reference annotations")
    command.add_argument("--test", type=Path, metavar="DIR", help="folder of the files to score (default: the same)")
    command.add_argument("--annotator", default="rhy", metavar="NAME", help="suffix of those files (default: rhy)")
    command.add_argument("--reference-annotator", default="atr", metavar="NAME", help="default: atr")


def _pulses(commands: Commands[argparse.ArgumentParser]) -> None:
    command = new_command(commands, "pulses", "find the pulses of a photoplethysmogram in a CSV file")
    command.add_argument("file", type=Path, metavar="FILE.csv", help="CSV file whose first row names the columns")
    command.add_argument("--column", default="PLETH", metavar="NAME", help="column of the samples (default: PLETH)")
    command.add_argument("--fs-hz", required=True, type=positive, metavar="HZ", help="sampling rate")
    command.add_argument("--output", required=True, type=Path, metavar="FILE.csv", help="a row a pulse")


def _classify_strip(commands: Commands[argparse.ArgumentParser]) -> None:
    text = "say of short strips of one wearable lead: normal, AF, another rhythm, or too noisy"
    _strips(new_command(commands, "classify-strip", text))


def _check_quality(commands: Commands[argparse.ArgumentParser]) -> None:
    text = "say of ten seconds of twelve leads whether they can be read, and which lead is why"
    _strips(new_command(commands, "check-quality", text))


def _verify_alarms(commands: Commands[argparse.ArgumentParser]) -> None:
    text = "say of monitors' alarms whether they stand, by the channels that did not raise them"
    command = new_command(commands, "verify-alarms", text)
    _strips(command)
    command.add_argument(
        "--alarm",
        choices=["ASYSTOLE", "BRADY", "TACHY", "VT", "VFIB"],
        help="the alarm of every record (default: what the record's comments name)",
    )
    command.add_argument(
        "--at-s",
        type=positive,
        default=300.0,
        metavar="S",
        help="when it was raised, from the beginning (default: 300)",
    )


def _strips(command: argparse.ArgumentParser) -> None:
    command.add_argument("records", nargs="+", type=Path, metavar="RECORD", help="WFDB record, or a folder of them")
    command.add_argument("--output", required=True, type=Path, metavar="FILE.csv", help="a row a record")
    _jobs(command)


def _delineate(commands: Commands[argparse.ArgumentParser]) -> None:
    text = "mark P, QRS and T of recordings from onset to end, as WFDB annotation files"
    command = new_command(commands, "delineate", text)
    command.add_argument("records", nargs="+", type=Path, metavar="RECORD", help="WFDB record, or a folder of them")
    command.add_argument(
        "--lead", metavar="LEAD", help="name of a lead, in any case, or its number (default: all leads together)"
    )
    command.add_argument("--output", required=True, type=Path, metavar="DIR", help="folder for the annotation files")
    command.add_argument("--annotator", default="rhd", metavar="NAME", help="suffix of the files (default: rhd)")
    command.add_argument("--intervals", type=Path, metavar="FILE.csv", help="also RR, PR, QRS, QT, QTc, a row a beat")
    _jobs(command)


def _jobs(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--jobs", type=count, default=len(os.sched_getaffinity(0)), metavar="N", help="processes (default: all cores)"
    )


def _replay(commands: Commands[argparse.ArgumentParser]) -> None:
    command = new_command(
        commands, "replay", "send a recording as a device would, or an archive of them; can be resumed"
    )
    command.add_argument("records", nargs="+", type=Path, metavar="RECORD", help="WFDB record, or a folder of them")
    command.add_argument("--to", required=True, choices=["kafka"], help="where to")
    command.add_argument("--speed", type=speed, default=1.0, metavar="1|N|max", help="times real time (default: 1)")
    command.add_argument("--stream", metavar="NAME", help="name of the stream, of one record (default: the record's)")
    command.add_argument("--prefix", metavar="NAME", help="before the names of all streams of an archive, with a slash")
    command.add_argument("--device", default="replay", metavar="NAME", help="name of the device (default: replay)")
    command.add_argument("--now", action="store_true", help="the recording starts now, whatever its header says")
    command.add_argument(
        "--block-s", type=positive, metavar="S", help="samples a message (default: 1 s; an archive at full speed: 10 s)"
    )
    command.add_argument(
        "--restart", action="store_true", help="send an archive from its beginning, whatever was sent before"
    )


def _ingest(commands: Commands[argparse.ArgumentParser]) -> None:
    command = new_command(commands, "ingest", "take messages from Kafka, run the detectors, store; until stopped")
    command.add_argument("--group", default="rhythmark", metavar="NAME", help="consumer group (default: rhythmark)")
    command.add_argument(
        "--instance",
        metavar="NAME",
        help="name that this replica keeps: should it die and start again within 15 s, it still has its streams",
    )
    command.add_argument("--metrics-port", type=port, metavar="N", help="serve /metrics there, 0 for any free port")
    command.add_argument(
        "--metrics-host", default="127.0.0.1", metavar="ADDRESS", help="address of the metrics (default: 127.0.0.1)"
    )
    _log_format(command)


def _serve(commands: Commands[argparse.ArgumentParser]) -> None:
    command = new_command(commands, "serve", "serve the workstation and the dashboard; until stopped")
    command.add_argument("--host", metavar="ADDRESS", help="address to listen on (default: 127.0.0.1)")
    command.add_argument("--port", type=port, metavar="N", help="port to listen on, 0 for any free one (default: 8000)")
    _log_format(command)


def _log_format(command: argparse.ArgumentParser) -> None:
    text = "log lines as JSON or as key=value (default: key=value on a terminal, else JSON)"
    command.add_argument("--log-format", choices=["json", "console", "auto"], help=text)


def _streams(commands: Commands[argparse.ArgumentParser]) -> None:
    text = "list the streams: state, rate, lag, what is missing, groups"
    command = new_command(commands, "streams", text)
    command.add_argument("--live-only", action="store_true", help="those alone that samples come in of")
    command.add_argument(
        "--gaps", action="store_true", help="count the gaps too: walks what is stored of broken streams"
    )
    command.add_argument("--json", action="store_true", help="a JSON array instead of a table")
    command.add_argument("--over", type=positive, metavar="S", help="measure the rate over so many seconds first")
    watch = "look again and again, each S seconds (default: 2), with the rate since the last look; until Ctrl+C"
    command.add_argument("--watch", type=positive, nargs="?", const=2.0, metavar="S", help=watch)


def _dead_letters(commands: Commands[argparse.ArgumentParser]) -> None:
    command = new_command(commands, "dead-letters", "look at the messages that could not be taken, and try them again")
    actions = command.add_subparsers(dest="action", metavar="ACTION", required=True)
    listed = new_command(actions, "list", "list them, the newest first")
    _letter_filters(listed)
    listed.add_argument("--limit", type=count, default=50, metavar="N", help="at most so many (default: 50)")
    listed.add_argument("--summary", action="store_true", help="count them by reason instead")
    show = new_command(actions, "show", "show one: its headers, its fields without samples, its first bytes")
    show.add_argument("letter", type=letter_name, metavar="LETTER", help="as `list` names it: partition/offset")
    replay = new_command(actions, "replay", "put originals back on their topic, each once")
    which = replay.add_mutually_exclusive_group()
    which.add_argument("letter", type=letter_name, nargs="?", metavar="LETTER", help="this one")
    which.add_argument("--all", action="store_true", help="all of them")
    _letter_filters(replay)
    replay.add_argument("--again", action="store_true", help="also those that were replayed before")
    replay.add_argument("--dry-run", action="store_true", help="only say what would be sent")


def _letter_filters(command: argparse.ArgumentParser) -> None:
    command.add_argument("--since", type=since_us, metavar="WHEN", help="put aside since: 30m, 2h, 7d or an ISO time")
    command.add_argument("--reason", metavar="TEXT", help="a class of --summary, or part of the reason")
    command.add_argument("--stream", metavar="NAME", help="of that stream, as far as it can be read")


def _reanalyse(commands: Commands[argparse.ArgumentParser]) -> None:
    text = "run today's detectors over stored streams; what people decided stands. Can be resumed"
    command = new_command(commands, "reanalyse", text)
    command.add_argument("streams", nargs="*", metavar="STREAM", help="name of a stream, see `rhythmark streams`")
    command.add_argument("--all", action="store_true", help="all streams")
    command.add_argument("--detector", metavar="NAME", help="this detector only (default: those of the worker)")
    command.add_argument("--since", type=moment, metavar="TIME", help="streams with samples after it (ISO 8601, UTC)")
    command.add_argument("--until", type=moment, metavar="TIME", help="streams with samples before it")
    command.add_argument(
        "--restart", action="store_true", help="from the first sample, whatever these versions have read"
    )


def _export(commands: Commands[argparse.ArgumentParser]) -> None:
    command = new_command(commands, "export", "write a stream with its annotations as files")
    command.add_argument("stream", metavar="STREAM", help="name of a stream, see `rhythmark streams`")
    command.add_argument("--format", required=True, choices=["wfdb", "csv"], help="what to write")
    command.add_argument("--output", required=True, type=Path, metavar="DIR", help="folder to make; must not exist yet")
    text = "csv: annotations as they stood at that time (ISO 8601, UTC)"
    command.add_argument("--as-of", type=moment, metavar="TIME", help=text)


def _load(commands: Commands[argparse.ArgumentParser]) -> None:
    command = new_command(
        commands, "load", "store recordings from files, each whole or not at all; no broker is needed"
    )
    command.add_argument(
        "paths", nargs="+", type=Path, metavar="PATH", help="WFDB record, a folder of them, or a CSV file of samples"
    )
    command.add_argument("--fs-hz", type=positive, metavar="HZ", help="sampling rate of CSV files, which do not say it")
    command.add_argument("--prefix", metavar="NAME", help="before the names of all streams, with a slash")
    command.add_argument("--patient", metavar="PSEUDONYM", help="whom all of them are of")
    command.add_argument("--note", default="", metavar="TEXT", help="where they come from, and under which licence")
    text = "of whom each is: a CSV file with the columns record, patient and, if known, birth_year and sex"
    command.add_argument("--patients", type=Path, metavar="FILE", help=text)
    text = "store pseudonyms, moved dates and new names alone (needs RHYTHMARK_PSEUDONYM_KEY_FILE)"
    command.add_argument("--deidentify", action="store_true", help=text)


def _db(commands: Commands[argparse.ArgumentParser]) -> None:
    command = new_command(commands, "db", "bring the database up to date, or say what it is")
    actions = command.add_subparsers(dest="action", metavar="ACTION", required=True)
    new_command(actions, "upgrade", "apply the migrations that are pending; as often as you like")
    new_command(actions, "status", "say what the server is and which migrations it has")
    retention = new_command(
        actions, "retention", "say or set how many days samples are kept, or drop those that are older"
    )
    change = retention.add_mutually_exclusive_group()
    change.add_argument("--days", type=count, metavar="N", help="keep samples for N days; nothing goes yet")
    change.add_argument("--off", action="store_true", help="keep samples for ever")
    change.add_argument("--apply", action="store_true", help="drop the days that are older, now")
    retention.add_argument(
        "--labelled-too", action="store_true", help="with --apply: also samples in which a person labelled something"
    )


def _user(commands: Commands[argparse.ArgumentParser]) -> None:
    command = new_command(commands, "user", "add, invite, disable, enable or list the people who may log in")
    actions = command.add_subparsers(dest="action", metavar="ACTION", required=True)
    add = new_command(actions, "add", "add a person; the password is asked for, or read from standard input or a file")
    add.add_argument("login")
    add.add_argument("--role", default="reader", metavar="ROLE", help="what the person may do (default: reader)")
    add.add_argument("--password-file", type=Path, metavar="PATH", help="file whose first line is the password")
    invite = new_command(actions, "invite", "let somebody choose their own password; gives the path of a page, once")
    invite.add_argument("login")
    invite.add_argument("--role", default="reader", metavar="ROLE", help="what the person may do (default: reader)")
    enable = new_command(actions, "enable", "let a person log in again")
    enable.add_argument("login")
    disable = new_command(actions, "disable", "let a person no longer log in; what they did keeps their name")
    disable.add_argument("login")
    new_command(actions, "list", "list everybody")


def _audit(commands: Commands[argparse.ArgumentParser]) -> None:
    command = new_command(commands, "audit", "look at the trail of what people did, and whether it is whole")
    actions = command.add_subparsers(dest="action", metavar="ACTION", required=True)
    listed = new_command(actions, "list", "list what was done beside edits, the newest first")
    listed.add_argument("--limit", type=count, default=50, metavar="N", help="at most so many (default: 50)")
    verify = new_command(
        actions, "verify", "look at every entry, revision and reading; exit code 1 where one is not as it was"
    )
    text = "a head that was kept: the trail must still lead through it"
    verify.add_argument("--head", type=Path, metavar="FILE.json", help=text)
    seal = new_command(
        actions, "seal", "note a digest of all histories in the trail, and print the head to keep elsewhere"
    )
    seal.add_argument("--output", type=Path, metavar="FILE.json", help="write the head there as well")
