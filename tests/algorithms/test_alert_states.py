from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from habitat.algorithms.alert_states import evaluate
from habitat.domain.errors import ConfigError
from habitat.domain.fire_alert import HOTSPOTS, Ack, AlertLog, AlertState, Rule
from habitat.domain.fire_situation import Burning, Seen, Situation

START = datetime(2025, 4, 5, 20, tzinfo=UTC)


def situation(level, run=0, *, place="kraskino", unknown=None, **others):
    """One place at one level; `run` counts hours and makes the weather another file."""
    seen = Seen(place, level, unknown=level is None if unknown is None else unknown)
    made = START + timedelta(hours=run)
    given = {"made": made, "day": date(2025, 4, 5), "simulated": True, "min_level": 4}
    return Situation(**given | {"places": (seen,), "source": f"run {run}"} | others)


def after(log, now):
    record = evaluate(log, now)
    return log if record is None else log.after(record)


def run_of(*levels):
    """Return the log after situations of these levels, one each hour."""
    log = AlertLog()
    for run, level in enumerate(levels):
        log = after(log, situation(level, run))
    return log


def fire(lat, lon, hour=0, step=1, **others):
    cells = others.pop("cells", ((round(lat * 100), round(lon * 100)),))
    name = others.pop("name", f"{cells[-1][0]}{cells[-1][1]}")
    when = START + timedelta(hours=hour)
    return Burning(name, when, lat, lon, "kraskino", step, cells=cells, **others)


def burning(run, *fires, **others):
    return situation(1, run, fires=tuple(fires), **others)


# --- danger levels --------------------------------------------------------------------------------


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
        ((4, None, 4), AlertState.ACTIVE, 4),
        ((4, 1, 1, 4), AlertState.NEW, 4),
    ],
)
def test_an_alert_is_raised_at_once_and_lowered_after_two_briefs(levels, state, level):
    found = [alert for alert in run_of(*levels).alerts if alert.rule is Rule.LEVEL][-1]
    assert (found.state, found.level) == (state, level)


@pytest.mark.parametrize("levels", [(3,), (None,), (1, 2, 3)])
def test_no_alert_is_made_below_the_level_or_at_once_of_what_is_not_known(levels):
    assert run_of(*levels).alerts == ()


def test_a_level_that_is_only_a_lower_bound_lowers_nothing():
    log = run_of(5)
    for run in range(1, 4):
        log = after(log, situation(2, run, unknown=True))
    assert log.opened(Rule.LEVEL)[0].state is AlertState.UNKNOWN
    assert log.opened(Rule.LEVEL)[0].level == 5


def test_the_same_situation_twice_changes_nothing():
    log = run_of(5, 4)
    later = situation(4, 1, made=START + timedelta(hours=9))
    assert evaluate(log, later) is None


def test_ids_are_stable_while_an_alert_lives_and_never_used_again():
    log = run_of(4, 5, 1, 1, 4, 1, 1, 4)
    assert len({alert.alert_id for alert in log.alerts}) == len(log.alerts) == 3
    assert run_of(4).alerts[0].alert_id == log.alerts[0].alert_id


def test_a_place_that_is_not_asked_for_any_more_is_closed():
    log = after(run_of(4), situation(1, 1, place="hunchun"))
    assert log.alerts[0].state is AlertState.CLOSED


def test_simulated_and_real_alerts_are_kept_apart():
    with pytest.raises(ConfigError, match="log each"):
        evaluate(run_of(4), situation(4, 1, simulated=False))


def test_news_is_raised_another_level_and_closed_and_no_flapping():
    log, news = AlertLog(), []
    for run, level in enumerate((4, 4, 5, 4, 5, 4, 5, 1, 1, 1)):
        record = evaluate(log, situation(level, run))
        news.append(len(log.news(record)))
        log = log.after(record)
    assert news == [1, 0, 1, 0, 0, 0, 0, 0, 1, 0]


@given(st.lists(st.sampled_from([None, 1, 2, 3, 4, 5]), max_size=25))
def test_a_high_level_always_has_an_alert_at_least_as_high(levels):
    log = AlertLog()
    for run, level in enumerate(levels):
        log = after(log, situation(level, run))
        living = log.opened(Rule.LEVEL)
        assert len(living) <= 1
        assert len({alert.alert_id for alert in log.alerts}) == len(log.alerts)
        if level is not None and level >= 4:
            assert living[0].level >= level


# --- fires ----------------------------------------------------------------------------------------


def test_a_cluster_is_one_alert_and_another_cluster_another():
    log = after(AlertLog(), burning(0, fire(42.70, 130.70)))
    log = after(log, burning(1, fire(42.71, 130.70, 1, name="renamed")))
    (alert,) = log.opened(Rule.FIRE)
    assert (alert.fire_id, alert.level, alert.told) == ("renamed", 1, 1)
    log = after(log, burning(2, fire(42.71, 130.70, 1), fire(42.80, 130.70, 2)))
    assert [alert.state for alert in log.opened(Rule.FIRE)] == [AlertState.ACTIVE, AlertState.NEW]


@pytest.mark.parametrize(
    ("second", "level"),
    [
        ({"step": 2}, 2),
        ({"step": 3}, 3),
        ({"frp_mw": 50.0}, 2),
        ({"frp_mw": 49.0}, 1),
        ({"detections": 10}, 2),
        ({"detections": 9}, 1),
    ],
)
def test_a_fire_escalates_at_once_when_it_is_nearer_stronger_or_driven(second, level):
    first = {"frp_mw": 10.0, "detections": 2}
    log = acked(after(AlertLog(), burning(0, fire(42.7, 130.7, **first))))
    log = after(log, burning(1, fire(42.7, 130.7, 1, **first | second)))
    (alert,) = log.opened(Rule.FIRE)
    assert alert.level == level
    assert alert.state is (AlertState.ESCALATED if level > 1 else AlertState.ACTIVE)
    assert bool(log.acks) is (level == 1)  # an acknowledgement ends with that
    assert alert.told == 1 + (level > 1)


def test_the_step_of_a_fire_is_lowered_after_two_briefs():
    log = after(AlertLog(), burning(0, fire(42.7, 130.7, step=3)))
    states = []
    for run in range(1, 4):
        log = after(log, burning(run, fire(42.7, 130.7, run)))
        states.append((log.alerts[0].state, log.alerts[0].level))
    assert states == [(AlertState.EASING, 3), (AlertState.EASING, 1), (AlertState.ACTIVE, 1)]


def test_a_driven_fire_is_held_while_the_wind_is_not_known():
    log = after(AlertLog(), burning(0, fire(42.7, 130.7, step=3)))
    for run in range(1, 4):
        log = after(log, burning(run, fire(42.7, 130.7, step=run % 2, driven=False)))
    assert (log.alerts[0].state, log.alerts[0].level) == (AlertState.UNKNOWN, 3)


def test_fires_that_run_together_are_the_older_alert_and_stay_it_when_they_fall_apart():
    north, south = (4270, 13070), (4275, 13070)
    log = after(AlertLog(), burning(0, fire(42.75, 130.7), fire(42.70, 130.7, cells=(north,))))
    assert len(log.opened(Rule.FIRE)) == 2
    log = after(log, burning(1, fire(42.70, 130.7, 1, cells=(north, south), name="both")))
    oldest, younger = log.alerts
    assert (oldest.open, younger.open) == (True, False)
    apart = burning(2, fire(42.75, 130.7, 1), fire(42.70, 130.7, 1, cells=(north,)))
    assert [alert.alert_id for alert in after(log, apart).opened()] == [oldest.alert_id]


def test_a_fire_of_a_log_from_before_there_were_steps_is_known_again_and_can_end():
    log = after(AlertLog(), burning(0, fire(42.701, 130.701)))
    old = replace(log.alerts[0], level=None, fire_id="", cells=())
    log = after(replace(log, alerts=(old,)), burning(1, fire(42.702, 130.702, 1)))
    assert [(a.alert_id, a.level) for a in log.alerts] == [(old.alert_id, 1)]
    assert after(after(log, burning(2)), burning(3)).opened() == ()


def test_a_fire_that_is_not_seen_twice_is_closed_and_its_old_detections_do_not_raise_it_again():
    log = after(AlertLog(), burning(0, fire(42.70, 130.70)))
    log = after(after(log, burning(1)), burning(2))
    assert log.alerts[0].state is AlertState.CLOSED
    log = after(log, burning(3, fire(42.701, 130.70)))  # the same pass, processed again
    assert len(log.alerts) == 1
    log = after(log, burning(4, fire(42.701, 130.70, 4)))
    assert len(log.opened(Rule.FIRE)) == 1


def test_a_fire_is_not_closed_while_hotspots_are_not_known():
    log = after(AlertLog(), burning(0, fire(42.70, 130.70)))
    for run in range(1, 5):
        log = after(log, burning(run, hotspots_unknown=True))
    assert log.opened(Rule.FIRE)[0].state is AlertState.UNKNOWN


def test_a_storm_of_fires_is_an_alert_each_and_again_no_more():
    fires = [fire(42.5 + n % 20 / 10, 130.5 + n // 20 / 10) for n in range(400)]
    log = after(AlertLog(), burning(0, *fires))
    assert len(log.alerts) == 400
    assert len(after(log, burning(1, *fires)).alerts) == 400


# --- what is not known ----------------------------------------------------------------------------


def test_what_is_not_known_is_an_alert_after_an_hour_and_closed_when_it_is_known():
    log = run_of(1, None)
    assert log.opened() == ()
    log = after(log, situation(None, 2))
    (alert,) = log.opened()
    assert (alert.rule, alert.subject, alert.state) == (Rule.UNKNOWN, "kraskino", AlertState.NEW)
    log = after(log, situation(1, 3))
    assert log.opened() == ()


def test_the_grace_runs_out_though_the_inputs_stay_the_same():
    log = after(AlertLog(), situation(None, 0))
    same = situation(None, 0, made=START + timedelta(hours=2))
    assert [a.rule for a in after(log, same).opened()] == [Rule.UNKNOWN]


def test_a_brief_that_comes_minutes_early_does_not_double_the_grace():
    log = after(AlertLog(), situation(None, 0))
    early = situation(None, 0, made=START + timedelta(minutes=52))
    assert [a.rule for a in after(log, early).opened()] == [Rule.UNKNOWN]


def test_hotspots_that_are_not_known_are_an_alert_of_their_own():
    log = after(AlertLog(), burning(0, hotspots_unknown=True))
    log = after(log, burning(2, hotspots_unknown=True))
    assert [alert.subject for alert in log.opened()] == [HOTSPOTS]


# --- acknowledgements -----------------------------------------------------------------------------


def acked(log, hours=24, park="ru"):
    alert = log.opened()[0]
    return log.after(Ack(alert.alert_id, park, "Ivanov", START, START + timedelta(hours=hours)))


def test_an_acknowledgement_in_one_park_is_none_in_the_other():
    log = acked(run_of(4))
    (alert,) = log.opened()
    assert log.state_for(alert, "ru", START) is AlertState.ACKNOWLEDGED
    assert log.state_for(alert, "cn", START) is AlertState.NEW
    assert log.state_for(alert, "ru", START + timedelta(hours=24)) is AlertState.NEW


@pytest.mark.parametrize(("level", "held"), [(4, True), (3, True), (5, False)])
def test_an_acknowledgement_ends_when_the_alert_escalates(level, held):
    log = after(acked(run_of(4)), situation(level, 1))
    assert bool(log.acks) is held


def test_an_acknowledgement_that_ran_out_is_ended_once_though_nothing_else_changed():
    log = acked(run_of(4), hours=2)
    record = evaluate(log, situation(4, 0, made=START + timedelta(hours=3)))
    assert record.ended_acks
    assert record.alerts == ()
    assert evaluate(log.after(record), situation(4, 0, made=START + timedelta(hours=4))) is None
