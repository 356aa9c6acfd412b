"""Burned objects of the whole AOI, joined over the seams of the tiles."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from habitat.algorithms import joining
from habitat.algorithms.burn.candidates import TileFacts
from habitat.algorithms.burn.inputs import BurnParams
from habitat.domain.hotspots import Hotspots

#: Day of "no hotspot".
NO_DAY = -1


@dataclass(frozen=True)
class TileObjects:
    """The objects that a tile sees, by label of the tile (index 0 is no object).

    Attributes
    ----------
    ids : numpy.ndarray
        int32 ``(k + 1,)``, object id from 1; 0 where the component is no object.
    last_hotspot_day : numpy.ndarray
        int32 ``(k + 1,)``, day of the latest hotspot of the object, ``NO_DAY`` without one.
    strong : numpy.ndarray
        bool ``(k + 1,)``: the median evidence of the object is that of a seed, and ``seed_share``
        of it is seed: a hillside whose leaves fell late grows from a few pixels.
    """

    ids: np.ndarray
    last_hotspot_day: np.ndarray
    strong: np.ndarray


@dataclass(frozen=True)
class Objects:
    """All objects, ordered by day, first row, first column; object ``i`` has id ``i + 1``.

    Attributes
    ----------
    day : numpy.ndarray
        int32 ``(n,)``, day of the look that shows the object.
    pixels, seeds : numpy.ndarray
        int64 ``(n,)``.
    row, col : numpy.ndarray
        int64 ``(n,)``, first pixel on the grid.
    n_hotspots : numpy.ndarray
        int32 ``(n,)``.
    first_hotspot_day, last_hotspot_day : numpy.ndarray
        int32 ``(n,)``, ``NO_DAY`` without one.
    max_frp_mw : numpy.ndarray
        float32 ``(n,)``, NaN without a hotspot or where its power is not known.
    tiles : tuple of TileObjects
        By tile, in the order of the facts.
    hits : numpy.ndarray
        int64 ``(m, 2)``: object id, and row of a hotspot that bears it out; sorted.
    unresolved : numpy.ndarray
        int64, rows of the hotspots near no object: fires that no look has shown.
    """

    day: np.ndarray
    pixels: np.ndarray
    seeds: np.ndarray
    row: np.ndarray
    col: np.ndarray
    n_hotspots: np.ndarray
    first_hotspot_day: np.ndarray
    last_hotspot_day: np.ndarray
    max_frp_mw: np.ndarray
    tiles: tuple[TileObjects, ...]
    hits: np.ndarray
    unresolved: np.ndarray


def resolve(
    tiles: Sequence[TileFacts], hotspots: Hotspots, params: BurnParams, *, pixel_m: int
) -> Objects:
    """Join the components of all tiles, and keep those that are burned objects.

    An object has at least one seed and ``min_area_ha``. Its id follows from its day and its
    first pixel on the grid, so neither the tiling nor the order of the tiles can change it.

    Parameters
    ----------
    tiles : sequence of TileFacts
        Of every tile of the AOI.
    hotspots : Hotspots
        The array that the tiles were given.
    params : BurnParams
        Thresholds.
    pixel_m : int
        Pixel size [m].
    """
    starts = np.cumsum([0, *(len(facts.day) for facts in tiles)])
    group = _groups(tiles, starts)
    n = int(group.max(initial=-1)) + 1
    day = np.zeros(n, dtype=np.int32)
    day[group] = _all(tiles, "day")
    pixels, seeds = (
        _summed(group, _all(tiles, "pixels"), n),
        _summed(group, _all(tiles, "seeds"), n),
    )
    strong = 2 * _summed(group, _all(tiles, "strong"), n) > pixels
    strong &= seeds >= params.seed_share * pixels
    row, col = _first_pixel(group, _all(tiles, "row"), _all(tiles, "col"), n)
    keep = np.flatnonzero((seeds > 0) & (pixels >= params.min_px(pixel_m)))
    order = keep[np.lexsort((col[keep], row[keep], day[keep]))]
    ids = np.zeros(n, dtype=np.int32)
    ids[order] = np.arange(1, len(order) + 1, dtype=np.int32)
    hits = _hit_table(tiles, starts, ids[group], hotspots)
    first, last, count, power = _hotspot_facts(hits, hotspots, len(order))
    last_by_id = np.concatenate([[NO_DAY], last]).astype(np.int32)
    strong_by_id = np.concatenate([[False], strong[order]])
    lookups = [np.concatenate([[0], ids[group[a:b]]]).astype(np.int32) for a, b in _spans(starts)]
    unresolved = np.setdiff1d(np.arange(len(hotspots)), hits[:, 1])
    return Objects(
        day[order],
        pixels[order],
        seeds[order],
        row[order],
        col[order],
        count,
        first,
        last,
        power,
        tuple(TileObjects(i, last_by_id[i], strong_by_id[i]) for i in lookups),
        hits,
        unresolved,
    )


def _spans(starts: np.ndarray) -> list[tuple[int, int]]:
    return list(pairwise(starts.tolist()))


def _all(tiles: Sequence[TileFacts], name: str) -> np.ndarray:
    parts = [getattr(facts, name) for facts in tiles]
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)


def _groups(tiles: Sequence[TileFacts], starts: np.ndarray) -> np.ndarray:
    nodes = [f.seam_label.astype(np.int64) + s for f, s in zip(tiles, starts, strict=False)]
    node = np.concatenate(nodes) if nodes else np.zeros(0, dtype=np.int64)
    day = _all(tiles, "day")[node]
    pairs = joining.edges(node, (day, _all(tiles, "seam_row"), _all(tiles, "seam_col")))
    return joining.join(int(starts[-1]), pairs)


def _summed(group: np.ndarray, values: np.ndarray, n: int) -> np.ndarray:
    total = np.zeros(n, dtype=np.int64)
    np.add.at(total, group, values)
    return total


def _first_pixel(
    group: np.ndarray, row: np.ndarray, col: np.ndarray, n: int
) -> tuple[np.ndarray, np.ndarray]:
    order = np.lexsort((col, row, group))
    _, first = np.unique(group[order], return_index=True)
    out_row, out_col = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    out_row[group[order][first]] = row[order][first]
    out_col[group[order][first]] = col[order][first]
    return out_row, out_col


def _hit_table(
    tiles: Sequence[TileFacts], starts: np.ndarray, ids: np.ndarray, hotspots: Hotspots
) -> np.ndarray:
    """Return int64 ``(m, 2)``: object id and hotspot, each pair once, sorted."""
    labels = [f.hit_label.astype(np.int64) + s for f, s in zip(tiles, starts, strict=False)]
    label = np.concatenate(labels) if labels else np.zeros(0, dtype=np.int64)
    table = np.stack([ids[label].astype(np.int64), _all(tiles, "hit_hotspot")], axis=1)
    if len(table) and table[:, 1].max() >= len(hotspots):
        raise ValueError(
            f"hotspots: expected the array that the tiles were given, got {len(hotspots)} rows"
        )
    return np.unique(table[table[:, 0] > 0], axis=0)


def _hotspot_facts(
    hits: np.ndarray, hotspots: Hotspots, n: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return first day, last day, number and greatest power by object."""
    i, days = hits[:, 0] - 1, hotspots.days[hits[:, 1]]
    count = np.bincount(i, minlength=n).astype(np.int32)
    first, last = np.full(n, np.iinfo(np.int32).max, np.int32), np.full(n, NO_DAY, np.int32)
    np.minimum.at(first, i, days)
    np.maximum.at(last, i, days)
    power = np.full(n, np.nan, dtype=np.float32)
    np.fmax.at(power, i, hotspots.frp_mw[hits[:, 1]])
    return np.where(count > 0, first, NO_DAY).astype(np.int32), last, count, power
