"""The table ``burns``: one row and one outline per fire of a fire year."""

from dataclasses import dataclass

import numpy as np

from habitat.algorithms.burn.scars import BurnLayers
from habitat.algorithms.burn.table import (
    BurnRows,
    burn_confidence,
    burn_ids,
    burn_rows,
    merge_rows,
)
from habitat.domain.legend import Legend
from habitat.domain.period import Period
from habitat.io.raster.vectorise import PixelRuns, outlines
from habitat.io.vector.boundaries import Boundaries, country_shares
from habitat.pipeline.ops import Arrays, GlobalInputs, TileInputs
from habitat.pipeline.steps.areas import BoundaryFiles, boundaries_of, tile_cells
from habitat.pipeline.steps.burn_fires import Fires
from habitat.pipeline.tables import Table, Tables

#: ``burn_severity`` from which a forest burn kills the canopy: habitat is lost.
CANOPY_KILLING = 4
_MAX_SEVERITY = 5
_AREA_CELL_M = 3_600
_MM2_PER_HA = 1e10
_RBR_UNITS = 1e4


@dataclass(frozen=True, slots=True)
class BurnTableTask:
    """What the table is made from: a burn result, its fires, and names of classes."""

    name: str
    year: Period
    legend: Legend
    boundaries: BoundaryFiles


def count_rows(inputs: TileInputs) -> Arrays:
    """Sum the facts of the fires in a tile, and list their pixels as runs."""
    task: BurnTableTask = inputs.config
    arrays = inputs.arrays[task.name]
    layers = {name: arrays[name] for name in BurnLayers.__dataclass_fields__}
    layers["burn_object"] = np.where(inputs.inside, layers["burn_object"], 0)
    severity = layers["burn_severity"]
    lost = (severity >= CANOPY_KILLING) & (severity <= _MAX_SEVERITY)
    area = tile_cells(_AREA_CELL_M, inputs.grid, inputs.window).pixel_area_mm2()
    rows = burn_rows(BurnLayers(**layers), arrays["cover"], area, lost)
    runs = PixelRuns.of_labels(layers["burn_object"], inputs.window)
    return {
        **rows.to_arrays(),
        "runs": np.stack([runs.object_id, runs.row, runs.col, runs.length]),
    }


def make_table(inputs: GlobalInputs) -> Tables:
    """Merge the facts of all tiles into the table ``burns``."""
    task: BurnTableTask = inputs.config
    (partials,) = inputs.partials.values()
    runs = PixelRuns(*np.concatenate([part.pop("runs") for part in partials], axis=1))
    rows = merge_rows([BurnRows(**part) for part in partials])
    found = inputs.globals[f"{task.name}.objects"].objects
    joined: Fires = inputs.globals[f"{task.name}.fires"]
    shapes = outlines(runs, inputs.grid)
    geometry = np.array([shapes[i] for i in rows.object_id.tolist()], dtype=object)
    i = rows.object_id - 1
    n_hotspots = joined.events.n_hotspots[rows.object_id].astype(np.int64)
    columns = {
        "burn_id": burn_ids(rows, found),
        "fire_year": np.full(len(i), str(task.year), dtype=object),
        "area_ha": rows.area_mm2 / _MM2_PER_HA,
        "possible_ha": rows.possible_mm2 / _MM2_PER_HA,
        "date": _iso(rows.date),
        "date_lo": _iso(rows.date_lo),
        "date_hi": _iso(rows.date_hi),
        "date_source": np.where(rows.hotspot_dated > 0, "viirs", "s2").astype(object),
        "burn_confidence": burn_confidence(rows, joined.events),
        "n_hotspots": n_hotspots,
        "max_frp_mw": joined.events.max_frp_mw[rows.object_id].astype(np.float64),
        "landcover_pre": _majority(rows.cover_mm2, task.legend),
        "rbr_mean": _mean(rows.rbr_sum, rows.rbr_px) / _RBR_UNITS,
        "habitat_lost_ha": _lost_ha(rows, task.legend),
        **_country_shares(boundaries_of(task.boundaries, inputs), geometry),
    }
    return Tables((Table("burns", ("burn_id",), task.year, columns, geometry),))


def _lost_ha(rows: BurnRows, legend: Legend) -> np.ndarray:
    """Return the forest lost [ha], NaN where forest burned and no pixel of it has a severity."""
    forest = rows.cover_mm2[:, list(legend.codes_of_kind("forest"))].sum(axis=1) > 0
    return np.where(forest & (rows.rbr_px == 0), np.nan, rows.lost_mm2 / _MM2_PER_HA)


def _country_shares(boundaries: Boundaries | None, geometry: np.ndarray) -> dict[str, np.ndarray]:
    null = np.full(len(geometry), np.nan)
    if boundaries is None or not len(geometry):
        return {"share_cn": null, "share_ru": null}
    shares = country_shares(geometry, boundaries)
    return {"share_cn": shares["share_cn"], "share_ru": shares["share_ru"]}


def _iso(dates: np.ndarray) -> np.ndarray:
    texts = [f"{d // 10000:04d}-{d // 100 % 100:02d}-{d % 100:02d}" for d in dates.tolist()]
    return np.array(texts, dtype=object)


def _majority(cover_mm2: np.ndarray, legend: Legend) -> np.ndarray:
    names = {entry.code: entry.name for entry in legend.classes}
    codes = cover_mm2.argmax(axis=1) if len(cover_mm2) else np.zeros(0, dtype=np.int64)
    return np.array([names.get(code) for code in codes.tolist()], dtype=object)


def _mean(total: np.ndarray, count: np.ndarray) -> np.ndarray:
    out = np.full(len(total), np.nan)
    np.divide(total, count, out=out, where=count > 0)
    return out
