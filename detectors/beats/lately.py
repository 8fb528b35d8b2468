"""What the patient's beats have lately been like, beat by beat: running means and how long the rhythm has held.

In atrial fibrillation intervals are irregular and P waves are not those of the dominant shape for minutes, and then an
early beat is none that a cardiologist would call supraventricular.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from detectors.beats import slots as slot
from detectors.beats.rhythm import IRREGULAR, PREMATURE
from detectors.loops.compiled import inlined, inner

if TYPE_CHECKING:
    from detectors.beats.plan import Arrays, Floats, Int

FIRST = 63
"""The first of these features."""
N_RHYTHM_BEATS, N_WAVE_BEATS = 48.0, 32.0
"""Beats that a mean forgets after."""
STEP, INTERVAL, EARLY, NEAR_EARLY = 10, 11, 0, 2
WAVES = (35, 36, 38, 16)
"""Likeness and size of the P wave, its share of the beat, likeness of the QRS."""
SAME = 0.12
"""Difference of the logs of two intervals of one rhythm."""
LONGEST = 60


@inner
def _fading(state: Arrays, k: Int, value: float, part: float) -> float:
    """Let a value count for so much of mean k, and give the mean."""
    state.numbers[slot.LATELY + k] += part * (value - state.numbers[slot.LATELY + k])
    mean: float = state.numbers[slot.LATELY + k]
    return mean


@inlined
def measure_lately(state: Arrays, features: Floats) -> None:
    """Write what the beats up to this one are like: of the last 48 or so, and of the last 32 or so.

    Features: mean step of the log of the interval (63), share of steps that are irregular (64), of beats that come
    early (65) and late (66); the usual interval against the mean of about 64 (67); beats that the interval before this
    one has held for, up to 60 (68); means of `WAVES` (69 to 72). Every beat is measured once, in order.
    """
    early, step, n = features[EARLY], abs(features[STEP]), state.counts[slot.N_LOGS_SEEN]
    newest = 1.0 / (state.counts[slot.N_ACCEPTED] + 1.0)
    part, wave_part = max(newest, 1.0 / N_RHYTHM_BEATS), max(newest, 1.0 / N_WAVE_BEATS)
    features[FIRST] = _fading(state, 0, step, part)
    features[FIRST + 1] = _fading(state, 1, 1.0 if step > IRREGULAR else 0.0, part)
    features[FIRST + 2] = _fading(state, 2, 1.0 if early < PREMATURE else 0.0, part)
    features[FIRST + 3] = _fading(state, 3, 1.0 if early > -PREMATURE else 0.0, part)
    for k in range(len(WAVES)):
        features[FIRST + 6 + k] = _fading(state, 4 + k, features[WAVES[k]], wave_part)
    features[FIRST + 4] = early - features[NEAR_EARLY]
    held = 0
    while held < min(n, LONGEST):
        before = state.logs[(n - 1 - held) % state.logs.shape[0]]
        if abs(before - features[INTERVAL]) >= SAME:
            break
        held += 1
    features[FIRST + 5] = held
