"""Two class maps to what changed between them."""

from collections.abc import Sequence

import numpy as np

from habitat.domain.legend import NOT_OBSERVED, OUTSIDE

STABLE_FOREST, STABLE_OTHER, LOSS, GAIN, TYPE_CHANGE = 1, 2, 3, 4, 5


def forest_change(before: np.ndarray, after: np.ndarray, forest_codes: Sequence[int]) -> np.ndarray:
    """Return the change of forest between two class maps.

    Parameters
    ----------
    before, after : numpy.ndarray
        uint8 ``(y, x)`` codes of one legend; 0 not observed, 255 outside the AOI.
    forest_codes : sequence of int
        Codes that are forest.

    Returns
    -------
    numpy.ndarray
        uint8 ``(y, x)`` of :data:`habitat.domain.legend.FOREST_CHANGE`: 1 stable forest,
        2 stable non-forest, 3 loss, 4 gain, 5 another forest class; 0 where either map is not
        observed, 255 where either is outside.

    Raises
    ------
    ValueError
        If the maps have two shapes.
    """
    _check_pair(before, after)
    is_forest = np.zeros(256, dtype=bool)
    is_forest[list(forest_codes)] = True
    b, a = np.arange(256)[:, np.newaxis], np.arange(256)[np.newaxis, :]
    was, now = is_forest[b], is_forest[a]
    table = np.where(was, np.where(now, STABLE_FOREST, LOSS), np.where(now, GAIN, STABLE_OTHER))
    table[was & now & (b != a)] = TYPE_CHANGE
    table[(b == NOT_OBSERVED) | (a == NOT_OBSERVED)] = NOT_OBSERVED
    table[(b == OUTSIDE) | (a == OUTSIDE)] = OUTSIDE
    return _pair_lookup(table.astype(np.uint8), before, after)


def transition_matrix(before: np.ndarray, after: np.ndarray, codes: Sequence[int]) -> np.ndarray:
    """Return how many pixels went from each class to each class.

    Parameters
    ----------
    before, after : numpy.ndarray
        uint8 ``(y, x)`` codes; pixels of any other code than ``codes`` are left out.
    codes : sequence of int
        Classes, in the order of the rows (before) and columns (after).

    Returns
    -------
    numpy.ndarray
        int64 ``(n, n)`` [px]; the matrices of tiles add up to that of the whole.

    Raises
    ------
    ValueError
        If the maps have two shapes.
    """
    _check_pair(before, after)
    pair = before.astype(np.int64) * 256 + after
    counts = np.bincount(pair.reshape(-1), minlength=256 * 256).reshape(256, 256)
    return counts[np.ix_(list(codes), list(codes))].astype(np.int64)


def _check_pair(before: np.ndarray, after: np.ndarray) -> None:
    if before.shape != after.shape or before.dtype != np.uint8 or after.dtype != np.uint8:
        raise ValueError(
            "class maps: expected two uint8 arrays of one shape, got "
            f"{before.dtype} {before.shape} and {after.dtype} {after.shape}"
        )


def _pair_lookup(table: np.ndarray, before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Return ``table[before, after]`` of a uint8 ``(256, 256)`` table."""
    found: np.ndarray = table.reshape(-1)[before.astype(np.intp) * 256 + after]
    return found
