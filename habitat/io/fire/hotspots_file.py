"""Active-fire detections from tables in the columns of FIRMS."""

import csv
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.spatial import cKDTree

from habitat.domain.errors import InputError
from habitat.domain.grid import Grid, Window
from habitat.domain.hotspots import DetectionKind, Hotspots
from habitat.io.fire.firms import NEEDED
from habitat.io.scenes.placement import transformer

logger = logging.getLogger(__name__)

#: Confidence words and letters of VIIRS that are left out.
_LOW = {"l", "low"}
#: MODIS states the confidence in per cent; below this it is low (Giglio et al. 2016).
_LOW_PERCENT = 30
#: ``type`` of vegetation fires, and of places that always are hot; near-real-time rows have none.
_VEGETATION, _STATIC = {"", "0"}, {"1", "2"}
#: Imagers of geostationary satellites: early, coarse and often wrong.
_GEOSTATIONARY = {"AHI", "AMI", "ABI", "FCI", "SEVIRI"}
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
    kind: int


def read_hotspots(path: Path, *, grid: Grid, window: Window) -> Hotspots:
    """Return the burning vegetation of a FIRMS CSV file in a window.

    As :func:`parse_hotspots`, without other types than vegetation fire (volcano, static source,
    offshore) and without early detections.

    Raises
    ------
    InputError
        If the file is too large, a column is missing, or a row cannot be read.
    """
    found = read_detections(path, grid=grid, window=window)
    return found.take(found.kinds == DetectionKind.VEGETATION)


def read_detections(path: Path, *, grid: Grid, window: Window) -> Hotspots:
    """Return the detections of a FIRMS CSV file in a window, with what kind they are.

    Raises
    ------
    InputError
        If the file is too large, a column is missing, or a row cannot be read.
    """
    given = parse_hotspots([read_table(path)], grid=grid, window=window)
    if given.unread:
        raise InputError(given.faults[0])
    return given.found


def read_table(path: Path) -> tuple[str, str]:
    """Return the name and the text of a file.

    Raises
    ------
    InputError
        If it is too large or is no text.
    """
    if path.stat().st_size > _MAX_BYTES:
        raise InputError(f"{path}: expected at most {_MAX_BYTES} bytes of hotspots, got more")
    try:
        return str(path), path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as fault:
        raise InputError(
            f"{path}: expected a CSV table in UTF-8, got other bytes ({fault.reason} at "
            f"{fault.start}). Unpack it if it is compressed."
        ) from fault


@dataclass(frozen=True, slots=True)
class Parsed:
    """Detections, and what was left out.

    Attributes
    ----------
    found : Hotspots
    faults : tuple of str
        What was wrong with each row that could not be read.
    """

    found: Hotspots
    faults: tuple[str, ...]

    @property
    def unread(self) -> int:
        """How many rows could not be read."""
        return len(self.faults)


def parse_hotspots(
    tables: Sequence[tuple[str, str]], *, grid: Grid, window: Window, early: bool = False
) -> Parsed:
    """Return the detections of tables in a window, each once, with what kind they are.

    Low confidence and detections at sea (``type`` 3) are left out; a row without a type counts as
    vegetation. Where URT, RT, NRT and standard processing give one detection of a satellite more
    than once, also in several tables, the most processed row is kept.

    Parameters
    ----------
    tables : sequence of (str, str)
        Name for messages, and CSV text.
    early : bool
        All are of geostationary satellites, whatever their rows say.

    Raises
    ------
    InputError
        If a column is missing or more than half of the rows of a table cannot be read.
    """
    read = [_rows(name, text.splitlines(keepends=True)) for name, text in tables]
    rows = [row for good, _ in read for row in good]
    faults = tuple(fault for _, bad in read for fault in bad)
    found = _detections(rows, grid, window) if rows else Hotspots.empty()
    if early:
        burns = found.kinds == DetectionKind.VEGETATION
        found = found.with_kinds(np.where(burns, DetectionKind.EARLY, found.kinds).astype(np.uint8))
    return Parsed(found, faults)


def _detections(rows: list[_Row], grid: Grid, window: Window) -> Hotspots:
    lon, lat, time, frp, satellite, rank, kind = map(np.array, zip(*rows, strict=True))
    x, y = transformer(4326, grid.epsg).transform(lon, lat)
    x_min, y_min, x_max, y_max = grid.bounds(window)
    keep = np.flatnonzero((x >= x_min) & (x < x_max) & (y >= y_min) & (y < y_max))
    moment = time.astype("datetime64[s]")
    found = Hotspots(x, y, moment, frp.astype(np.float32), kind.astype(np.uint8)).take(keep)
    return found.take(_once(found, satellite[keep], rank[keep]))


def _rows(name: str, lines: Iterable[str]) -> tuple[list[_Row], list[str]]:
    """Return the rows of a table, and what is wrong with those that cannot be read."""
    reader = csv.DictReader(lines)
    missing = [column for column in NEEDED if column not in (reader.fieldnames or ())]
    if missing:
        raise InputError(
            f"{name}: expected FIRMS columns {list(NEEDED)}, missing {missing}, got "
            f"{(reader.fieldnames or ())[:12]}. An error page saved as CSV looks like this too."
        )
    good: list[_Row] = []
    bad: list[str] = []
    count = 0
    for row in reader:
        count += 1
        try:
            good += [_row(name, reader.line_num, row)] if _wanted(row) else []
        except InputError as fault:
            bad.append(str(fault))
    if 2 * len(bad) > count:
        raise InputError(f"{bad[0]}; so are {len(bad)} rows of {count}")
    if bad:
        logger.warning("%s; left out %d such rows of %d", bad[0], len(bad), count)
    return good, bad


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
    return not low and (row.get("type") or "").strip() in _VEGETATION | _STATIC


def _kind(row: dict[str, str]) -> DetectionKind:
    if (row.get("type") or "").strip() in _STATIC:
        return DetectionKind.STATIC
    if (row.get("instrument") or "").strip().upper() in _GEOSTATIONARY:
        return DetectionKind.EARLY
    return DetectionKind.VEGETATION


def _row(name: str, line: int, row: dict[str, str]) -> _Row:
    try:
        lat, lon = float(row["latitude"]), float(row["longitude"])
        # acq_time comes without leading zeros: 5 is 00:05
        text = f"{row['acq_date']} {row['acq_time'].replace(':', '').zfill(4)}"
        moment = datetime.strptime(text, "%Y-%m-%d %H%M")  # noqa: DTZ007  # FIRMS is in UTC
        frp = float(row["frp"]) if row["frp"].strip() else float("nan")
    except (ValueError, AttributeError) as fault:
        raise InputError(f"{name}:{line}: expected a FIRMS row, got {row} ({fault})") from fault
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):  # noqa: PLR2004  # degrees
        raise InputError(f"{name}:{line}: expected degrees, got latitude {lat}, longitude {lon}")
    level = (row.get("version") or "").strip().upper().lstrip("0123456789.")
    rank = _VERSION_RANK.get(level, max(_VERSION_RANK.values()))
    satellite = (row.get("satellite") or "").strip()
    return _Row(lon, lat, moment.isoformat(), frp, satellite, rank, _kind(row))
