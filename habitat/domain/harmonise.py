"""Stored values of any scene to the one scale: uint16 reflectance × 10,000, offset off."""

from collections.abc import Mapping

import numpy as np

from habitat.domain.bands import BASELINE_0400_OFFSET_DN, DN_NODATA, DN_SCALE

#: Observed values end here (uint16).
DN_MAX = 65_535
#: Bands that are dark over vegetation or water, the darkest first: the check reads the first three
#: that a scene has.
DARK_BANDS = ("B12", "B04", "B02", "B03", "B11", "B05")
#: Fewer clear pixels than this give no verdict.
MIN_CLEAR_PX = 200
#: Reflectance × 10,000 by which a true value may lie below zero (over-corrected water, shadow).
BELOW_ZERO_DN = 100
#: Share of clear pixels below the offset from which the offset cannot be in the pixels.
IMPOSSIBLE_SHARE = 0.20
#: Quantile of the clear pixels that stands for "the darkest".
DARKEST_QUANTILE = 0.01
#: Darkest pixels at or above this still have the offset in them.
OFFSET_LEFT_DN = 950
#: Clear land is never brighter (median) or darker (99 %) than this on the right scale.
BRIGHTEST_MEDIAN_DN = 20_000
DARKEST_BRIGHT_DN = 50


def harmonise(
    stored: np.ndarray, *, offset_dn: int, scale: float, nodata: float | None = None
) -> np.ndarray:
    """Return stored values as digital numbers on the scale of habitat.

    No data is found before any arithmetic, so that 0 never becomes an observed −1,000.

    Parameters
    ----------
    stored : numpy.ndarray
        Integers or floats as in the file.
    offset_dn : int
        Subtracted from each observed value after scaling (0 or 1,000).
    scale : float
        Reflectance of one stored unit.
    nodata : float, optional
        Stored value of "no data" (0 if not given). NaN and infinity always are, and so is 0 in
        unsigned integers, where no observed value is 0.

    Returns
    -------
    numpy.ndarray
        uint16, same shape: observed values from 1 to 65,535, rounded half up; 0 = no data.
    """
    factor = scale * DN_SCALE
    plain = stored.dtype == np.uint16 and not offset_dn and not nodata
    if plain and np.isclose(factor, 1.0, rtol=1e-9, atol=0.0):
        return stored  # 0 = no data and all else from 1 to 65,535 already
    observed = _observed(stored, nodata)
    if stored.dtype.kind in "iu" and np.isclose(factor, 1.0, rtol=1e-9, atol=0.0):
        dn = stored.astype(np.int32) - offset_dn
    else:
        exact = np.where(observed, stored, 0).astype(np.float64) * factor
        dn = np.floor(np.minimum(exact, 2.0 * DN_MAX) + 0.5) - offset_dn
    return np.where(observed, np.clip(dn, 1, DN_MAX), DN_NODATA).astype(np.uint16)


def _observed(stored: np.ndarray, nodata: float | None) -> np.ndarray:
    """Return where a stored value is an observation, boolean."""
    missing = 0.0 if nodata is None else nodata
    observed: np.ndarray = np.isfinite(stored) & (stored != missing)
    if stored.dtype.kind == "u":
        observed &= stored != 0
    return observed


def offset_fault(
    stored: Mapping[str, np.ndarray], clear: np.ndarray, *, offset_dn: int, new: bool
) -> str | None:
    """Return why the pixels contradict the scale and offset that metadata declare, or None.

    With an offset of 1,000 in the pixels a stored value below 1,000 is a negative reflectance,
    which only a few over-corrected pixels have; without it some of the darkest pixels of red, blue
    and 2.2 µm (vegetation, water) are far below 950.

    Limits: only clear pixels tell (clouds and snow are bright in every state), so a scene with
    fewer than 200 of them in the sample gets no verdict. A scene that is bright in all three bands
    everywhere is refused although it is right: a sand desert, or a small scene under haze that its
    mask calls clear. Of 139 real dates of 1 km² in Romania before 2022 one was of that kind, so an
    offset that was left in is looked for only where one can be: see ``new``.

    Parameters
    ----------
    stored : mapping of str to numpy.ndarray
        uint16 by band: scaled, the offset **not** taken off, 0 = no data; dark bands only.
    clear : numpy.ndarray
        Boolean, same shape.
    offset_dn : int
        What metadata say is in the pixels.
    new : bool
        Acquired on or after 25 January 2022, or of baseline 04.00 or later: the ground segment may
        have left an offset in the pixels.
    """
    dark = np.stack([stored[band] for band in sorted(stored)])
    dark = dark[:, clear & (dark != DN_NODATA).all(axis=0)]
    if dark.shape[1] < MIN_CLEAR_PX:
        return None
    low, high = dark.min(axis=0), dark.max(axis=0)
    return _scale_fault(low, high) or _offset_fault(low, offset_dn, new=new)


def _scale_fault(low: np.ndarray, high: np.ndarray) -> str | None:
    """Return why the scale cannot be right, or None."""
    median, bright = float(np.median(low)), float(np.quantile(high, 0.99))
    if median <= BRIGHTEST_MEDIAN_DN and bright >= DARKEST_BRIGHT_DN:
        return None
    return (
        "scale contradicts the pixels: expected clear land between reflectance 0.005 and 2, "
        f"got a median of {median / DN_SCALE:.4g} and a 99 % quantile of {bright / DN_SCALE:.4g}; "
        "correct the declared scale"
    )


def _offset_fault(low: np.ndarray, offset_dn: int, *, new: bool) -> str | None:
    """Return why the offset cannot be right, or None."""
    darkest = float(np.quantile(low, DARKEST_QUANTILE))
    impossible = float((low < offset_dn - BELOW_ZERO_DN).mean())
    if offset_dn and impossible > IMPOSSIBLE_SHARE:
        return (
            f"offset contradicts the pixels: metadata say {offset_dn} is still in them, but "
            f"{impossible:.0%} of the clear pixels lie below it (darkest {darkest:.0f}); it was "
            "already taken off, so declare offset 0"
        )
    if new and not offset_dn and darkest >= OFFSET_LEFT_DN:
        return (
            "offset contradicts the pixels: metadata say none is in them, but the darkest clear "
            f"pixels are {darkest:.0f}; it was not taken off, so declare offset "
            f"-{BASELINE_0400_OFFSET_DN}"
        )
    return None
