"""The command line of reading programmes: projects, agreement, releases, identifiers; part of `rhythmark.arguments`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rhythmark.argument_types import Commands, count, new_command, positive, share, tolerance_ms

if TYPE_CHECKING:
    import argparse


def add_programme(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the commands."""
    _project(commands)
    _agreement(commands)
    _release(commands)
    _deid(commands)


def _project(commands: Commands[argparse.ArgumentParser]) -> None:
    command = new_command(
        commands, "project", "programmes of reading: make one, say who may do what, bring in readings"
    )
    actions = command.add_subparsers(dest="action", metavar="ACTION", required=True)
    create = new_command(actions, "create", "make a project")
    create.add_argument("project", metavar="NAME", help="letters, digits, dots, dashes and underscores")
    create.add_argument("--description", default="", metavar="TEXT", help="what is read, and what for")
    text = "how far apart two readers may mark one beat or landmark (default: 150, as EC57)"
    create.add_argument("--tolerance-ms", type=tolerance_ms, default=150.0, metavar="MS", help=text)
    new_command(actions, "list", "list all projects")
    role = new_command(actions, "role", "give a person a role in a project, or take it back")
    role.add_argument("project", metavar="NAME")
    role.add_argument("login")
    role.add_argument("role", metavar="ROLE", help="owner, adjudicator, reader, auditor, monitor, researcher")
    role.add_argument("--take", action="store_true", help="take it back")
    items = new_command(actions, "items", "add what is to be read: pieces of stored streams, one after the other")
    items.add_argument("project", metavar="NAME")
    items.add_argument("streams", nargs="+", metavar="STREAM", help="see `rhythmark streams`")
    items.add_argument("--length-s", type=positive, metavar="S", help="of a piece (default: the whole stream is one)")
    text = "instead, what machines found with these labels, as VT,AFIB, each an item"
    items.add_argument("--around", metavar="LABEL,...", help=text)
    items.add_argument(
        "--context-s", type=positive, default=10.0, metavar="S", help="before and after it (default: 10)"
    )
    text = "let what machines found be a reader of its own, whom agreement shows beside people"
    machine = new_command(actions, "machine", text)
    machine.add_argument("project", metavar="NAME")
    deal = new_command(actions, "deal", "say how many read an item, and deal out those that nobody has yet")
    deal.add_argument("project", metavar="NAME")
    deal.add_argument("--readers", type=count, default=2, metavar="N", help="of an item (default: 2)")
    text = "share of items that several read, others are read by one (default: 1)"
    deal.add_argument("--double-share", type=share, default=1.0, metavar="SHARE", help=text)
    deal.add_argument("--seed", type=int, default=0, metavar="N", help="of who gets what (default: 0)")
    _project_import(actions)


def _project_import(actions: Commands[argparse.ArgumentParser]) -> None:
    command = new_command(actions, "import", "bring in what a reader marked elsewhere: of all these files, or of none")
    command.add_argument("project", metavar="NAME")
    text = "annotated WFDB record or CSV file of a stored stream; STREAM=PATH where their names differ"
    command.add_argument("files", nargs="+", metavar="PATH", help=text)
    command.add_argument("--reader", required=True, metavar="NAME", help="name that results show: a pseudonym")
    kind = command.add_mutually_exclusive_group(required=True)
    kind.add_argument("--annotator", metavar="NAME", help="suffix of the WFDB annotation files")
    kind.add_argument("--column", metavar="NAME", help="column of a CSV file that holds sample numbers")
    command.add_argument("--label", metavar="LABEL", help="with --column: what stands there")
    command.add_argument("--fs-hz", type=positive, metavar="HZ", help="with --column: the rate that samples count at")


def _agreement(commands: Commands[argparse.ArgumentParser]) -> None:
    command = new_command(
        commands, "agreement", "say how far the readers of a project agree, with intervals over patients"
    )
    command.add_argument("project", metavar="NAME", help="see `rhythmark project list`")
    command.add_argument("--json", action="store_true", help="JSON instead of tables")
    command.add_argument("--csv", type=Path, metavar="FILE.csv", help="also a row a figure")
    command.add_argument("--resamples", type=count, default=1000, metavar="N", help="of patients (default: 1000)")


def _release(commands: Commands[argparse.ArgumentParser]) -> None:
    command = new_command(commands, "release", "freeze a project's data as files that others can check")
    actions = command.add_subparsers(dest="action", metavar="ACTION", required=True)
    create = new_command(actions, "create", "write a version; refused while a text in it could name somebody")
    create.add_argument("project", metavar="NAME", help="see `rhythmark project list`")
    create.add_argument("number", metavar="VERSION", help="as 1.0; the same version is the same content for ever")
    create.add_argument("--output", required=True, type=Path, metavar="DIR", help="folder to make; must not exist yet")
    text = "shares of patients (default: train=0.7,validation=0.15,test=0.15)"
    create.add_argument("--split", metavar="NAME=SHARE,...", help=text)
    create.add_argument("--seed", type=int, default=0, metavar="N", help="of how patients are dealt out (default: 0)")
    text = "texts that a person looked at and lets pass, one a line"
    create.add_argument("--accept", type=Path, metavar="FILE", help=text)
    text = "release it although something is open, and say why: it stands in the datasheet"
    create.add_argument("--exception", metavar="TEXT", help=text)
    create.add_argument("--issue", action="append", default=[], metavar="TEXT", help="a known issue, for the datasheet")
    listed = new_command(actions, "list", "list the versions of a project")
    listed.add_argument("project", metavar="NAME")
    verify = new_command(actions, "verify", "look whether a release is as it was made; needs nothing but its files")
    verify.add_argument("folder", type=Path, metavar="DIR")
    diff = new_command(actions, "diff", "say what differs between two releases")
    diff.add_argument("first", type=Path, metavar="DIR")
    diff.add_argument("second", type=Path, metavar="DIR")


def _deid(commands: Commands[argparse.ArgumentParser]) -> None:
    command = new_command(commands, "deid", "look for what could tell who somebody is")
    actions = command.add_subparsers(dest="action", metavar="ACTION", required=True)
    check = new_command(actions, "check", "name what was found and where; exit code 1 where there is something")
    check.add_argument("what", nargs="+", metavar="PATH|STREAM", help="files, folders, or names of streams")
