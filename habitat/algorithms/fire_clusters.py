"""From detections to fires: clusters by distance and time, the cone the wind drives them in.

A pass groups what lies within 0.7 km and joins it to a fire seen in the last five days (constants
of FEDS, Chen et al. 2022, doi 10.1038/s41597-022-01343-0), where a fire may have run meanwhile:
1 km any way, or as far as it spreads between the passes, at most 15 km, within 45 degrees of
downwind.
"""

from hashlib import sha256

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from habitat.domain.fire_cluster import Cluster, Drive
from habitat.domain.hotspots import Hotspots

SAME_GROUP_M = 700.0
NEAR_M, FARTHEST_M = 1_000.0, 15_000.0
MEMORY = np.timedelta64(5 * 86_400, "s")
PASS = np.timedelta64(1_800, "s")
"""Detections within this time of the first are one pass of the satellites."""

HALF_ANGLE_DEG = 45.0
CONE_HOURS = 6.0
_ARC_STEPS = 18
_MINUTE = np.timedelta64(60, "s")


def clusters_of(found: Hotspots, drive: Drive) -> tuple[Cluster, ...]:
    """Return the fires of a set of detections, the latest seen first.

    The order of the rows does not matter. Where a pass joins several fires they are one from then
    on, under the id of the oldest. Where spread or wind is not known only 1 km counts.
    """
    order = np.lexsort((found.y_m, found.x_m, found.time))
    found = found.take(order)
    drive = Drive(drive.spread_m_min[order], drive.from_deg[order])
    label = np.full(len(found), -1)
    for rows in _passes(found.time):
        for group in _groups(found, rows):
            _join(label, found, drive, (group, int(rows[0])))
    fires = [np.flatnonzero(label == one) for one in np.unique(label)]
    fires.sort(key=lambda rows: (-found.time[rows[-1]].astype(np.int64), rows[0]))
    return tuple(_cluster(found, rows, order) for rows in fires)


def _passes(time: np.ndarray) -> list[np.ndarray]:
    """Split sorted times into passes."""
    starts: list[int] = []
    for row, moment in enumerate(time):
        if not starts or moment - time[starts[-1]] > PASS:
            starts.append(row)
    return np.split(np.arange(len(time)), starts[1:])


def _groups(found: Hotspots, rows: np.ndarray) -> list[np.ndarray]:
    """Return the groups of a pass: chains of detections within 0.7 km, in order."""
    if not len(rows):
        return []
    xy = np.column_stack((found.x_m[rows], found.y_m[rows]))
    pairs = cKDTree(xy).query_pairs(SAME_GROUP_M, output_type="ndarray")
    links = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(rows),) * 2)
    count, label = connected_components(links, directed=False)
    return [rows[label == one] for one in range(count)]


def _join(
    label: np.ndarray, found: Hotspots, drive: Drive, group_of: tuple[np.ndarray, int]
) -> None:
    """Label a group: the oldest fire that it reaches, which takes the others it reaches too.

    Only what was seen before the pass (its first row) counts as known.
    """
    group, first = group_of
    reached = [
        one
        for one in np.unique(label[:first])
        if _reached(found, drive, np.flatnonzero(label[:first] == one), group)
    ]
    into = min(reached, default=int(group[0]))
    label[np.isin(label, reached)] = into
    label[group] = into


def _reached(found: Hotspots, drive: Drive, old: np.ndarray, new: np.ndarray) -> bool:
    """Whether a fire at the old detections may have run to one of the new ones."""
    since = found.time[new[0]] - found.time[old[-1]]
    if since > MEMORY:
        return False
    east = found.x_m[new] - found.x_m[old][:, None]
    north = found.y_m[new] - found.y_m[old][:, None]
    away = np.hypot(east, north)
    ran = np.minimum(drive.spread_m_min[new] * (since / _MINUTE), FARTHEST_M)
    downwind = in_cone(east, north, drive.from_deg[new])
    return bool(((away <= NEAR_M) | (downwind & (away <= ran))).any())


def in_cone(east_m: np.ndarray, north_m: np.ndarray, from_deg: np.ndarray) -> np.ndarray:
    """Whether a way leads within 45 degrees of downwind; False where the wind is not known."""
    toward = np.radians(from_deg + 180.0)
    along = east_m * np.sin(toward) + north_m * np.cos(toward)
    limit = np.cos(np.radians(HALF_ANGLE_DEG)) * np.hypot(east_m, north_m)
    return np.asarray(along >= limit - 1e-9)


def _cluster(found: Hotspots, rows: np.ndarray, order: np.ndarray) -> Cluster:
    first, last = rows[0], found.time[rows].max()
    latest = rows[last - found.time[rows] <= PASS]
    power = np.where(np.isnan(found.frp_mw[latest]), -1.0, found.frp_mw[latest])
    place = f"{found.time[first]} {found.x_m[first]:.0f} {found.y_m[first]:.0f}"
    fire_id = sha256(place.encode()).hexdigest()[:8]
    return Cluster(fire_id, order[rows], int(order[latest[np.argmax(power)]]))


def drift_cone(x_m: float, y_m: float, spread_m_min: float, from_deg: float) -> np.ndarray:
    """Return the ring around the ground that a fire may reach in six hours.

    Returns
    -------
    numpy.ndarray
        float64 ``(point, 2)`` [m], closed; 45 degrees to each side of downwind, at most 15 km long;
        empty where spread or wind is not known, or the fire does not run.
    """
    length = min(spread_m_min * 60.0 * CONE_HOURS, FARTHEST_M)
    if not (np.isfinite(length + from_deg) and length > 0.0):
        return np.empty((0, 2))
    side = np.linspace(-HALF_ANGLE_DEG, HALF_ANGLE_DEG, _ARC_STEPS + 1)
    angle = np.radians(from_deg + 180.0 + side)
    arc = np.column_stack((x_m + length * np.sin(angle), y_m + length * np.cos(angle)))
    point = np.array([[x_m, y_m]])
    return np.concatenate((point, arc, point))


def hours_to(
    east_m: np.ndarray, north_m: np.ndarray, spread_m_min: float, from_deg: float
) -> np.ndarray:
    """Return the hours until a fire has run to places, float64; inf where it does not run to.

    The distance downwind over the rate of spread, within the cone of any length.
    """
    toward = np.radians(from_deg + 180.0)
    along = east_m * np.sin(toward) + north_m * np.cos(toward)
    runs = in_cone(east_m, north_m, np.array(from_deg)) & (spread_m_min > 0.0)
    speed = spread_m_min if spread_m_min > 0.0 else np.nan
    return np.where(runs, np.maximum(along, 0.0) / (60.0 * speed), np.inf)
