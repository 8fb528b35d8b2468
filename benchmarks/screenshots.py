"""Every view of the workstation, as pictures for the documentation: `python -m benchmarks.screenshots FOLDER`.

On six hours of real recordings, on a standard ECG of twelve leads and on a bedside monitor's signals; at desktop and
tablet size, light and dark.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from benchmarks import day, workload
from benchmarks.served import chromium, served, sign_in
from formats.csv_signals import read_column
from formats.wfdb_files import read_blocks, read_header
from signal_processing.values import Block, Channel, Signal
from storage import catalogue, waveforms
from storage.database import Database

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZES = {"desktop": (1366, 768), "tablet": (1024, 768)}
HOURS = 6
N_COLORS = 96
"""Of a picture: it is a page, not a photograph, and stays small."""
SETTLE_MS = 1_200
FAMILIES_MS = 60_000


def main(folder: str) -> None:
    """Write them."""
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    with workload.server_dsn() as dsn:
        with Database.open(dsn) as database:
            one = day.store(database, duration_s=HOURS * 3600, n_proposals=60, name="six-hours")
            twelve_id = _store_twelve_leads(database)
            bedside_id = _store_bedside(database)
            day.add_readers(database, 1)
        with served(dsn) as server, chromium() as browser:
            for size, (width, height) in SIZES.items():
                page = sign_in(browser, server.address, "reader0", width=width, height=height)
                for theme in ("light", "dark"):
                    for name, picture in _views(page, server.address, one.stream_id, twelve_id, bedside_id):
                        _write(picture, target / f"{name}-{size}-{theme}.png")
                    _press(page, "t")


def _store_twelve_leads(database: Database) -> int:
    path = min((workload.DATA_DIR / "ludb").rglob("*.hea")).with_suffix("")
    header = read_header(path, t0_us=workload.START_US)
    signal = header.signal
    with database.transaction() as conn:
        stream = catalogue.ensure_stream(
            conn, name="twelve-leads", device="benchmark", t0_us=signal.t0_us, patient_pseudonym="P-12"
        )
        group = catalogue.ensure_group(
            conn, stream.id, Signal("twelve-leads", signal.group, signal.fs_hz, signal.t0_us, signal.channels)
        )
        waveforms.store_blocks(conn, group, list(read_blocks(header)))
        waveforms.seal(conn, group)
        end = catalogue.group_by_id(conn, group.id).next_sample
        catalogue.end_stream(conn, stream.id, at_us=signal.clock.us_at(end))
    return stream.id


def _store_bedside(database: Database) -> int:
    """Eight minutes of ECG, pulse, respiration and saturation."""
    folder = workload.DATA_DIR / "bidmc-csv"
    groups = [
        ("ecg", "Signals", 125.0, (("II", "mV", 1000.0), ("V", "mV", 1000.0))),
        ("ppg", "Signals", 125.0, (("PLETH", "1", 10_000.0),)),
        ("resp", "Signals", 125.0, (("RESP", "1", 10_000.0),)),
        ("spo2", "Numerics", 1.0, (("SpO2", "%", 10.0),)),
    ]
    with database.transaction() as conn:
        stream = catalogue.ensure_stream(
            conn, name="bedside", device="benchmark", t0_us=workload.START_US, patient_pseudonym="P-BED"
        )
        for name, file, fs_hz, leads in groups:
            channels = tuple(Channel(*lead) for lead in leads)
            group = catalogue.ensure_group(conn, stream.id, Signal("bedside", name, fs_hz, workload.START_US, channels))
            columns = [read_column(folder / f"bidmc_01_{file}.csv", lead) * gain for lead, _, gain in leads]
            samples = np.round(np.nan_to_num(np.stack(columns, axis=1))).astype(np.int16)
            waveforms.store_blocks(conn, group, [Block(0, samples)])
            waveforms.seal(conn, group)
        catalogue.end_stream(conn, stream.id, at_us=workload.START_US + 480_000_000)
    return stream.id


def _views(page: Any, address: str, stream_id: int, twelve_id: int, bedside_id: int) -> Iterator[tuple[str, bytes]]:
    def shot() -> bytes:
        page.wait_for_timeout(SETTLE_MS)
        return bytes(page.screenshot())

    def open_at(path: str) -> None:
        page.goto(f"{address}{path}")
        page.wait_for_selector("body[data-ready]")

    open_at(f"/streams/{stream_id}")
    yield "strip", shot()
    _press(page, "C", "M")
    yield "calipers", shot()
    _press(page, "Escape", "z")
    yield "whole", shot()
    _press(page, "z")
    for name, key in (("disclosure", "D"), ("page", "G"), ("hours", "H"), ("lorenz", "Z")):
        _press(page, key)
        yield name, shot()
        _press(page, "Escape")
    _press(page, "M")
    page.wait_for_selector("#view canvas", timeout=FAMILIES_MS)
    yield "families", shot()
    _press(page, "d")
    page.wait_for_selector("#overlays button.primary:enabled", timeout=FAMILIES_MS)
    yield "families-in-two", shot()
    _press(page, "Escape", "Escape", "m", "PageDown", "PageDown", "U", "V")
    yield "many-beats", shot()
    _press(page, "Escape", "Escape", "X", "r")
    yield "many-proposals", shot()
    _press(page, "Escape", "~")
    yield "blinded", shot()
    _press(page, "~", "?")
    yield "keys", shot()
    _press(page, "Escape")
    open_at(f"/streams/{bedside_id}?at={workload.START_US}")
    yield "bedside", shot()
    open_at(f"/streams/{twelve_id}?at={workload.START_US}")
    _press(page, "O")
    yield "twelve-leads", shot()
    for _ in range(3):  # round to all leads again, which the page remembers
        _press(page, "O")


def _press(page: Any, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)
        page.wait_for_timeout(150)


def _write(picture: bytes, path: Path) -> None:
    Image.open(io.BytesIO(picture)).convert("RGB").quantize(N_COLORS, dither=Image.Dither.NONE).save(
        path, optimize=True
    )
    sys.stdout.write(f"{path.name} {path.stat().st_size // 1024} kB\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
