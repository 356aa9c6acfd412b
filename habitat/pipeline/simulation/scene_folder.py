"""Write simulated scenes as a folder of files, as a ground segment would deliver them.

::

    OUT/README.txt
    OUT/<item id>/<item id>.json       STAC item
    OUT/<item id>/B02.tif … SCL.tif    uint16 with the offset of the baseline in it; 0 = no data
    OUT/truth/…                        classes, burns, terrain, people, hotspots, training points

Blocks are made and written one after the other, so the size of the window does not matter.
"""

import json
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from habitat.algorithms.landscape.acquisitions import FIRST_DAY
from habitat.domain.bands import DN_NODATA, DN_SCALE, S2_BANDS
from habitat.domain.errors import ConfigError, InputError
from habitat.domain.grid import Grid, Window
from habitat.domain.period import Period
from habitat.domain.scene import SceneItem
from habitat.io.durable import atomic_write_bytes, local_resources, sha256_file
from habitat.io.scenes.placement import reproject_bounds
from habitat.io.scenes.scene_item import WGS84
from habitat.pipeline.simulation.source import SimulatedSource
from habitat.pipeline.simulation.truth_folder import blocks, create_simulated, within, write_truth

#: Scenes written in one go over the blocks: bounds the number of open files.
_OPEN_SCENES = 24
_README = """SIMULATED scenes: computed, nothing here was observed.

Every folder S2?_T… is one acquisition: one GeoTIFF per band (reflectance x 10,000, plus 1,000 from
processing baseline 04.00 on; 0 = no data), SCL.tif, and a STAC item. truth/ holds what is really
there: forest_class_<year> on 15 July, burn_date, burn_severity and burn_kind (1 grass, 2 litter,
3 crown) of each fire year, elevation, human (roads and settlements), hotspots.csv, and
training.geojson.
"""


def write_scene_folder(
    source: SimulatedSource,
    out: Path,
    *,
    period: Period,
    window: Window,
    bands: Sequence[str],
) -> list[Path]:
    """Write the scenes of a period and their truth to a new folder.

    Parameters
    ----------
    source : SimulatedSource
        The landscape.
    out : Path
        A folder that is empty or does not exist.
    period : Period
        Acquisition days (UTC).
    window : Window
        Part of the grid that is filled.
    bands : sequence of str
        ESA band names; ``SCL`` is always written.

    Returns
    -------
    list of Path
        The STAC items, sorted. Superseded versions of a scene are among them, as in an archive.

    Raises
    ------
    ConfigError
        If the period holds no acquisition, or starts before the first one ever.
    InputError
        If the folder is not empty or a band is unknown.
    ResourceError
        If the disk is full or the folder cannot be written.
    """
    unknown = [band for band in bands if band not in source.available_bands()]
    if unknown or not bands:
        have = ", ".join(source.available_bands())
        raise InputError(f"bands: expected some of {have}, got {list(bands)}")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out}: expected a new or empty folder; choose another name")
    items = source.all_items(period, window)
    if period.start < FIRST_DAY or not items:
        raise ConfigError(
            f"period: expected one from {FIRST_DAY} on with at least one acquisition, got {period} "
            f"with {len(items)}; nothing was written. Choose a later or longer one."
        )
    with local_resources("writing", out):
        (out / "truth").mkdir(parents=True, exist_ok=True)
        for start in range(0, len(items), _OPEN_SCENES):
            _write_scenes(source, out, items[start : start + _OPEN_SCENES], bands, window)
        write_truth(source, out / "truth", period=period, window=window)
        paths = [_write_item(source.grid, out, item, bands, window) for item in items]
        atomic_write_bytes(out / "README.txt", _README.encode())
    return sorted(paths)


def _part(grid: Grid, item: SceneItem, window: Window) -> Window | None:
    return window.intersect(grid.window_of_bounds(item.bounds))


def _write_scenes(
    source: SimulatedSource,
    out: Path,
    items: Sequence[SceneItem],
    bands: Sequence[str],
    window: Window,
) -> None:
    """Write some scenes block by block: all scenes of a block share its landscape."""
    with ExitStack() as stack:
        files: dict[tuple[str, str], Any] = {}
        for item in items:
            part = _part(source.grid, item, window)
            for band in (*bands, "SCL") if part is not None else ():
                path = out / item.item_id / f"{band}.tif"
                dtype = "uint8" if band == "SCL" else "uint16"
                dataset = create_simulated(path, source.grid, part or window, dtype, DN_NODATA)
                dataset.set_band_description(1, band)
                dataset.update_tags(DATETIME=item.acquired.isoformat())
                files[item.item_id, band] = stack.enter_context(dataset)
        for block in blocks(window):
            for item in items:
                _write_block(source, item, bands, block, window, files)


def _write_block(
    source: SimulatedSource,
    item: SceneItem,
    bands: Sequence[str],
    block: Window,
    window: Window,
    files: dict[tuple[str, str], Any],
) -> None:
    part = _part(source.grid, item, window)
    here = part.intersect(block) if part is not None else None
    if part is None or here is None:
        return
    pixels = source.read(item, bands, here)
    for band in bands:
        stored = delivered(pixels.bands[band], item.assets[band].offset_dn)
        files[item.item_id, band].write(stored, 1, window=within(here, part))
    files[item.item_id, "SCL"].write(pixels.mask, 1, window=within(here, part))


def delivered(values: np.ndarray, offset_dn: int) -> np.ndarray:
    """Return digital numbers as a ground segment stores them, uint16; 0 stays "no data"."""
    stored = np.minimum(values.astype(np.int32) + offset_dn, np.iinfo(np.uint16).max)
    return np.where(values == DN_NODATA, DN_NODATA, stored).astype(np.uint16)


def _write_item(
    grid: Grid, out: Path, item: SceneItem, bands: Sequence[str], window: Window
) -> Path:
    """Write the STAC item of a scene; returns its path."""
    part = _part(grid, item, window) or window
    bounds = reproject_bounds(grid.bounds(part), grid.epsg, WGS84)
    west, south, east, north = (round(value, 7) for value in bounds)
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    folder = out / item.item_id
    document = {
        "type": "Feature",
        "stac_version": "1.1.0",
        "stac_extensions": [
            "https://stac-extensions.github.io/projection/v2.0.0/schema.json",
            "https://stac-extensions.github.io/raster/v1.1.0/schema.json",
            "https://stac-extensions.github.io/file/v2.1.0/schema.json",
        ],
        "id": item.item_id,
        "bbox": [west, south, east, north],
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "properties": _properties(item, grid),
        "links": [],
        "assets": {band: _asset(grid, item, band, part, folder) for band in (*bands, "scl")},
    }
    path = folder / f"{item.item_id}.json"
    atomic_write_bytes(path, f"{json.dumps(document, indent=1, sort_keys=True)}\n".encode())
    return path


def _properties(item: SceneItem, grid: Grid) -> dict[str, Any]:
    return {
        "title": "SIMULATED Sentinel-2 L2A scene",
        "habitat:simulated": True,
        "datetime": item.acquired.isoformat().replace("+00:00", "Z"),
        "platform": f"sentinel-2{item.mission[-1].lower()}",
        "instruments": ["msi"],
        "s2:processing_baseline": item.baseline,
        "s2:datatake_id": f"G{item.mission}_{item.datatake}_000000_N{item.baseline}",
        "s2:mgrs_tile": item.mgrs_tile,
        "grid:code": f"MGRS-{item.mgrs_tile}",
        "proj:code": grid.crs,
    }


def _asset(grid: Grid, item: SceneItem, band: str, part: Window, folder: Path) -> dict[str, Any]:
    file = folder / f"{'SCL' if band == 'scl' else band}.tif"
    raster: dict[str, Any] = {"nodata": DN_NODATA, "spatial_resolution": grid.pixel_m}
    if band == "scl":
        raster["data_type"] = "uint8"
    else:
        offset = -item.assets[band].offset_dn / DN_SCALE
        raster |= {"data_type": "uint16", "scale": 1 / DN_SCALE, "offset": offset}
    asset: dict[str, Any] = {
        "href": f"./{file.name}",
        "type": "image/tiff; application=geotiff",
        "roles": ["data"],
        "raster:bands": [raster],
        "proj:shape": list(part.shape),
        "proj:transform": list(grid.transform(part)),
        "file:checksum": f"1220{sha256_file(file)}",
        "file:size": file.stat().st_size,
    }
    if band in S2_BANDS:
        asset["eo:bands"] = [{"name": band, "center_wavelength": S2_BANDS[band].centre_nm / 1000}]
    return asset
