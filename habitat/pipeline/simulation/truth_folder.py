"""Write the truth of a simulated landscape as files, block by block."""

import csv
import io
import json
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.transform import Affine
from rasterio.windows import Window as PixelWindow

from habitat.domain.grid import Grid, Window
from habitat.domain.period import Period, fire_year
from habitat.io.durable import atomic_write_bytes
from habitat.io.scenes.placement import transformer
from habitat.io.scenes.scene_item import WGS84
from habitat.pipeline.simulation.source import SimulatedSource

#: Edge of the internal tiles of each file, and of the blocks that are made at once [px].
TILE_PX, BLOCK_PX = 512, 1024
#: Training points of each class at most, out of this many places drawn in the window.
TRAINING_POINTS, _PLACES = 60, 20_000
_JULY = 7
_BURN_LAYERS = {"burn_date": "uint32", "severity": "uint8", "kind": "uint8"}
_FIRMS_COLUMNS = (
    "latitude", "longitude", "acq_date", "acq_time", "satellite", "instrument", "confidence",
    "version", "frp", "daynight", "type",
)  # fmt: skip


def blocks(window: Window) -> Iterator[Window]:
    """Yield the blocks of a window, by rows from the north."""
    for row in range(0, window.height, BLOCK_PX):
        for col in range(0, window.width, BLOCK_PX):
            yield Window(
                window.row + row,
                window.col + col,
                min(BLOCK_PX, window.height - row),
                min(BLOCK_PX, window.width - col),
            )


def within(block: Window, window: Window) -> PixelWindow:
    """Return where a block lies in the file of a window."""
    return PixelWindow(block.col - window.col, block.row - window.row, block.width, block.height)


def create_simulated(
    path: Path, grid: Grid, window: Window, dtype: str, nodata: float | None
) -> Any:
    """Open a tiled GeoTIFF for writing; it is tagged as simulated."""
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset = rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=window.width,
        height=window.height,
        count=1,
        dtype=dtype,
        crs=grid.crs,
        transform=Affine(*grid.transform(window)),
        nodata=nodata,
        tiled=True,
        blockxsize=TILE_PX,
        blockysize=TILE_PX,
        compress="deflate",
        predictor=3 if dtype == "float32" else 2,
    )
    dataset.update_tags(SIMULATED="YES", DESCRIPTION="SIMULATED: computed, not observed")
    return dataset


def write_truth(source: SimulatedSource, out: Path, *, period: Period, window: Window) -> None:
    """Write classes, burns, terrain, people, hotspots and training points of a landscape.

    Parameters
    ----------
    source : SimulatedSource
        The landscape.
    out : Path
        An existing folder.
    period : Period
        Classes of each growing season (15 July; else the last day) and burns of each fire year in
        it.
    window : Window
        Part of the grid.
    """
    seasons = _growing_seasons(period)
    points = _TrainingPoints(window, source.seed)
    with ExitStack() as stack:
        files = _TruthFiles(stack, out, source.grid, window)
        for block in blocks(window):
            for day in seasons:
                classes = source.truth_class(block, day)
                files.write(f"forest_class_{day.year}", block, classes)
                if day == seasons[0]:
                    points.look(block, classes)
            for year in _fire_years(period):
                truth = source.truth_burns(block, fire_year(year))
                for layer in _BURN_LAYERS:
                    name = f"burn_{layer.removeprefix('burn_')}_fire_year_{year}"
                    files.write(name, block, getattr(truth, layer))
            files.write("elevation", block, source.terrain(block))
            files.write("human", block, source.human(block).astype(np.uint8))
    points.write(out / "training.geojson", source.grid, seasons[0])
    _write_hotspots(source, out / "hotspots.csv", period, window)


class _TruthFiles:
    """The open files of a truth folder, made when first written."""

    def __init__(self, stack: ExitStack, out: Path, grid: Grid, window: Window) -> None:
        self._stack, self._out, self._grid, self._window = stack, out, grid, window
        self._files: dict[str, Any] = {}

    def write(self, name: str, block: Window, values: np.ndarray) -> None:
        if name not in self._files:
            path = self._out / f"{name}.tif"
            nodata = float("nan") if values.dtype.kind == "f" else None
            dataset = create_simulated(path, self._grid, self._window, values.dtype.name, nodata)
            self._files[name] = self._stack.enter_context(dataset)
        self._files[name].write(values, 1, window=within(block, self._window))


def _growing_seasons(period: Period) -> list[date]:
    """Return 15 July of each year of a period, or its last day where it has none."""
    days = [date(year, _JULY, 15) for year in range(period.start.year, period.end.year + 1)]
    return [day for day in days if day in period] or [period.end]


def _fire_years(period: Period) -> range:
    first, last = (day.year + (day.month >= _JULY) for day in (period.start, period.end))
    return range(first, last + 1)


class _TrainingPoints:
    """Random pixels of a window and the classes found there."""

    def __init__(self, window: Window, seed: int) -> None:
        draws = np.random.default_rng(seed)
        self._rows = window.row + draws.integers(0, window.height, _PLACES)
        self._cols = window.col + draws.integers(0, window.width, _PLACES)
        self._codes = np.zeros(_PLACES, dtype=np.uint8)

    def look(self, block: Window, classes: np.ndarray) -> None:
        """Note the classes of the places in a block."""
        rows, cols = self._rows - block.row, self._cols - block.col
        here = (rows >= 0) & (rows < block.height) & (cols >= 0) & (cols < block.width)
        self._codes[here] = classes[rows[here], cols[here]]

    def write(self, path: Path, grid: Grid, day: date) -> None:
        """Write the first places of each class as GeoJSON points with ``code``."""
        chosen = np.sort(
            np.concatenate(
                [np.flatnonzero(self._codes == c)[:TRAINING_POINTS] for c in np.unique(self._codes)]
            )
        )
        x = (self._cols[chosen] + 0.5) * grid.pixel_m
        y = -(self._rows[chosen] + 0.5) * grid.pixel_m
        lon, lat = transformer(grid.epsg, WGS84).transform(x, y)
        document = {
            "type": "FeatureCollection",
            "features": [
                {
                    "type": "Feature",
                    "geometry": {"type": "Point", "coordinates": [round(a, 8), round(b, 8)]},
                    "properties": {"code": code, "day": day.isoformat(), "source": "SIMULATED"},
                }
                for a, b, code in zip(
                    lon.tolist(), lat.tolist(), self._codes[chosen].tolist(), strict=True
                )
            ],
        }
        atomic_write_bytes(path, f"{json.dumps(document)}\n".encode())


def _write_hotspots(source: SimulatedSource, path: Path, period: Period, window: Window) -> None:
    """Write detections in the columns of FIRMS; ``version`` says that they are simulated."""
    spots = source.hotspots(period, window)
    lon, lat = transformer(source.grid.epsg, WGS84).transform(spots.x_m, spots.y_m)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_FIRMS_COLUMNS)
    for a, b, time, frp in zip(
        np.asarray(lat), np.asarray(lon), spots.time.tolist(), spots.frp_mw.tolist(), strict=True
    ):
        clock = time.hour * 100 + time.minute  # FIRMS leaves leading zeros out
        night = "N" if time.hour > 12 else "D"  # noqa: PLR2004  # the night pass is about 17 UTC
        writer.writerow(
            [f"{a:.5f}", f"{b:.5f}", f"{time:%Y-%m-%d}", clock, "N20", "VIIRS", "n", "SIMULATED",
             f"{frp:.2f}", night, 0]
        )  # fmt: skip
    atomic_write_bytes(path, text.getvalue().encode())
