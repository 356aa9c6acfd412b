"""Which looks are bought."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from habitat.algorithms.look_choice import Offers, fit, thin, useful


def offers(day, clear, *, place=None, price=10, dense=True):
    n = len(day)
    return Offers(
        np.array(day, np.int32),
        np.zeros(n, np.int32) if place is None else np.array(place, np.int32),
        np.array(clear, np.int64),
        np.full(n, 100, np.int64),
        np.full(n, price, np.int64),
        np.full(n, dense, bool),
    )


def test_a_look_without_a_clear_pixel_is_useless_even_when_nothing_is_asked():
    assert useful(offers([0, 1, 2], [0, 29, 30]), 30).tolist() == [False, False, True]
    assert useful(offers([0, 1], [0, 1]), 0).tolist() == [False, True]


def test_the_clearest_look_of_an_interval_is_kept_and_of_equals_the_first():
    found = thin(offers([0, 1, 2, 10, 11], [50, 90, 60, 70, 70]), np.ones(5, bool), 10)
    assert found.tolist() == [False, True, False, True, False]


def test_outside_the_fire_season_intervals_are_twice_as_long():
    found = thin(offers([0, 10], [50, 60], dense=False), np.ones(2, bool), 10)
    assert found.tolist() == [False, True]


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 4), st.integers(0, 100)), max_size=40),
       st.integers(60, 900))  # fmt: skip
def test_what_is_chosen_is_useful_fits_and_does_not_depend_on_order(rows, budget):
    days, places, clear = (np.array(c, int) for c in zip(*rows, strict=True)) if rows else ([],) * 3
    all_ = offers(days, clear, place=places)
    candidate = useful(all_, 20)
    chosen, _ = fit(all_, candidate, budget)
    assert not (chosen & ~candidate).any()
    assert all_.price[chosen].sum() <= budget
    back = offers(days[::-1], clear[::-1], place=places[::-1])
    again, _ = fit(back, candidate[::-1], budget)

    def kept(o, c):
        return sorted(zip(o.day[c], o.place[c], o.clear_px[c], strict=True))

    assert kept(all_, chosen) == kept(back, again)


def test_a_budget_without_room_for_one_look_is_refused():
    with pytest.raises(ValueError, match="one look a year"):
        fit(offers([0, 1], [50, 60]), np.ones(2, bool), 9)
