"""What each kind of cover looks like on a day: tables by kind and by delay of the season."""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import numpy as np

from habitat.algorithms.landscape.noise import chance
from habitat.algorithms.landscape.spectra import BANDS, spectrum
from habitat.domain.period import date_of_epoch, days_since_epoch

#: Number of delay levels; level n delays spring by n days against the earliest place.
DELAYS = 32
#: Autumn comes earlier where spring is later, by this share of the delay [1].
AUTUMN_SHARE = 0.5

#: State by day of year for the earliest place: linear between, cyclic over the year.
#: Spring days (before 200) move later by the delay, later days earlier by half of it.
_OAK = (
    (118, "oak_off"),
    (135, "oak_on"),
    (262, "oak_on"),
    (287, "oak_autumn"),
    (320, "oak_brown"),
)
KEYFRAMES: dict[str, tuple[tuple[int, str], ...]] = {
    "conifer": (
        (100, "conifer"),
        (150, "conifer_summer"),
        (250, "conifer_summer"),
        (310, "conifer"),
    ),
    "oak": _OAK,
    "broadleaf": (
        (115, "broad_off"),
        (131, "broad_on"),
        (252, "broad_on"),
        (272, "broad_autumn"),
        (290, "broad_off"),
    ),
    "larch": (
        (115, "larch_off"),
        (132, "larch_on"),
        (262, "larch_on"),
        (283, "larch_gold"),
        (298, "larch_gold"),
        (308, "larch_off"),
    ),
    "shrub": (
        (114, "shrub_off"),
        (136, "shrub_on"),
        (255, "shrub_on"),
        (277, "shrub_autumn"),
        (300, "shrub_off"),
    ),
    "meadow": (
        (109, "dead_grass"),
        (148, "meadow_green"),
        (236, "meadow_green"),
        (283, "dead_grass"),
    ),
    "tall_grass": (
        (116, "tall_dead"),
        (158, "tall_green"),
        (246, "tall_green"),
        (290, "tall_dead"),
    ),
    "crop_0": (  # soya: late
        (100, "stubble"),
        (120, "ploughed"),
        (165, "ploughed"),
        (198, "crop_green"),
        (245, "crop_green"),
        (268, "crop_ripe"),
        (280, "stubble"),
        (330, "stubble"),
    ),
    "crop_1": (  # maize, ploughed in autumn
        (98, "ploughed"),
        (145, "ploughed"),
        (185, "crop_green"),
        (243, "crop_green"),
        (270, "crop_ripe"),
        (285, "stubble"),
        (300, "ploughed"),
    ),
    "crop_2": (  # spring cereal, then weeds
        (95, "ploughed"),
        (118, "ploughed"),
        (150, "crop_green"),
        (185, "crop_green"),
        (205, "crop_ripe"),
        (215, "stubble"),
        (245, "meadow_green"),
        (285, "ploughed"),
    ),
    "crop_3": (  # fallow
        (112, "stubble"),
        (150, "meadow_green"),
        (232, "meadow_green"),
        (275, "dead_grass"),
        (320, "stubble"),
    ),
    "paddy": (
        (118, "paddy_bare"),
        (132, "flood"),
        (162, "flood"),
        (190, "paddy_green"),
        (240, "paddy_green"),
        (266, "paddy_ripe"),
        (278, "paddy_bare"),
    ),
    "river": ((1, "river"),),
    "lake": ((1, "lake"),),
    "roof": ((1, "roof"),),
    "road": ((1, "road"),),
    "sand": ((1, "sand"),),
    "soil": ((1, "soil"),),
}
KINDS = tuple(KEYFRAMES)
KIND = {name: number for number, name in enumerate(KINDS)}
N_CROPS = 4


def _state_at(frames: tuple[tuple[int, str], ...], day: np.ndarray) -> np.ndarray:
    """Return spectra ``(level, band)`` on days of year ``(level,)`` between key frames."""
    days = np.array([d for d, _ in frames], dtype=float)
    states = np.stack([spectrum(name) for _, name in frames])
    days = np.concatenate([[days[-1] - 365], days, [days[0] + 365]])
    states = np.concatenate([states[-1:], states, states[:1]])
    return np.stack([np.interp(day, days, states[:, b]) for b in range(len(BANDS))], axis=1)


def _effective_days(doy: int, year_shift: float) -> np.ndarray:
    delay = np.arange(DELAYS, dtype=float)
    if doy < 200:
        return doy - delay - year_shift
    return doy + AUTUMN_SHARE * delay + year_shift


def kind_of_year(kind: str, year: int) -> str:
    """Return what a kind is sown with in a year: crops rotate over their parcels."""
    if not kind.startswith("crop_"):
        return kind
    return f"crop_{(int(kind[-1]) + year) % N_CROPS}"


@dataclass(frozen=True, slots=True, eq=False)
class DayTables:
    """Reflectances of one day.

    Attributes
    ----------
    cover : numpy.ndarray
        float32 ``(band, kind * DELAYS + delay)``.
    ndvi : numpy.ndarray
        float32 ``(kind * DELAYS + delay,)`` of B8A and B04.
    wet : numpy.ndarray
        bool, same shape: open or flooding water.
    leaf_on : float
        How closed the canopy of deciduous forest is at a middle delay, 0..1.
    shoots : float
        How far grass has sprouted where a fire has bared the ground, 0..1.
    """

    cover: np.ndarray
    ndvi: np.ndarray
    wet: np.ndarray
    leaf_on: float
    shoots: float


def ramp(value: float, start: float, end: float) -> float:
    """Return 0 before ``start``, 1 after ``end``, linear between."""
    return min(max((value - start) / (end - start), 0.0), 1.0)


@lru_cache(maxsize=64)
def day_tables(day: int, seed: int) -> DayTables:
    """Return the tables of a day (days since 1970-01-01)."""
    when = date_of_epoch(day)
    doy, year = when.timetuple().tm_yday, when.year
    year_shift = 6 * chance(seed, 11, year) - 3
    days = _effective_days(doy, year_shift)
    cover = np.concatenate([_state_at(KEYFRAMES[kind_of_year(k, year)], days) for k in KINDS])
    ndvi = (cover[:, 7] - cover[:, 2]) / (cover[:, 7] + cover[:, 2])
    wet = (cover[:, 1] > cover[:, 8]) & (cover[:, 7] < 0.12)
    spring, autumn = doy - 10 - year_shift, doy + 5 + year_shift
    leaf_on = min(ramp(spring, 118, 136), 1 - ramp(autumn, 265, 300))
    shoots = min(ramp(doy - year_shift, 95, 138), 1 - ramp(autumn, 240, 275))
    return DayTables(
        cover=np.ascontiguousarray(cover.T, dtype=np.float32),
        ndvi=ndvi.astype(np.float32),
        wet=wet,
        leaf_on=leaf_on,
        shoots=shoots,
    )


def state_on(kind: str, day: int, delay: int) -> np.ndarray:
    """Return the reflectances of a kind on a day at a delay level, float64 ``(band,)``."""
    when = date_of_epoch(day)
    days = _effective_days(when.timetuple().tm_yday, 0.0)
    state: np.ndarray = _state_at(KEYFRAMES[kind_of_year(kind, when.year)], days[[delay]])[0]
    return state


def growing_season_after(day: int) -> int:
    """Return the day (since 1970) on which the next growing season starts, 1 May."""
    when = date_of_epoch(day)
    start = date(when.year, 5, 1)
    return days_since_epoch(start if when < start else date(when.year + 1, 5, 1))
