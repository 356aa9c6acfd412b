"""State of an observation from what was seen at and around a pixel, in one pass over the rows."""

import numpy as np
from numba import njit

from habitat.domain.bands import State

_NO_DATA = int(State.NO_DATA)
_CLEAR = int(State.CLEAR)
_CLOUD = int(State.CLOUD)
_SHADOW = int(State.SHADOW)
_SNOW = int(State.SNOW)
#: Bits of a pixel that has shadow or cloud near.
_NEAR_SHADOW, _NEAR_CLOUD = 1, 2


@njit(cache=True, nogil=True)
def _spread(state: np.ndarray, radius: int, bits: np.ndarray, wide: np.ndarray) -> None:
    """Write what lies within ``radius`` to the left and right in a row."""
    n = state.shape[0]
    for j in range(n):
        shadow = np.uint8(_NEAR_SHADOW) if state[j] == _SHADOW else np.uint8(0)
        bits[j] = np.uint8(_NEAR_CLOUD) if state[j] == _CLOUD else shadow
        wide[j] = bits[j]
    for step in range(1, min(radius, n - 1) + 1):
        for j in range(n - step):
            wide[j] |= bits[j + step]
        for j in range(n - step):
            wide[j + step] |= bits[j]


@njit(cache=True, nogil=True)
def _join(near: np.ndarray, wide: np.ndarray) -> None:
    for j in range(near.shape[0]):
        near[j] |= wide[j]


@njit(cache=True, nogil=True)
def settle_states(
    seen: np.ndarray,
    flags: tuple[np.ndarray, np.ndarray, np.ndarray],
    radius: int,
    out: np.ndarray,
) -> None:
    """Write the state of each pixel.

    From strongest to weakest: no data, cloud and shadow as seen, cloud near, shadow near or dark,
    snow, clear.

    Parameters
    ----------
    seen : numpy.ndarray
        uint8 ``(y, x)`` of :class:`habitat.domain.bands.State`: what the mask says.
    flags : tuple of numpy.ndarray
        bool ``(y, x)`` each: in the shade, looks like snow, no data in some band.
    radius : int
        Cloud and shadow reach so far in a square [px], 0 or more.
    out : numpy.ndarray
        uint8 ``(y, x)``, written.
    """
    dark, snow, no_data = flags
    n_rows, n = seen.shape
    wide = np.empty((n_rows, n), np.uint8)
    bits = np.empty(n, np.uint8)
    near = np.empty(n, np.uint8)
    for y in range(n_rows):
        _spread(seen[y], radius, bits, wide[y])
    for y in range(n_rows):
        near[:] = 0
        for k in range(max(y - radius, 0), min(y + radius + 1, n_rows)):
            _join(near, wide[k])
        for j in range(n):
            state = seen[y, j]
            open_ = state == _CLEAR or state == _SNOW  # noqa: PLR1714  # numba has no fast `in`
            state = _SNOW if state == _CLEAR and snow[y, j] else state
            shaded = (near[j] & _NEAR_SHADOW) != 0 or dark[y, j]
            state = _SHADOW if open_ and shaded else state
            state = _CLOUD if open_ and (near[j] & _NEAR_CLOUD) != 0 else state
            out[y, j] = _NO_DATA if no_data[y, j] else state


def settle_states_numpy(
    seen: np.ndarray,
    flags: tuple[np.ndarray, np.ndarray, np.ndarray],
    radius: int,
    out: np.ndarray,
) -> None:
    """Write the state of each pixel: the twin of :func:`settle_states`."""
    dark, snow, no_data = flags
    near_shadow = dilate(seen == State.SHADOW, radius) | dark
    near_cloud = dilate(seen == State.CLOUD, radius)
    out[:] = np.where((seen == State.CLEAR) & snow, State.SNOW, seen)
    open_ = (out == State.CLEAR) | (out == State.SNOW)
    out[open_ & near_shadow] = State.SHADOW
    out[open_ & near_cloud] = State.CLOUD
    out[no_data] = State.NO_DATA


def dilate(mask: np.ndarray, radius_px: int) -> np.ndarray:
    """Return where a True pixel lies within a square of ``2 * radius_px + 1`` pixels.

    Parameters
    ----------
    mask : numpy.ndarray
        bool ``(y, x)``; beyond the edge nothing is True.
    radius_px : int
        Growth to each side [px].

    Returns
    -------
    numpy.ndarray
        bool ``(y, x)``.
    """
    if radius_px <= 0 or not mask.any():
        return mask.copy()
    wide = mask.copy()
    for step in range(1, radius_px + 1):
        wide[:, step:] |= mask[:, :-step]
        wide[:, :-step] |= mask[:, step:]
    out = wide.copy()
    for step in range(1, radius_px + 1):
        out[step:] |= wide[:-step]
        out[:-step] |= wide[step:]
    return out
