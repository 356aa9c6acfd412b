"""Why a pixel was not observed in a period."""

from collections.abc import Sequence
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
    BURNED = 7


#: Codes 0..7 of a reason layer.
N_REASON_CODES = len(Reason) + 1

#: The states that hide a pixel, in the order that breaks ties: what can be repaired first.
_HIDING = (
    (State.FAILED, Reason.FAILED),
    (State.CLOUD, Reason.CLOUD),
    (State.SHADOW, Reason.SHADOW),
    (State.SNOW, Reason.SNOW),
    (State.LEFT_OUT, Reason.BURNED),
)


def reasons_of_looks(state: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """Return :func:`reason_code` of a map, looking only at the pixels that it did not observe.

    Parameters
    ----------
    state : numpy.ndarray
        uint8 ``(time, y, x)`` of :class:`habitat.domain.bands.State`, the looks of the map.
    observed : numpy.ndarray
        bool ``(y, x)``, where the map says something.

    Returns
    -------
    numpy.ndarray
        uint8 ``(y, x)`` of :class:`Reason`; no scene where a clear look held no value to use.
    """
    reason = np.full(observed.shape, Reason.OBSERVED, dtype=np.uint8)
    why = reason_code(state[:, ~observed])
    reason[~observed] = np.where(why == Reason.OBSERVED, np.uint8(Reason.NO_SCENE), why)
    return reason


def reasons_of_map(observed: np.ndarray, parts: Sequence[np.ndarray]) -> np.ndarray:
    """Return why a map that is made from others was not observed.

    Parameters
    ----------
    observed : numpy.ndarray
        bool ``(y, x)``, where the map says something.
    parts : sequence of numpy.ndarray
        uint8 ``(y, x)`` of :class:`Reason`, of what the map is made from, the season that
        matters most first.

    Returns
    -------
    numpy.ndarray
        uint8 ``(y, x)`` of :class:`Reason`: where not observed, the reason of the first part
        that was not; no scene if all were.
    """
    reason = np.full(observed.shape, Reason.NO_SCENE, dtype=np.uint8)
    for part in reversed(parts):
        reason = np.where(part == Reason.OBSERVED, reason, part)
    reason[observed] = Reason.OBSERVED
    return reason


def reason_code(state: np.ndarray) -> np.ndarray:
    """Return why each pixel was not observed, or that it was.

    Parameters
    ----------
    state : numpy.ndarray
        uint8 ``(time, ...)`` of :class:`habitat.domain.bands.State`; no looks at all are allowed.

    Returns
    -------
    numpy.ndarray
        uint8, the shape of one look, of :class:`Reason`: observed with any clear look; else the
        most frequent of failed, cloud, shadow, snow and burned (the first of them on a tie);
        else no scene.
    """
    observed = (state == State.CLEAR).any(axis=0)
    reason = np.full(state.shape[1:], Reason.OBSERVED, dtype=np.uint8)
    if not observed.all():  # few are hidden: only these are counted
        reason[~observed] = _most_frequent(state[:, ~observed])
    return reason


def _most_frequent(state: np.ndarray) -> np.ndarray:
    """Return the reason of pixels without a clear look, uint8 (n,), from uint8 (time, n)."""
    reason = np.full(state.shape[1:], Reason.NO_SCENE, dtype=np.uint8)
    most = np.zeros(state.shape[1:], dtype=np.int32)
    for hiding, code in _HIDING:
        times = (state == hiding).sum(axis=0, dtype=np.int32)
        reason[times > most] = code
        np.maximum(most, times, out=most)
    return reason
