"""Active-fire detections from a FIRMS CSV file."""

import csv
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.spatial import cKDTree

from habitat.domain.errors import InputError
from habitat.domain.grid import Grid, Window
from habitat.domain.hotspots import Hotspots
from habitat.io.placement import transformer

_NEEDED = ("latitude", "longitude", "acq_date", "acq_time", "confidence", "frp")
#: Confidence words and letters of VIIRS that are left out.
_LOW = {"l", "low"}
#: MODIS states the confidence in per cent; below this it is low (Giglio et al. 2016).
_LOW_PERCENT = 30
#: ``type`` of vegetation fires; near-real-time files have no such column.
_VEGETATION = {"", "0"}
_MAX_BYTES = 500_000_000
#: Standard processing replaces near-real-time, which replaces the (ultra) real-time rows.
_VERSION_RANK = {"": 0, "NRT": 1, "RT": 2, "URT": 3}
#: Half a VIIRS pixel [m] and the slack of the time [s]: nearer rows are one detection.
_SAME_M, _SAME_S = 188.0, 120.0


class _Row(NamedTuple):
    lon: float
    lat: float
    time: str
    frp_mw: float
    satellite: str
    rank: int


def read_hotspots(path: Path, *, grid: Grid, window: Window) -> Hotspots:
    """Return the detections of a FIRMS CSV file in a window.

    Low confidence and other types than vegetation fire (volcano, static source, offshore) are
    left out; a row without a type counts as vegetation. Where URT, RT, NRT and standard processing
    give one detection of a satellite more than once, the most processed row is kept.

    Raises
    ------
    InputError
        If the file is too large, a column is missing, or a row cannot be read.
    """
    if path.stat().st_size > _MAX_BYTES:
        raise InputError(f"{path}: expected at most {_MAX_BYTES} bytes of hotspots, got more")
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        missing = [name for name in _NEEDED if name not in (reader.fieldnames or ())]
        if missing:
            raise InputError(
                f"{path}: expected FIRMS columns {list(_NEEDED)}, missing {missing}, got "
                f"{(reader.fieldnames or ())[:12]}. An error page saved as CSV looks like this too."
            )
        rows = [_row(path, reader.line_num, row) for row in reader if _wanted(row)]
    if not rows:
        return Hotspots.empty()
    lon, lat, time, frp, satellite, rank = (np.array(column) for column in zip(*rows, strict=True))
    x, y = transformer(4326, grid.epsg).transform(lon, lat)
    x_min, y_min, x_max, y_max = grid.bounds(window)
    keep = np.flatnonzero((x >= x_min) & (x < x_max) & (y >= y_min) & (y < y_max))
    found = Hotspots(x, y, time.astype("datetime64[s]"), frp.astype(np.float32)).take(keep)
    return found.take(_once(found, satellite[keep], rank[keep]))


def _once(found: Hotspots, satellite: np.ndarray, rank: np.ndarray) -> np.ndarray:
    """Bool ``(n,)``: False where a better processed or an equal earlier row says the same."""
    keep = np.ones(len(found), dtype=bool)
    seconds = found.time.astype(np.int64) * (_SAME_M / _SAME_S)
    place = np.column_stack((found.x_m, found.y_m, seconds))
    for name in np.unique(satellite):
        rows = np.flatnonzero(satellite == name)
        pairs = rows[cKDTree(place[rows]).query_pairs(_SAME_M, p=np.inf, output_type="ndarray")]
        first, second = pairs.min(axis=1, initial=len(keep)), pairs.max(axis=1, initial=0)
        equal = (rank[first] == rank[second]) & (place[first] == place[second]).all(axis=1)
        keep[second[equal | (rank[second] > rank[first])]] = False
        keep[first[rank[first] > rank[second]]] = False
    return keep


def _wanted(row: dict[str, str]) -> bool:
    confidence = (row.get("confidence") or "").strip().lower()
    low = confidence in _LOW or (confidence.isdigit() and int(confidence) < _LOW_PERCENT)
    return not low and (row.get("type") or "").strip() in _VEGETATION


def _row(path: Path, line: int, row: dict[str, str]) -> _Row:
    try:
        lat, lon = float(row["latitude"]), float(row["longitude"])
        # acq_time comes without leading zeros: 5 is 00:05
        text = f"{row['acq_date']} {row['acq_time'].replace(':', '').zfill(4)}"
        moment = datetime.strptime(text, "%Y-%m-%d %H%M")  # noqa: DTZ007  # FIRMS is in UTC
        frp = float(row["frp"]) if row["frp"].strip() else float("nan")
    except (ValueError, AttributeError) as fault:
        raise InputError(f"{path}:{line}: expected a FIRMS row, got {row} ({fault})") from fault
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):  # noqa: PLR2004  # degrees
        raise InputError(f"{path}:{line}: expected degrees, got latitude {lat}, longitude {lon}")
    level = (row.get("version") or "").strip().upper().lstrip("0123456789.")
    rank = _VERSION_RANK.get(level, max(_VERSION_RANK.values()))
    return _Row(lon, lat, moment.isoformat(), frp, (row.get("satellite") or "").strip(), rank)
