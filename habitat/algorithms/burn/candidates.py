"""Burned objects of each look, as far as one tile sees them."""

from dataclasses import dataclass

import numpy as np

from habitat.algorithms import joining
from habitat.algorithms.burn.inputs import HALO_PX, BurnParams, Looks, Place
from habitat.algorithms.burn.statistics import ClassStatistics, Tile
from habitat.algorithms.kernels.burn import CLEAR_ALONE, CLEAR_COMPARED
from habitat.algorithms.kernels.burn_looks import GROWTH, SEED, STRONG, LookRules, classify_look
from habitat.algorithms.kernels.burn_reference import UNITS
from habitat.domain.hotspots import Hotspots

_FAR = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Labelled:
    """The candidate pixels of one look that may be part of an object.

    Attributes
    ----------
    index : numpy.ndarray
        int32 ``(n,)``, flat index in the padded tile.
    label : numpy.ndarray
        int32 ``(n,)``, 1..k over all looks of the tile.
    """

    index: np.ndarray
    label: np.ndarray

    def plane(self, shape: tuple[int, int]) -> np.ndarray:
        """Return the labels as int32 ``(y, x)``, 0 elsewhere."""
        plane = np.zeros(shape, dtype=np.int32)
        plane.ravel()[self.index] = self.label
        return plane


@dataclass(frozen=True)
class TileFacts:
    """What a tile knows of its components; everything adds up over tiles.

    Attributes
    ----------
    day : numpy.ndarray
        int32 ``(k,)``, day of the look, by label - 1.
    pixels, seeds, strong : numpy.ndarray
        int64 ``(k,)``, pixels, seed pixels and pixels with the evidence of a seed in the tile
        without its halo.
    row, col : numpy.ndarray
        int64 ``(k,)``, first pixel in the tile by row, then column; the largest int64 if none.
    hit_label, hit_hotspot : numpy.ndarray
        int32 ``(m,)``: label - 1, and row of the AOI's hotspots that lies near it in its window.
    seam_label, seam_row, seam_col : numpy.ndarray
        int32, int64, int64 ``(s,)``: pixels shared with neighbours.
    """

    day: np.ndarray
    pixels: np.ndarray
    seeds: np.ndarray
    strong: np.ndarray
    row: np.ndarray
    col: np.ndarray
    hit_label: np.ndarray
    hit_hotspot: np.ndarray
    seam_label: np.ndarray
    seam_row: np.ndarray
    seam_col: np.ndarray


@dataclass(frozen=True)
class Candidates:
    """What each look shows, and its components.

    Attributes
    ----------
    shown : numpy.ndarray
        uint8 ``(T, y, x)`` of the bits ``OBSERVED``, ``PERSISTS``, ``GROWTH``, ``SEED``.
    labelled : tuple of Labelled
        By look.
    facts : TileFacts
        For :func:`habitat.algorithms.burn.objects.resolve`.
    """

    shown: np.ndarray
    labelled: tuple[Labelled, ...]
    facts: TileFacts


def look_rules(params: BurnParams) -> LookRules:
    """Return the thresholds of a look, in stored units."""
    p, u = params, UNITS
    return LookRules(
        z_min=p.z_min,
        z_max=p.z_max,
        seed_ev=p.seed_ev,
        seed_nir_drop=p.seed_nir_drop * u,
        seed_dnbr2=p.seed_dnbr2 * u,
        seed_nir=p.seed_nir * u,
        seed_nir_forest=p.seed_nir_forest * u,
        absolute_nir_drop=p.absolute_nir_drop * u,
        absolute_dnbr2=p.absolute_dnbr2 * u,
        absolute_third=p.absolute_dmirbi * u,
        absolute_third_forest=p.absolute_dnbr * u,
        absolute_nir=p.absolute_nir * u,
        growth_ev=p.growth_ev,
        growth_nir_drop=p.growth_nir_drop * u,
        growth_dnbr2=p.growth_dnbr2 * u,
        growth_third=p.growth_dmirbi * u,
        growth_third_forest=p.growth_dnbr * u,
        persist_ev=p.persist_ev,
        persist_share=p.persist_share,
    )


def last_unburned(look: np.ndarray, shown: np.ndarray, day: int, before: np.ndarray) -> None:
    """Set ``before`` (int32 ``(y, x)``) to ``day`` where the look is clear and shows no burn."""
    clear = (look == CLEAR_ALONE) | (look == CLEAR_COMPARED)
    before[clear & ((shown & GROWTH) == 0)] = day


def opened(seeds: np.ndarray) -> np.ndarray:
    """Return the seeds that lie in a full 2 × 2 block, bool ``(y, x)``."""
    block = seeds[:-1, :-1] & seeds[1:, :-1] & seeds[:-1, 1:] & seeds[1:, 1:]
    out = np.zeros_like(seeds)
    out[:-1, :-1] |= block
    out[1:, :-1] |= block
    out[:-1, 1:] |= block
    out[1:, 1:] |= block
    return out


def candidates(
    looks: Looks,
    tile: Tile,
    statistics: ClassStatistics,
    hotspots: Hotspots,
    params: BurnParams,
) -> Candidates:
    """Return what each look of a tile shows, and its components with their facts.

    Parameters
    ----------
    looks : Looks
        Of the padded tile.
    tile : Tile
        Its place, cover and evidence.
    statistics : ClassStatistics
        Of the whole AOI.
    hotspots : Hotspots
        All detections of the AOI, the same array for every tile: rows are their identity.
    params : BurnParams
        Thresholds.
    """
    found, rules = tile.evidence, look_rules(params)
    strip = joining.seam_strip(found.kind.shape, tile.place.slices, HALO_PX)
    before = np.full(found.kind.shape, np.iinfo(np.int32).max, dtype=np.int32)
    shown = np.zeros(found.look.shape, dtype=np.uint8)
    labelled, parts, n_labels = [], [], 0
    for t, day in enumerate(found.days.tolist()):
        shown[t] = classify_look(
            (found.nir_drop[t], found.dnbr2[t], found.third[t]),
            looks.bands["B8A"][t],
            (tile.cover, found.kind),
            bool(found.leaf_on[t]),
            statistics.tables(day),
            rules,
        )
        seeds = opened((shown[t] & SEED) > 0)
        pixels = _components(shown[t], seeds, strip, n_labels)
        labelled.append(pixels)
        view = _View(tile.place, day, seeds, (shown[t] & STRONG) > 0, strip, before)
        parts.append(_facts(pixels, n_labels, view, hotspots, params))
        n_labels += len(parts[-1].day)
        last_unburned(found.look[t], shown[t], day, before)
    return Candidates(shown, tuple(labelled), _concatenated(parts))


def _components(shown: np.ndarray, seeds: np.ndarray, strip: np.ndarray, offset: int) -> Labelled:
    """Label the growth; keep components with a seed, and those a neighbour may see more of."""
    labels, n = joining.label_tile((shown & GROWTH) > 0)
    keep = np.zeros(n + 1, dtype=bool)
    keep[labels[seeds]] = True
    keep[labels[strip]] = True
    keep[0] = False
    renumbered = np.zeros(n + 1, dtype=np.int32)
    renumbered[keep] = np.arange(offset + 1, offset + 1 + int(keep.sum()), dtype=np.int32)
    flat = renumbered[labels.ravel()]
    index = np.flatnonzero(flat)
    return Labelled(index.astype(np.int32), flat[index])


@dataclass(frozen=True)
class _View:
    place: Place
    day: int
    seeds: np.ndarray
    strong: np.ndarray
    strip: np.ndarray
    before: np.ndarray


def _facts(
    pixels: Labelled, offset: int, view: _View, hotspots: Hotspots, params: BurnParams
) -> TileFacts:
    place = view.place
    k = int(pixels.label.max(initial=offset)) - offset
    label = pixels.label - offset - 1
    rows, cols = np.divmod(pixels.index.astype(np.int64), place.window.width)
    in_core = _inside(rows, place.slices[0]) & _inside(cols, place.slices[1])
    rows, cols = rows + place.window.row, cols + place.window.col
    seeded = in_core & view.seeds.ravel()[pixels.index]
    strong = in_core & view.strong.ravel()[pixels.index]
    first_row, first_col = np.full(k, _FAR), np.full(k, _FAR)
    # The pixels come in order of row, then column, so the first of each label is its first pixel.
    first_labels, first = np.unique(label[in_core], return_index=True)
    first_row[first_labels] = rows[in_core][first]
    first_col[first_labels] = cols[in_core][first]
    on_seam = view.strip.ravel()[pixels.index]
    hit_label, hit_hotspot = _hits(pixels, view, hotspots, params)
    return TileFacts(
        day=np.full(k, view.day, dtype=np.int32),
        pixels=np.bincount(label[in_core], minlength=k).astype(np.int64),
        seeds=np.bincount(label[seeded], minlength=k).astype(np.int64),
        strong=np.bincount(label[strong], minlength=k).astype(np.int64),
        row=first_row,
        col=first_col,
        hit_label=hit_label,
        hit_hotspot=hit_hotspot,
        seam_label=pixels.label[on_seam] - 1,
        seam_row=rows[on_seam],
        seam_col=cols[on_seam],
    )


def _inside(index: np.ndarray, part: slice) -> np.ndarray:
    inside: np.ndarray = (index >= part.start) & (index < part.stop)
    return inside


def _hits(
    pixels: Labelled, view: _View, hotspots: Hotspots, params: BurnParams
) -> tuple[np.ndarray, np.ndarray]:
    """Return pairs of label - 1 and hotspot that meet in space and in a pixel's own window."""
    days = hotspots.days
    earliest = view.day - params.dormant_reference_days - params.hotspot_lead_days
    rows = np.flatnonzero((days <= view.day) & (days >= earliest))
    hit_label = [np.zeros(0, dtype=np.int32)]
    hit_hotspot = [np.zeros(0, dtype=np.int32)]
    if len(pixels.index) == 0:
        rows = rows[:0]
    labels = pixels.plane(view.before.shape)
    for i in rows.tolist():
        ys, xs, near = view.place.disc(hotspots.x_m[i], hotspots.y_m[i], params.hotspot_m)
        part = labels[ys, xs]
        since = view.before[ys, xs].astype(np.int64) - params.hotspot_lead_days
        met = np.unique(part[near & (part > 0) & (since <= days[i])])
        hit_label.append(met - 1)
        hit_hotspot.append(np.full(len(met), i, dtype=np.int32))
    return np.concatenate(hit_label), np.concatenate(hit_hotspot)


def _concatenated(parts: list[TileFacts]) -> TileFacts:
    names = TileFacts.__dataclass_fields__
    return TileFacts(**{n: np.concatenate([getattr(p, n) for p in parts]) for n in names})
