"""Slovenia, three dates of 2015: real Sentinel-2 L1C in 13 bands, with land use.

The pixels are 9.9948 x 9.9974 m, so the source interpolates them onto the grid of 10 m. The land
use goes onto that grid here, by nearest pixel.
"""

from pathlib import Path

import numpy as np
import rasterio
import xarray as xr

from converters.romania import Converted
from habitat.domain.grid import Grid
from habitat.io.scenes.index import index_folder
from habitat.io.scenes.placement import place
from habitat.io.scenes.scene_raster import open_scene_raster, read_header, read_rect

FOLDER = "s2_l1c_slovenia_eopatch"
DATES = ("20150711", "20150731", "20150830")
CLOUDS = "ndvi_clouds_2015-2016.nc"


def convert(shared_data: Path, out: Path) -> Converted:
    """Write scenes (one folder per date, with items) and the reference raster."""
    source = shared_data / FOLDER
    with xr.open_dataset(source / CLOUDS) as clouds:
        for day in DATES:
            _write_scene(source / f"s2_l1c_{day}.tif", clouds, out / "scenes")
    index_folder(out / "scenes", scale=1.0, offset_dn=0)
    grid = Grid(32633, 10, 64)
    reference = out / "reference.tif"
    window = _write_reference(source / "lulc.tif", grid, reference)
    legend = Path(__file__).with_name("slovenia_legend.yaml")
    return Converted(out / "scenes", reference, legend, grid, window)


def _write_scene(path: Path, clouds: xr.Dataset, scenes: Path) -> None:
    with rasterio.open(path) as dataset:
        time = dataset.tags()["DATETIME"]
        profile = {"driver": "GTiff", "count": 1, "crs": "EPSG:32633", "compress": "deflate"}
        profile |= {k: dataset.profile[k] for k in ("height", "width", "transform")}
        folder = scenes / time.replace("-", "").replace(":", "")
        folder.mkdir(parents=True, exist_ok=True)
        for index, band in enumerate(dataset.descriptions, start=1):
            _write(folder / f"{band}.tif", dataset.read(index), profile, nodata=0)
    # CLP is a probability from 0 to 1.
    percent = np.rint(clouds["CLP"].sel(time=time).to_numpy() * 100)
    probability = np.where(np.isnan(percent), 255, percent).astype(np.uint8)
    _write(folder / "cloud_probability.tif", probability, profile, nodata=255)


def _write(path: Path, values: np.ndarray, profile: dict, nodata: int) -> None:
    with rasterio.open(path, "w", **profile, dtype=values.dtype, nodata=nodata) as dataset:
        dataset.write(values, 1)


def _write_reference(path: Path, grid: Grid, reference: Path):
    with open_scene_raster(path) as dataset:
        header = read_header(dataset, path)
        window = grid.window_of_bounds(header.bounds)
        placement = place(header, grid, window)
        codes = placement.codes(read_rect(dataset, 1, placement.rect, 0))
    profile = {
        "driver": "GTiff", "count": 1, "crs": grid.crs, "height": window.height,
        "width": window.width, "transform": rasterio.Affine(*grid.transform(window)),
    }  # fmt: skip
    _write(reference, codes, profile, nodata=0)
    return window
