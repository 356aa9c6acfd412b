"""Fireline intensity, its level 1-5, and the spread of forest floor fires.

Sources: Byram 1959 (intensity); Forestry Canada Fire Danger Group 1992, Information Report ST-X-3
(forest
fuels). Levels follow the Canadian classes of head fire intensity.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LEVEL_LIMITS_KW_M = (500.0, 2000.0, 4000.0, 10000.0)
"""Lower limits of the levels 2 to 5: beaters; hand crews; engines; indirect attack only;
uncontrollable.
"""

_HEAT_KJ_PER_KG_PER_60_S = 300.0


@dataclass(frozen=True, slots=True)
class ForestFuel:
    """Spread coefficients of one forest fuel (ST-X-3, table 6) and the fuel that burns at most."""

    a: float
    b: float
    c: float
    q: float
    buildup_0: float
    load_kg_m2: float
    load_rate: float
    load_power: float


OAK_LITTER = ForestFuel(30.0, 0.0232, 1.6, 0.9, 32.0, 1.5, 0.0183, 1.0)
CONIFER = ForestFuel(30.0, 0.0697, 4.0, 0.8, 56.0, 5.0, 0.0149, 2.48)
BOREAL_SPRUCE = ForestFuel(110.0, 0.0282, 1.5, 0.7, 64.0, 5.0, 0.0115, 1.0)
"""C2, the conifer part of boreal mixedwood (M1 and M2)."""

_MIXED_Q, _MIXED_BUILDUP_0 = 0.8, 50.0


def fireline_intensity_kw_m(spread_m_min: Floats, load_kg_m2: Floats) -> Floats:
    """Byram's intensity (kW per m of front) at 18,000 kJ/kg."""
    return _HEAT_KJ_PER_KG_PER_60_S * load_kg_m2 * spread_m_min


def forest_spread_m_min(fuel: ForestFuel, isi: Floats, bui: Floats) -> Floats:
    """Forward rate of spread on flat ground (m/min); 0 at a buildup index of 0.

    Initial spread index and buildup index are those of `fire_weather.codes`. NaN in, NaN out.
    """
    return _rate(fuel, isi) * _buildup_effect(fuel.q, fuel.buildup_0, bui)


def mixed_spread_m_min(
    isi: Floats, bui: Floats, *, conifer_share: float, litter_factor: float
) -> Floats:
    """Forward rate of spread in mixed forest (m/min): M1, or M2 at a litter factor of 0.2.

    ST-X-3: the shares of conifers (C2) and litter (D1), under one effect of the buildup index.
    """
    rate = conifer_share * _rate(BOREAL_SPRUCE, isi)
    rate = rate + litter_factor * (1.0 - conifer_share) * _rate(OAK_LITTER, isi)
    return rate * _buildup_effect(_MIXED_Q, _MIXED_BUILDUP_0, bui)


def mixed_load_kg_m2(bui: Floats, *, conifer_share: float, litter_kg_m2: float) -> Floats:
    """Surface fuel consumed in mixed forest (kg/m2), by the shares of conifers and litter."""
    litter = replace(OAK_LITTER, load_kg_m2=litter_kg_m2)
    conifers = conifer_share * forest_load_kg_m2(BOREAL_SPRUCE, bui)
    return conifers + (1.0 - conifer_share) * forest_load_kg_m2(litter, bui)


def _rate(fuel: ForestFuel, isi: Floats) -> Floats:
    return np.asarray(fuel.a * (1.0 - np.exp(-fuel.b * isi)) ** fuel.c)


def _buildup_effect(q: float, buildup_0: float, bui: Floats) -> Floats:
    inverse = 1.0 / np.where(bui > 0.0, bui, 1.0) - 1.0 / buildup_0
    effect = np.exp(50.0 * np.log(q) * inverse)
    return np.where(bui == 0.0, 0.0, effect + 0.0 * bui)


def forest_load_kg_m2(fuel: ForestFuel, bui: Floats) -> Floats:
    """Surface fuel consumed (kg/m2) at a buildup index."""
    return fuel.load_kg_m2 * (1.0 - np.exp(-fuel.load_rate * bui)) ** fuel.load_power


def slope_factor(slope_deg: Floats) -> Floats:
    """Multiplier of the rate of spread upslope (ST-X-3, equation 39), at most 4."""
    rise = np.tan(np.radians(slope_deg))
    return np.minimum(np.exp(3.533 * np.maximum(rise, 0.0) ** 1.2) + 0.0 * rise, 4.0)


def intensity_level(intensity_kw_m: Floats) -> NDArray[np.uint8]:
    """Level 1..5 by fireline intensity; 0 where the intensity is not known (NaN)."""
    level = 1 + np.digitize(intensity_kw_m, LEVEL_LIMITS_KW_M)
    return np.where(np.isnan(intensity_kw_m), 0, level).astype(np.uint8)
