"""Facts of habitat patches: area, a name that does not depend on the tiling, smallest size."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from habitat.algorithms.cell_counts import TileCells, ValueCounts
from habitat.domain.grid import Window

_MM2_PER_KM2 = 10**12
_NOWHERE = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True, eq=False)
class PatchFacts:
    """One row per patch, or per piece of a patch in one tile.

    Attributes
    ----------
    pixels, area_mm2 : numpy.ndarray
        int64 ``(n,)``, size [px], [mm2].
    row, col : numpy.ndarray
        int64 ``(n,)``, grid index of the northernmost pixel, of several the westernmost.
    """

    pixels: np.ndarray
    area_mm2: np.ndarray
    row: np.ndarray
    col: np.ndarray

    def ids(self) -> list[str]:
        """Return the name of each patch, for example ``r-196000c28000``."""
        return [
            f"r{row}c{col}" for row, col in zip(self.row.tolist(), self.col.tolist(), strict=True)
        ]

    def at_least(self, min_km2: float) -> np.ndarray:
        """Return which patches have a minimum area, bool ``(n,)``."""
        large: np.ndarray = self.area_mm2 >= round(min_km2 * _MM2_PER_KM2)
        return large


def patch_facts(labels: np.ndarray, n_labels: int, window: Window, tile: TileCells) -> PatchFacts:
    """Return the facts of the pieces in one tile.

    Parameters
    ----------
    labels : numpy.ndarray
        int32 ``(y, x)`` of the tile without halo: 0 is no patch, else 1..n.
    n_labels : int
        ``n``; labels that only the halo has get no pixels.
    window : Window
        The tile.
    tile : TileCells
        Areas of its pixels.

    Returns
    -------
    PatchFacts
        Row ``i`` is label ``i + 1``.
    """
    y, x = np.nonzero(labels)
    index = labels[y, x] - 1
    area = np.zeros(n_labels, dtype=np.int64)
    np.add.at(area, index, tile.area_mm2[y, tile.local[1][x]])
    first = np.full(n_labels, labels.size, dtype=np.int64)
    np.minimum.at(first, index, y * labels.shape[1] + x)
    found = first < labels.size
    return PatchFacts(
        np.bincount(index, minlength=n_labels).astype(np.int64),
        area,
        np.where(found, first // labels.shape[1] + window.row, _NOWHERE),
        np.where(found, first % labels.shape[1] + window.col, _NOWHERE),
    )


def merge_patches(parts: Sequence[PatchFacts], group: np.ndarray) -> tuple[PatchFacts, np.ndarray]:
    """Return whole patches from their pieces.

    Parameters
    ----------
    parts : sequence of PatchFacts
        Pieces by tile; their rows one after another are the nodes.
    group : numpy.ndarray
        int64 ``(n_nodes,)``, group of each node, of :func:`habitat.algorithms.joining.join`.

    Returns
    -------
    patches : PatchFacts
        One row per patch, by row and column of its first pixel: the order, like everything else,
        does not depend on the tiling.
    patch_of_node : numpy.ndarray
        int64 ``(n_nodes,)``, row of the patch, -1 for groups without a pixel in any tile.
    """
    columns = [
        np.concatenate([getattr(p, name) for p in parts])
        for name in ("pixels", "area_mm2", "row", "col")
    ]
    pixels, area, row, col = columns
    n_groups = int(group.max()) + 1 if len(group) else 0
    sums = np.zeros((2, n_groups), dtype=np.int64)
    np.add.at(sums[0], group, pixels)
    np.add.at(sums[1], group, area)
    by_place = np.lexsort((col, row, group))
    firsts = by_place[np.searchsorted(group[by_place], np.arange(n_groups))]
    order = np.lexsort((col[firsts], row[firsts]))
    order = order[sums[0][order] > 0]
    rank = np.full(n_groups, -1, dtype=np.int64)
    rank[order] = np.arange(len(order))
    patches = PatchFacts(sums[0][order], sums[1][order], row[firsts][order], col[firsts][order])
    return patches, rank[group]


def main_patch(counts: ValueCounts, n_cells: int) -> np.ndarray:
    """Return the patch that covers most of each cell.

    Parameters
    ----------
    counts : ValueCounts
        Area by cell and patch row.
    n_cells : int
        Number of cells.

    Returns
    -------
    numpy.ndarray
        int64 ``(n_cells,)``, row of the patch (the lower on a tie), -1 where there is none.
    """
    main = np.full(n_cells, -1, dtype=np.int64)
    order = np.lexsort((counts.value, -counts.area_mm2, counts.cell))
    cells, first = np.unique(counts.cell[order], return_index=True)
    main[cells] = counts.value[order][first]
    return main
