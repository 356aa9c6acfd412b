"""Counts by cell to the columns of the tables ``cells`` and ``habitat``.

Null is NaN or None, never zero. Shares before and after, changes and their parts use only pixels
observed in both periods and share one denominator. They are rounded to multiples of 2**-50, by
running totals, so that float64 adds them without any error: after - before, the change and the
sum of its parts are equal to the last bit, in any order of summation.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from habitat.algorithms import change, habitat_share
from habitat.algorithms.burn_history import BURNED, UNBURNED
from habitat.algorithms.cell_counts import (
    CellCounts,
    CodeCounts,
    pixel_median,
    weighted_mean,
)
from habitat.algorithms.patches import PatchFacts, main_patch
from habitat.algorithms.ratio import ratio
from habitat.algorithms.reasons import N_REASON_CODES, Reason
from habitat.domain.cells import CellGrid
from habitat.domain.period import Period
from habitat.domain.species import Species

Columns = dict[str, np.ndarray]

#: Layers of codes that the tables read, with the number of their codes. ``joint`` and ``core``
#: (and the values ``patch``) end in ``_<species>``.
OBSERVED, FOREST_CHANGE, BURN_SCAR, RECENT, JOINT, CORE = (
    "observed",
    "forest_change",
    "burn_scar",
    "recently_burned",
    "joint",
    "core",
)
N_CODES = {
    OBSERVED: 4,
    FOREST_CHANGE: 6,
    BURN_SCAR: 5,
    RECENT: 3,
    JOINT: habitat_share.N_JOINT_CODES,
    CORE: 3,
}
#: Layers of values that the tables read.
TIMES_BURNED, DAYS_SINCE_BURN, PATCH = "times_burned", "days_since_burn", "patch"

#: Fire years that ``times_burned_mean_5y`` asks for.
TIMES_BURNED_YEARS = 5
#: Below this share observed in both periods a cell's change is uncertain.
MIN_OBSERVED_SHARE = 0.5

_MM2_PER_KM2 = 1e12
_SHARE_STEPS = 2.0**50


@dataclass(frozen=True, slots=True)
class PeriodPair:
    """The two periods of a table."""

    before: Period
    after: Period


def cells_table(
    counts: CellCounts,
    cell_grid: CellGrid,
    periods: PeriodPair,
    cell_area_mm2: np.ndarray,
    *,
    n_fire_years: int,
) -> Columns:
    """Return the land facts of each cell.

    Parameters
    ----------
    counts : CellCounts
        With the layers ``observed`` and ``forest_change``, and ``burn_scar``,
        ``recently_burned``, ``times_burned``, ``days_since_burn`` where burns are known (their
        columns are null without).
    cell_grid : CellGrid
        Names the cells.
    periods : PeriodPair
        Before and after.
    cell_area_mm2 : numpy.ndarray
        int64 ``(n,)``, area of the whole cell, whatever the AOI, in the order of
        ``counts.cells`` [mm2].
    n_fire_years : int
        Fire years that ``times_burned`` is the sum of; fewer than five make it null.

    Returns
    -------
    dict of str to numpy.ndarray
        One entry per column of the table ``cells`` but for land and the shares of countries and
        parks; rows in the order of ``counts.cells``.

    Notes
    -----
    ``burned_share`` is the burned part of what was looked at (codes 1 to 4 of ``burn_scar``), so
    that possible burns and gaps make it a lower bound; null where the looks allow no yes or no at
    all (no pixel of code 1 or 2). ``forest_loss`` is zero or negative.
    ``times_burned_mean_5y`` weighs by area; the median of days counts the pixels that have burned.
    """
    observed = counts.codes[OBSERVED].area_mm2
    aoi = observed.sum(axis=1)
    return {
        **_key(counts, cell_grid, periods),
        "aoi_share": ratio(aoi, cell_area_mm2),
        "observed_share_before": ratio(observed[:, 1] + observed[:, 3], aoi),
        "observed_share_after": ratio(observed[:, 2] + observed[:, 3], aoi),
        "observed_share_both": ratio(observed[:, 3], aoi),
        **_forest_columns(counts.codes[FOREST_CHANGE].area_mm2),
        **_burn_columns(counts, n_fire_years),
    }


def _forest_columns(area: np.ndarray) -> Columns:
    stable = area[:, change.STABLE_FOREST] + area[:, change.TYPE_CHANGE]
    before, gain, loss = _exact_shares(
        area[:, 1:].sum(axis=1),
        [stable + area[:, change.LOSS], area[:, change.GAIN], -area[:, change.LOSS]],
    )
    return {
        "forest_share_before": before,
        "forest_share_after": before + (gain + loss),
        "forest_change": gain + loss,
        "forest_gain": gain,
        "forest_loss": loss,
    }


def _burn_columns(counts: CellCounts, n_fire_years: int) -> Columns:
    n = len(counts.cells)
    null = np.full(n, np.nan)
    scar, recent = counts.codes.get(BURN_SCAR), counts.codes.get(RECENT)
    times, since = counts.values.get(TIMES_BURNED), counts.values.get(DAYS_SINCE_BURN)
    enough = n_fire_years >= TIMES_BURNED_YEARS
    return {
        "burned_share": null if scar is None else _told_share(scar, scar),
        "recently_burned_share": (
            null if scar is None or recent is None else _told_share(recent, scar)
        ),
        "times_burned_mean_5y": null if times is None or not enough else weighted_mean(times, n),
        "days_since_last_burn_median": null if since is None else pixel_median(since, n),
    }


def habitat_table(
    counts: CellCounts,
    cell_grid: CellGrid,
    periods: PeriodPair,
    species: Species,
    patches: PatchFacts | None = None,
    *,
    burns_known: tuple[bool, bool] = (True, True),
    people_known: bool = False,
) -> Columns:
    """Return the habitat of one species in each cell.

    Parameters
    ----------
    counts : CellCounts
        With the layer ``joint_<species>``; ``core_<species>`` and the values ``patch_<species>``
        (rows of ``patches``) where they are known.
    cell_grid, periods : CellGrid, PeriodPair
        As in :func:`cells_table`.
    species : Species
        Names the layers; gives the smallest change that counts.
    patches : PatchFacts, optional
        The patches, already those of the minimum size; ``patch_id`` is null without.
    burns_known : tuple of bool
        Whether burns were looked for before and after: ``gain_recovery`` is null without the
        first (unless people are known), ``loss_burn`` without the second.
    people_known : bool
        Whether people were looked for before and after, from different extracts; ``loss_human`` is
        null without.

    Returns
    -------
    dict of str to numpy.ndarray
        One entry per column of the table ``habitat``. Areas are those of habitat pixels observed
        in both periods. Intervals are null: this version has no calibration.
    """
    joint = counts.codes[f"{JOINT}_{species.name}"].area_mm2
    both, aoi = joint[:, 1:].sum(axis=1), joint.sum(axis=1)
    gained = joint[:, habitat_share.GAIN_FOREST], joint[:, habitat_share.GAIN_RECOVERY]
    causes = habitat_share.LOSS_FOREST, habitat_share.LOSS_BURN, habitat_share.LOSS_HUMAN
    lost = [joint[:, cause] for cause in causes]
    area_before = joint[:, habitat_share.JOINT_STABLE] + sum(lost)
    area_after = joint[:, habitat_share.JOINT_STABLE] + gained[0] + gained[1]
    before, gain_forest, gain_recovery, loss_forest, loss_burn, loss_human = _exact_shares(
        both, [area_before, *gained, *(-area for area in lost)]
    )
    total = gain_forest + gain_recovery + loss_forest + loss_burn + loss_human
    null = np.full(len(both), np.nan)
    return {
        **_key(counts, cell_grid, periods, species=species.name),
        "habitat_share_before": before,
        "habitat_share_after": before + total,
        "habitat_km2_before": _null_where(both == 0, area_before / _MM2_PER_KM2),
        "habitat_km2_after": _null_where(both == 0, area_after / _MM2_PER_KM2),
        "habitat_change": total,
        "habitat_change_se": null,
        "habitat_change_lo": null,
        "habitat_change_hi": null,
        "gain_forest": gain_forest,
        "gain_recovery": gain_recovery if burns_known[0] or people_known else null,
        "loss_forest": loss_forest,
        "loss_burn": loss_burn if burns_known[1] else null,
        "loss_human": loss_human if people_known else null,
        "mapped_gain": gain_forest + gain_recovery,
        "mapped_loss": loss_forest + loss_burn + loss_human,
        "habitat_state": habitat_state(total, ratio(both, aoi), species.min_change),
        "core_share": _core_share(counts, species.name),
        "patch_id": _patch_ids(counts, species.name, patches),
    }


def habitat_state(
    habitat_change: np.ndarray, observed_share: np.ndarray, min_change: float
) -> np.ndarray:
    """Return the state of each cell as text.

    Parameters
    ----------
    habitat_change : numpy.ndarray
        float64 ``(n,)`` [1], NaN where nothing was observed in both periods.
    observed_share : numpy.ndarray
        float64 ``(n,)``, share of the AOI's part of the cell observed in both periods [1].
    min_change : float
        Smallest change that is a gain or a loss [1].

    Returns
    -------
    numpy.ndarray
        object ``(n,)``: ``not_observed``, ``uncertain`` (less than half observed), ``gain``,
        ``loss`` or ``stable``.
    """
    state = np.full(len(habitat_change), "stable", dtype=object)
    state[habitat_change >= min_change] = "gain"
    state[habitat_change <= -min_change] = "loss"
    state[observed_share < MIN_OBSERVED_SHARE] = "uncertain"
    state[~(observed_share > 0)] = "not_observed"
    return state


def reasons_table(counts: CellCounts, cell_grid: CellGrid, layers: Sequence[str]) -> Columns:
    """Return how many pixels of each cell were not observed, and why.

    Parameters
    ----------
    counts : CellCounts
        With the layers ``reason_<layer>`` of :func:`habitat.algorithms.reasons.reason_code`.
    cell_grid : CellGrid
        Names the cells.
    layers : sequence of str
        Names of the layers.

    Returns
    -------
    dict of str to numpy.ndarray
        ``cell_id``, ``layer``, ``aoi_px`` and one count per reason [px], which add up to it.
        One row per layer and cell.

    Raises
    ------
    ValueError
        If a pixel inside the AOI has no reason.
    """
    pixels = np.concatenate([counts.codes[f"reason_{name}"].pixels for name in layers])
    if pixels[:, 0].any():
        raise ValueError(
            f"reasons of {list(layers)}: expected codes 1..{N_REASON_CODES - 1} in every pixel of "
            f"the AOI, got {int(pixels[:, 0].sum())} pixels of code 0"
        )
    names = _cell_ids(counts, cell_grid)
    return {
        "cell_id": np.concatenate([names for _ in layers]),
        "layer": np.repeat(np.array(layers, dtype=object), len(names)),
        "aoi_px": pixels.sum(axis=1),
        **{reason.name.lower(): pixels[:, reason] for reason in Reason},
    }


def _key(counts: CellCounts, cell_grid: CellGrid, periods: PeriodPair, **more: str) -> Columns:
    n = len(counts.cells)
    texts: Mapping[str, str] = {
        **more,
        "period_before": str(periods.before),
        "period_after": str(periods.after),
    }
    return {
        "cell_id": _cell_ids(counts, cell_grid),
        **{name: np.full(n, text, dtype=object) for name, text in texts.items()},
    }


def _cell_ids(counts: CellCounts, cell_grid: CellGrid) -> np.ndarray:
    return np.array([cell_grid.cell_id(ie, i_n) for i_n, ie in counts.cells.tolist()], dtype=object)


def _null_where(missing: np.ndarray, values: np.ndarray) -> np.ndarray:
    return np.where(missing, np.nan, values)


def _exact_shares(whole: np.ndarray, parts: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Return shares whose running totals are the exact ones rounded to 50 binary places.

    A part keeps its sign and is wrong by less than 2**-50; all sums of parts are exact in float64.
    """
    totals = np.cumsum(parts, axis=0)
    rounded = [np.round(ratio(total, whole) * _SHARE_STEPS) / _SHARE_STEPS for total in totals]
    return [rounded[0], *(b - a for a, b in pairwise(rounded))]


def _code_share(counts: CodeCounts, code: int) -> np.ndarray:
    """Return the share of a code among the observed pixels of a layer."""
    return ratio(counts.area_mm2[:, code], counts.area_mm2[:, 1:].sum(axis=1))


def _told_share(counts: CodeCounts, scar: CodeCounts) -> np.ndarray:
    """Return the burned share of what was looked at, NaN where nothing could be told."""
    told = scar.area_mm2[:, UNBURNED] + scar.area_mm2[:, BURNED]
    return _null_where(told == 0, _code_share(counts, BURNED))


def _core_share(counts: CellCounts, species: str) -> np.ndarray:
    core = counts.codes.get(f"{CORE}_{species}")
    if core is None:
        return np.full(len(counts.cells), np.nan)
    return _code_share(core, habitat_share.CORE)


def _patch_ids(counts: CellCounts, species: str, patches: PatchFacts | None) -> np.ndarray:
    out = np.full(len(counts.cells), None, dtype=object)
    by_patch = counts.values.get(f"{PATCH}_{species}")
    if patches is None or by_patch is None:
        return out
    ids = np.array([*patches.ids(), None], dtype=object)
    out[:] = ids[main_patch(by_patch, len(out))]
    return out
