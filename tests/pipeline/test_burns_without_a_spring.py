"""Burn maps of a simulated landscape whose images begin in August, with no spring before them."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from habitat.algorithms.burn.candidates import candidates
from habitat.algorithms.burn.evidence import evidence
from habitat.algorithms.burn.inputs import (
    BURN_BANDS,
    BurnParams,
    CoverKinds,
    FireYear,
    Looks,
    Place,
)
from habitat.algorithms.burn.objects import resolve
from habitat.algorithms.burn.scars import SCAR_BURNED, SCAR_UNBURNED, FireRecord, scars
from habitat.algorithms.burn.statistics import Tile, class_statistics, combine
from habitat.domain.grid import Grid, Window
from habitat.domain.period import Period, fire_year
from habitat.io.config.data_files import read_legend
from habitat.pipeline.scenes import SceneReader
from habitat.pipeline.simulation.source import SimulatedSource

GRID = Grid(32652, 20)
WINDOW = Window(-237_556, 35_082, 232, 237)
PERIOD = Period(date(2023, 8, 1), date(2024, 6, 30))
YEAR = FireYear.of_periods(fire_year(2024), [Period(date(2023, 10, 1), date(2024, 5, 31))])


def mapped(source):
    """Return ``burn_scar``; each class is told apart as it truly is."""
    items, _ = source.search(PERIOD, WINDOW)
    reader = SceneReader(source, GRID, WINDOW, 0, {"all": (items, BURN_BANDS)})
    stack = reader.looks("all", (PERIOD,), bands=BURN_BANDS)
    cover = source.truth_class(WINDOW, date(2023, 7, 15))
    looks = Looks(stack.days, stack.bands, stack.state, cover)
    params, hotspots = BurnParams(), source.hotspots(PERIOD, WINDOW)
    kinds = CoverKinds.of_legend(read_legend("border-zone", Path()))
    place = Place(WINDOW, WINDOW, GRID.pixel_m)
    tile = Tile(place, cover, evidence(looks, kinds, params))
    statistics = combine([class_statistics(tile, hotspots, YEAR, params)], params)
    found = candidates(looks, tile, statistics, hotspots, params)
    objects = resolve([found.facts], hotspots, params, pixel_m=GRID.pixel_m)
    record = FireRecord(YEAR, hotspots)
    return scars(looks, tile, found, objects.tiles[0], record, params).burn_scar


@pytest.mark.parametrize("seed", [2, 3, 5, 7, 11])
def test_a_year_without_fire_has_no_sure_burn(seed):
    scar = mapped(SimulatedSource(GRID, seed=seed, fires="none", cadence_days=10))
    assert (scar == SCAR_UNBURNED).mean() > 0.3, "the test needs land that is judged"
    assert (scar == SCAR_BURNED).sum() == 0


@pytest.mark.parametrize("fires", ["grass_60", "grass_95"])
def test_a_fire_in_most_of_the_grass_is_found(fires):
    source = SimulatedSource(GRID, seed=7, fires=fires, cadence_days=5)
    scar = mapped(source)
    truth = source.truth_burns(WINDOW, fire_year(2024)).burn_date > 1
    burned, told = scar == SCAR_BURNED, np.isin(scar, (SCAR_UNBURNED, SCAR_BURNED))
    assert (truth & told).sum() > 500, "the test needs burned land that is judged"
    dice = 2 * (truth & burned).sum() / ((truth & told).sum() + burned.sum())
    assert dice >= 0.75
