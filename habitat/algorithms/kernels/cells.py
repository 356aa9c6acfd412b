"""Counts and areas of codes by cell, in integers: parts of tiles add exactly in any order."""

import numpy as np
from numba import njit

#: Codes that share one packed counter, and pixels that cannot overflow its bytes.
_PACKED_CODES = 8
_PACKED_PX = 255


@njit(cache=True, nogil=True)
def _packed_counts(line: np.ndarray, base: np.uint8) -> np.uint64:
    """Count eight codes from ``base`` on in the eight bytes of one integer (vectorizes)."""
    counts = np.uint64(0)
    for x in range(line.shape[0]):
        code = np.uint64(np.uint8(line[x] - base))
        counts += np.uint64(code < 8) << ((code & np.uint64(7)) << np.uint64(3))
    return counts


@njit(cache=True, nogil=True)
def _run_starts(cell_col: np.ndarray) -> list[int]:
    """Return where runs of one cell start, none longer than the counters hold, and the end."""
    starts = [0]
    for x in range(1, len(cell_col)):
        if cell_col[x] != cell_col[x - 1] or x - starts[-1] == _PACKED_PX:
            starts.append(x)
    starts.append(len(cell_col))
    return starts


@njit(cache=True, nogil=True)
def _add_run(line: np.ndarray, pixel_mm2: int, pixels: np.ndarray, area: np.ndarray) -> None:
    for base in range(0, pixels.shape[0], _PACKED_CODES):
        packed = _packed_counts(line, np.uint8(base))
        for c in range(base, min(base + _PACKED_CODES, pixels.shape[0])):
            n = np.int64(packed & np.uint64(0xFF))
            packed >>= np.uint64(8)
            pixels[c] += n
            area[c] += n * pixel_mm2


@njit(cache=True, nogil=True)
def area_by_cell(
    codes: np.ndarray,
    cell_row: np.ndarray,
    cell_col: np.ndarray,
    area_mm2: np.ndarray,
    n_codes: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Return pixel counts and areas of each code in each cell.

    Parameters
    ----------
    codes : numpy.ndarray
        uint8 ``(y, x)``; codes from ``n_codes`` on are left out (255 is outside the AOI).
    cell_row : numpy.ndarray
        int32 ``(y,)``, cell of each pixel row, counted from 0.
    cell_col : numpy.ndarray
        int32 ``(x,)``, cell of each pixel column, counted from 0.
    area_mm2 : numpy.ndarray
        int64 ``(y, n_cell_cols)``, area of one pixel of a row within a column of cells [mm2].
    n_codes : int
        Number of codes that are counted, at most 256.

    Returns
    -------
    pixels, area : numpy.ndarray
        int64 ``(n_cell_rows, n_cell_cols, n_codes)`` [px], [mm2].
    """
    height = codes.shape[0]
    n_rows = cell_row.max() + 1 if height else 0
    pixels = np.zeros((n_rows, area_mm2.shape[1], n_codes), np.int64)
    area = np.zeros((n_rows, area_mm2.shape[1], n_codes), np.int64)
    starts = _run_starts(cell_col)
    for y in range(height):
        for run in range(len(starts) - 1):
            start, stop = starts[run], starts[run + 1]
            at = cell_row[y], cell_col[start]
            _add_run(codes[y, start:stop], area_mm2[y, at[1]], pixels[at], area[at])
    return pixels, area


def area_by_cell_numpy(
    codes: np.ndarray,
    cell_row: np.ndarray,
    cell_col: np.ndarray,
    area_mm2: np.ndarray,
    n_codes: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Return pixel counts and areas by cell: the twin of :func:`area_by_cell`."""
    n_rows = int(cell_row.max()) + 1 if len(cell_row) else 0
    pixels = np.zeros((n_rows, area_mm2.shape[1], n_codes), dtype=np.int64)
    area = np.zeros_like(pixels)
    y, x = np.nonzero(codes < n_codes)
    at = cell_row[y], cell_col[x], codes[y, x]
    np.add.at(pixels, at, 1)
    np.add.at(area, at, area_mm2[y, cell_col[x]])
    return pixels, area


@njit(cache=True, nogil=True)
def value_runs(
    values: np.ndarray,
    missing: int,
    cell_row: np.ndarray,
    cell_col: np.ndarray,
    area_mm2: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the runs of equal values along rows within cells.

    Parameters
    ----------
    values : numpy.ndarray
        Integers ``(y, x)``.
    missing : int
        Value that is left out.
    cell_row, cell_col, area_mm2 : numpy.ndarray
        As in :func:`area_by_cell`.

    Returns
    -------
    cell, value, pixels, area : numpy.ndarray
        int64 ``(n_runs,)``: flat cell index (row times the number of columns, plus column),
        value, length [px], area [mm2].
    """
    height, width = values.shape
    n_runs = 0
    for y in range(height):
        for x in range(width):
            starts = x == 0 or values[y, x] != values[y, x - 1] or cell_col[x] != cell_col[x - 1]
            n_runs += starts and values[y, x] != missing
    cell = np.empty(n_runs, np.int64)
    value = np.empty(n_runs, np.int64)
    pixels = np.zeros(n_runs, np.int64)
    area = np.zeros(n_runs, np.int64)
    run = -1
    for y in range(height):
        for x in range(width):
            v = values[y, x]
            if v == missing:
                continue
            k = cell_col[x]
            if x == 0 or v != values[y, x - 1] or k != cell_col[x - 1]:
                run += 1
                cell[run] = np.int64(cell_row[y]) * area_mm2.shape[1] + k
                value[run] = v
            pixels[run] += 1
            area[run] += area_mm2[y, k]
    return cell, value, pixels, area


def value_runs_numpy(
    values: np.ndarray,
    missing: int,
    cell_row: np.ndarray,
    cell_col: np.ndarray,
    area_mm2: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the runs of equal values: the twin of :func:`value_runs`."""
    starts = np.ones(values.shape, dtype=bool)
    starts[:, 1:] = (values[:, 1:] != values[:, :-1]) | (cell_col[1:] != cell_col[:-1])
    y, x = np.nonzero(starts)
    n = np.diff(np.append(y * values.shape[1] + x, values.size))
    keep = values[y, x] != missing
    y, x, n = y[keep], x[keep], n[keep].astype(np.int64)
    k = cell_col[x]
    cell = cell_row[y].astype(np.int64) * area_mm2.shape[1] + k
    return cell, values[y, x].astype(np.int64), n, n * area_mm2[y, k]


def sum_runs(
    cell: np.ndarray, value: np.ndarray, pixels: np.ndarray, area: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return one entry per cell and value, by cell, then value: a sparse histogram.

    Parameters
    ----------
    cell, value, pixels, area : numpy.ndarray
        int64 ``(n,)``, any order, repeats allowed.

    Returns
    -------
    cell, value, pixels, area : numpy.ndarray
        int64 ``(m,)``, each pair of cell and value once.
    """
    if not len(cell):
        return cell, value, pixels, area
    order = np.lexsort((value, cell))
    cell, value = cell[order], value[order]
    first = np.ones(len(cell), dtype=bool)
    first[1:] = (cell[1:] != cell[:-1]) | (value[1:] != value[:-1])
    at = np.flatnonzero(first)
    sums = [np.add.reduceat(x[order], at) for x in (pixels, area)]
    return cell[at], value[at], sums[0], sums[1]


def value_counts_by_cell(
    values: np.ndarray,
    missing: int,
    cell_row: np.ndarray,
    cell_col: np.ndarray,
    area_mm2: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the sparse histogram of values by cell.

    Parameters are those of :func:`value_runs`, the result is that of :func:`sum_runs`.
    """
    return sum_runs(*value_runs(values, missing, cell_row, cell_col, area_mm2))
