"""What the benchmarks run on: real recordings, and a database of their own."""

from __future__ import annotations

import os
import tempfile
import uuid
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from psycopg import sql
from psycopg.conninfo import make_conninfo

from formats.wfdb_files import read_blocks, read_header
from signal_processing.values import Block, Signal
from storage import migrations
from storage.database import Database, connect
from storage.embedded import EmbeddedServer

if TYPE_CHECKING:
    from collections.abc import Iterator

DATA_DIR = Path(os.environ.get("RHYTHMARK_DATA", "../shared/data"))
START_US = 1_700_000_000_000_000
_TIMESCALE = {"shared_preload_libraries": "timescaledb", "timescaledb.telemetry_level": "off"}


def embedded_server(data_dir: Path) -> EmbeddedServer:
    """The wheel's PostgreSQL with fsync on, or that of RHYTHMARK_BENCH_POSTGRES with TimescaleDB; not started."""
    bin_dir = os.environ.get("RHYTHMARK_BENCH_POSTGRES")
    return EmbeddedServer(
        data_dir, bin_dir=Path(bin_dir) if bin_dir else None, settings=_TIMESCALE if bin_dir else None
    )


@contextmanager
def server_dsn() -> Iterator[str]:
    """An empty, migrated database: another on the server of RHYTHMARK_BENCH_DSN, else on `embedded_server`."""
    given = os.environ.get("RHYTHMARK_BENCH_DSN")
    if given:
        name = f"rhythmark_benchmark_{uuid.uuid4().hex[:8]}"
        with connect(given, autocommit=True) as conn:
            conn.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
            try:
                migrations.upgrade(make_conninfo(given, dbname=name))
                yield make_conninfo(given, dbname=name)
            finally:
                conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
        return
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)  # where root runs it, PostgreSQL's own account must be able to pass
        with embedded_server(Path(folder) / "postgres") as dsn:
            migrations.upgrade(dsn)
            yield dsn


@contextmanager
def database() -> Iterator[Database]:
    """`server_dsn`, opened."""
    with server_dsn() as dsn, Database.open(dsn) as opened:
        yield opened


def vfdb_records() -> list[Path]:
    """The records of the malignant arrhythmia database at hand, without suffix; none where they are not."""
    return sorted(path.with_suffix("") for path in (DATA_DIR / "vfdb").glob("*.hea"))


def mitdb_records() -> list[Path]:
    """The MIT-BIH records at hand, without suffix.

    Raises
    ------
    FileNotFoundError : if there are none.
    """
    records = sorted(path.with_suffix("") for path in (DATA_DIR / "mitdb").glob("*.hea"))
    if not records:
        msg = f"benchmarks need the reference recordings: no mitdb/*.hea under {DATA_DIR} (set RHYTHMARK_DATA)"
        raise FileNotFoundError(msg)
    return records


def recording(path: Path) -> tuple[Signal, list[Block]]:
    """A record as digital blocks, under a stream name of its own."""
    header = read_header(path, t0_us=START_US)
    signal = header.signal
    named = Signal(f"{path.name}-{uuid.uuid4().hex[:8]}", signal.group, signal.fs_hz, START_US, signal.channels)
    return named, list(read_blocks(header))


def delta_entropy_bytes(blocks: list[Block]) -> float:
    """First-order entropy of the differences of successive samples, bytes a sample: what no such codec goes below."""
    deltas = np.concatenate([np.diff(block.samples.astype(np.int32), axis=0).ravel() for block in blocks])
    _, counts = np.unique(deltas, return_counts=True)
    shares = counts / counts.sum()
    return float(-(shares * np.log2(shares)).sum() / 8)
