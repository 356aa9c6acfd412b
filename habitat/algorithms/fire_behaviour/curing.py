"""Curing of grass from its greenness in satellite images."""

from collections.abc import Iterable

import numpy as np

LEAST_RANGE = 0.15
"""NDVI that greens less than this between its extremes is no grass that cures."""

LEAST_KNOWN = 0.5
"""A cell with less of its grass known than this has no curing of its own."""


def ndvi_of(red: np.ndarray, infrared: np.ndarray) -> np.ndarray:
    """Return NDVI, float32, from stored reflectance of one scale; 0 is not observed, then NaN."""
    r, n = red.astype(np.float32), infrared.astype(np.float32)
    seen = (red > 0) & (infrared > 0)
    return np.where(seen, (n - r) / np.where(seen, n + r, 1.0), np.nan).astype(np.float32)


def cell_curing_pct(looks: Iterable[np.ndarray], grassy: np.ndarray, per_cell: int) -> np.ndarray:
    """Return the curing of cells, float64 ``(y, x)`` [%], from NDVI of pixels.

    Parameters
    ----------
    looks : iterable of numpy.ndarray
        float32 ``(y, x)`` of pixels by time, the last one now; NaN where not observed.
    grassy : numpy.ndarray
        bool ``(y, x)``, pixels that are grass.
    per_cell : int
        Pixels along the side of a cell.

    Returns
    -------
    numpy.ndarray
        Mean over the grass of a cell; NaN where less than half of it is known, or there is none.
    """
    lowest = highest = now = np.full(grassy.shape, np.nan, dtype=np.float32)
    for now in looks:
        lowest, highest = np.fmin(lowest, now), np.fmax(highest, now)
    dead = np.where(grassy, curing_pct(now, lowest, highest), np.nan)
    known = np.isfinite(dead)
    count, grass = _sums(known, per_cell), _sums(grassy, per_cell)
    total = _sums(np.where(known, dead, 0.0), per_cell)
    enough = (count > 0) & (count >= LEAST_KNOWN * grass)
    return np.where(enough, total / np.where(enough, count, 1.0), np.nan)


def _sums(pixels: np.ndarray, per_cell: int) -> np.ndarray:
    height, width = (side // per_cell for side in pixels.shape)
    cells = pixels.reshape(height, per_cell, width, per_cell)
    return np.asarray(cells.sum(axis=(1, 3), dtype=np.float64))


def curing_pct(ndvi: np.ndarray, lowest: np.ndarray, highest: np.ndarray) -> np.ndarray:
    """Return the dead share of grass [%] by relative greenness (Newnham et al. 2011).

    100 (1 - RG), with RG the place of the NDVI between its extremes of a year or more; better than
    a line on NDVI itself (Remote Sensing of Environment 115, 1456).

    Parameters
    ----------
    ndvi, lowest, highest : numpy.ndarray
        float64 of one shape: now, and the extremes on snow-free looks; NaN where not observed.

    Returns
    -------
    numpy.ndarray
        float64, 0 to 100; NaN where anything is not known or the range is below 0.15.
    """
    span = highest - lowest
    wide = span >= LEAST_RANGE
    greenness = (ndvi - lowest) / np.where(wide, span, np.nan)
    return np.asarray(100.0 * (1.0 - np.clip(greenness, 0.0, 1.0)))
