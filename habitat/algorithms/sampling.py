"""Samples drawn from class maps: by a hash of the pixel, so that tiling cannot change a draw."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from habitat.domain.grid import Window
from habitat.domain.legend import NOT_OBSERVED, OUTSIDE

_BLOCK_SHIFT = 1 << 32


@dataclass(frozen=True, slots=True, eq=False)
class SamplePoints:
    """Sampled pixels.

    Attributes
    ----------
    row, col : numpy.ndarray
        int64 ``(n,)``, global pixel indices of the grid.
    code : numpy.ndarray
        uint8 ``(n,)``, class code.
    """

    row: np.ndarray
    col: np.ndarray
    code: np.ndarray

    def __len__(self) -> int:
        """Return the number of points."""
        return int(self.row.size)

    def take(self, index: np.ndarray) -> "SamplePoints":
        """Return the points at these places."""
        return SamplePoints(self.row[index], self.col[index], self.code[index])


def block_id(x_m: np.ndarray, y_m: np.ndarray, *, block_m: int) -> np.ndarray:
    """Return the id of the square block in which each place lies.

    Parameters
    ----------
    x_m, y_m : numpy.ndarray
        float64, projected coordinates [m], finite.
    block_m : int
        Edge of a block [m].

    Returns
    -------
    numpy.ndarray
        int64: floor of the northing over the size times 2**32, plus floor of the easting.

    Raises
    ------
    ValueError
        If ``block_m`` is not positive.
    """
    if block_m <= 0:
        raise ValueError(f"block_m: expected a positive size, got {block_m}")
    east = np.floor(np.asarray(x_m) / block_m).astype(np.int64)
    north = np.floor(np.asarray(y_m) / block_m).astype(np.int64)
    return north * _BLOCK_SHIFT + east


def pixel_hash(row: np.ndarray, col: np.ndarray, *, seed: int) -> np.ndarray:
    """Return 64 evenly spread bits that depend on the pixel and the seed alone.

    The finaliser of SplitMix64 (Steele, Lea & Flood 2014, doi:10.1145/2714064.2660195), once
    for each of the three numbers. Unsigned arithmetic is meant here: it wraps.

    Parameters
    ----------
    row, col : numpy.ndarray
        int64, global pixel indices.
    seed : int
        Any integer.

    Returns
    -------
    numpy.ndarray
        uint64.
    """
    bits = np.full(np.shape(row), seed % (1 << 64), dtype=np.uint64)
    for part in (row, col):
        bits = _mix(bits ^ np.asarray(part, dtype=np.int64).astype(np.uint64))
    return bits


def _mix(bits: np.ndarray) -> np.ndarray:
    bits = bits + np.uint64(0x9E3779B97F4A7C15)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(bits ^ (bits >> np.uint64(31)))


def draw_share(
    class_code: np.ndarray, window: Window, *, shares: Mapping[int, float], seed: int
) -> SamplePoints:
    """Draw each pixel of a class with the same probability, independently of every other.

    Parameters
    ----------
    class_code : numpy.ndarray
        uint8 ``(y, x)`` of ``window``.
    window : Window
        Where the array lies in the grid.
    shares : mapping of int to float
        Probability in [0, 1] by class code; other codes are not drawn.
    seed : int
        Of the draw; another seed gives another draw.

    Returns
    -------
    SamplePoints
        By row, then column; the same pixels for every tiling.

    Raises
    ------
    ValueError
        If the shape is not the window's, a share lies outside [0, 1], or a code is 0 or 255.
    """
    _check(class_code, window, list(shares))
    limit = np.zeros(256, dtype=np.uint64)
    for code, share in shares.items():
        if not 0 <= share <= 1:
            raise ValueError(f"share of class {code}: expected 0 to 1, got {share}")
        limit[code] = round(share * 2.0**32)
    points = _points(class_code, window, limit[class_code] > 0)
    top_bits = pixel_hash(points.row, points.col, seed=seed) >> np.uint64(32)
    return points.take(np.flatnonzero(top_bits < limit[points.code]))


def draw_per_class(
    class_code: np.ndarray, window: Window, *, codes: Sequence[int], n_max: int, seed: int
) -> SamplePoints:
    """Draw up to ``n_max`` pixels of each class at random.

    The pixels with the smallest hashes are taken, so that joining the draws of several windows
    and cutting them again with :func:`cap_per_class` gives the draw of the whole.

    Parameters
    ----------
    class_code, window, seed
        As in :func:`draw_share`.
    codes : sequence of int
        Classes to draw.
    n_max : int
        Largest number of pixels per class.

    Returns
    -------
    SamplePoints
        By row, then column.
    """
    _check(class_code, window, codes)
    return cap_per_class(
        _points(class_code, window, np.isin(class_code, codes)), n_max=n_max, seed=seed
    )


def cap_per_class(points: SamplePoints, *, n_max: int, seed: int) -> SamplePoints:
    """Keep the ``n_max`` points with the smallest hashes of each class, by row, then column."""
    bits = pixel_hash(points.row, points.col, seed=seed)
    order = np.lexsort((points.col, points.row, bits, points.code))
    code = points.code[order]
    first = np.searchsorted(code, code, side="left")
    kept = points.take(order[np.arange(code.size) - first < n_max])
    return kept.take(np.lexsort((kept.col, kept.row)))


def join_points(parts: Sequence[SamplePoints]) -> SamplePoints:
    """Return the points of all parts, by row, then column."""
    if not parts:
        empty = np.empty(0, dtype=np.int64)
        return SamplePoints(empty, empty, np.empty(0, dtype=np.uint8))
    joined = SamplePoints(
        np.concatenate([p.row for p in parts]),
        np.concatenate([p.col for p in parts]),
        np.concatenate([p.code for p in parts]),
    )
    return joined.take(np.lexsort((joined.col, joined.row)))


def _check(class_code: np.ndarray, window: Window, codes: Sequence[int]) -> None:
    if class_code.shape != window.shape:
        raise ValueError(f"class map: expected shape {window.shape}, got {class_code.shape}")
    bad = [code for code in codes if not NOT_OBSERVED < code < OUTSIDE]
    if bad:
        raise ValueError(f"classes to draw: expected codes 1 to 254, got {bad}")


def _points(class_code: np.ndarray, window: Window, wanted: np.ndarray) -> SamplePoints:
    row, col = np.nonzero(wanted)
    return SamplePoints(
        row.astype(np.int64) + window.row, col.astype(np.int64) + window.col, class_code[row, col]
    )
