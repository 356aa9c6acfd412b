"""Parts of a forest are judged as the park they lie in."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from habitat.domain.fire_danger import Unknown
from habitat.io.fire.fire_files import read_fuels, read_places
from habitat.io.projection import from_wgs84
from habitat.pipeline.fire_risk.clusters import _threats
from habitat.pipeline.fire_risk.places import place_danger

ROOT = Path(__file__).parents[2]
EPSG = 32652


@pytest.fixture(scope="module")
def park():
    places = read_places("border-zone", ROOT, fuels=read_fuels("border-zone", ROOT)).places
    found = next(place for place in places if place.kind == "park")
    return replace(found, fuels=("oak_litter",))


def danger_at(place, level):
    return SimpleNamespace(
        latitude=np.array([place.latitude]),
        longitude=np.array([place.longitude]),
        fuels=("grass", "oak_litter"),
        level=np.full((2, 1), level, np.uint8),
        unknown=np.full((2, 1), Unknown.KNOWN, np.uint8),
        intensity_kw_m=np.full((2, 1), 900.0),
    )


@pytest.mark.parametrize("level", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("kind", ["park_district", "forest_compartment"])
def test_a_part_of_the_forest_is_judged_as_the_park(park, kind, level):
    danger = danger_at(park, level)
    part = place_danger(danger, replace(park, kind=kind))
    assert replace(part, place=park) == place_danger(danger, park)
    assert part.ignition == "far"
    assert place_danger(danger, replace(park, kind="settlement")).ignition == "near"


def test_a_fire_threatens_settlements_and_no_forest(park):
    x, y = from_wgs84(np.array([park.longitude]), np.array([park.latitude]), EPSG)
    at, wind = (float(x[0]) - 1000.0, float(y[0])), (10.0, 270.0)
    for kind in ("park", "park_district", "forest_compartment"):
        assert _threats((replace(park, kind=kind),), at, wind, EPSG) == ()
    (threat,) = _threats((replace(park, kind="settlement"),), at, wind, EPSG)
    assert threat.hours == pytest.approx(1000.0 / 10.0 / 60.0)
