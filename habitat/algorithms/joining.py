"""Objects that cross tiles: labels per tile, joined over the seams by union-find.

Each tile labels its padded window and reports, for the pixels in a strip on both sides of its
edge, which label they carry. A pixel seen from two tiles has two labels of one object. The
result does not depend on how the area was cut.
"""

from collections.abc import Sequence

import numpy as np
from scipy.ndimage import label
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

_EIGHT = np.ones((3, 3), dtype=bool)


def label_tile(mask: np.ndarray) -> tuple[np.ndarray, int]:
    """Label the 8-connected components of a mask.

    Parameters
    ----------
    mask : numpy.ndarray
        bool ``(y, x)``.

    Returns
    -------
    labels : numpy.ndarray
        int32 ``(y, x)``, 0 outside the mask, else 1..n.
    n : int
        Number of components.
    """
    labels = np.zeros(mask.shape, dtype=np.int32)
    n = label(mask, structure=_EIGHT, output=labels)
    return labels, int(n)


def seam_strip(shape: tuple[int, int], core: tuple[slice, slice], width_px: int) -> np.ndarray:
    """Return where a padded window shares pixels with its neighbours.

    Parameters
    ----------
    shape : tuple of int
        Shape of the padded window.
    core : tuple of slice
        The tile in it.
    width_px : int
        Halo: how far a neighbour looks into this tile.

    Returns
    -------
    numpy.ndarray
        bool ``(y, x)``: outside the core, or within ``width_px`` of its edge.
    """
    strip = np.ones(shape, dtype=bool)
    rows, cols = core
    strip[
        rows.start + width_px : rows.stop - width_px, cols.start + width_px : cols.stop - width_px
    ] = False
    return strip


def edges(nodes: np.ndarray, keys: Sequence[np.ndarray]) -> np.ndarray:
    """Return the pairs of nodes that carry the same key.

    Parameters
    ----------
    nodes : numpy.ndarray
        int64 ``(n,)``, node of each observation.
    keys : sequence of numpy.ndarray
        Integer columns ``(n,)`` (day, row, col): equal in all means one and the same pixel.

    Returns
    -------
    numpy.ndarray
        int64 ``(m, 2)``, each pair once; enough of them to join all nodes of a key.
    """
    order = np.lexsort(tuple(keys))
    same = np.ones(max(len(order) - 1, 0), dtype=bool)
    for key in keys:
        same &= key[order[1:]] == key[order[:-1]]
    pairs = np.stack([nodes[order[:-1]][same], nodes[order[1:]][same]], axis=1)
    pairs = np.sort(pairs[pairs[:, 0] != pairs[:, 1]], axis=1)
    return np.unique(pairs, axis=0) if len(pairs) else pairs.astype(np.int64)


def join(n_nodes: int, pairs: np.ndarray) -> np.ndarray:
    """Return the group of each node, given the pairs that belong together.

    Returns
    -------
    numpy.ndarray
        int64 ``(n_nodes,)``, groups 0..g-1. Their order means nothing.
    """
    if n_nodes == 0:
        return np.zeros(0, dtype=np.int64)
    ones = np.ones(len(pairs), dtype=np.int8)
    graph = coo_array((ones, (pairs[:, 0], pairs[:, 1])), shape=(n_nodes, n_nodes))
    group: np.ndarray = connected_components(graph.tocsr(), directed=False)[1]
    return group.astype(np.int64)
