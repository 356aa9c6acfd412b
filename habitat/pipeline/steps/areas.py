"""Where pixels lie in cells, and how large they truly are."""

from dataclasses import dataclass

import numpy as np

from habitat.algorithms.cell_counts import TileCells
from habitat.domain.cells import CellGrid
from habitat.domain.errors import ConfigError
from habitat.domain.grid import Grid, Window
from habitat.io.durable import sha256_file
from habitat.io.projection import pixel_area_mm2
from habitat.io.vector.boundaries import Boundaries, read_boundaries
from habitat.pipeline.context import PlanContext
from habitat.pipeline.ops import GlobalInputs


@dataclass(frozen=True, slots=True)
class BoundaryFiles:
    """Boundary files and their digests, so that a changed file is another input.

    Attributes
    ----------
    countries : str
        Relative to the project; empty for none.
    parks : tuple of (str, str)
        ``cn`` or ``ru``, and the file.
    sha256 : tuple of str
        Of all files in order.
    """

    countries: str = ""
    parks: tuple[tuple[str, str], ...] = ()
    sha256: tuple[str, ...] = ()


def boundary_files(ctx: PlanContext) -> BoundaryFiles:
    """Return the boundary files of a pipeline."""
    named = ctx.config.boundaries
    if named is None:
        return BoundaryFiles()
    given = (("cn", named.park_cn), ("ru", named.park_ru))
    parks = tuple((key, path) for key, path in given if path)
    paths = [named.countries, *(path for _, path in parks)]
    missing = [path for path in paths if not (ctx.project / path).is_file()]
    if missing:
        raise ConfigError(
            f"boundaries: expected files under {ctx.project}, found none at {missing}"
        )
    return BoundaryFiles(
        named.countries, parks, tuple(sha256_file(ctx.project / path) for path in paths)
    )


def boundaries_of(files: BoundaryFiles, inputs: GlobalInputs) -> Boundaries | None:
    """Read the boundary files, if there are any."""
    if not files.countries:
        return None
    parks = {key: inputs.project / path for key, path in files.parks}
    return read_boundaries(inputs.project / files.countries, parks, epsg=inputs.grid.epsg)


def tile_cells(cell_m: int, grid: Grid, window: Window) -> TileCells:
    """Return where the pixels of a tile lie in cells of a size, and their areas."""
    cells = CellGrid(grid.epsg, cell_m)
    ie, i_n = cells.columns(grid, window), cells.rows(grid, window)
    rows = np.arange(window.row, window.row + window.height)
    centres = (np.arange(ie.min(), ie.max() + 1) + 0.5) * cell_m
    return TileCells(i_n, ie, pixel_area_mm2(grid, rows, centres))


def cell_area_mm2(cell_grid: CellGrid, grid: Grid, cells: np.ndarray) -> np.ndarray:
    """Return the true area of whole cells, int64 (n,) [mm2], as the sum of their pixel rows.

    Parameters
    ----------
    cells : np.ndarray
        int64 (n, 2), cell index north and east.
    """
    n_px = cell_grid.cell_m // grid.pixel_m
    norths, which_north = np.unique(cells[:, 0], return_inverse=True)
    easts, which_east = np.unique(cells[:, 1], return_inverse=True)
    centres = (easts + 0.5) * cell_grid.cell_m
    area = np.empty((len(norths), len(easts)), dtype=np.int64)
    for i, north in enumerate(norths.tolist()):
        top = -(north + 1) * n_px
        rows = np.arange(top, top + n_px)
        area[i] = pixel_area_mm2(grid, rows, centres).sum(axis=0) * n_px
    out: np.ndarray = area[which_north, which_east]
    return out
