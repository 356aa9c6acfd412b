"""Fire danger of one day by fuel and weather cell, with every number it was made from."""

from dataclasses import dataclass, fields, replace
from datetime import date
from enum import IntEnum
from typing import Any

import numpy as np


class Unknown(IntEnum):
    """Why a level is not known."""

    KNOWN = 0
    WEATHER_MISSING = 1
    SPINNING_UP = 2
    WEATHER_STALE = 3
    NO_WEATHER_NEAR = 4


@dataclass(frozen=True, slots=True, eq=False)
class Noon:
    """Noon (mean solar time, whole hour UTC) and the daily codes, float64 ``(cell,)``.

    NaN where not known. `status` is that of the daily codes (uint8: 0 missing, 1 computed, 2
    spinning up, 3 snow, 4 refused after a gap). The classes are uint8, 0 where not known.
    """

    temperature_c: np.ndarray
    humidity_pct: np.ndarray
    wind_kmh: np.ndarray
    rain_24h_mm: np.ndarray
    snow_cm: np.ndarray
    ffmc: np.ndarray
    dmc: np.ndarray
    dc: np.ndarray
    isi: np.ndarray
    bui: np.ndarray
    fwi: np.ndarray
    status: np.ndarray
    effis_class: np.ndarray
    nesterov_sum: np.ndarray
    nesterov_class: np.ndarray
    effective_humidity_pct: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class FireDanger:
    """Danger of a day.

    Attributes
    ----------
    day : datetime.date
        The solar day of the zone.
    noon_hour : numpy.datetime64
        Noon [UTC].
    fuels : tuple of str
        Names of the rows.
    latitude, longitude : numpy.ndarray
        float64 ``(cell,)``, degrees.
    level : numpy.ndarray
        uint8 ``(fuel, cell)``, 1 to 5; 0 where not known.
    unknown : numpy.ndarray
        uint8 ``(fuel, cell)``, :class:`Unknown`.
    intensity_kw_m, spread_m_min : numpy.ndarray
        float64 ``(fuel, cell)``, at the worst hour; NaN where not known.
    moisture_pct, gfwi : numpy.ndarray
        float64 ``(fuel, cell)``, of grass at that hour; NaN in forest.
    wind_kmh, wind_from_deg : numpy.ndarray
        float64 ``(fuel, cell)``, at that hour; NaN where not known.
    peak : numpy.ndarray
        datetime64[s] ``(fuel, cell)``, that hour [UTC]; NaT where not known.
    standing : numpy.ndarray
        bool ``(fuel, cell)``, the worse bed of grass was the standing one.
    load_kg_m2 : numpy.ndarray
        float64 ``(fuel, cell)``, fuel that burns.
    curing_pct, slope_deg : float
        Of all cells: from the calendar, and flat unless said.
    leaves_on : bool
    noon : Noon
    """

    day: date
    noon_hour: np.datetime64
    fuels: tuple[str, ...]
    latitude: np.ndarray
    longitude: np.ndarray
    level: np.ndarray
    unknown: np.ndarray
    intensity_kw_m: np.ndarray
    spread_m_min: np.ndarray
    moisture_pct: np.ndarray
    gfwi: np.ndarray
    wind_kmh: np.ndarray
    wind_from_deg: np.ndarray
    peak: np.ndarray
    standing: np.ndarray
    load_kg_m2: np.ndarray
    curing_pct: float
    slope_deg: float
    leaves_on: bool
    noon: Noon

    def withheld(self, why: Unknown) -> "FireDanger":
        """Return the same day without any level: its numbers cannot be relied on."""
        gone = np.full(self.level.shape, np.nan)
        return replace(
            self,
            level=np.zeros_like(self.level),
            unknown=np.full_like(self.unknown, why),
            intensity_kw_m=gone,
            spread_m_min=gone,
            gfwi=gone,
        )

    def numbers(self, fuel: int, cell: int) -> dict[str, Any]:
        """Return every number of one fuel and cell by name; missing ones are None."""
        mine = [(f.name, getattr(self, f.name)) for f in fields(self) if f.name != "noon"]
        found = {n: v[fuel, cell] for n, v in mine if isinstance(v, np.ndarray) and v.ndim > 1}
        found |= {n: v[cell] for n, v in mine if isinstance(v, np.ndarray) and v.ndim == 1}
        found |= {n: v for n, v in mine if isinstance(v, float | bool)}
        noon = {f.name: _plain(getattr(self.noon, f.name)[cell]) for f in fields(Noon)}
        return {name: _plain(value) for name, value in found.items()} | {"noon": noon}


def _plain(value: Any) -> Any:
    """Return a number as plain data: None where missing, never NaN."""
    if isinstance(value, np.datetime64):
        return None if np.isnat(value) else f"{value}Z"
    plain = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(plain, float) and not np.isfinite(plain) else plain
