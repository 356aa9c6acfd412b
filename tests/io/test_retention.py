"""Which releases go."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from habitat.domain.errors import ConfigError
from habitat.io.release.retention import outdated

NOW = datetime(2025, 1, 31, tzinfo=UTC)
AGES = {"a": 40, "b": 30, "c": 20, "d": 7, "e": 6}


def written(ages):
    return {name: NOW - timedelta(days=age) for name, age in ages.items()}


@pytest.mark.parametrize(
    ("current", "keep", "gone"),
    [
        ("e", 0, ["a", "b", "c", "d"]),
        ("e", 3, ["a", "b"]),
        ("a", 3, ["b"]),
        ("e", 9, []),
        ("", 1, ["a", "b", "c", "d"]),
    ],
)
def test_all_go_but_the_newest_the_young_and_the_current_one(current, keep, gone):
    assert outdated(written(AGES), current, now=NOW, keep=keep) == gone


@given(st.dictionaries(st.text("abc", min_size=1), st.integers(0, 50)), st.integers(0, 5))
def test_what_stays_is_never_less_than_was_asked(ages, keep):
    current = min(ages, default="")
    gone = set(outdated(written(ages), current, now=NOW, keep=keep))
    assert current not in gone
    assert len(ages) - len(gone) >= min(keep, len(ages))
    assert all(ages[name] >= 7 for name in gone)


def test_less_than_a_week_is_refused():
    with pytest.raises(ConfigError, match="7 or more"):
        outdated({}, "", now=NOW, keep=1, keep_days=6)
