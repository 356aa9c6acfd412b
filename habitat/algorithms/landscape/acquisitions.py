"""When the simulated satellites pass, and what the archive makes of each pass."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import numpy as np

from habitat.algorithms.landscape.noise import Sampling, chance, key_of
from habitat.domain.bands import BASELINE_0400_OFFSET_DN
from habitat.domain.grid import Bounds
from habitat.domain.period import Period, date_of_epoch, days_since_epoch
from habitat.domain.scene import Asset, SceneItem

#: Part of each checksum: raise it when any pixel changes.
RECIPE = "landscape-1"
#: Edge of the squares that items cover [m], as the squares of MGRS.
SQUARE_M = 100_000
#: Share of passes without a record, cut by the edge of the swath, published twice, and published
#: by two stations [1].
MISSING, CUT, REPROCESSED, TWO_STATIONS = 0.06, 0.12, 0.06, 0.04
#: From this day the ground segment adds 1,000 to every value.
OFFSET_FROM = date(2022, 1, 25)
#: First day of each processing baseline (ESA, Sentinel-2 processing baseline history).
BASELINES = (
    (date(2015, 6, 1), "02.14"),
    (date(2021, 3, 30), "03.00"),
    (date(2021, 6, 30), "03.01"),
    (OFFSET_FROM, "04.00"),
    (date(2022, 12, 6), "05.09"),
    (date(2023, 12, 13), "05.10"),
)
#: Nothing was acquired before.
FIRST_DAY = BASELINES[0][0]
_BAND_LETTERS = "CDEFGHJKLMNPQRSTUVWX"
_COLUMN_LETTERS = ("ABCDEFGH", "JKLMNPQR", "STUVWXYZ")
_ROW_LETTERS = "ABCDEFGHJKLMNPQRSTUV"
_PASS_UTC = time(2, 15, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Plan:
    """What decides the items of a simulated archive.

    Attributes
    ----------
    seed, epsg : int
        Seed of the landscape; CRS of the project.
    recipe : str
        Every other parameter that changes a pixel, as text.
    days : tuple of date
        Days of the passes; empty for a pass every ``cadence_days``.
    cadence_days : int
        Days between two passes, S2A and S2B in turn.
    bands : sequence of str
        Bands of each item.
    """

    seed: int
    epsg: int
    recipe: str
    days: tuple[date, ...]
    cadence_days: int
    bands: Sequence[str]


def baseline_of(day: date) -> str:
    """Return the processing baseline of a day's first scenes; none is before ``FIRST_DAY``."""
    return [name for first, name in BASELINES if first <= day][-1]


def square_name(epsg: int, column: int, row: int) -> str:
    """Return a name like ``52TFN`` of a 100 km square: the MGRS one in northern UTM zones."""
    zone = epsg % 100 if epsg // 100 == 326 else epsg % 60 + 1
    latitude = int((row + 0.5) * 0.9)  # about 111 km a degree
    letter = _BAND_LETTERS[min(max((latitude + 80) // 8, 0), len(_BAND_LETTERS) - 1)]
    first = 5 if zone % 2 == 0 else 0
    return (
        f"{zone:02d}{letter}{_COLUMN_LETTERS[(zone - 1) % 3][(column - 1) % 8]}"
        f"{_ROW_LETTERS[(row + first) % 20]}"
    )


def items_in(plan: Plan, period: Period, bounds: Bounds) -> list[SceneItem]:
    """Return every item acquired in a period whose square touches bounds, duplicates included."""
    first = max(period.start, FIRST_DAY)
    x_min, y_min, x_max, y_max = bounds
    columns = range(int(x_min // SQUARE_M), int(-(-x_max // SQUARE_M)))
    rows = range(int(y_min // SQUARE_M), int(-(-y_max // SQUARE_M)))
    return [
        item
        for day in range(days_since_epoch(first), days_since_epoch(period.end) + 1)
        for column in columns
        if _passes(plan, day, column)
        for row in rows
        for item in _records(plan, day, column, row)
    ]


def _passes(plan: Plan, day: int, column: int) -> bool:
    if plan.days:
        return date_of_epoch(day) in plan.days
    return (day - 2 * column) % plan.cadence_days == 0


def _records(plan: Plan, day: int, column: int, row: int) -> Iterator[SceneItem]:
    draw = [chance(plan.seed, 95, day, column, row, n) for n in range(3)]
    if draw[0] < MISSING and not plan.days:
        return
    when = date_of_epoch(day)
    baseline = baseline_of(when)
    mission = "S2A" if (day // plan.cadence_days) % 2 else "S2B"
    square = square_name(plan.epsg, column, row)
    name = f"{mission}_T{square}_{when:%Y%m%d}_SIM{plan.seed}"
    first = _item(plan, name, (mission, square, baseline), day, (column, row))
    yield first
    if draw[1] < REPROCESSED:
        newer = "05.11" if baseline >= "05.10" else "05.10"
        yield _item(
            plan, f"{name}_N{newer.replace('.', '')}", (mission, square, newer), day, (column, row)
        )
    if draw[2] < TWO_STATIONS:
        yield _item(plan, f"{name}_STATION2", (mission, square, baseline), day, (column, row))


def _item(
    plan: Plan, name: str, what: tuple[str, str, str], day: int, place: tuple[int, int]
) -> SceneItem:
    mission, square, baseline = what
    seconds = key_of(plan.seed, 96, day) % 3600
    acquired = datetime.combine(date_of_epoch(day), _PASS_UTC) + timedelta(seconds=seconds)
    offset = BASELINE_0400_OFFSET_DN if baseline >= "04.00" else 0
    assets = {band: Asset(href="", offset_dn=offset) for band in plan.bands}
    west, south = (float(n * SQUARE_M) for n in place)
    digest = hashlib.sha256(f"{RECIPE} {plan.recipe} {name}".encode())
    return SceneItem(
        item_id=name,
        acquired=acquired,
        mission=mission,
        datatake=f"{acquired:%Y%m%dT%H%M%S}",
        mgrs_tile=square,
        baseline=baseline,
        bounds=(west, south, west + SQUARE_M, south + SQUARE_M),
        assets=assets | {"scl": Asset(href="")},
        checksum=digest.hexdigest(),
    )


def unseen(sampling: Sampling, day: int, bounds: Bounds, seed: int) -> np.ndarray:
    """Return where an item has no data, bool ``(y, x)``: outside its square or its swath.

    Parameters
    ----------
    sampling : Sampling
        Pixels; ``y2`` runs southward.
    day, seed : int
        Days since 1970-01-01; seed of the landscape.
    bounds : tuple of float
        Of the item [m].
    """
    west, south, east, north = (round(2 * value) for value in bounds)
    y2, x2 = sampling.y2, sampling.x2
    outside = ((y2 < -north) | (y2 >= -south))[:, None] | ((x2 < west) | (x2 >= east))[None, :]
    key = key_of(seed, 97, day, west, south)
    if chance(key, 0) >= CUT:
        return outside
    edge = west + int(chance(key, 1) * (east - west))
    beyond = (5 * (x2 - edge))[None, :] + (y2 + south)[:, None]
    hidden: np.ndarray = outside | (beyond > 0 if chance(key, 2) < 0.5 else beyond <= 0)
    return hidden
