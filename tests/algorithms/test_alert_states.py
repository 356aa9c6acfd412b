from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from habitat.algorithms.alert_states import next_log
from habitat.domain.errors import ConfigError
from habitat.domain.fire_alert import AlertLog, AlertState
from habitat.domain.fire_brief import Feed, FireBrief, PlaceDanger
from habitat.domain.fire_danger import Unknown
from habitat.domain.place import Place

FEED = Feed("test", None, stale=False)


def brief(level, run=0, *, place="kraskino", simulated=True, unknown=None):
    """A brief of one place at one level; `run` makes its weather another file."""
    why = unknown or (Unknown.WEATHER_MISSING if level is None else Unknown.KNOWN)
    where = Place(place, "settlement", "RUS", 42.7, 130.8, 0.0, ("grass",), {})
    return FireBrief(
        made=None, clock=None, danger=SimpleNamespace(day=date(2025, 4, 5)),
        places=(PlaceDanger(where, level, why, 0, 0),), fires=(),
        weather=replace(FEED, source=f"run {run}"), hotspots=FEED, notes=(),
        simulated=simulated, min_level=4, fire_near_km=20.0,
    )  # fmt: skip


def after(*levels):
    """Return the one alert after briefs of these levels, or None."""
    log = AlertLog(simulated=True)
    for run, level in enumerate(levels):
        log = next_log(log, brief(level, run))
    return log.alerts[-1] if log.alerts else None


@pytest.mark.parametrize(
    ("levels", "state", "level"),
    [
        ((4,), AlertState.NEW, 4),
        ((4, 4), AlertState.ACTIVE, 4),
        ((4, 5), AlertState.ESCALATED, 5),
        ((5, 4), AlertState.EASING, 5),
        ((5, 4, 4), AlertState.EASING, 4),
        ((5, 4, 5), AlertState.ACTIVE, 5),
        ((5, 4, 4, 4), AlertState.ACTIVE, 4),
        ((4, 1), AlertState.EASING, 4),
        ((4, 1, 1), AlertState.CLOSED, 4),
        ((4, 1, 4, 1), AlertState.EASING, 4),
        ((4, None), AlertState.UNKNOWN, 4),
        ((4, None, None, None), AlertState.UNKNOWN, 4),
        ((4, None, 4), AlertState.ACTIVE, 4),
        ((4, 1, 1, 4), AlertState.NEW, 4),
    ],
)
def test_an_alert_is_raised_at_once_and_lowered_after_two_briefs(levels, state, level):
    found = after(*levels)
    assert (found.state, found.level) == (state, level)


@pytest.mark.parametrize("levels", [(3,), (None,), (1, 2, 3)])
def test_no_alert_is_made_below_the_level_or_of_what_is_not_known(levels):
    assert after(*levels) is None


def test_a_level_that_is_only_a_lower_bound_lowers_nothing():
    log = next_log(AlertLog(simulated=True), brief(5))
    for run in range(1, 4):
        log = next_log(log, brief(2, run, unknown=Unknown.SPINNING_UP))
    assert log.alerts[0].state is AlertState.UNKNOWN


def test_the_same_brief_twice_changes_nothing():
    log = next_log(AlertLog(simulated=True), brief(4))
    assert next_log(log, brief(4)) is log


def test_a_closed_id_is_not_used_again_on_the_same_day():
    log = AlertLog(simulated=True)
    for run, level in enumerate((4, 1, 1, 4, 1, 1, 4)):
        log = next_log(log, brief(level, run))
    assert len({alert.alert_id for alert in log.alerts}) == 3
    assert [alert.state for alert in log.alerts].count(AlertState.CLOSED) == 2


def test_the_id_stays_while_the_alert_lives():
    assert after(4).alert_id == after(4, 5, 4, None, 5, 4, 4).alert_id


def test_a_place_that_is_not_asked_for_any_more_is_closed():
    log = next_log(AlertLog(simulated=True), brief(4))
    log = next_log(log, brief(1, place="hunchun"))
    assert log.alerts[0].state is AlertState.CLOSED


def test_simulated_and_real_alerts_are_kept_apart():
    log = next_log(AlertLog(simulated=True), brief(4))
    with pytest.raises(ConfigError, match="state file each"):
        next_log(log, brief(4, simulated=False))


def test_going_on_is_no_news_and_all_else_is():
    log = AlertLog(simulated=True)
    news = []
    for run, level in enumerate((4, 4, 5, 5, 1, 1, 1)):
        was, log = log, next_log(log, brief(level, run))
        news.append(len(log.since(was)))
    assert news == [1, 0, 1, 0, 1, 1, 0]


@given(st.lists(st.sampled_from([None, 1, 2, 3, 4, 5]), max_size=25))
def test_a_high_level_always_has_an_alert_at_least_as_high(levels):
    log = AlertLog(simulated=True)
    for run, level in enumerate(levels):
        log = next_log(log, brief(level, run))
        living = [alert for alert in log.alerts if alert.state is not AlertState.CLOSED]
        assert len(living) <= 1
        assert len({alert.alert_id for alert in log.alerts}) == len(log.alerts)
        if level is not None and level >= 4:
            assert living[0].level >= level
