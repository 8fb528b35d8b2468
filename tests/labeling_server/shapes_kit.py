"""A recording of two shapes of beats, for tests of their families."""

from __future__ import annotations

import numpy as np

from signal_processing.values import Annotation, Annotator, Block, Channel, Signal
from storage import beats, catalogue, runs, waveforms

FS_HZ = 250.0
RR = 200
N_BEATS = 60
WIDE_EVERY = 5
ODD = 22
"""The narrow beat with a notch."""
MACHINE = Annotator("machine", "test-detector", "1.0")


class TwoShapes:
    """A narrow beat a fifth of a second wide but every fifth, which is wide and upside down; all called N but two."""

    def __init__(self, database, t0_us):
        self.samples = np.arange(1, N_BEATS + 1) * RR
        self.is_wide = np.arange(N_BEATS) % WIDE_EVERY == 3
        self.signal = Signal("shapes", "ecg", FS_HZ, t0_us, (Channel("II", "mV", 200.0), Channel("V5", "mV", 200.0)))
        self.digital = self._digital()
        with database.transaction() as conn:
            stream = catalogue.ensure_stream(conn, name="shapes", device="test", t0_us=t0_us)
            self.group = catalogue.ensure_group(conn, stream.id, self.signal)
            self.stream_id, self.group_id = stream.id, self.group.id

    def _digital(self):
        at = np.arange((N_BEATS + 2) * RR)
        trace = 0.01 * np.sin(at)
        for beat, is_wide in zip(self.samples, self.is_wide, strict=True):
            width, height = (14.0, -1.2) if is_wide else (3.0, 1.0)
            trace += height * np.exp(-0.5 * ((at - beat) / width) ** 2)
        trace += 0.15 * np.exp(-0.5 * ((at - self.samples[ODD] - 30) / 8.0) ** 2)
        return np.round(np.stack([200 * trace, -100 * trace], axis=1)).astype(np.int16)

    def store(self, database, first, last):
        """Beats first to last with their samples; the labels of the first two wide ones are V."""
        low, high = self.samples[first] - RR, len(self.digital) if last == N_BEATS else self.samples[last] - RR
        v = np.flatnonzero(self.is_wide)[:2]
        found = [
            Annotation(
                start=int(self.samples[i]), end=int(self.samples[i]), label="V" if i in v else "N", annotator=MACHINE
            )
            for i in range(first, last)
        ]
        with database.transaction() as conn:
            waveforms.store_blocks(conn, self.group, [Block(int(low), self.digital[low:high])])
            beats.store_beats(conn, self.group, runs.ensure_run(conn, self.group_id, MACHINE, {}), found)

    def get(self, client, path="", **query):
        return client.get(f"/api/streams/{self.stream_id}/families{path}", params={"group_id": self.group_id, **query})

    def families(self, client):
        return self.get(client).json()["families"]

    def edit(self, client, i, action, **changes):
        """What a person does to beat number i."""
        query = {"group_id": self.group_id, "start": int(self.samples[i]), "end": int(self.samples[i]) + 1}
        found = client.get(f"/api/streams/{self.stream_id}/beats", params=query).json()
        body = {"stream_id": self.stream_id, "group_id": self.group_id, "action": action, "changes": changes}
        body |= {"sample": found["samples"][0], "number": found["numbers"][0], "run_id": found["run_ids"][0]}
        answer = client.write("POST", "/api/beats/machine", body)
        assert answer.status_code == 200, answer.text
