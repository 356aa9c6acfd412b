"""Places that always are hot, as GeoJSON with the rule and the files they are found by."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from pyproj import Transformer

from habitat.domain.errors import ConfigError, InputError
from habitat.domain.hotspots import Hotspots
from habitat.domain.static_heat import HeatRule, HotCell
from habitat.io.durable import atomic_write_bytes

_KIND = "static heat sources"
_DIGITS = 6


@dataclass(frozen=True, slots=True)
class HeatHistory:
    """One file of the history.

    Attributes
    ----------
    name, sha256 : str
    rows : int
        Detections of it that were counted with the others, before duplicates were dropped.
    """

    name: str
    sha256: str
    rows: int


@dataclass(frozen=True, slots=True)
class HeatMask:
    """Cells of a projected CRS that always are hot.

    Attributes
    ----------
    epsg, cell_m : int
    cells : frozenset of (int, int)
        Floors of easting and northing over the size.
    """

    epsg: int
    cell_m: int
    cells: frozenset[tuple[int, int]]

    def covers(self, found: Hotspots) -> np.ndarray:
        """Return which detections lie in a cell, bool ``(n,)``."""
        east = np.floor(found.x_m / self.cell_m).astype(np.int64).tolist()
        north = np.floor(found.y_m / self.cell_m).astype(np.int64).tolist()
        inside = [cell in self.cells for cell in zip(east, north, strict=True)]
        return np.array(inside, dtype=bool)


def write_heat_mask(
    path: Path,
    cells: Sequence[HotCell],
    *,
    epsg: int,
    rule: HeatRule,
    history: Sequence[HeatHistory],
) -> None:
    """Write the cells as polygons (RFC 7946), with the rule and the history beside them.

    Raises
    ------
    ResourceError
        If it cannot be written.
    """
    content = {
        "type": "FeatureCollection",
        "kind": _KIND,
        "epsg": epsg,
        "rule": asdict(rule),
        "history": [asdict(one) for one in history],
        "features": [_feature(cell, epsg, rule.cell_m) for cell in cells],
    }
    atomic_write_bytes(path, (json.dumps(content, indent=1) + "\n").encode())


def _feature(cell: HotCell, epsg: int, cell_m: int) -> dict[str, Any]:
    low, high = (cell.east * cell_m, cell.north * cell_m), (cell.east + 1, cell.north + 1)
    square = shapely.box(*low, high[0] * cell_m, high[1] * cell_m)
    to_degrees = Transformer.from_crs(epsg, 4326, always_xy=True)
    ring = [
        [round(value, _DIGITS) for value in to_degrees.transform(x, y)]
        for x, y in square.exterior.coords
    ]
    facts = asdict(cell) | {"first": str(cell.first), "last": str(cell.last)}
    return {
        "type": "Feature",
        "properties": facts,
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }


def read_heat_mask(path: Path, *, epsg: int) -> HeatMask:
    """Return the mask of a file.

    Raises
    ------
    ConfigError
        If there is no such file, or it was made for another CRS.
    InputError
        If it is no file of ``habitat heat-sources``.
    """
    try:
        content = json.loads(path.read_text("utf-8"))
        kind, made_for = content["kind"], int(content["epsg"])
        cell_m = int(content["rule"]["cell_m"])
        rows = [feature["properties"] for feature in content["features"]]
        cells = frozenset((int(row["east"]), int(row["north"])) for row in rows)
    except FileNotFoundError:
        raise ConfigError(
            f"static_sources: expected a file at {path}, found none; habitat heat-sources makes it"
        ) from None
    except (ValueError, KeyError, TypeError) as fault:
        raise InputError(
            f"{path}: expected a file of habitat heat-sources, got another ({fault!r})"
        ) from fault
    if kind != _KIND or cell_m <= 0:
        raise InputError(f"{path}: expected a file of habitat heat-sources, got kind {kind!r}")
    if made_for != epsg:
        raise ConfigError(
            f"{path}: expected cells of EPSG:{epsg}, got EPSG:{made_for}. Make it again with "
            "habitat heat-sources."
        )
    return HeatMask(made_for, cell_m, cells)
