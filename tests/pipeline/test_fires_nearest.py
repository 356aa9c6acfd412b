"""The nearest place of each detection, all at once, is what one by one gives."""

from pathlib import Path

import numpy as np
import pytest

from habitat.io.fire.fire_files import read_fuels, read_places
from habitat.io.projection import geodesic_from
from habitat.pipeline.fire_risk import fires

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def places():
    return read_places("border-zone", ROOT, fuels=read_fuels("border-zone", ROOT)).places


def nearest_of_one(places, lon, lat):
    """A village in reach before the park it lies in; far from all, the nearest edge."""
    ways = [
        geodesic_from(p.longitude, p.latitude, np.array([lon]), np.array([lat])) for p in places
    ]
    km = [float(way[1][0]) for way in ways]
    edge = [max(0.0, away - p.radius_km) for away, p in zip(km, places, strict=True)]
    near = [at for at, away in enumerate(edge) if away <= fires.FIRE_NEAR_KM]
    key = km if near else edge
    best = min(near or range(len(places)), key=lambda at: key[at])
    return best, edge[best], float(ways[best][0][0])


def test_all_at_once_is_one_by_one_to_the_last_bit(places):
    random = np.random.default_rng(3)
    lon, lat = random.uniform(128, 134, 300), random.uniform(41, 46, 300)
    found = zip(*fires._nearest(places, lon, lat), strict=True)
    assert [tuple(one) for one in found] == [
        nearest_of_one(places, *at) for at in zip(lon, lat, strict=True)
    ]


def test_no_detection_has_no_place(places):
    assert [len(part) for part in fires._nearest(places, np.array([]), np.array([]))] == [0, 0, 0]
