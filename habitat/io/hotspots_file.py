"""Active-fire detections from a FIRMS CSV file."""

import csv
from datetime import datetime
from pathlib import Path

import numpy as np

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


def read_hotspots(path: Path, *, grid: Grid, window: Window) -> Hotspots:
    """Return the detections of a FIRMS CSV file in a window.

    Low confidence and other types than vegetation fire (volcano, static source, offshore) are
    left out; a row without a type counts as vegetation.

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
    lon, lat, time, frp = (np.array(column) for column in zip(*rows, strict=True))
    x, y = transformer(4326, grid.epsg).transform(lon, lat)
    x_min, y_min, x_max, y_max = grid.bounds(window)
    inside = (x >= x_min) & (x < x_max) & (y >= y_min) & (y < y_max)
    return Hotspots(
        x[inside],
        y[inside],
        time.astype("datetime64[s]")[inside],
        frp.astype(np.float32)[inside],
    )


def _wanted(row: dict[str, str]) -> bool:
    confidence = (row.get("confidence") or "").strip().lower()
    low = confidence in _LOW or (confidence.isdigit() and int(confidence) < _LOW_PERCENT)
    return not low and (row.get("type") or "").strip() in _VEGETATION


def _row(path: Path, line: int, row: dict[str, str]) -> tuple[float, float, str, float]:
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
    return lon, lat, moment.isoformat(), frp
