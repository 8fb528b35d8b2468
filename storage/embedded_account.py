"""Who runs the embedded PostgreSQL, and where that account can reach: as root the server refuses to run.

No permission of a folder that is not ours is ever changed. What the account cannot reach is put where it can:
`/var/lib/rhythmark`.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import stat
from pathlib import Path
from typing import NamedTuple

import structlog

from storage.errors import EmbeddedServerError

ACCOUNTS = ("postgres", "nobody")
"""Accounts without rights that Linux systems have, in the order of preference."""

SHARED_DIR = Path("/var/lib/rhythmark")
"""Where root puts what the account could not reach elsewhere."""

_log = structlog.get_logger(__name__)


class Account(NamedTuple):
    """An account that may run PostgreSQL."""

    uid: int
    gid: int


def service_account() -> Account | None:
    """None for an ordinary user, who runs the server himself; for root an account without rights.

    Raises
    ------
    EmbeddedServerError : if root finds no such account.
    """
    if os.geteuid() != 0:
        return None
    for name in ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    msg = f"PostgreSQL must not run as root and needs one of the accounts {', '.join(ACCOUNTS)}, found none"
    raise EmbeddedServerError(msg)


def allows(path: Path, account: Account, wanted: int) -> bool:
    """Whether the mode of a path grants the account the bits (4 read, 2 write, 1 execute or traverse)."""
    status = path.stat()
    if status.st_uid == account.uid:
        granted = status.st_mode >> 6
    elif status.st_gid == account.gid:
        granted = status.st_mode >> 3
    else:
        granted = status.st_mode
    return granted & wanted == wanted


def can_reach(path: Path, account: Account) -> bool:
    """Whether the account may traverse every folder above an absolute path."""
    return all(allows(parent, account, 1) for parent in path.parents if parent.exists())


def cluster_dir(data_dir: Path, account: Account | None) -> Path:
    """Where the server's own files go: below `data_dir`, or in the shared place where the account cannot reach that."""
    inside = data_dir / "postgresql"
    if account is None or can_reach(inside, account):
        return inside
    place = SHARED_DIR / f"data-{hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:12]}"
    _make_shared_dir()
    _log.warning("database files are kept elsewhere: PostgreSQL's account cannot reach the folder", folder=str(place))
    return place


def reachable_bin_dir(bin_dir: Path, account: Account | None) -> Path:
    """The binaries' folder, or that of a copy where the account cannot run them in place (a venv below /root)."""
    if account is None or _can_run(bin_dir, account):
        return bin_dir
    package = bin_dir.parent.parent
    status = (bin_dir / "postgres").stat()
    name = f"bin-{hashlib.sha256(f'{bin_dir}{status.st_mtime_ns}{status.st_size}'.encode()).hexdigest()[:12]}"
    copy = SHARED_DIR / name
    if not copy.exists():
        _make_shared_dir()
        _copy_readable(package, copy)
    _log.warning("PostgreSQL's binaries are copied: its account cannot run them in place", folder=str(copy))
    return copy / package.name / bin_dir.parent.name / bin_dir.name


def _can_run(bin_dir: Path, account: Account) -> bool:
    binary = bin_dir / "postgres"
    folders = (bin_dir, bin_dir.parent / "share", bin_dir.parent / "lib")
    return (
        can_reach(binary.resolve(), account)
        and allows(binary, account, 5)
        and all(allows(folder, account, 5) for folder in folders if folder.exists())
    )


def _make_shared_dir() -> None:
    if not SHARED_DIR.exists():
        SHARED_DIR.mkdir(parents=True, exist_ok=True)  # another process may do the same
        SHARED_DIR.chmod(0o755)  # whatever the umask says, the account must get through


def _copy_readable(package: Path, target: Path) -> None:
    """Copy a wheel's package and the libraries beside it (found by a relative path), readable by everybody."""
    unfinished = target.with_name(f"{target.name}.{os.getpid()}")
    for folder in (package, package.with_name(f"{package.name}.libs")):
        if folder.exists():
            shutil.copytree(folder, unfinished / folder.name, symlinks=True)
    for path in (unfinished, *unfinished.rglob("*")):
        if not path.is_symlink():
            runnable = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
            path.chmod(0o755 if runnable else 0o644)
    try:
        unfinished.rename(target)
    except OSError:
        shutil.rmtree(unfinished)
        if not target.exists():
            raise
        # another process has made the same copy meanwhile
