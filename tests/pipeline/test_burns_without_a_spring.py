"""Burn maps of a simulated landscape whose images begin in August, with no spring before them."""

from datetime import date

import numpy as np
import pytest

from benchmarks.burns import land, mapped
from habitat.algorithms.burn.inputs import BurnParams
from habitat.algorithms.burn.scars import SCAR_BURNED, SCAR_UNBURNED
from habitat.domain.period import Period

PERIOD = Period(date(2023, 8, 1), date(2024, 6, 30))


@pytest.mark.parametrize("seed", [2, 3, 5, 7, 11])
def test_a_year_without_fire_has_no_sure_burn(seed):
    made = land(seed, "none", period=PERIOD, cadence_days=10)
    scar = mapped(made.looks, made.hotspots, BurnParams())
    assert (scar == SCAR_UNBURNED).mean() > 0.3, "the test needs land that is judged"
    assert (scar == SCAR_BURNED).sum() == 0


@pytest.mark.parametrize("fires", ["grass_60", "grass_95"])
def test_a_fire_in_most_of_the_grass_is_found(fires):
    made = land(7, fires, period=PERIOD)
    scar, truth = mapped(made.looks, made.hotspots, BurnParams()), made.burned
    burned, told = scar == SCAR_BURNED, np.isin(scar, (SCAR_UNBURNED, SCAR_BURNED))
    assert (truth & told).sum() > 500, "the test needs burned land that is judged"
    dice = 2 * (truth & burned).sum() / ((truth & told).sum() + burned.sum())
    assert dice >= 0.75
