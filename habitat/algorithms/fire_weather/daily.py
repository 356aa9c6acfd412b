"""The daily codes over weather cells, carried from day to day in a small state.

Units and sources: see `codes`. A split run gives the numbers of one run to the last bit, since a
day reads
nothing but the state and its own weather.
"""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from habitat.algorithms.fire_weather import codes

Floats = NDArray[np.float64]

NOT_COMPUTED, COMPUTED, SPINNING_UP, SNOW, GAP_TOO_LONG = 0, 1, 2, 3, 4
MAX_GAP_DAYS = 3
SPIN_UP_DAYS = 60
SNOW_CM = 1.0
WINTER_DAYS = 30
START_FFMC, START_DMC, START_DC = 85.0, 6.0, 15.0


@dataclass(frozen=True, slots=True)
class DailyWeather:
    """One noon over all cells, float64 of shape (cell,), NaN = not known; `snow_cm` may be all NaN.

    Temperature degC, relative humidity %, wind km/h, precipitation mm in 24 h, snow depth cm.
    """

    month: int
    temperature_c: Floats
    humidity_pct: Floats
    wind_kmh: Floats
    precipitation_mm: Floats
    snow_cm: Floats


@dataclass(frozen=True, slots=True)
class WeatherState:
    """What the next day needs, by weather cell; every array has shape (cell,).

    Codes are NaN after a gap longer than `MAX_GAP_DAYS`, until `restarted`. `age_days` counts
    computed days
    since the start values, `gap_days` the missing days just before, `snow_days` and `winter_mm`
    the snow
    cover under way.
    """

    ffmc: Floats
    dmc: Floats
    dc: Floats
    winter_mm: Floats
    age_days: NDArray[np.int32]
    gap_days: NDArray[np.int32]
    snow_days: NDArray[np.int32]

    @classmethod
    def start(cls, n_cells: int, *, age_days: int = 0) -> "WeatherState":
        """Start with the values 85, 6 and 15.

        `age_days` of at least `SPIN_UP_DAYS` says that they are trusted.
        """
        values = (START_FFMC, START_DMC, START_DC, 0.0)
        floats = [np.full(n_cells, value) for value in values]
        counts = [np.full(n_cells, value, dtype=np.int32) for value in (age_days, 0, 0)]
        return cls(*floats, *counts)

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Give the arrays by name; `WeatherState(**arrays)` gives the same state back."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def restarted(self) -> "WeatherState":
        """Put cells lost in a long gap back to the start values, to be spun up."""
        lost = np.isnan(self.ffmc)
        fresh = WeatherState.start(lost.size).arrays()
        return WeatherState(
            **{name: np.where(lost, fresh[name], old) for name, old in self.arrays().items()}
        )


@dataclass(frozen=True, slots=True)
class DailyCodes:
    """Codes and indices of one day, float64 (cell,), NaN unless `status` is 1 or 2.

    `status` (uint8): 0 weather missing, 1 computed, 2 spinning up (numbers given, not yet trusted),
    3 snow cover, 4 refused after a long gap. `below_calibration`: colder than 0 degC.
    """

    ffmc: Floats
    dmc: Floats
    dc: Floats
    isi: Floats
    bui: Floats
    fwi: Floats
    status: NDArray[np.uint8]
    below_calibration: NDArray[np.bool_]


def next_day(
    state: WeatherState,
    weather: DailyWeather,
    latitude_deg: Floats,
    *,
    scale: float = codes.FFMC_SCALE_1985,
) -> tuple[WeatherState, DailyCodes]:
    """Codes of one day and the state after it.

    Missing weather leaves the codes as they were and gives NaN for the day; more than
    `MAX_GAP_DAYS` in a row
    and the cell stays refused. A snow day holds the codes; after `WINTER_DAYS` of snow the
    season starts anew
    with an overwintered drought code (`codes.overwintered_dc`).
    """
    _refuse_impossible(weather)
    known = _known(weather)
    snow = known & (weather.snow_cm >= SNOW_CM)
    opened = _opened(state, known & ~snow)
    after = _codes_after(opened, weather, latitude_deg, scale)
    run = known & ~snow & ~np.isnan(state.ffmc)
    return _state_after(state, after, weather, (known, snow, run)), _report(
        after, weather, scale, _status(state, known, snow, run)
    )


def _known(weather: DailyWeather) -> NDArray[np.bool_]:
    total = weather.temperature_c + weather.humidity_pct + weather.wind_kmh
    return np.isfinite(total + weather.precipitation_mm)


def _refuse_impossible(weather: DailyWeather) -> None:
    limits = {
        "temperature_c": (-70.0, 60.0),
        "humidity_pct": (0.0, 100.5),
        "wind_kmh": (0.0, 150.0),
        "precipitation_mm": (0.0, 1000.0),
    }
    for name, (low, high) in limits.items():
        values = getattr(weather, name)
        wrong = (values < low) | (values > high)
        if wrong.any():
            cell = int(np.argmax(wrong))
            raise ValueError(
                f"{name}: expected {low:g} to {high:g}, got {values[cell]:g} at cell {cell};"
                " check its unit"
            )


def _opened(state: WeatherState, bare: NDArray[np.bool_]) -> tuple[Floats, Floats, Floats]:
    """Codes at the start of the day: new ones where a winter has just ended."""
    ends = bare & (state.snow_days >= WINTER_DAYS)
    spring_dc = codes.overwintered_dc(state.dc, state.winter_mm)
    lost = np.isnan(state.ffmc)
    return (
        np.where(ends & ~lost, START_FFMC, state.ffmc),
        np.where(ends & ~lost, START_DMC, state.dmc),
        np.where(ends & ~lost, spring_dc, state.dc),
    )


def _codes_after(
    opened: tuple[Floats, Floats, Floats], day: DailyWeather, latitude_deg: Floats, scale: float
) -> tuple[Floats, Floats, Floats]:
    t, h, w, p = day.temperature_c, day.humidity_pct, day.wind_kmh, day.precipitation_mm
    return (
        codes.next_ffmc(opened[0], t, h, w, p, scale=scale),
        codes.next_dmc(opened[1], t, h, p, codes.dmc_day_length_h(latitude_deg, day.month)),
        codes.next_dc(opened[2], t, p, codes.dc_day_length(latitude_deg, day.month)),
    )


def _state_after(
    state: WeatherState,
    after: tuple[Floats, Floats, Floats],
    weather: DailyWeather,
    masks: tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]],
) -> WeatherState:
    known, snow, run = masks
    gap = np.where(known, 0, state.gap_days + 1).astype(np.int32)
    lost = (gap > MAX_GAP_DAYS) | np.isnan(state.ffmc)
    held = (state.ffmc, state.dmc, state.dc)
    kept = [
        np.where(lost, np.nan, np.where(run, new, old))
        for new, old in zip(after, held, strict=True)
    ]
    fallen = np.where(snow, weather.precipitation_mm, 0.0)
    bare = known & ~snow
    ffmc, dmc, dc = kept
    return WeatherState(
        ffmc=ffmc,
        dmc=dmc,
        dc=dc,
        winter_mm=np.where(bare, 0.0, state.winter_mm + fallen),
        age_days=np.where(lost, 0, state.age_days + run).astype(np.int32),
        gap_days=gap,
        snow_days=np.where(bare, 0, state.snow_days + snow).astype(np.int32),
    )


def _status(
    state: WeatherState,
    known: NDArray[np.bool_],
    snow: NDArray[np.bool_],
    run: NDArray[np.bool_],
) -> NDArray[np.uint8]:
    lost = np.isnan(state.ffmc) | (~known & (state.gap_days + 1 > MAX_GAP_DAYS))
    young = run & (state.age_days < SPIN_UP_DAYS)
    cases = [lost, snow, young, run]
    return np.select(cases, [GAP_TOO_LONG, SNOW, SPINNING_UP, COMPUTED], NOT_COMPUTED).astype(
        np.uint8
    )


def _report(
    after: tuple[Floats, Floats, Floats],
    weather: DailyWeather,
    scale: float,
    status: NDArray[np.uint8],
) -> DailyCodes:
    run = (status == COMPUTED) | (status == SPINNING_UP)
    ffmc, dmc, dc = (np.where(run, values, np.nan) for values in after)
    isi = codes.initial_spread_index(ffmc, weather.wind_kmh, scale=scale)
    bui = codes.buildup_index(dmc, dc)
    fwi = codes.fire_weather_index(isi, bui)
    return DailyCodes(ffmc, dmc, dc, isi, bui, fwi, status, run & (weather.temperature_c < 0.0))
