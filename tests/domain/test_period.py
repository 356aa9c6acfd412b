"""Periods, fire years and the seasons of a zone."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from habitat.domain.errors import ConfigError
from habitat.domain.period import (
    MonthDay,
    Period,
    Season,
    SeasonPart,
    SeasonTable,
    date_of_epoch,
    days_since_epoch,
    fire_year,
)

SUMMER = Period(date(2024, 6, 1), date(2024, 9, 15))
LEAF_OFF = Season(
    "leaf_off",
    (
        SeasonPart(MonthDay(10, 20), MonthDay(11, 30), -1),
        SeasonPart(MonthDay(3, 20), MonthDay(5, 5)),
    ),
)
TABLE = SeasonTable("here", {"leaf_off": LEAF_OFF}, LEAF_OFF.parts, MonthDay(6, 1))
days = st.dates(date(1950, 1, 1), date(2150, 12, 31))


def test_both_ends_belong_to_a_period():
    assert SUMMER.days == 107
    assert SUMMER.start in SUMMER
    assert SUMMER.end in SUMMER
    assert date(2024, 9, 16) not in SUMMER
    assert SUMMER.bounds_utc[0] == datetime(2024, 6, 1, tzinfo=UTC)
    assert SUMMER.bounds_utc[1] > datetime(2024, 9, 15, 23, 59, 59, tzinfo=UTC)


@given(days, days)
def test_a_period_is_what_its_text_says(a, b):
    period = Period(min(a, b), max(a, b))
    assert Period.parse(str(period)) == period
    assert period.days == (period.end - period.start).days + 1


def test_the_name_in_files_has_no_dashes_inside_dates():
    assert SUMMER.name == "20240601-20240915"


@pytest.mark.parametrize(
    "text", ["", "2024-06-01", "2024-06-01/2024-13-01", "2024-06-01/x", "1/2/3", "a/b"]
)
def test_what_is_not_two_dates_is_refused(text):
    with pytest.raises(ConfigError, match="two dates like 2024-06-01/2024-09-15"):
        Period.parse(text)


def test_an_end_before_the_start_is_refused():
    with pytest.raises(ConfigError, match="2024-06-02/2024-06-01"):
        Period.parse("2024-06-02/2024-06-01")


def test_nothing_after_the_as_of_date_is_kept():
    assert SUMMER.until(date(2024, 7, 1)) == Period(date(2024, 6, 1), date(2024, 7, 1))
    assert SUMMER.until(date(2025, 1, 1)) == SUMMER
    assert SUMMER.until(date(2024, 6, 1)) == Period(date(2024, 6, 1), date(2024, 6, 1))
    assert SUMMER.until(date(2024, 5, 31)) is None


def test_a_fire_year_holds_the_autumn_and_the_spring_of_one_season():
    year = fire_year(2024)
    assert date(2023, 10, 15) in year
    assert date(2024, 4, 15) in year
    assert year.days == 366
    assert fire_year(2025).start == date(2024, 7, 1)
    assert (fire_year(2025).start - year.end).days == 1


@given(days)
def test_every_day_lies_in_one_fire_year(day):
    years = [year for year in range(day.year - 1, day.year + 3) if day in fire_year(year)]
    assert len(years) == 1


@given(days)
def test_days_since_epoch_come_back_as_the_date(day):
    assert date_of_epoch(days_since_epoch(day)) == day


def test_the_autumn_part_of_a_season_lies_in_the_year_before():
    assert LEAF_OFF.periods(2024) == (
        Period(date(2023, 10, 20), date(2023, 11, 30)),
        Period(date(2024, 3, 20), date(2024, 5, 5)),
    )
    assert TABLE.fire_periods(2024) == LEAF_OFF.periods(2024)


def test_29_february_is_28_in_other_years():
    assert MonthDay.parse("02-29").in_year(2024) == date(2024, 2, 29)
    assert MonthDay.parse("02-29").in_year(2023) == date(2023, 2, 28)


@pytest.mark.parametrize("text", ["13-01", "02-30", "1 June", ""])
def test_what_is_not_a_day_of_the_year_is_refused(text):
    with pytest.raises(ConfigError, match="06-01"):
        MonthDay.parse(text)


def test_an_unknown_season_names_those_there_are():
    with pytest.raises(ConfigError, match=r"\['leaf_off'\] of 'here', got 'summer'"):
        TABLE.season("summer")
