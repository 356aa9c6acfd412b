"""The map of danger as a release: GeoTIFF, style and catalogue, published whole."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from habitat.domain.fire_brief import Feed
from habitat.domain.layers import FIRE_INTENSITY_LEVEL
from habitat.domain.period import Period
from habitat.domain.weather import Weather
from habitat.io.durable import atomic_write_bytes
from habitat.io.projection import bounds_wgs84, pixel_area_mm2
from habitat.io.raster.geotiff import write_layer
from habitat.io.release.qgis import raster_qml
from habitat.io.release.qgis_project import write_project
from habitat.io.release.release import Store
from habitat.io.release.stac_out import CatalogAsset, CatalogItem, layer_assets, write_catalog
from habitat.io.vector.aoi import Aoi, read_aoi
from habitat.pipeline.digest import digest
from habitat.pipeline.fire_risk.ground import Maps, find_maps
from habitat.pipeline.fire_risk.level_map import LevelMap, make_level_map, outlook_days
from habitat.pipeline.fire_risk.setting import FireQuery, Setting, setting_of
from habitat.pipeline.fire_risk.weather import weather_of
from habitat.pipeline.job import outputs_folder
from habitat.pipeline.versions import code_digest, library_versions

SUMMARY = "fire_intensity_level.json"
_LEVELS = range(6)
_MM2_PER_KM2 = 1e12


@dataclass(frozen=True, slots=True)
class _Inputs:
    """All that decides the pixels, before any of it is computed."""

    setting: Setting
    aoi: Aoi
    maps: Maps | None
    weather: Weather
    feed: Feed

    def key(self) -> str:
        """Return the content key of the release: not the file's time, but whether it is stale."""
        setting = self.setting
        weather = replace(self.weather, issued=None), self.feed.stale
        release = None if self.maps is None else self.maps.release
        where = setting.config.name, setting.config.grid, self.aoi.name, self.aoi.sha256
        code = code_digest(), library_versions()
        return digest(*where, setting.fuels, setting.day, *weather, release, *code)[:20]


@dataclass(frozen=True, slots=True)
class Published:
    """A release of the map.

    Attributes
    ----------
    release : Path
    summary : dict
        Plain data: area by level and day, and what was assumed.
    """

    release: Path
    summary: Mapping[str, Any]


def publish_map(query: FireQuery) -> Published:
    """Publish the map of a day and the two after it; an equal one that is there is left.

    Raises
    ------
    ConfigError
        If the pipeline has no fire_risk step or a data file is wrong.
    InputError
        If the weather is refused.
    LockError
        If another run holds the results.
    """
    inputs = _inputs(query)
    setting = inputs.setting
    store = Store(outputs_folder(setting.project, setting.config.name))
    with store.lock():
        store.sweep_temporary()  # what a killed run left
        release = store.sound_release(inputs.key())
        if release is None:
            release = _make(inputs, store)
            store.prune(now=query.now, keep=setting.config.keep_releases)
        else:
            store.point_to(release.name)
    return Published(release, json.loads((release / SUMMARY).read_text("utf-8")))


def _inputs(query: FireQuery) -> _Inputs:
    setting = setting_of(query)
    grid = setting.grid
    aoi = read_aoi(setting.project / setting.config.aoi, epsg=grid.epsg)
    named = setting.step.maps
    maps = None if named == "none" else find_maps(setting.project / named, setting.day, grid)
    weather, feed = weather_of(setting, bounds_wgs84(aoi.bounds, grid.epsg))
    return _Inputs(setting, aoi, maps, weather, feed)


def _make(inputs: _Inputs, store: Store) -> Path:
    setting, feed = inputs.setting, inputs.feed
    found = make_level_map(setting, inputs.aoi, inputs.weather, inputs.maps)
    if feed.stale:
        found = found.withheld()
    summary = _summary(inputs, found)
    folder = store.begin(inputs.key())
    atomic_write_bytes(folder / SUMMARY, _json(summary))
    items = [_write_raster(folder, inputs, found, summary, period) for period in found.periods]
    write_project(folder, items, title=summary["title"])
    write_catalog(
        folder,
        items,
        catalog_id=f"habitat-{setting.config.name}",
        description=summary["title"],
    )
    record = {
        "started": setting.query.now.isoformat(timespec="seconds"),
        "pipeline_file": setting.query.pipeline_file.name,
        "pipeline": setting.config.model_dump(mode="json"),
        "versions": library_versions(),
        "weather": {
            "source": feed.source,
            "saved": None if feed.saved is None else feed.saved.isoformat(),
        },
    }
    return store.publish(folder, inputs.key(), record)


def _write_raster(
    folder: Path, inputs: _Inputs, found: LevelMap, summary: Mapping[str, Any], period: Period
) -> CatalogItem:
    """Write the highest known level of a period: a class layer with colours has one band."""
    layer = FIRE_INTENSITY_LEVEL
    stem = f"{layer.name}_{period.name}"
    tags = {"PIPELINE": inputs.setting.config.name, "AOI": inputs.aoi.name, "PERIOD": str(period)}
    tags |= {"ACCURACY": "not assessed", "ASSUMED": "; ".join(summary["assumed"])}
    if summary["simulated"]:
        tags["SIMULATED"] = "made from SIMULATED weather or maps: not a forecast"
    blocks = [(found.window, found.highest(period))]
    statistics = write_layer(
        folder / f"{stem}.tif", blocks, layer, found.grid, found.window, tags=tags
    )
    atomic_write_bytes(folder / f"{stem}.qml", raster_qml(layer).encode())
    areas = CatalogAsset("areas", SUMMARY, "Area by level", "application/json", ("metadata",))
    return CatalogItem(
        stem, layer.title, layer.meaning, period, found.grid, found.window,
        (*layer_assets(f"{stem}.tif", layer, statistics, ()), areas),
        inputs=(summary["weather"],),
        simulated=summary["simulated"],
    )  # fmt: skip


def _summary(inputs: _Inputs, found: LevelMap) -> dict[str, Any]:
    simulated = inputs.weather.simulated or bool(inputs.maps and inputs.maps.simulated)
    days = outlook_days(inputs.setting.day)
    title = f"Fire danger {days[0]} to {days[-1]}"
    return {
        "title": f"SIMULATED {title}" if simulated else title,
        "simulated": simulated,
        "weather": inputs.feed.source,
        "stale": inputs.feed.stale,
        "assumed": _assumed(inputs),
        "km2": {str(day): _areas(found, band) for day, band in zip(days, found.level, strict=True)},
        "km2_72_h": _areas(found, found.level.max(axis=0)),
    }


def _assumed(inputs: _Inputs) -> list[str]:
    table, day, maps = inputs.setting.fuels, inputs.setting.day, inputs.maps
    curing = f"grass {table.curing_on(day):.0f} % dead by the calendar"
    if maps is not None and maps.greenness:
        curing = f"dead grass by greenness of {maps.greenness[-1].stem}; elsewhere {curing}"
    if maps is None:
        ground = f"no land-cover map: every cell is {table.without_map}, burned ground counts too"
    else:
        burns = "burned ground has no fuel" if maps.burns else "no map of burns: it counts too"
        ground = f"fuels from land cover {maps.period} of release {maps.release}; {burns}"
    return [ground, curing, "flat ground", "weather between weather cells by inverse distance"]


def _areas(found: LevelMap, level: np.ndarray) -> dict[str, float]:
    """Return the true area [km2] by level; 0 is not known."""
    rows = found.window.row + np.arange(found.window.height)
    middle = np.array([found.grid.x(found.window).mean()])
    weight = pixel_area_mm2(found.grid, rows, middle)[:, 0]
    counts = {str(one): (level == one).sum(axis=1) for one in _LEVELS}
    return {one: round(float(n @ weight / _MM2_PER_KM2), 1) for one, n in counts.items()}


def _json(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False).encode()
