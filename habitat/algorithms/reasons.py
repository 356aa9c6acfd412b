"""Why a pixel was not observed in a period."""

from enum import IntEnum

import numpy as np

from habitat.domain.bands import State


class Reason(IntEnum):
    """What became of one pixel in one period; 0 is never written, 255 is outside the AOI."""

    OBSERVED = 1
    NO_SCENE = 2
    CLOUD = 3
    SHADOW = 4
    SNOW = 5
    FAILED = 6


#: Codes 0..6 of a reason layer.
N_REASON_CODES = len(Reason) + 1

#: The states that hide a pixel, in the order that breaks ties: what can be repaired first.
_HIDING = (
    (State.FAILED, Reason.FAILED),
    (State.CLOUD, Reason.CLOUD),
    (State.SHADOW, Reason.SHADOW),
    (State.SNOW, Reason.SNOW),
)


def reason_code(state: np.ndarray) -> np.ndarray:
    """Return why each pixel was not observed, or that it was.

    Parameters
    ----------
    state : numpy.ndarray
        uint8 ``(time, y, x)`` of :class:`habitat.domain.bands.State`; no looks at all are allowed.

    Returns
    -------
    numpy.ndarray
        uint8 ``(y, x)`` of :class:`Reason`: observed with any clear look; else the most frequent
        of failed, cloud, shadow and snow (the first of them on a tie); else no scene.
    """
    reason = np.full(state.shape[1:], Reason.NO_SCENE, dtype=np.uint8)
    most = np.zeros(state.shape[1:], dtype=np.int32)
    for hiding, code in _HIDING:
        times = (state == hiding).sum(axis=0, dtype=np.int32)
        reason[times > most] = code
        np.maximum(most, times, out=most)
    reason[(state == State.CLEAR).any(axis=0)] = Reason.OBSERVED
    return reason
