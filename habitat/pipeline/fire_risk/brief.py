"""Fire danger of a day: what a pipeline file names, through the algorithms, to one brief."""

from typing import Any

import numpy as np

from habitat.algorithms.fire_behaviour.danger import day_danger
from habitat.domain.fire_brief import FireBrief
from habitat.domain.fire_danger import Unknown
from habitat.io.projection import bounds_wgs84, geodesic_from
from habitat.io.vector.aoi import read_aoi
from habitat.pipeline.fire_risk.clusters import fire_notes, fires_now, marked
from habitat.pipeline.fire_risk.fires import FIRE_NEAR_KM, HOTSPOTS_MAX_AGE_H, Fires, fires_of
from habitat.pipeline.fire_risk.notes import early_notes, notes_of
from habitat.pipeline.fire_risk.places import WEATHER_NEAR_KM, place_danger, position_of, urgency
from habitat.pipeline.fire_risk.setting import FireQuery, setting_of
from habitat.pipeline.fire_risk.weather import WEATHER_MAX_AGE_H, weather_of


def make_brief(query: FireQuery, found_fires: Fires | None = None) -> FireBrief:
    """Return the brief of a day.

    Parameters
    ----------
    found_fires : tuple, optional
        What :func:`fires_of` returned; None: it is asked.

    Raises
    ------
    ConfigError
        If the pipeline has no fire_risk step or a data file is wrong.
    InputError
        If the weather or the hotspots are refused.
    """
    setting = setting_of(query)
    aoi = read_aoi(setting.project / setting.config.aoi, epsg=setting.config.grid.epsg)
    bounds = bounds_wgs84(aoi.bounds, setting.config.grid.epsg)
    weather, feed = weather_of(setting, bounds)
    danger = day_danger(weather, setting.day, setting.fuels)
    if feed.stale:
        danger = danger.withheld(Unknown.WEATHER_STALE)
    found = [place_danger(danger, place) for place in setting.places.places]
    fires, hotspots, detections = found_fires or fires_of(setting, aoi.bounds)
    clusters = fires_now(setting, detections, danger)
    places = tuple(sorted(found, key=lambda one: urgency(danger, one)))
    limits = (WEATHER_MAX_AGE_H, HOTSPOTS_MAX_AGE_H, WEATHER_NEAR_KM)
    return FireBrief(
        query.now, setting.places.clock, danger, places,
        marked(fires, clusters), feed, hotspots,
        notes=(
            *fire_notes(clusters, query.now),
            *early_notes(fires, FIRE_NEAR_KM),
            *notes_of(danger, places, weather, hotspots, limits),
        ),
        simulated=weather.simulated,
        min_level=query.min_level or setting.step.min_level,
        fire_near_km=FIRE_NEAR_KM,
        clusters=clusters,
    )  # fmt: skip


def explain(query: FireQuery, where: str) -> dict[str, Any]:
    """Return every input and intermediate number of the weather cell nearest to a place.

    Parameters
    ----------
    where : str
        Id of a place, or ``LAT,LON`` in degrees.

    Raises
    ------
    UsageError
        If it is neither.
    """
    setting, brief = setting_of(query), make_brief(query)
    danger = brief.danger
    lat, lon = position_of(where, setting.places.places)
    _, km = geodesic_from(lon, lat, danger.longitude, danger.latitude)
    cell = int(np.argmin(km))
    header = {"where": where, "simulated": brief.simulated, "weather": brief.weather.source}
    far = {"distance_km": round(float(km[cell]), 1), "too_far": bool(km[cell] > WEATHER_NEAR_KM)}
    fuels = {name: danger.numbers(fuel, cell) for fuel, name in enumerate(danger.fuels)}
    return header | {"day": danger.day.isoformat(), "cell": far, "fuels": fuels}
