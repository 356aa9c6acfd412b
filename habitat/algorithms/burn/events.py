"""From burned objects to what is published: fires of many parts, and a least area of each patch.

An object is what one look shows. A fire is seen in parts: clouds hide some of it at first, roads
and rivers cut it. And what is left of an object after later looks have refuted some of it can be
smaller than the least area, which therefore is asked of the published pixels.
"""

from dataclasses import dataclass, replace

import numpy as np

from habitat.algorithms import joining
from habitat.algorithms.burn.inputs import BurnParams
from habitat.algorithms.burn.objects import Objects
from habitat.algorithms.burn.scars import (
    DATE_UNBURNED,
    RBR_MISSING,
    SCAR_BURNED,
    SCAR_POSSIBLE,
    SCAR_UNBURNED,
    BurnLayers,
)
from habitat.algorithms.burn.severity import UNBURNED
from habitat.domain.hotspots import Hotspots
from habitat.domain.legend import NOT_OBSERVED

_FAR = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Runs:
    """Runs of published pixels in rows, each of one object; of one tile or of all.

    Attributes
    ----------
    object_id, row, col, length : numpy.ndarray
        int64 ``(n,)``: object, grid row, first grid column, number of pixels.
    day_lo, day_hi : numpy.ndarray
        int64 ``(n,)``, first and last day on which the pixels may have burned.
    """

    object_id: np.ndarray
    row: np.ndarray
    col: np.ndarray
    length: np.ndarray
    day_lo: np.ndarray
    day_hi: np.ndarray

    def take(self, keep: np.ndarray) -> "Runs":
        """Return some of the runs, in any order."""
        return Runs(**{name: getattr(self, name)[keep] for name in self.__dataclass_fields__})


@dataclass(frozen=True)
class BurnEvents:
    """The fires of a fire year.

    Attributes
    ----------
    event : numpy.ndarray
        int32 ``(n + 1,)``, fire of each object id: the least id of its objects, so its name
        depends on no tiling; 0 for objects of which nothing is published, and for id 0.
    n_hotspots : numpy.ndarray
        int32 ``(n + 1,)``, hotspots by fire.
    max_frp_mw : numpy.ndarray
        float32 ``(n + 1,)``, NaN without a hotspot or where its power is not known.
    """

    event: np.ndarray
    n_hotspots: np.ndarray
    max_frp_mw: np.ndarray


def published(layers: BurnLayers) -> np.ndarray:
    """Return the object id of pixels that burned or possibly did, int32 ``(y, x)``, else 0."""
    shown = np.isin(layers.burn_scar, (SCAR_BURNED, SCAR_POSSIBLE))
    return np.where(shown, layers.burn_object, 0)


def in_small_patches(runs: Runs, min_px: int) -> np.ndarray:
    """Return the runs in 8-connected patches of fewer than ``min_px`` pixels, bool ``(n,)``.

    A patch may hold pixels of several objects.
    """
    n = len(runs.row)
    order = np.lexsort((runs.col, runs.row))
    row, start, length = (v[order].astype(np.int64) for v in (runs.row, runs.col, runs.length))
    end = start + length
    if n == 0:
        return np.zeros(0, dtype=bool)
    start, end = start - start.min() + 1, end - start.min() + 1
    width = int(end.max()) + 2
    starts, ends = row * width + start, row * width + end
    # Runs of the next row touch if they end at or after this one's start, and the other way round.
    first = np.searchsorted(ends, starts + width, side="left")
    after = np.searchsorted(starts, ends + width, side="right")
    counts = np.maximum(after - first, 0)
    upper = np.repeat(np.arange(n), counts)
    lower = np.arange(len(upper)) - np.repeat(np.cumsum(counts) - counts, counts) + first[upper]
    beside = np.flatnonzero(ends[:-1] == starts[1:])
    pairs = np.concatenate([np.stack([upper, lower], 1), np.stack([beside, beside + 1], 1)])
    group = joining.join(n, pairs)
    size = np.bincount(group, weights=length)
    small = np.zeros(n, dtype=bool)
    small[order] = size[group] < min_px
    return small


def join_events(
    runs: Runs, near: np.ndarray, objects: Objects, hotspots: Hotspots, params: BurnParams
) -> BurnEvents:
    """Return the fires: objects near each other that may have burned at about the same time.

    Parameters
    ----------
    runs : Runs
        Published pixels of all tiles, without the patches that are too small.
    near : numpy.ndarray
        int64 ``(m, 2)``, pairs of object ids that lie within ``event_m`` of each other.
    objects : Objects
        Of the AOI.
    hotspots : Hotspots
        The array that the tiles were given.
    params : BurnParams
        Thresholds; two objects are of one fire if no more than ``event_days`` lie between the days
        on which they may have burned.

    Returns
    -------
    BurnEvents
        The same for any tiling and any order of the runs.
    """
    n = len(objects.day)
    lo, hi = np.full(n + 1, _FAR), np.full(n + 1, -_FAR)
    np.minimum.at(lo, runs.object_id, runs.day_lo)
    np.maximum.at(hi, runs.object_id, runs.day_hi)
    a, b = near[:, 0], near[:, 1]
    gap = np.maximum(lo[a], lo[b]) - np.minimum(hi[a], hi[b])
    group = joining.join(n + 1, near[gap <= params.event_days])
    there = np.zeros(n + 1, dtype=bool)
    there[runs.object_id] = True
    least = np.full(n + 1, n + 1, dtype=np.int64)
    np.minimum.at(least, group[there], np.flatnonzero(there))
    event = np.where(there, least[group], 0).astype(np.int32)
    count, power = _hotspots_of_events(event, objects.hits, hotspots)
    return BurnEvents(event, count, power)


def _hotspots_of_events(
    event: np.ndarray, hits: np.ndarray, hotspots: Hotspots
) -> tuple[np.ndarray, np.ndarray]:
    pairs = np.unique(np.stack([event[hits[:, 0]].astype(np.int64), hits[:, 1]], axis=1), axis=0)
    pairs = pairs[pairs[:, 0] > 0]
    count = np.bincount(pairs[:, 0], minlength=len(event)).astype(np.int32)
    power = np.full(len(event), np.nan, dtype=np.float32)
    np.fmax.at(power, pairs[:, 0], hotspots.frp_mw[pairs[:, 1]])
    return count, power


def settled(layers: BurnLayers, dropped: np.ndarray, events: BurnEvents) -> BurnLayers:
    """Return the layers to publish: fires in place of objects, and no patch that is too small.

    Parameters
    ----------
    layers : BurnLayers
        Of a tile.
    dropped : numpy.ndarray
        bool ``(y, x)``, pixels in patches that are too small.
    events : BurnEvents
        Of the AOI.
    """
    told = layers.unburned_scar == SCAR_UNBURNED
    date = np.where(told, DATE_UNBURNED, 0)

    def put(plane: np.ndarray, value: np.ndarray | int) -> np.ndarray:
        out: np.ndarray = np.where(dropped, value, plane).astype(plane.dtype)
        return out

    return replace(
        layers,
        burn_scar=put(layers.burn_scar, layers.unburned_scar),
        burn_date=put(layers.burn_date, date),
        burn_date_lo=put(layers.burn_date_lo, date),
        burn_date_hi=put(layers.burn_date_hi, date),
        times_burned=put(layers.times_burned, np.where(told, 0, 255)),
        burn_severity=put(layers.burn_severity, np.where(told, UNBURNED, NOT_OBSERVED)),
        burn_object=put(events.event[layers.burn_object], 0),
        from_hotspot=put(layers.from_hotspot, 0),
        seen_again=put(layers.seen_again, 0),
        rbr=put(layers.rbr, RBR_MISSING),
    )
