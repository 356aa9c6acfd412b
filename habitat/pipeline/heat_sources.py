"""The mask of places that always are hot, made from years of hotspots."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from habitat.algorithms.static_heat import hot_cells
from habitat.domain.errors import ConfigError
from habitat.domain.grid import Grid
from habitat.domain.hotspots import Hotspots
from habitat.domain.static_heat import HeatRule, HotCell
from habitat.io.durable import sha256_file
from habitat.io.fire.hotspots_file import parse_hotspots, read_table
from habitat.io.fire.static_heat_file import HeatHistory, write_heat_mask
from habitat.io.vector.aoi import read_aoi
from habitat.pipeline.fire_risk.fires import reach
from habitat.pipeline.fire_risk.setting import FireQuery, setting_of


@dataclass(frozen=True, slots=True)
class HeatSources:
    """What was found.

    Attributes
    ----------
    cells : tuple of HotCell
    detections, unread : int
        Rows of the history that count, and that could not be read.
    years : int
        Separate years of the history.
    """

    cells: tuple[HotCell, ...]
    detections: int
    unread: int
    years: int


def make_heat_mask(
    query: FireQuery, history: Sequence[Path], out: Path, *, rule: HeatRule
) -> HeatSources:
    """Find what always is hot within reach of the zone of a fire_risk pipeline; write the file.

    Raises
    ------
    ConfigError
        If the history has fewer years than the rule asks for and no ``type`` either, or the
        pipeline has no fire_risk step.
    InputError
        If a file is no table of hotspots.
    """
    setting = setting_of(query)
    grid = Grid(setting.config.grid.epsg, setting.config.grid.pixel_m)
    aoi = read_aoi(setting.project / setting.config.aoi, epsg=grid.epsg)
    window = grid.window_of_bounds(reach(setting.places.places, aoi.bounds, grid.epsg))
    tables = [read_table(path) for path in history]
    parsed = [parse_hotspots([table], grid=grid, window=window) for table in tables]
    found = parse_hotspots(tables, grid=grid, window=window).found
    cells, years = hot_cells(found, rule), _years(found)
    if years < rule.min_years and not any(cell.typed_days for cell in cells):
        raise ConfigError(
            f"history: expected detections of {rule.min_years} years or more, or rows with a type, "
            f"got {len(found)} detections of {years}. Ask the FIRMS archive for more years."
        )
    files = [
        HeatHistory(path.name, sha256_file(path), len(part.found))
        for path, part in zip(history, parsed, strict=True)
    ]
    write_heat_mask(out, cells, epsg=grid.epsg, rule=rule, history=files)
    return HeatSources(cells, len(found), sum(part.unread for part in parsed), years)


def _years(found: Hotspots) -> int:
    return len(set(found.time.astype("datetime64[Y]").tolist()))
