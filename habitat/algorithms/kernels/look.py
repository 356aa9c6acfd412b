"""The last steps of one simulated band in one pass: point spread, shadow, veil, noise, numbers."""

from typing import NamedTuple

import numpy as np
from numba import njit

_LARGEST_DN = np.float32(30_000)
_ONE, _HALF = np.float32(1), np.float32(0.5)
_LOW_BITS = np.uint32(0xFFFF)
_MIX_1, _MIX_2 = np.uint32(0x7FEB352D), np.uint32(0x846CA68B)
_MIDDLE = np.float32(65535)
#: Opacity from which cloud hides every band, and how fast.
_HIDES, _HIDES_BELOW = np.float32(2.5), np.float32(1.5)


class BandLook(NamedTuple):
    """What one look does to one band, float32 but for ``thick`` (bool) and ``key`` (uint32).

    Attributes
    ----------
    side, middle : numpy.float32
        Weights of the point spread along an axis [1].
    shade : numpy.float32
        Change by full cloud shadow [1], negative.
    haze, white : numpy.float32
        Veil of this band per opacity, and reflectance of cloud [1].
    thick : bool
        Whether there is cloud that hides all bands.
    noise, relative, scale : numpy.float32
        Noise: absolute and relative [1], and the inverse deviation of the drawn numbers.
    key : numpy.uint32
        Of the noise.
    dn : numpy.float32
        Digital numbers for a reflectance of 1.
    """

    side: np.float32
    middle: np.float32
    shade: np.float32
    haze: np.float32
    white: np.float32
    thick: bool
    noise: np.float32
    relative: np.float32
    scale: np.float32
    key: np.uint32
    dn: np.float32


@njit(cache=True, nogil=True)
def finish_band(
    ground: np.ndarray,
    air: tuple[np.ndarray, np.ndarray],
    base: np.ndarray,
    look: BandLook,
    out: np.ndarray,
) -> None:
    """Write the digital numbers of a band.

    Parameters
    ----------
    ground : numpy.ndarray
        float32 ``(y + 2, x + 2)``, reflectance below the air [1], one pixel more on each side.
    air : tuple of numpy.ndarray
        Cloud shadow and opacity of cloud and haze, float32 ``(y, x)`` [1]; ``(0, x)`` for none.
    base : numpy.ndarray
        uint32 ``(y, x)``, hash of each pixel.
    look : BandLook
        The rest.
    out : numpy.ndarray
        uint16 ``(y, x)``, written: 1 to 30,000.
    """
    shadow, cloud = air
    shaded, veiled = shadow.shape[0] > 0, cloud.shape[0] > 0
    height, width = out.shape
    down = np.empty(width + 2, np.float32)
    for y in range(height):
        for x in range(width + 2):
            sides = (ground[y, x] + ground[y + 2, x]) * look.side
            down[x] = sides + ground[y + 1, x] * look.middle
        for x in range(width):
            value = (down[x] + down[x + 2]) * look.side + down[x + 1] * look.middle
            if shaded:
                value = value * (shadow[y, x] * look.shade + _ONE)
            if veiled:
                veil = cloud[y, x] * look.haze
                if look.thick:
                    veil = max(veil, cloud[y, x] * _HIDES - _HIDES_BELOW)
                value = value + (look.white - value) * veil
            h = np.uint32(base[y, x] ^ look.key)
            h = np.uint32(h * _MIX_1)
            h = np.uint32(h ^ (h >> np.uint32(15)))
            h = np.uint32(h * _MIX_2)
            drawn = np.float32(np.uint32((h & _LOW_BITS) + (h >> np.uint32(16))))
            size = value * look.relative + look.noise
            value = value + (drawn - _MIDDLE) * look.scale * size
            number = value * look.dn + _HALF
            out[y, x] = np.uint16(min(max(number, _ONE), _LARGEST_DN))


def finish_band_numpy(
    ground: np.ndarray,
    air: tuple[np.ndarray, np.ndarray],
    base: np.ndarray,
    look: BandLook,
    out: np.ndarray,
) -> None:
    """Write the digital numbers of a band: the twin of :func:`finish_band`."""
    shadow, cloud = air
    down = (ground[:-2] + ground[2:]) * look.side + ground[1:-1] * look.middle
    values = (down[:, :-2] + down[:, 2:]) * look.side + down[:, 1:-1] * look.middle
    if len(shadow):
        values *= shadow * look.shade + _ONE
    if len(cloud):
        veil = cloud * look.haze
        if look.thick:  # thick cloud hides every band
            veil = np.maximum(veil, cloud * _HIDES - _HIDES_BELOW)
        values += (look.white - values) * veil
    h = (base ^ look.key) * _MIX_1
    h ^= h >> np.uint32(15)
    h *= _MIX_2
    drawn = ((h & _LOW_BITS) + (h >> np.uint32(16))).astype(np.float32)
    values += (drawn - _MIDDLE) * look.scale * (values * look.relative + look.noise)
    numbers = np.clip(values * look.dn + _HALF, _ONE, _LARGEST_DN)
    np.copyto(out, numbers, casting="unsafe")
