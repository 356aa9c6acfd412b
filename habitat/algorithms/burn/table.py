"""Facts of burned objects for the table ``burns``; everything adds up over tiles."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from habitat.algorithms.burn.events import BurnEvents
from habitat.algorithms.burn.objects import Objects
from habitat.algorithms.burn.scars import RBR_MISSING, SCAR_BURNED, SCAR_POSSIBLE, BurnLayers
from habitat.domain.period import date_of_epoch

_NONE_YET = np.iinfo(np.int64).max
_CONFIRMED = 2


@dataclass(frozen=True)
class BurnRows:
    """Sums over the pixels of each fire, of one tile or of many.

    Attributes
    ----------
    object_id : numpy.ndarray
        int64 ``(n,)``, rising: the fire of :class:`~habitat.algorithms.burn.events.BurnEvents`.
    area_mm2, possible_mm2 : numpy.ndarray
        int64 ``(n,)``, area of burned pixels, and of pixels that one look only shows [mm2].
    date, date_lo, date_hi : numpy.ndarray
        int64 ``(n,)`` YYYYMMDD: the earliest of the pixels; of ``date_hi`` the latest.
    hotspot_dated : numpy.ndarray
        int64 ``(n,)``, pixels whose date comes from a hotspot.
    seen_again, confirmed : numpy.ndarray
        int64 ``(n,)`` [px].
    rbr_sum, rbr_px : numpy.ndarray
        int64 ``(n,)``, sum of RBR in units of 1e-4 over forest pixels, and their number.
    lost_mm2 : numpy.ndarray
        int64 ``(n,)``, area of habitat lost by the burn [mm2]; -1 where no habitat is known.
    cover_mm2 : numpy.ndarray
        int64 ``(n, 256)``, area by class code before the fire [mm2].
    """

    object_id: np.ndarray
    area_mm2: np.ndarray
    possible_mm2: np.ndarray
    date: np.ndarray
    date_lo: np.ndarray
    date_hi: np.ndarray
    hotspot_dated: np.ndarray
    seen_again: np.ndarray
    confirmed: np.ndarray
    rbr_sum: np.ndarray
    rbr_px: np.ndarray
    lost_mm2: np.ndarray
    cover_mm2: np.ndarray

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Return the columns by name."""
        return {entry.name: getattr(self, entry.name) for entry in fields(self)}


def burn_rows(
    layers: BurnLayers,
    cover: np.ndarray,
    area_mm2: np.ndarray,
    lost: np.ndarray | None,
) -> BurnRows:
    """Return the sums of the fires in one tile.

    Parameters
    ----------
    layers : BurnLayers
        Of the tile, 0 and unburned outside the AOI.
    cover : numpy.ndarray
        uint8 ``(y, x)``, class code before the fire.
    area_mm2 : numpy.ndarray
        int64 ``(y, x)``, area of each pixel [mm2].
    lost : numpy.ndarray or None
        bool ``(y, x)``, habitat lost by a burn; None where no habitat is known.
    """
    there = (layers.burn_object > 0) & np.isin(layers.burn_scar, (SCAR_BURNED, SCAR_POSSIBLE))
    ids, place = np.unique(layers.burn_object[there].astype(np.int64), return_inverse=True)
    area = area_mm2[there]
    burned = layers.burn_scar[there] == SCAR_BURNED
    again = layers.seen_again[there]
    rbr = layers.rbr[there].astype(np.int64)
    known = burned & (rbr != RBR_MISSING)

    def total(values: np.ndarray) -> np.ndarray:
        out = np.zeros(len(ids), dtype=np.int64)
        np.add.at(out, place, values)
        return out

    def extreme(values: np.ndarray, pick: np.ufunc, start: int) -> np.ndarray:
        out = np.full(len(ids), start, dtype=np.int64)
        pick.at(out, place, values.astype(np.int64))
        return out

    by_cover = np.zeros((len(ids), 256), dtype=np.int64)
    np.add.at(by_cover, (place, cover[there]), area)
    return BurnRows(
        ids,
        total(np.where(burned, area, 0)),
        total(np.where(burned, 0, area)),
        extreme(layers.burn_date[there], np.minimum, _NONE_YET),
        extreme(layers.burn_date_lo[there], np.minimum, _NONE_YET),
        extreme(layers.burn_date_hi[there], np.maximum, 0),
        total(layers.from_hotspot[there].astype(np.int64)),
        total((again > 0).astype(np.int64)),
        total((again == _CONFIRMED).astype(np.int64)),
        total(np.where(known, rbr, 0)),
        total(known.astype(np.int64)),
        np.full(len(ids), -1) if lost is None else total(np.where(lost[there] & burned, area, 0)),
        by_cover,
    )


def merge_rows(parts: Sequence[BurnRows]) -> BurnRows:
    """Return the sums of all tiles, the same in any order."""
    ids = np.unique(np.concatenate([part.object_id for part in parts]))
    place = np.searchsorted(ids, np.concatenate([part.object_id for part in parts]))
    merged: dict[str, np.ndarray] = {"object_id": ids}
    for entry in fields(BurnRows):
        if entry.name == "object_id":
            continue
        values = np.concatenate([getattr(part, entry.name) for part in parts])
        pick, start = _MERGE.get(entry.name, (np.add, 0))
        out = np.full((len(ids), *values.shape[1:]), start, dtype=np.int64)
        pick.at(out, place, values)
        merged[entry.name] = out
    return BurnRows(**merged)


_MERGE: dict[str, tuple[np.ufunc, int]] = {
    "date": (np.minimum, _NONE_YET),
    "date_lo": (np.minimum, _NONE_YET),
    "date_hi": (np.maximum, 0),
    "lost_mm2": (np.add, 0),
}


def burn_confidence(rows: BurnRows, events: BurnEvents) -> np.ndarray:
    """Return A (with a hotspot), B (half of what was seen again is confirmed) or C, by row."""
    has_hotspot = events.n_hotspots[rows.object_id] > 0
    twice = (rows.seen_again > 0) & (2 * rows.confirmed >= rows.seen_again)
    return np.where(has_hotspot, "A", np.where(twice, "B", "C")).astype(object)


def burn_ids(rows: BurnRows, objects: Objects) -> np.ndarray:
    """Return a name by row: the first look and the first pixel of the first object of the fire."""
    i = rows.object_id - 1
    return np.array(
        [
            f"{date_of_epoch(day):%Y%m%d}-r{row}c{col}"
            for day, row, col in zip(
                objects.day[i].tolist(),
                objects.row[i].tolist(),
                objects.col[i].tolist(),
                strict=True,
            )
        ],
        dtype=object,
    )
