import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from habitat.algorithms.fire_clusters import (
    FARTHEST_M,
    clusters_of,
    drift_cone,
    hours_to,
    in_cone,
)
from habitat.domain.fire_cluster import Drive
from habitat.domain.hotspots import Hotspots

WEST = 270.0
START = np.datetime64("2025-03-22T03:00:00", "s")


def spots(*rows):
    """Detections ``(east km, north km, hours after START, FRP)``."""
    x, y, hour, frp = np.array(rows, dtype=np.float64).T
    time = START + (hour * 3600).astype("timedelta64[s]")
    return Hotspots(x * 1000, y * 1000, time, frp.astype(np.float32))


def fires(found, *, spread=50.0, wind=WEST):
    """Rows of each fire, as sets."""
    drive = Drive(np.full(len(found), spread), np.full(len(found), wind))
    return {frozenset(cluster.rows.tolist()) for cluster in clusters_of(found, drive)}


def test_a_pass_groups_what_lies_within_seven_hundred_metres_by_chains():
    found = spots((0, 0, 0, 1), (0.6, 0, 0.2, 1), (1.2, 0, 0, 1), (2.0, 0, 0, 1))
    assert fires(found) == {frozenset({0, 1, 2}), frozenset({3})}


def test_a_fire_runs_downwind_as_far_as_it_spreads_between_passes():
    # 50 m/min for 2 h is 6 km; the wind comes from the west
    at = {"downwind": (5.9, 0), "too far": (6.1, 0), "upwind": (-5.9, 0), "aside": (0, 5.9)}
    joined = {name: len(fires(spots((0, 0, 0, 1), (*xy, 2, 1)))) == 1 for name, xy in at.items()}
    assert joined == {"downwind": True, "too far": False, "upwind": False, "aside": False}


def test_forty_five_degrees_is_the_edge_of_downwind():
    inside, outside = (3, 2.99), (3, 3.01)
    assert len(fires(spots((0, 0, 0, 1), (*inside, 2, 1)))) == 1
    assert len(fires(spots((0, 0, 0, 1), (*outside, 2, 1)))) == 2


def test_one_kilometre_joins_any_way_and_where_the_wind_is_not_known():
    for x, y in ((-0.99, 0), (0, 0.99), (0.7, -0.7)):
        assert len(fires(spots((0, 0, 0, 1), (x, y, 12, 1)), spread=np.nan, wind=np.nan)) == 1
    assert len(fires(spots((0, 0, 0, 1), (1.01, 0, 12, 1)), spread=np.nan)) == 2


def test_a_run_is_capped_at_fifteen_kilometres():
    assert len(fires(spots((0, 0, 0, 1), (14.9, 0, 24, 1)))) == 1
    assert len(fires(spots((0, 0, 0, 1), (15.1, 0, 24, 1)))) == 2


def test_after_five_days_it_is_another_fire():
    assert len(fires(spots((0, 0, 0, 1), (0, 0, 120, 1)))) == 1
    assert len(fires(spots((0, 0, 0, 1), (0, 0, 120.1, 1)))) == 2


def test_a_new_pass_between_two_fires_makes_them_one_under_the_id_of_the_oldest():
    found = spots((0, 0, 0, 1), (1.8, 0, 1, 1), (0.9, 0, 2, 1))
    drive = Drive(np.full(3, np.nan), np.full(3, np.nan))
    (whole,) = clusters_of(found, drive)
    alone = clusters_of(found.take(np.array([0])), Drive(np.full(1, np.nan), np.full(1, np.nan)))
    assert whole.fire_id == alone[0].fire_id
    assert whole.rows.tolist() == [0, 1, 2]


def test_the_point_of_a_fire_is_the_hottest_of_its_last_pass():
    found = spots((0, 0, 0, 99), (0.5, 0, 12, np.nan), (0.6, 0, 12.1, 5), (0.4, 0, 12, 3))
    drive = Drive(np.full(4, np.nan), np.full(4, np.nan))
    (fire,) = clusters_of(found, drive)
    assert fire.hottest == 2
    unknown = spots((0, 0, 0, np.nan))
    assert clusters_of(unknown, Drive(np.full(1, 1.0), np.full(1, 1.0)))[0].hottest == 0


def test_no_detections_are_no_fires():
    assert clusters_of(Hotspots.empty(), Drive(np.empty(0), np.empty(0))) == ()


@given(st.integers(0, 2**32 - 1))
def test_fires_do_not_depend_on_the_order_of_rows_and_part_the_detections(seed):
    draw = np.random.default_rng(seed)
    n = 40
    found = spots(
        *np.column_stack((draw.uniform(0, 12, (n, 2)), draw.integers(0, 96, n), np.ones(n)))
    )
    drive = Drive(draw.uniform(0, 60, n), draw.uniform(0, 360, n))
    shuffled = draw.permutation(n)
    first = clusters_of(found, drive)
    second = clusters_of(
        found.take(shuffled), Drive(drive.spread_m_min[shuffled], drive.from_deg[shuffled])
    )
    assert [c.fire_id for c in first] == [c.fire_id for c in second]
    assert [set(c.rows) for c in first] == [set(shuffled[c.rows]) for c in second]
    assert sorted(np.concatenate([c.rows for c in first])) == list(range(n))


def test_the_cone_points_downwind_and_is_six_hours_long():
    ring = drift_cone(1000.0, 2000.0, 20.0, WEST)  # 20 m/min: 7.2 km in six hours
    assert (ring[0] == ring[-1]).all()
    assert ring[:, 0].max() == pytest.approx(1000 + 7200)
    assert ring[1] == pytest.approx([1000 + 7200 * np.sqrt(0.5), 2000 + 7200 * np.sqrt(0.5)])
    assert drift_cone(0.0, 0.0, 100.0, WEST)[:, 0].max() == pytest.approx(FARTHEST_M)
    for spread, wind in ((np.nan, WEST), (20.0, np.nan), (0.0, WEST)):
        assert len(drift_cone(0.0, 0.0, spread, wind)) == 0


def test_hours_are_the_distance_downwind_over_the_spread():
    east, north = np.array([6000.0, 6000.0, -100.0, 0.0]), np.array([0.0, 3000.0, 0.0, 5000.0])
    hours = hours_to(east, north, 50.0, WEST)  # 3 km/h
    assert hours[:2].tolist() == pytest.approx([2.0, 2.0])
    assert np.isinf(hours[2:]).all()
    assert np.isinf(hours_to(east, north, 0.0, WEST)).all()
    assert np.isinf(hours_to(east, north, 50.0, np.nan)).all()
    assert in_cone(np.array([0.0]), np.array([1.0]), np.array([180.0])).all()
