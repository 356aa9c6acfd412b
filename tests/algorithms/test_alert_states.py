from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from habitat.algorithms.alert_states import evaluate
from habitat.domain.errors import ConfigError
from habitat.domain.fire_alert import HOTSPOTS, Ack, AlertLog, AlertState, Rule
from habitat.domain.fire_situation import Detection, Seen, Situation

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


def fire(lat, lon, hour=0):
    return Detection(START + timedelta(hours=hour), lat, lon, "kraskino")


def burning(run, *fires, **others):
    return situation(1, run, fires=tuple(sorted(fires)), **others)


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


def test_detections_of_one_fire_are_one_alert_and_another_fire_is_another():
    log = after(AlertLog(), burning(0, fire(42.70, 130.70), fire(42.71, 130.70)))
    assert len(log.opened(Rule.FIRE)) == 1
    log = after(log, burning(1, fire(42.70, 130.70), fire(42.705, 130.70, 1)))
    assert len(log.opened(Rule.FIRE)) == 1
    log = after(log, burning(2, fire(42.705, 130.70, 1), fire(42.80, 130.70, 2)))
    assert [alert.state for alert in log.opened(Rule.FIRE)] == [AlertState.ACTIVE, AlertState.NEW]


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


def test_a_storm_of_ten_thousand_detections_is_few_alerts_that_cover_all():
    fires = [fire(42.5 + n % 100 / 500, 130.5 + n // 100 / 500) for n in range(10_000)]
    log = after(AlertLog(), burning(0, *fires))
    assert 20 < len(log.alerts) < 300
    for one in fires[::97]:
        assert any(
            abs(one.latitude - a.latitude) < 0.019 and abs(one.longitude - a.longitude) < 0.026
            for a in log.alerts
        )


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
