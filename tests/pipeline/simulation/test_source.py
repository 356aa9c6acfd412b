"""The simulated source: the same bytes from any window, process and thread."""

import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from habitat.domain.errors import ConfigError, SceneError
from habitat.domain.grid import Grid, Window
from habitat.domain.period import Period, fire_year
from habitat.pipeline.simulation.source import SimulatedSource

BANDS = ("B03", "B8A", "B12")
YEAR = Period(date(2023, 10, 1), date(2024, 9, 30))
DAY = date(2024, 7, 15)


def place(pixel_m, size=256):
    return Window(-4_771_000 // pixel_m, 672_000 // pixel_m, size, size)


def some_items(source, window):
    """One item of each season."""
    items, _ = source.search(YEAR, window)
    return [items[len(items) * n // 4] for n in range(4)]


def tilings(window):
    half = window.height // 2
    for row in (0, half):
        for col in (0, half):
            yield row, col, half, half
    yield 3, 5, 37, 101
    yield 200, 11, 1, 1
    yield 90, 251, 143, 5


@pytest.mark.parametrize("pixel_m", [10, 20, 60])
def test_every_layer_is_the_same_from_any_tiling(pixel_m):
    source, other = (SimulatedSource(grid=Grid(32652, pixel_m), seed=7) for _ in range(2))
    window = place(pixel_m)
    items = some_items(source, window)
    wholes = [source.read(item, BANDS, window) for item in items]
    classes, burns = source.truth_class(window, DAY), source.truth_burns(window, fire_year(2024))
    terrain, human = source.terrain(window), source.human(window)
    for row, col, height, width in tilings(window):
        part = Window(window.row + row, window.col + col, height, width)
        at = (slice(row, row + height), slice(col, col + width))
        for item, whole in zip(items, wholes, strict=True):
            seen = other.read(item, BANDS, part)
            assert np.array_equal(seen.mask, whole.mask[at])
            for band in BANDS:
                assert np.array_equal(seen.bands[band], whole.bands[band][at])
        assert np.array_equal(other.truth_class(part, DAY), classes[at])
        truth = other.truth_burns(part, fire_year(2024))
        assert np.array_equal(truth.burn_date, burns.burn_date[at])
        assert np.array_equal(truth.severity, burns.severity[at])
        assert np.array_equal(other.terrain(part), terrain[at])
        assert np.array_equal(other.human(part), human[at])


def test_a_band_does_not_depend_on_the_bands_asked_with_it():
    source = SimulatedSource(grid=Grid(32652, 20))
    window = place(20, 64)
    item = some_items(source, window)[2]
    one, many = source.read(item, ("B12",), window), source.read(item, BANDS, window)
    assert np.array_equal(one.bands["B12"], many.bands["B12"])
    assert np.array_equal(one.mask, many.mask)


def test_threads_and_a_pickled_copy_give_the_same_bytes():
    source = SimulatedSource(grid=Grid(32652, 20))
    window = place(20, 96)
    items = some_items(source, window)
    first = [source.read(item, BANDS, window).bands["B8A"] for item in items]
    copy = pickle.loads(pickle.dumps(source))
    assert copy == source
    with ThreadPoolExecutor(4) as pool:
        again = list(pool.map(lambda i: copy.read(i, BANDS, window).bands["B8A"], items * 3))
    for values, item in zip(again, first * 3, strict=True):
        assert np.array_equal(values, item)


def test_items_are_the_same_whatever_window_asks():
    source = SimulatedSource(grid=Grid(32652, 20))
    near, _ = source.search(YEAR, place(20, 10))
    far, _ = source.search(YEAR, Window(-4_730_000 // 20, 610_000 // 20, 500, 500))
    assert near == far
    assert near[0].item_id.startswith(("S2A_T52TFN_2023", "S2B_T52TFN_2023"))
    assert near[0].item_id.endswith("_SIM7")


def test_checksums_change_with_every_parameter():
    base = SimulatedSource(grid=Grid(32652, 20))
    window = place(20, 10)
    changed = [
        replace(base, fires="none"),
        replace(base, cloudiness=0.2),
        replace(base, grid=Grid(32652, 10)),
    ]
    sums = {source.search(YEAR, window)[0][0].checksum for source in (base, *changed)}
    assert len(sums) == 4
    assert base.search(YEAR, window)[0][0].checksum in sums


def test_superseded_scenes_are_refused_and_named():
    source = SimulatedSource(grid=Grid(32652, 20))
    items, refused = source.search(YEAR, place(20, 10))
    assert refused
    assert all(scene.reason.startswith("superseded by ") for scene in refused)
    assert len(items) + len(refused) == len(source.all_items(YEAR, place(20, 10)))


def test_a_window_beyond_the_item_is_no_data_there():
    source = SimulatedSource(grid=Grid(32652, 20), days=(date(2024, 6, 4),))
    window = Window(-4_771_000 // 20, 699_600 // 20, 40, 40)
    items, _ = source.search(YEAR, window)
    assert len({item.mgrs_tile for item in items}) == 2
    west = next(item for item in items if item.mgrs_tile == "52TFN")
    pixels = source.read(west, ("B04",), window)
    assert (pixels.bands["B04"][:, 20:] == 0).all()
    assert (pixels.mask[:, 20:] == 0).all()
    assert np.array_equal(pixels.bands["B04"] == 0, pixels.mask == 0)


def test_pixels_are_harmonised_and_zero_only_where_there_is_no_data():
    source = SimulatedSource(grid=Grid(32652, 20))
    window = place(20, 128)
    for item in some_items(source, window):
        pixels = source.read(item, BANDS, window)
        assert pixels.mask_kind == "scl"
        assert pixels.mask.dtype == np.uint8
        assert pixels.mask.max() <= 11
        for values in pixels.bands.values():
            assert values.dtype == np.uint16
            assert np.array_equal(values == 0, pixels.mask == 0)


def test_a_year_of_scenes_has_every_state_of_the_sky():
    source = SimulatedSource(grid=Grid(32652, 60), cloudiness=0.5)
    window = place(60, 200)
    codes = set()
    for item in source.search(YEAR, window)[0][::3]:
        codes |= set(np.unique(source.read(item, ("B04",), window).mask).tolist())
    assert codes >= {3, 4, 5, 6, 8, 9, 10, 11}


def test_some_shadow_and_thin_cloud_is_not_detected():
    source = SimulatedSource(grid=Grid(32652, 60), cloudiness=0.5)
    clear = replace(source, cloudiness=0.0)
    window = place(60, 200)
    darker = brighter = 0
    period = Period(date(2024, 6, 1), date(2024, 9, 15))
    for item in source.search(period, window)[0]:
        cloudy, plain = source.read(item, ("B02",), window), clear.read(item, ("B02",), window)
        seen = np.isin(cloudy.mask, (4, 5, 6))
        change = cloudy.bands["B02"].astype(int) - plain.bands["B02"]
        darker += int((seen & (change < -0.3 * plain.bands["B02"])).sum())
        brighter += int((seen & (change > 250)).sum())
    assert darker > 100
    assert brighter > 1000


def test_the_truth_of_burns_has_dates_and_severities():
    source = SimulatedSource(grid=Grid(32652, 60))
    window = place(60, 300)
    truth = source.truth_burns(window, fire_year(2024))
    burned = truth.kind > 0
    assert truth.burn_date.dtype == np.uint32
    assert 0.01 < burned.mean() < 0.1
    assert (truth.burn_date[~burned] == 1).all()
    assert (truth.severity[~burned] == 8).all()
    assert (truth.burn_date[burned] >= 20231001).all()
    assert (truth.burn_date[burned] <= 20240630).all()
    assert (truth.severity[truth.kind == 1] == 9).all()
    assert (truth.severity[truth.kind == 2] == 1).all()
    assert set(np.unique(truth.severity[truth.kind == 3]).tolist()) >= {3, 4, 5}


def test_a_period_shows_only_its_own_burns():
    source = SimulatedSource(grid=Grid(32652, 60))
    window = place(60, 300)
    autumn = source.truth_burns(window, Period(date(2023, 7, 1), date(2023, 12, 31)))
    whole = source.truth_burns(window, fire_year(2024))
    early = whole.burn_date < 20240101
    assert np.array_equal(autumn.burn_date[early], whole.burn_date[early])
    assert (autumn.burn_date[~early] == 1).all()


def test_forest_is_lost_and_gained_between_years():
    source = SimulatedSource(grid=Grid(32652, 60))
    window = place(60, 400)
    before, after = (source.truth_class(window, date(y, 7, 15)) for y in (2021, 2024))
    forest = [np.isin(classes, (1, 2, 3, 4)) for classes in (before, after)]
    assert 0.002 < (forest[0] & ~forest[1]).mean() < 0.03
    assert 0.002 < (forest[1] & ~forest[0]).mean() < 0.03
    assert np.isin(after[forest[0] & ~forest[1]], (5, 11)).all()


def test_people_are_where_the_cover_is_built():
    source = SimulatedSource(grid=Grid(32652, 20))
    window = place(20)
    human, classes = source.human(window), source.truth_class(window, DAY)
    assert human.dtype == bool
    assert (classes[human] == 10).mean() > 0.95
    assert source.terrain(window).dtype == np.float32


@pytest.mark.parametrize(
    "wrong", [{"fires": "many"}, {"cloudiness": 1.5}, {"cloudiness": -0.1}, {"cadence_days": 0}]
)
def test_wrong_parameters_are_refused(wrong):
    with pytest.raises(ConfigError, match="expected"):
        SimulatedSource(grid=Grid(32652, 20), **wrong)


def test_an_unknown_band_or_foreign_item_is_refused():
    source = SimulatedSource(grid=Grid(32652, 20))
    window = place(20, 8)
    item = source.search(YEAR, window)[0][0]
    with pytest.raises(SceneError, match="B01"):
        source.read(item, ("B01",), window)
    with pytest.raises(SceneError, match="expected an item of this source"):
        source.read(replace(item, item_id="S2B_T52TFN_20240417"), ("B04",), window)


def test_nothing_was_acquired_before_the_first_satellite():
    period = Period(date(2014, 1, 1), date(2014, 12, 31))
    assert not SimulatedSource(grid=Grid(32652, 20)).all_items(period, place(20, 10))
