"""What is known of burning at each pixel of a tile in a fire year."""

from dataclasses import dataclass

import numpy as np

from habitat.algorithms.burn.candidates import Candidates, last_unburned
from habitat.algorithms.burn.inputs import BurnParams, FireYear, Kind, Looks
from habitat.algorithms.burn.objects import NO_DAY, TileObjects
from habitat.algorithms.burn.severity import (
    NO_SEVERITY,
    UNBURNED,
    BurnedPixels,
    forest_severity,
)
from habitat.algorithms.burn.statistics import Tile
from habitat.algorithms.kernels.burn import CLEAR_ALONE, CLEAR_COMPARED
from habitat.algorithms.kernels.burn_events import (
    BURNED,
    NOT_AGAIN,
    POSSIBLE,
    EventRules,
    Events,
    longest_gap,
    scan_events,
)
from habitat.algorithms.kernels.burn_looks import HOT, OBJECT, OBSERVED
from habitat.domain.hotspots import Hotspots
from habitat.domain.period import date_of_epoch

#: Codes of ``domain.legend.BURN_SCAR``.
SCAR_UNBURNED, SCAR_BURNED, SCAR_POSSIBLE, SCAR_GAP = 1, 2, 3, 4
#: ``burn_date`` of "observed and unburned".
DATE_UNBURNED = 1
NO_GAP_LIMIT = np.iinfo(np.int32).max


@dataclass(frozen=True)
class BurnLayers:
    """The burn layers of a tile, without its halo, all ``(y, x)``.

    Attributes
    ----------
    burn_scar : numpy.ndarray
        uint8: 1 unburned, 2 burned, 3 possibly burned (one look only), 4 seen, but too seldom to
        exclude a burn (or crop that is not judged); 0 never seen.
    unburned_scar : numpy.ndarray
        uint8: what ``burn_scar`` is without the burn: 1, 4 or 0.
    burn_date, burn_date_lo, burn_date_hi : numpy.ndarray
        uint32 YYYYMMDD of the last burn, possible ones too; 1 observed and unburned; 0 never
        seen. The day of the earliest hotspot near it in its window, else of ``burn_date_hi``.
    times_burned : numpy.ndarray
        uint8, burns in the fire year, possible ones not counted; 255 never seen.
    burn_severity : numpy.ndarray
        uint8: 1..5 forest, 8 unburned, 9 burned without severity; 0 never seen, or possibly
        burned.
    burn_object : numpy.ndarray
        int32, object id of the burn, possible ones too; 0 without one.
    from_hotspot : numpy.ndarray
        bool, the date comes from a hotspot.
    seen_again : numpy.ndarray
        uint8: 0 no second look, 1 later looks refuted it, 2 they confirmed it.
    rbr : numpy.ndarray
        int32 in units of 1e-4, of burned forest; ``RBR_MISSING`` elsewhere.
    """

    burn_scar: np.ndarray
    unburned_scar: np.ndarray
    burn_date: np.ndarray
    burn_date_lo: np.ndarray
    burn_date_hi: np.ndarray
    times_burned: np.ndarray
    burn_severity: np.ndarray
    burn_object: np.ndarray
    from_hotspot: np.ndarray
    seen_again: np.ndarray
    rbr: np.ndarray


RBR_MISSING = np.iinfo(np.int32).min


@dataclass(frozen=True)
class FireRecord:
    """What bears on a whole fire year: its days and the detections of the AOI."""

    fire_year: FireYear
    hotspots: Hotspots


def scars(
    looks: Looks,
    tile: Tile,
    found: Candidates,
    objects: TileObjects,
    record: FireRecord,
    params: BurnParams,
) -> BurnLayers:
    """Return the burn layers of a tile.

    Parameters
    ----------
    looks : Looks
        Of the padded tile.
    tile : Tile
        Its place, cover and evidence.
    found : Candidates
        Its candidates.
    objects : TileObjects
        What ``resolve`` made of them.
    record : FireRecord
        Days to report, and hotspots.
    params : BurnParams
        Thresholds.
    """
    core = tile.place.slices
    shown = _with_objects(tile, found, objects, params)
    rows, cols = core
    look = tile.evidence.look[:, rows, cols]
    year = record.fire_year
    rules = EventRules(
        year.first_day,
        year.last_day,
        params.confirm_days,
        params.confirm_looks,
        params.refute_days,
        params.regrowth_days,
    )
    days = tile.evidence.days
    events = scan_events(days, params.flushes(days), look, shown[:, rows, cols], rules)
    event_object = _object_of_event(tile, found, objects, events)
    events = _weakened(events, event_object, shown[:, rows, cols], objects)
    known, event, event_lo, times, again = events
    unburned_scar = _unburned_scar(tile, look, (year, params))
    scar = _scar(unburned_scar, known)
    burned = known > 0
    hot_day = _hotspot_day(tile, events, record.hotspots, params)
    hi_day = np.where(burned, days[event], NO_DAY)
    on_day = np.where(hot_day != NO_DAY, np.maximum(hot_day, event_lo), hi_day)
    told = (scar != 0) & (scar != SCAR_GAP)  # a gap too long says neither burned nor unburned
    severity, rbr = _severity(looks, tile, events, params)
    return BurnLayers(
        burn_scar=scar,
        unburned_scar=unburned_scar,
        burn_date=_yyyymmdd(on_day, burned, scar),
        burn_date_lo=_yyyymmdd(event_lo, burned, scar),
        burn_date_hi=_yyyymmdd(hi_day, burned, scar),
        times_burned=np.where(told, times, 255).astype(np.uint8),
        burn_severity=np.where(told, severity, 0).astype(np.uint8),
        burn_object=event_object,
        from_hotspot=hot_day != NO_DAY,
        seen_again=again,
        rbr=rbr,
    )


def _closed(ids: np.ndarray, rows: np.ndarray, cols: np.ndarray, shown: np.ndarray) -> None:
    """Close object ids 3 × 3, in place; only pixels that the look could compare are filled.

    A pixel filled between several objects takes the greatest id around it.
    """
    box = (
        slice(max(int(rows.min()) - 1, 0), int(rows.max()) + 2),
        slice(max(int(cols.min()) - 1, 0), int(cols.max()) + 2),
    )
    spread = _around(np.pad(ids[box], 1), np.maximum)
    filled = _around(np.pad(spread > 0, 1), np.logical_and)
    take = (ids[box] == 0) & filled & ((shown[box] & OBSERVED) > 0)
    ids[box] = np.where(take, spread, ids[box])


def _around(plane: np.ndarray, combine: np.ufunc) -> np.ndarray:
    """Combine each pixel with its eight neighbours; the result is 1 px smaller on each side."""
    n, m = plane.shape
    across = combine(combine(plane[:, : m - 2], plane[:, 1 : m - 1]), plane[:, 2:])
    out: np.ndarray = combine(combine(across[: n - 2], across[1 : n - 1]), across[2:])
    return out


def _object_plane(tile: Tile, found: Candidates, objects: TileObjects, t: int) -> np.ndarray | None:
    """Return the object ids of one look, closed, int32 ``(y, x)`` of the padded tile."""
    pixels = found.labelled[t]
    ids = objects.ids[pixels.label]
    index = pixels.index[ids > 0]
    if len(index) == 0:
        return None
    plane = np.zeros(tile.cover.shape, dtype=np.int32)
    plane.ravel()[index] = ids[ids > 0]
    rows, cols = np.divmod(index, tile.cover.shape[1])
    _closed(plane, rows, cols, found.shown[t])
    return plane


def _with_objects(
    tile: Tile, found: Candidates, objects: TileObjects, params: BurnParams
) -> np.ndarray:
    """Return what the looks show, with the bits ``OBJECT`` and ``HOT``."""
    shown = found.shown.copy()
    last_of_id = np.full(int(objects.ids.max(initial=0)) + 1, NO_DAY, dtype=np.int64)
    last_of_id[objects.ids] = objects.last_hotspot_day
    before = np.full(tile.cover.shape, np.iinfo(np.int32).max, dtype=np.int32)
    for t, day in enumerate(tile.evidence.days.tolist()):
        ids = _object_plane(tile, found, objects, t)
        if ids is not None:
            inside = ids > 0
            last = last_of_id[ids[inside]]
            hot = (last != NO_DAY) & (last + params.hotspot_lead_days >= before[inside])
            shown[t][inside] |= np.where(hot, OBJECT | HOT, OBJECT).astype(np.uint8)
        last_unburned(tile.evidence.look[t], found.shown[t], day, before)
    return shown


def _object_of_event(
    tile: Tile, found: Candidates, objects: TileObjects, events: Events
) -> np.ndarray:
    known, event, *_ = events
    out = np.zeros(known.shape, dtype=np.int32)
    for t in np.unique(event[known > 0]).tolist():
        plane = _object_plane(tile, found, objects, t)
        if plane is not None:
            here = (known > 0) & (event == t)
            out[here] = plane[tile.place.slices][here]
    return out


def _weakened(
    events: Events, event_object: np.ndarray, shown: np.ndarray, objects: TileObjects
) -> Events:
    """Return the events; a burn of a weak object without a hotspot is possible, not sure.

    A second look confirms an object only if its median evidence is that of a seed, and enough of
    it is seed: else one block of seeds would carry a whole patch of weak growth over the line.
    """
    known, event, event_lo, times, again = events
    strong_of_id = np.zeros(int(objects.ids.max(initial=0)) + 1, dtype=bool)
    strong_of_id[objects.ids] = objects.strong
    look = np.maximum(event, 0).astype(np.int64)
    hot = (np.take_along_axis(shown, look[np.newaxis], axis=0)[0] & HOT) > 0
    weak = (known == BURNED) & ~strong_of_id[event_object] & ~hot
    return (
        np.where(weak, POSSIBLE, known).astype(known.dtype),
        event,
        event_lo,
        np.where(weak, np.maximum(times, 1) - 1, times).astype(times.dtype),
        np.where(weak, NOT_AGAIN, again).astype(again.dtype),
    )


def _seen(days: np.ndarray, look: np.ndarray, year: FireYear) -> np.ndarray:
    inside = (days >= year.first_day) & (days <= year.last_day)
    seen = np.zeros(look.shape[1:], dtype=bool)
    for plane in look[inside]:
        seen |= (plane == CLEAR_ALONE) | (plane == CLEAR_COMPARED)
    return seen


def _scar(unburned_scar: np.ndarray, known: np.ndarray) -> np.ndarray:
    scar = np.where(known == POSSIBLE, SCAR_POSSIBLE, unburned_scar)
    return np.where(known == BURNED, SCAR_BURNED, scar).astype(np.uint8)


def _unburned_scar(tile: Tile, look: np.ndarray, asked: tuple[FireYear, BurnParams]) -> np.ndarray:
    year, params = asked
    seen = _seen(tile.evidence.days, look, year)
    kind = tile.evidence.kind[tile.place.slices]
    limit = np.full(len(Kind), params.gap_days, dtype=np.int32)
    limit[Kind.FOREST] = params.gap_days_forest
    limit[[Kind.EXCLUDED, Kind.BARE]] = NO_GAP_LIMIT
    limit[Kind.MASKED] = -1
    seasons = np.array(year.seasons, dtype=np.int64).reshape(-1, 2) + np.array([0, 1])
    scar = np.where(seen, SCAR_UNBURNED, 0)
    gap = longest_gap(tile.evidence.days, look, seasons)
    return np.where(seen & (gap > limit[kind]), SCAR_GAP, scar).astype(np.uint8)


def _hotspot_day(tile: Tile, events: Events, hotspots: Hotspots, params: BurnParams) -> np.ndarray:
    """Return the day of the earliest hotspot near each burn and in its window, or ``NO_DAY``."""
    known, event, event_lo, *_ = events
    burned = np.zeros(tile.cover.shape, dtype=bool)
    lo, hi = np.zeros(burned.shape, np.int64), np.zeros(burned.shape, np.int64)
    core = tile.place.slices
    burned[core], lo[core] = known > 0, event_lo
    hi[core] = tile.evidence.days[event]
    out = np.full(burned.shape, NO_DAY, dtype=np.int32)
    if not burned.any():
        return out[core]
    days = hotspots.days
    wanted = (days >= lo[burned].min() - params.hotspot_lead_days) & (days <= hi[burned].max())
    order = np.flatnonzero(wanted)
    order = order[np.argsort(-days[order], kind="stable")]  # the earliest is written last
    for i in order.tolist():
        rows, cols, near = tile.place.disc(hotspots.x_m[i], hotspots.y_m[i], params.date_hotspot_m)
        part = (rows, cols)
        day = int(days[i])
        since = lo[part] - params.hotspot_lead_days
        out[part][near & burned[part] & (since <= day) & (day <= hi[part])] = day
    return out[core]


def _severity(
    looks: Looks, tile: Tile, events: Events, params: BurnParams
) -> tuple[np.ndarray, np.ndarray]:
    known, event, event_lo, *_ = events
    rows, cols = tile.place.slices
    kind = tile.evidence.kind[rows, cols]
    severity = np.full(known.shape, UNBURNED, dtype=np.uint8)
    severity[known == POSSIBLE] = 0
    severity[known == BURNED] = NO_SEVERITY
    rbr = np.full(known.shape, RBR_MISSING, dtype=np.int32)
    forest = (known == BURNED) & (kind == Kind.FOREST)
    y, x = np.nonzero(forest)
    pixels = BurnedPixels(
        y + rows.start,
        x + cols.start,
        event[forest].astype(np.int64),
        event_lo[forest].astype(np.int64),
    )
    severity[forest], rbr[forest] = forest_severity(looks, tile.evidence, pixels, params)
    return severity, rbr


def _yyyymmdd(day: np.ndarray, burned: np.ndarray, scar: np.ndarray) -> np.ndarray:
    """Return dates of burned pixels as YYYYMMDD, 1 where unburned, 0 where nobody can tell."""
    unique, inverse = np.unique(day[burned], return_inverse=True)
    dates = [date_of_epoch(int(d)) for d in unique]
    codes = np.array([d.year * 10_000 + d.month * 100 + d.day for d in dates], dtype=np.uint32)
    out = np.where(scar == SCAR_UNBURNED, DATE_UNBURNED, 0).astype(np.uint32)
    out[burned] = codes[inverse] if len(codes) else 0
    return out
