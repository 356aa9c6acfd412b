"""The level at a place, and the order of places in a brief."""

import numpy as np

from habitat.domain.errors import UsageError
from habitat.domain.fire_brief import PlaceDanger
from habitat.domain.fire_danger import FireDanger, Unknown
from habitat.domain.fire_priority import Ignition, priority, raised
from habitat.domain.place import Place
from habitat.io.projection import geodesic_from

#: Weather farther from a place than this does not speak for it.
WEATHER_NEAR_KM = 30
_OAK_LITTER = "oak_litter"
_POLE_DEG = 90.0
#: A place that is not known stands below level 4 and above level 3.
_UNKNOWN_RANK = -3.5


def place_danger(danger: FireDanger, place: Place) -> PlaceDanger:
    """Return the worst fuel of a place at its weather cells: those it reaches, else the nearest."""
    _, km = geodesic_from(place.longitude, place.latitude, danger.longitude, danger.latitude)
    cells = np.flatnonzero(km <= place.radius_km)
    if not cells.size:
        cells = np.array([int(np.argmin(km))])
    if km[cells].min() > WEATHER_NEAR_KM:
        return PlaceDanger(place, None, Unknown.NO_WEATHER_NEAR, -1, -1, _ignition(place))
    fuels = np.array([danger.fuels.index(name) for name in place.fuels])
    part = np.ix_(fuels, cells)
    why = Unknown(int(danger.unknown[part].max()))
    intensity = danger.intensity_kw_m[part]
    if np.isnan(intensity).all():
        return PlaceDanger(place, None, why, int(fuels[0]), int(cells[0]), _ignition(place))
    at = int(np.nanargmax(intensity))
    fuel, cell = int(fuels[at // len(cells)]), int(cells[at % len(cells)])
    level, near = int(danger.level[fuel, cell]), _ignition(place)
    judged = max(level, _raised_oak(danger, place, cells))
    first = priority(judged, near, asset=True)
    return PlaceDanger(place, level, why, fuel, cell, near, first)


def _ignition(place: Place) -> Ignition:
    """Return whether people are near: no roads are read, so in a habitat they are not."""
    return "far" if place.is_habitat else "near"


def _raised_oak(danger: FireDanger, place: Place, cells: np.ndarray) -> int:
    """Return the level of oak litter in a forest habitat, raised by one; 0 elsewhere."""
    litter = [name for name in place.fuels if name == _OAK_LITTER]
    if not (place.is_habitat and litter):
        return 0
    level = int(danger.level[danger.fuels.index(_OAK_LITTER), cells].max())
    return raised(level) if level else 0


def urgency(danger: FireDanger, found: PlaceDanger) -> tuple[float, float, str]:
    """Order of the brief: levels 5 and 4, then what is not known, then the rest."""
    if found.level is None:
        return (_UNKNOWN_RANK, 0.0, found.place.place_id)
    intensity = float(danger.intensity_kw_m[found.fuel, found.cell])
    return (-found.level, -intensity, found.place.place_id)


def position_of(where: str, places: tuple[Place, ...]) -> tuple[float, float]:
    """Return latitude and longitude of the id of a place, or of ``LAT,LON``.

    Raises
    ------
    UsageError
        If it is neither.
    """
    for place in places:
        if place.place_id == where:
            return place.latitude, place.longitude
    try:
        lat, lon = (float(part) for part in where.split(","))
    except ValueError:
        lat = lon = np.inf
    if not (abs(lat) <= _POLE_DEG and abs(lon) <= 2 * _POLE_DEG):
        ids = ", ".join(place.place_id for place in places)
        raise UsageError(f"expected LAT,LON in degrees or one of {ids}, got {where!r}")
    return lat, lon
