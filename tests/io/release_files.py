"""A small release with a layer of each kind, for the tests of this folder."""

from collections.abc import Iterator

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from habitat.domain import layers
from habitat.domain.grid import Grid, Window
from habitat.domain.layers import Layer
from habitat.domain.legend import Legend, LegendClass

GRID = Grid(32652, 20)
WINDOW = Window(-237_000, 26_000, 1_100, 1_300)
BANDS = ("B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B11", "B12")
DATES = (20231018, 20231104, 20240322, 20240328, 20240411)
LEGEND = Legend(
    "test",
    (
        LegendClass(1, "evergreen needleleaf forest", "#0b5d3b", "forest"),
        LegendClass(2, "deciduous broadleaf forest", "#5aa02c", "forest"),
        LegendClass(4, "larch <planted> & wild", "#b5a642", "forest"),
        LegendClass(9, "water", "#2b6cb0", "water"),
    ),
)
CLASS_LAYERS = (
    layers.FOREST_CLASS.with_legend(LEGEND),
    layers.FOREST_CHANGE_LAYER,
    layers.BURN_SCAR_LAYER,
    layers.BURN_SEVERITY_LAYER,
    layers.HABITAT_CLASS_LAYER.for_species("tiger"),
    layers.FIRE_INTENSITY_LEVEL,
)
QUANTITY_LAYERS = (
    layers.N_VALID,
    layers.MAX_GAP_DAYS,
    layers.FOREST_PROBABILITY,
    layers.TIMES_BURNED,
)


def _field(window: Window, waves: float) -> np.ndarray:
    """A smooth surface in [0, 1], float64, dims (y, x)."""
    y = np.linspace(0, 1, window.height)[:, np.newaxis]
    x = np.linspace(0, 1, window.width)[np.newaxis]
    return (2 + np.sin(waves * (x + 0.3 * y)) + np.cos(waves * (y - 0.5 * x))) / 4


def outside(window: Window = WINDOW) -> np.ndarray:
    """True outside a tilted strip: the AOI of these tests."""
    y = np.linspace(-1, 1, window.height)[:, np.newaxis]
    x = np.linspace(-1, 1, window.width)[np.newaxis]
    return np.abs(x + 0.4 * y) > 0.8


def pixels(layer: Layer, window: Window = WINDOW) -> np.ndarray:
    """Values of a layer, with its nodata outside the strip."""
    surface = _field(window, 9.0)
    if layer.is_class:
        assert layer.legend is not None
        codes = np.array([0, *layer.legend.codes], dtype=np.uint8)
        values = codes[(surface * len(codes) * 0.999).astype(int)]
    elif layer.name.startswith("burn_date"):
        codes = np.array([0, 1, *DATES], dtype=np.uint32)
        values = codes[(surface * len(codes) * 0.999).astype(int)]
    elif layer.name == "composite":
        values = np.stack([surface * 1500 + 150 * (b + 1) for b in range(len(BANDS))])
    elif layer.name == "radar_composite":
        values = np.stack([surface * 1200 + low for low in (-1800, -2400, -1300)])
    else:
        top = {"n_valid": 25, "max_gap_days": 140, "times_burned": 3}.get(layer.name, 100)
        values = surface * top
    values = values.astype(layer.dtype)
    values[..., outside(window)] = layer.nodata
    return values


def blocks(
    values: np.ndarray, size: int, window: Window = WINDOW
) -> Iterator[tuple[Window, np.ndarray]]:
    """The values in squares of ``size``."""
    for row in range(0, window.height, size):
        for col in range(0, window.width, size):
            part = values[..., row : row + size, col : col + size]
            yield Window(window.row + row, window.col + col, *part.shape[-2:]), part


def tables() -> dict[str, gpd.GeoDataFrame]:
    """The promised tables, rows in no order, with missing values of every type."""
    index = [(e, n) for n in range(6) for e in range(8)]
    boxes = [
        shapely.box(
            520_000 + e * 1200, 4_720_000 + n * 1200, 521_200 + e * 1200, 4_721_200 + n * 1200
        )
        for e, n in index
    ]
    key = {
        "cell_id": [f"32652-1200-E{e}-N{n}" for e, n in index],
        "period_before": "2020-06-01/2020-09-30",
        "period_after": "2024-06-01/2024-09-30",
    }
    share = np.array([None if e == 7 else (e + n) / 12 for e, n in index], dtype=object)
    change = np.array([None if e == 7 else (e - 3) / 10 for e, _ in index], dtype=object)
    state = ["not_observed" if e == 7 else "uncertain" if n == 0 else "stable" for e, n in index]
    cells = gpd.GeoDataFrame(
        {**key, "land_km2": 1.4388, "share_park_cn": None, "forest_share_after": share},
        geometry=boxes,
        crs=32652,
    )
    habitat = gpd.GeoDataFrame(
        {
            **key,
            "species": "tiger",
            "habitat_change": change,
            "habitat_state": state,
            "patch_id": pd.array([None if e == 7 else e for e, _ in index], dtype="Int64"),
        },
        geometry=boxes,
        crs=32652,
    )
    burns = gpd.GeoDataFrame(
        {
            "burn_id": ["b3", "b1", "b2"],
            "area_ha": [12.5, 300.0, None],
            "date": pd.to_datetime(["2024-03-28", "2023-10-18", None]),
            "burn_confidence": ["C", "A", "B"],
            "n_hotspots": pd.array([0, 7, None], dtype="Int64"),
        },
        geometry=[
            shapely.Point(524_000, 4_722_000).buffer(900),
            shapely.Point(522_000, 4_724_000).buffer(1500),
            shapely.MultiPolygon([shapely.box(527_000, 4_725_000, 528_000, 4_726_000)]),
        ],
        crs=32652,
    )
    order = np.random.default_rng(3).permutation(len(cells))
    return {"cells": cells.iloc[order], "habitat": habitat.iloc[order], "burns": burns}
