"""Integer counts and areas by cell: what each tile gives, and how the tiles add up.

All is int64, so the parts of tiles add exactly, in any order and from any cut.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from habitat.algorithms.kernels.cells import area_by_cell, sum_runs, value_counts_by_cell
from habitat.algorithms.ratio import ratio


@dataclass(frozen=True, slots=True, eq=False)
class CodeCounts:
    """A dense histogram of codes by cell.

    Attributes
    ----------
    pixels, area_mm2 : numpy.ndarray
        int64 ``(cell, code)`` [px], [mm2].
    """

    pixels: np.ndarray
    area_mm2: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class ValueCounts:
    """A sparse histogram of values by cell, sorted by cell, then value.

    Attributes
    ----------
    cell : numpy.ndarray
        int64 ``(n,)``, row of :attr:`CellCounts.cells`.
    value, pixels, area_mm2 : numpy.ndarray
        int64 ``(n,)``; value, [px], [mm2].
    """

    cell: np.ndarray
    value: np.ndarray
    pixels: np.ndarray
    area_mm2: np.ndarray

    def renamed(self, table: np.ndarray) -> "ValueCounts":
        """Return the histogram with each value ``v`` replaced by ``table[v]``, -1 dropped."""
        value = table[self.value]
        kept = value >= 0
        parts = self.cell[kept], value[kept], self.pixels[kept], self.area_mm2[kept]
        return ValueCounts(*sum_runs(*parts))


@dataclass(frozen=True, slots=True, eq=False)
class TileCells:
    """Where the pixels of a tile lie in the cells.

    Attributes
    ----------
    i_n : numpy.ndarray
        int64 ``(y,)``, cell index north of each row (:meth:`habitat.domain.cells.CellGrid.rows`).
    ie : numpy.ndarray
        int64 ``(x,)``, cell index east of each column.
    area_mm2 : numpy.ndarray
        int64 ``(y, n)``, area of one pixel of a row in each column of cells, west to east [mm2].
    """

    i_n: np.ndarray
    ie: np.ndarray
    area_mm2: np.ndarray

    def __post_init__(self) -> None:
        """Refuse weights that do not fit the cells."""
        n = int(self.ie.max() - self.ie.min()) + 1
        if self.area_mm2.shape != (len(self.i_n), n) or self.area_mm2.dtype != np.int64:
            raise ValueError(
                f"area_mm2: expected int64 {(len(self.i_n), n)} (pixel rows, columns of cells), "
                f"got {self.area_mm2.dtype} {self.area_mm2.shape}"
            )

    @property
    def local(self) -> tuple[np.ndarray, np.ndarray]:
        """Cell row and cell column of each pixel row and column, int32, counted from 0."""
        return (
            (self.i_n - self.i_n.min()).astype(np.int32),
            (self.ie - self.ie.min()).astype(np.int32),
        )

    def pixel_area_mm2(self) -> np.ndarray:
        """Area of each pixel, int64 ``(y, x)`` [mm2]."""
        return self.area_mm2[:, self.local[1]]


@dataclass(frozen=True, slots=True, eq=False)
class CellCounts:
    """Histograms of named layers by cell, of one tile or of many.

    Attributes
    ----------
    cells : numpy.ndarray
        int64 ``(n, 2)``, cell index north and east, sorted.
    codes : dict of str to CodeCounts
        By layer.
    values : dict of str to ValueCounts
        By layer.
    """

    cells: np.ndarray
    codes: dict[str, CodeCounts] = field(default_factory=dict)
    values: dict[str, ValueCounts] = field(default_factory=dict)

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Return everything as named int64 arrays."""
        arrays = {"cells": self.cells}
        for name, code in self.codes.items():
            arrays[f"codes.{name}"] = np.stack([code.pixels, code.area_mm2])
        for name, of in self.values.items():
            arrays[f"values.{name}"] = np.stack([of.cell, of.value, of.pixels, of.area_mm2])
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> "CellCounts":
        """Return the counts of :meth:`to_arrays`."""
        codes, values = {}, {}
        for key, stack in arrays.items():
            kind, _, name = key.partition(".")
            if kind == "codes":
                codes[name] = CodeCounts(*stack)
            elif kind == "values":
                values[name] = ValueCounts(*stack)
        return cls(arrays["cells"], codes, values)


@dataclass(frozen=True, slots=True, eq=False)
class CodeLayer:
    """A layer of small codes to count: uint8 ``(y, x)``; codes from ``n_codes`` on are left out."""

    codes: np.ndarray
    n_codes: int


@dataclass(frozen=True, slots=True, eq=False)
class ValueLayer:
    """A layer of integers to count: ``(y, x)``; ``missing`` is left out."""

    values: np.ndarray
    missing: int


def count_cells(
    tile: TileCells,
    codes: Mapping[str, CodeLayer],
    values: Mapping[str, ValueLayer] | None = None,
) -> CellCounts:
    """Return the histograms of the layers of a tile.

    Parameters
    ----------
    tile : TileCells
        Where the pixels lie.
    codes : mapping of str to CodeLayer
        Layers of codes.
    values : mapping of str to ValueLayer, optional
        Layers of integers.

    Returns
    -------
    CellCounts
        Only the cells in which some layer has a pixel.
    """
    row, col = tile.local
    area_mm2 = np.ascontiguousarray(tile.area_mm2)
    dense = {
        name: area_by_cell(np.ascontiguousarray(layer.codes), row, col, area_mm2, layer.n_codes)
        for name, layer in codes.items()
    }
    sparse = {
        name: value_counts_by_cell(layer.values, layer.missing, row, col, area_mm2)
        for name, layer in (values or {}).items()
    }
    n_rows, n_cols = int(row.max()) + 1, tile.area_mm2.shape[1]
    used = np.zeros(n_rows * n_cols, dtype=bool)
    for pixels, _ in dense.values():
        used |= pixels.reshape(len(used), -1).any(axis=1)
    for cell, *_ in sparse.values():
        used[cell] = True
    index = np.flatnonzero(used)
    place = np.cumsum(used) - 1
    south, west = tile.i_n.min(), tile.ie.min()
    return CellCounts(
        np.stack([index // n_cols + south, index % n_cols + west], axis=1).astype(np.int64),
        {
            name: CodeCounts(*(x.reshape(len(used), -1)[index] for x in pair))
            for name, pair in dense.items()
        },
        {name: ValueCounts(place[cell], *rest) for name, (cell, *rest) in sparse.items()},
    )


def merge_counts(parts: Sequence[CellCounts]) -> CellCounts:
    """Return the sum of the counts of several tiles, the same in any order.

    Raises
    ------
    ValueError
        If there are no parts, or their layers differ.
    """
    names = {(tuple(sorted(p.codes)), tuple(sorted(p.values))) for p in parts}
    if len(names) != 1:
        raise ValueError(f"merge_counts: expected parts with the same layers, got {sorted(names)}")
    code_names, value_names = names.pop()
    cells, place = np.unique(np.concatenate([p.cells for p in parts]), axis=0, return_inverse=True)
    place = place.reshape(-1)
    stops = np.cumsum([len(p.cells) for p in parts])
    places = np.split(place, stops[:-1])
    return CellCounts(
        cells,
        {
            name: _sum_codes([p.codes[name] for p in parts], places, len(cells))
            for name in code_names
        },
        {name: _sum_values([p.values[name] for p in parts], places) for name in value_names},
    )


def weighted_mean(counts: ValueCounts, n_cells: int) -> np.ndarray:
    """Return the mean value of each cell by area, float64 ``(n_cells,)``, NaN without pixels."""
    sums = np.zeros((2, n_cells), dtype=np.int64)
    np.add.at(sums[0], counts.cell, counts.value * counts.area_mm2)
    np.add.at(sums[1], counts.cell, counts.area_mm2)
    return ratio(sums[0], sums[1])


def pixel_median(counts: ValueCounts, n_cells: int) -> np.ndarray:
    """Return the median pixel value of each cell, float64 ``(n_cells,)``, NaN without pixels.

    Of an even number it is the mean of the middle two.
    """
    out = np.full(n_cells, np.nan)
    if not len(counts.cell):
        return out
    ends = np.cumsum(counts.pixels)
    cells, first = np.unique(counts.cell, return_index=True)
    start = ends[first] - counts.pixels[first]
    n = np.diff(np.append(start, ends[-1]))
    middle = [np.searchsorted(ends, start + at, side="right") for at in ((n - 1) // 2, n // 2)]
    out[cells] = (counts.value[middle[0]] + counts.value[middle[1]]) / 2
    return out


def _sum_codes(
    parts: Sequence[CodeCounts], places: Sequence[np.ndarray], n_cells: int
) -> CodeCounts:
    n_codes = parts[0].pixels.shape[1]
    pixels = np.zeros((n_cells, n_codes), dtype=np.int64)
    area = np.zeros_like(pixels)
    for part, place in zip(parts, places, strict=True):
        # The cells of one part are distinct, so that += adds each once.
        pixels[place] += part.pixels
        area[place] += part.area_mm2
    return CodeCounts(pixels, area)


def _sum_values(parts: Sequence[ValueCounts], places: Sequence[np.ndarray]) -> ValueCounts:
    columns = (
        np.concatenate([place[p.cell] for p, place in zip(parts, places, strict=True)]),
        np.concatenate([p.value for p in parts]),
        np.concatenate([p.pixels for p in parts]),
        np.concatenate([p.area_mm2 for p in parts]),
    )
    return ValueCounts(*sum_runs(*columns))
