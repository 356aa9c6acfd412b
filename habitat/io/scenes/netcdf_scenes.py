"""NetCDF cubes of Sentinel-2 dates to a folder of scenes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import rasterio
import xarray as xr
from rasterio.crs import CRS
from rasterio.transform import Affine

from habitat.domain.errors import InputError
from habitat.domain.product_name import CLOUD_PROBABILITY, SCL, band_of
from habitat.io.durable import local_resources
from habitat.io.scenes.index import index_folder

#: Coordinates are evenly spaced within this share of a pixel.
_SPACING = 1e-3
_CUBE_DIMS = 3
_ROOT_CODE = re.compile(r'(?:AUTHORITY\["EPSG","|ID\["EPSG",)(\d+)"?\]\]$')


@dataclass(frozen=True, slots=True)
class CubeGrid:
    """Where the pixels of a cube lie.

    Attributes
    ----------
    epsg : int
        CRS.
    x0, y0 : float
        Upper left corner [m].
    pixel_m : float
        Pixel size [m].
    """

    epsg: int
    x0: float
    y0: float
    pixel_m: float

    def snapped(self) -> "CubeGrid":
        """Return the grid moved by less than half a pixel, so that edges are multiples of it."""
        p = self.pixel_m
        return CubeGrid(self.epsg, round(self.x0 / p) * p, round(self.y0 / p) * p, p)

    @property
    def transform(self) -> Affine:
        """Transform of a raster on the grid."""
        return Affine(self.pixel_m, 0.0, self.x0, 0.0, -self.pixel_m, self.y0)


def convert_cube(
    cube: Path, out: Path, *, scale: float | None = None, offset_dn: int = 0, snap: bool = False
) -> list[Path]:
    """Write a cube as one folder of GeoTIFFs per date, and index them.

    Parameters
    ----------
    cube : Path
        NetCDF with dims time (or ``t``), y, x; variables with band names (``B3``, ``B8A``,
        ``SCL``), ``_FillValue`` where no data, and a grid mapping with the CRS.
    out : Path
        Folder; ``out/20170601T000000/B03.tif``, one item beside each date's files.
    scale, offset_dn
        As in :func:`habitat.io.scenes.index.index_folder`.
    snap : bool
        Move the pixels by less than half a pixel onto multiples of their size, so that values are
        copied and not interpolated. The move stands in the tags of each file.

    Returns
    -------
    list of Path
        The items.

    Raises
    ------
    InputError
        If dims, coordinates, CRS or band names are missing.
    """
    try:
        dataset = xr.open_dataset(cube, engine="netcdf4", mask_and_scale=False)
    except (OSError, ValueError) as error:
        raise InputError(f"{cube}: expected a NetCDF cube, got a failed read ({error})") from error
    with dataset:
        dataset = dataset.rename({"t": "time"}) if "t" in dataset.dims else dataset
        found = cube_grid(dataset, cube)
        grid = found.snapped() if snap else found
        tags = {"MOVED_M": f"{grid.x0 - found.x0:.3f} {grid.y0 - found.y0:.3f}"}
        for time, name, values in _layers(dataset, cube):
            path = out / f"{time:%Y%m%dT%H%M%S}" / f"{name}.tif"
            write_scene_band(path, values, grid, tags)
    return index_folder(out, scale=scale, offset_dn=offset_dn)


def cube_grid(dataset: xr.Dataset, cube: Path) -> CubeGrid:
    """Return where the pixels of a cube lie.

    Raises
    ------
    InputError
        If the CRS has no EPSG code or the coordinates are not square, even and north up.
    """
    missing = [name for name in ("time", "y", "x") if name not in dataset.coords]
    if missing or min(dataset.sizes["y"], dataset.sizes["x"]) <= 1:
        raise InputError(
            f"{cube}: expected coordinates time, y and x of more than one pixel, got "
            f"{dict(dataset.sizes)}"
        )
    x, y = (dataset[name].to_numpy().astype(np.float64) for name in ("x", "y"))
    pixel = float(x[-1] - x[0]) / (x.size - 1)
    even_x = np.abs(np.diff(x) - pixel).max()
    even_y = np.abs(np.diff(y) + pixel).max()
    if pixel <= 0 or max(even_x, even_y) > _SPACING * pixel:
        raise InputError(
            f"{cube}: expected square pixels, x rising and y falling evenly, got x {x[:3]} and "
            f"y {y[:3]}"
        )
    size = round(pixel, 6)
    return CubeGrid(_epsg(dataset, cube), x[0] - size / 2, y[0] + size / 2, size)


def _epsg(dataset: xr.Dataset, cube: Path) -> int:
    """Return the EPSG code that the grid mapping states at its root."""
    for name in ("spatial_ref", "crs"):
        attributes = dataset[name].attrs if name in dataset.variables else {}
        wkt = str(attributes.get("crs_wkt") or attributes.get("spatial_ref")).strip()
        # Read as stated: old texts with TOWGS84 match no entry of the database as a whole.
        if match := _ROOT_CODE.search(wkt):
            return int(match[1])
    raise InputError(f"{cube}: expected a variable spatial_ref or crs with an EPSG code, got none")


def _layers(dataset: xr.Dataset, cube: Path) -> Iterator[tuple[pd.Timestamp, str, np.ndarray]]:
    """Yield time, band name and values ``(y, x)`` of each date of each band; 0 = no data."""
    bands = {
        str(key): name
        for key, variable in dataset.data_vars.items()
        if variable.ndim == _CUBE_DIMS and (name := _band(str(key))) is not None
    }
    if not bands:
        raise InputError(
            f"{cube}: expected variables with names of Sentinel-2 bands, got "
            f"{sorted(map(str, dataset.data_vars))}"
        )
    for key in sorted(bands):
        variable = dataset[key].transpose("time", "y", "x")
        values = variable.to_numpy()
        fill = variable.attrs.get("_FillValue")
        if fill is not None and bands[key] != CLOUD_PROBABILITY:
            values = np.where(values == fill, 0, values).astype(values.dtype)
        if bands[key] in (SCL, CLOUD_PROBABILITY):
            values = _codes(values, key, cube)
        for time, layer in zip(pd.DatetimeIndex(dataset["time"]), values, strict=True):
            yield time, bands[key], layer


def _band(name: str) -> str | None:
    """Return the band of ``B3`` or ``S2-L2A-B04``."""
    return band_of(name) or band_of(re.split("[-_]", name)[-1])


def _codes(values: np.ndarray, name: str, cube: Path) -> np.ndarray:
    """Return a mask as uint8, refusing what does not fit."""
    if values.dtype.kind not in "iu" or values.min() < 0 or values.max() > np.iinfo(np.uint8).max:
        raise InputError(
            f"{cube}: {name}: expected whole numbers from 0 to 255, got {values.dtype} from "
            f"{values.min()} to {values.max()}"
        )
    return values.astype(np.uint8)


def write_scene_band(
    path: Path, values: np.ndarray, grid: CubeGrid, tags: dict[str, str] | None = None
) -> None:
    """Write one band of one date (or codes) as a GeoTIFF, 0 = no data (cloud probability: 255).

    Raises
    ------
    ResourceError
        If the folder cannot be written.
    """
    profile = {
        "driver": "GTiff",
        "count": 1,
        "height": values.shape[0],
        "width": values.shape[1],
        "dtype": values.dtype.name,
        "crs": CRS.from_epsg(grid.epsg),
        "transform": grid.transform,
        "nodata": 255 if path.stem == CLOUD_PROBABILITY else 0,
        "compress": "deflate",
    }
    with local_resources("writing", path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with rasterio.open(path, "w", **profile) as dataset:
            dataset.write(values, 1)
            dataset.update_tags(**(tags or {}))
