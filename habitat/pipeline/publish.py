"""From stored tiles and merged tables to the files of one release."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import dask
import geopandas as gpd
import numpy as np
import pandas as pd

from habitat.domain.grid import Tile, Window
from habitat.io.durable import atomic_write_bytes
from habitat.io.raster.geotiff import write_layer
from habitat.io.release.geopackage import write_geopackage
from habitat.io.release.qgis import raster_qml
from habitat.io.release.qgis_project import ProjectTable, write_project
from habitat.io.release.qgis_tables import table_qml
from habitat.io.release.release import Store
from habitat.io.release.stac_out import CatalogAsset, CatalogItem, layer_assets, write_catalog
from habitat.io.release.tile_store import TileStore
from habitat.io.scenes.scene_raster import forget_scenes
from habitat.io.vector.aoi import covered_window, rasterise
from habitat.pipeline.digest import digest
from habitat.pipeline.ops import PublishedLayer
from habitat.pipeline.plan import Plan
from habitat.pipeline.runner import RunState
from habitat.pipeline.scene_search import unmasked
from habitat.pipeline.tables import Table
from habitat.pipeline.tiles import read_result

GEOPACKAGE = "cells.gpkg"


@dataclass(frozen=True, slots=True)
class _Release:
    """What writing the files of a release needs."""

    plan: Plan
    state: RunState
    store: TileStore
    folder: Path
    window: Window


def publish(plan: Plan, state: RunState, store: Store, record: Mapping[str, Any]) -> Path:
    """Write the files of a release and make it current.

    Returns
    -------
    Path
        The release; one that exists already under the same key and is sound is left as it is.

    Raises
    ------
    LayerError
        If a layer breaks the data dictionary; the old release stays.
    ResourceError
        If the disk is full or not writable; the old release stays.
    """
    release_id = _release_id(plan, state)
    existing = store.sound_release(release_id)
    if existing is not None:
        store.point_to(release_id)
        return existing
    forget_scenes()
    folder = store.begin(release_id)
    release = _Release(
        plan, state, TileStore(store.state / "tiles"), folder, published_window(plan)
    )
    lazy = [
        dask.delayed(partial(_write_raster, release, layer), pure=False)() for layer in plan.layers
    ]
    items = list(dask.compute(*lazy, scheduler="threads", num_workers=2))
    items += _write_tables(release)
    write_catalog(
        folder,
        items,
        catalog_id=f"habitat-{plan.ctx.config.name}",
        description=_description(plan),
    )
    write_project(
        folder,
        items,
        [
            ProjectTable(GEOPACKAGE, name, table_qml(name))
            for name in dict.fromkeys(table.name for table in _tables(release))
        ],
        title=_description(plan),
    )
    return store.publish(folder, release_id, record)


def _release_id(plan: Plan, state: RunState) -> str:
    keys = [
        (layer.stem, layer.arrays, state.keys[layer.result, tile])
        for layer in plan.layers
        for tile in plan.tiles
    ]
    tables = [(name, state.digests[name]) for name in plan.tables]
    return digest(plan.ctx.config.name, keys, tables, _tags(plan))[:20]


def published_window(plan: Plan) -> Window:
    """Return the window of all layers: the AOI's bounds, snapped to pixels."""
    return plan.ctx.grid.window_of_bounds(plan.ctx.aoi.geometry.bounds)


def _tags(plan: Plan) -> dict[str, str]:
    tags = {"PIPELINE": plan.ctx.config.name, "AOI": plan.ctx.aoi.name}
    if plan.ctx.models:
        tags["MODEL"] = "; ".join(sorted(set(plan.ctx.models.values())))
    if any(unmasked(found.items) for found in plan.ctx.scene_sets.values()):
        tags["CLOUD_MASK"] = "none in some scenes: their clouds pass for land"
    if plan.ctx.simulated:
        tags["SIMULATED"] = "made from a SIMULATED landscape, not from satellite images"
    return tags


def _description(plan: Plan) -> str:
    text = f"Release of pipeline {plan.ctx.config.name} for {plan.ctx.aoi.name}"
    return f"SIMULATED: {text}" if plan.ctx.simulated else text


def _statement(release: _Release, layer: PublishedLayer) -> str:
    """Return the accuracy statement of a layer, or that there is none."""
    key = (layer.result, layer.layer.name)
    for value in release.state.globals.values():
        statements: Mapping[tuple[str, str], str] = getattr(value, "statements", {})
        if key in statements:
            return statements[key]
    return "not assessed"


def _write_raster(release: _Release, layer: PublishedLayer) -> CatalogItem:
    path = release.folder / f"{layer.stem}.tif"
    statement = _statement(release, layer)
    names = layer.arrays if len(layer.arrays) > 1 else ()
    tags = {
        **_tags(release.plan),
        **dict(layer.tags),
        "PERIOD": str(layer.period),
        "ACCURACY": statement,
    }
    dates: set[int] = set()
    statistics = write_layer(
        path,
        _blocks(release, layer, dates),
        layer.layer,
        release.plan.ctx.grid,
        release.window,
        tags=tags,
        band_names=names or None,
    )
    qml = raster_qml(layer.layer, band_names=names, dates=dates)
    atomic_write_bytes(path.with_suffix(".qml"), qml.encode())
    return CatalogItem(
        layer.stem,
        layer.layer.title,
        layer.layer.meaning,
        layer.period,
        release.plan.ctx.grid,
        release.window,
        layer_assets(path.name, layer.layer, statistics, names),
        inputs=_inputs(release.plan),
        accuracy=statement,
        simulated=release.plan.ctx.simulated,
    )


def _inputs(plan: Plan) -> tuple[str, ...]:
    return tuple(
        sorted({item.item_id for found in plan.ctx.scene_sets.values() for item in found.items})
    )


def _blocks(
    release: _Release, layer: PublishedLayer, dates: set[int]
) -> Iterator[tuple[Window, np.ndarray]]:
    """Yield the layer tile by tile, nodata outside the AOI."""
    grid, entry = release.plan.ctx.grid, layer.layer
    for tile in release.plan.tiles:
        window = covered_window(release.plan.ctx.aoi, grid, tile)
        inside = rasterise(release.plan.ctx.aoi.geometry, grid, window)
        bands = _tile_bands(release, layer, tile)
        bands = np.where(inside, bands, np.array(entry.nodata, dtype=bands.dtype))
        if entry.name.startswith("burn_date"):
            dates.update(np.unique(bands).tolist())
        yield window, bands if len(layer.arrays) > 1 else bands[0]


def _tile_bands(release: _Release, layer: PublishedLayer, tile: Tile) -> np.ndarray:
    """Return (band, y, x) of a tile."""
    key = release.state.keys[layer.result, tile]
    arrays = read_result(release.store, key, layer.result, layer.arrays)
    return np.stack([arrays[name] for name in layer.arrays])


def _stacked(first: gpd.GeoDataFrame, second: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    if first.empty or second.empty:
        return second if first.empty else first
    return pd.concat([first, second], ignore_index=True)


def _tables(release: _Release) -> list[Table]:
    return [table for name in release.plan.tables for table in release.state.globals[name].tables]


def _write_tables(release: _Release) -> list[CatalogItem]:
    tables = _tables(release)
    if not tables:
        return []
    crs = release.plan.ctx.grid.crs
    frames: dict[str, gpd.GeoDataFrame] = {}
    for table in tables:  # the fire years of several steps are rows of one table
        frame = table.frame(crs)
        known = frames.get(table.name)
        frames[table.name] = frame if known is None else _stacked(known, frame)
    styles = {name: table_qml(name) for name in frames}
    write_geopackage(
        release.folder / GEOPACKAGE,
        frames,
        styles,
        keys={table.name: table.key for table in tables},
        description=_description(release.plan),
    )
    periods = [table.period for table in tables]
    period = type(periods[0])(min(p.start for p in periods), max(p.end for p in periods))
    return [
        CatalogItem(
            "cells",
            "Tables per cell",
            "Land facts and habitat per grid cell, and burn scars",
            period,
            release.plan.ctx.grid,
            release.window,
            (
                CatalogAsset(
                    "data", GEOPACKAGE, "GeoPackage", "application/geopackage+sqlite3", ("data",)
                ),
            ),
            inputs=_inputs(release.plan),
            accuracy="not assessed; the maps they are counted from carry their own accuracy",
            simulated=release.plan.ctx.simulated,
        )
    ]
