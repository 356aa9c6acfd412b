"""The simulated landscape: noise, seasons, cover, fires and light."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from habitat.algorithms.landscape.acquisitions import (
    SQUARE_M,
    Plan,
    baseline_of,
    items_in,
    square_name,
    unseen,
)
from habitat.algorithms.landscape.cover import BARE, FOREST_CLASSES, SHRUB, make_cover
from habitat.algorithms.landscape.fires import (
    CROWN_FIRE,
    GRASS_FIRE,
    burns_of_year,
    fire_year_of,
    fires_near,
)
from habitat.algorithms.landscape.hotspots import detect
from habitat.algorithms.landscape.noise import (
    Fractal,
    Sampling,
    bell,
    hash_grid,
    hash_points,
    uniform,
)
from habitat.algorithms.landscape.phenology import KIND, day_tables, state_on
from habitat.algorithms.landscape.render import render
from habitat.algorithms.landscape.scene import make_ground, overlays_on
from habitat.algorithms.landscape.sky import sky_of, snow_line
from habitat.algorithms.landscape.spectra import BANDS, END_MEMBERS, spectrum
from habitat.algorithms.landscape.stands import CYCLE_D, Felled, classes_on
from habitat.domain.grid import Window
from habitat.domain.period import Period, days_since_epoch, fire_year
from habitat.domain.scene import resolve_duplicates

SEED = 7
FIELD = Fractal(1, ((2400, 1.0), (480, 0.6), (60, 0.3)))
REGION = Window(-4772000 // 60, 666000 // 60, 400, 400)  # 24 km of 60 m pixels


def day(text):
    return days_since_epoch(date.fromisoformat(text))


@pytest.fixture(scope="module")
def region():
    sampling = Sampling.of(REGION, 60)
    return sampling, make_cover(sampling, SEED)


def index(reflectance, one, other):
    a, b = reflectance[BANDS.index(one)], reflectance[BANDS.index(other)]
    return (a - b) / (a + b)


@given(st.integers(-300_000, 300_000), st.integers(-300_000, 300_000), st.integers(0, 2**32 - 1))
def test_a_hash_of_a_grid_equals_the_hash_of_its_points(row, col, key):
    rows, cols = np.arange(row, row + 3), np.arange(col, col + 4)
    grid = hash_grid(rows, cols, key)
    points = hash_points(*np.meshgrid(rows, cols, indexing="ij"), key)
    assert np.array_equal(grid, points)


def test_white_noise_is_uniform_and_bell_noise_has_deviation_one():
    h = hash_grid(np.arange(-500, 500), np.arange(1000), 3)
    u, b = uniform(h), bell(h)
    assert u.min() >= 0
    assert u.max() < 1
    assert np.mean(u) == pytest.approx(0.5, abs=0.002)
    assert np.std(u) == pytest.approx(12**-0.5, abs=0.002)
    assert np.mean(b) == pytest.approx(0, abs=0.005)
    assert np.std(b) == pytest.approx(1, abs=0.01)
    neighbours = np.corrcoef(u[:, :-1].ravel(), u[:, 1:].ravel())[0, 1]
    assert abs(neighbours) < 0.005


def test_a_fractal_has_mean_zero_deviation_one_and_no_steps():
    axis = np.arange(0, 400_000, 600)
    values = FIELD.on(axis, axis - 70_000_000, SEED)
    assert values.dtype == np.float32
    assert np.mean(values) == pytest.approx(0, abs=0.08)
    assert np.std(values) == pytest.approx(1, abs=0.1)
    fine = FIELD.on(np.arange(0, 400, 20), np.arange(0, 20_000), SEED)
    assert np.abs(np.diff(fine, axis=1)).max() < 0.02


def test_a_fractal_at_points_equals_the_fractal_on_a_grid():
    y2, x2 = np.arange(-9_000, 9_000, 1_111), np.arange(50_000, 60_000, 777)
    points = FIELD.at(*np.meshgrid(y2, x2, indexing="ij"), SEED)
    assert np.allclose(points, FIELD.on(y2, x2, SEED), atol=1e-6)


@given(st.integers(0, 40), st.integers(0, 40), st.integers(1, 30), st.integers(1, 30))
def test_a_window_of_a_field_is_cut_from_the_field(row, col, height, width):
    whole = Sampling.of(Window(-2000, 900, 72, 72), 20).fractal(FIELD, SEED)
    part = Sampling.of(Window(-2000 + row, 900 + col, height, width), 20).fractal(FIELD, SEED)
    assert np.array_equal(part, whole[row : row + height, col : col + width])


def test_char_dead_grass_and_soil_have_the_indices_that_were_measured():
    char, grass, soil = (spectrum(n) for n in ("char", "dead_grass", "soil"))
    assert -0.5 < index(char, "B8A", "B12") < -0.1
    assert -0.12 < index(char, "B11", "B12") <= 0
    assert 0.0 <= index(grass, "B8A", "B12") < 0.16
    assert index(grass, "B11", "B12") == pytest.approx(0.2, abs=0.02)
    assert soil[BANDS.index("B8A")] > 2.5 * char[BANDS.index("B8A")]


@pytest.mark.parametrize("name", sorted(END_MEMBERS))
def test_every_end_member_is_a_reflectance_of_each_band(name):
    values = spectrum(name)
    assert values.shape == (len(BANDS),)
    assert (values > 0).all()
    assert (values < 1).all()


@pytest.mark.parametrize(
    ("kind", "when", "low", "high"),
    [
        ("oak", "2024-04-20", 0.3, 0.55),
        ("oak", "2024-07-15", 0.8, 0.95),
        ("conifer", "2024-01-15", 0.7, 0.85),
        ("meadow", "2024-04-10", 0.25, 0.4),
        ("meadow", "2024-07-01", 0.7, 0.9),
        ("tall_grass", "2024-11-10", 0.25, 0.4),
        ("paddy", "2024-06-01", -0.2, 0.2),
        ("road", "2024-06-01", 0.0, 0.1),
    ],
)
def test_greenness_follows_the_season(kind, when, low, high):
    assert low < index(state_on(kind, day(when), 5), "B8A", "B04") < high


def test_larch_is_yellow_after_birch_is_bare():
    late = day("2024-10-18")
    larch, birch = (state_on(kind, late, 5) for kind in ("larch", "broadleaf"))
    assert larch[BANDS.index("B04")] > 0.08
    assert larch[BANDS.index("B8A")] > birch[BANDS.index("B8A")] + 0.05


def test_spring_comes_later_and_autumn_earlier_where_the_delay_is_longer():
    spring, autumn = day_tables(day("2024-05-15"), SEED), day_tables(day("2024-09-28"), SEED)
    oak = slice(KIND["oak"] * 32, KIND["oak"] * 32 + 32)
    assert (np.diff(spring.ndvi[oak]) <= 1e-3).all()
    assert (np.diff(autumn.ndvi[oak]) <= 1e-3).all()
    assert spring.ndvi[oak][0] > spring.ndvi[oak][31] + 0.2


def test_paddies_are_water_while_they_are_flooded():
    at = KIND["paddy"] * 32 + 3
    assert day_tables(day("2024-05-28"), SEED).wet[at]
    assert not day_tables(day("2024-08-10"), SEED).wet[at]


@pytest.mark.parametrize("seed", [7, 11])
def test_cover_has_every_class_in_plausible_shares(seed):
    classes = make_cover(Sampling.of(Window(-4790000 // 60, 600000 // 60, 700, 700), 60), seed)
    share = np.bincount(classes.classes.ravel(), minlength=13) / classes.classes.size
    assert share[0] == 0
    assert 0.55 < share[[1, 2, 3, 4]].sum() < 0.72
    assert share[2] > share[[1, 3, 4]].max()
    assert 0.08 < share[[6, 8]].sum() < 0.20
    for code, low, high in ((5, 0.03, 0.12), (7, 0.02, 0.10), (12, 0.01, 0.07), (9, 0.01, 0.05)):
        assert low < share[code] < high, code
    assert (share[[4, 10, 11]] > 0.004).all()
    assert (share[[10, 11]] < 0.06).all()


def test_conifers_stand_higher_and_on_north_slopes(region):
    _, cover = region
    conifer, oak = cover.classes == 1, cover.classes == 2
    terrain = cover.terrain
    assert terrain.elevation[conifer].mean() > terrain.elevation[oak].mean() + 80
    assert terrain.north[conifer].mean() > terrain.north[oak].mean()


def test_terrain_normals_have_length_one_and_fit_the_slope(region):
    _, cover = region
    t = cover.terrain
    assert np.allclose(t.east**2 + t.north**2 + t.up**2, 1, atol=0.12)
    eastward = (t.elevation[:, 2:] - t.elevation[:, :-2]) / 120
    assert np.corrcoef(-t.east[:, 1:-1].ravel(), eastward.ravel())[0, 1] > 0.9
    northward = (t.elevation[:-2] - t.elevation[2:]) / 120
    assert np.corrcoef(-t.north[1:-1].ravel(), northward.ravel())[0, 1] > 0.9


@pytest.mark.parametrize("year", [2021, 2024])
def test_each_fire_year_burns_some_per_cent_of_the_land_and_a_crown(region, year):
    sampling, cover = region
    burns = burns_of_year(sampling, cover.classes, year, seed=SEED)
    assert 0.02 < burns.index.size / cover.classes.size < 0.09
    assert (burns.kind == CROWN_FIRE).sum() > 25
    assert ((burns.completeness >= 0.3) & (burns.completeness <= 1)).all()
    assert {fire_year_of(d) for d in np.unique(burns.day).tolist()} == {year}
    assert (np.diff(burns.index) > 0).all()


def test_only_burnable_cover_burns_and_only_in_the_fire_season(region):
    sampling, cover = region
    burns = burns_of_year(sampling, cover.classes, 2024, seed=SEED)
    classes = cover.classes.ravel()[burns.index]
    assert set(np.unique(classes)) <= {*FOREST_CLASSES, 5, 6, 8}
    assert np.isin(classes[burns.kind == GRASS_FIRE], (5, 6, 8)).all()
    months = {int(str(d)[5:7]) for d in burns.day.astype("datetime64[D]")}
    assert months <= {3, 4, 5, 10, 11}


def test_crown_fires_alone_are_a_part_of_all_fires(region):
    sampling, cover = region
    both = burns_of_year(sampling, cover.classes, 2022, seed=SEED)
    alone = burns_of_year(sampling, cover.classes, 2022, seed=SEED, crown_only=True)
    crowns = both.take(both.kind == CROWN_FIRE)
    for name in ("index", "day", "completeness", "fire"):
        assert np.array_equal(getattr(crowns, name), getattr(alone, name))


@pytest.mark.parametrize(("mode", "share"), [("grass_60", 0.60), ("grass_95", 0.95)])
def test_grass_modes_burn_that_share_of_all_grass_on_one_day(region, mode, share):
    sampling, cover = region
    burns = burns_of_year(sampling, cover.classes, 2024, seed=SEED, mode=mode)
    grass = np.isin(cover.classes, (6, 8))
    assert grass.ravel()[burns.index].all()
    assert burns.index.size / grass.sum() == pytest.approx(share, abs=0.03)
    assert np.unique(burns.day).tolist() == [day("2024-04-17")]


def test_without_fires_nothing_burns(region):
    sampling, cover = region
    assert burns_of_year(sampling, cover.classes, 2024, seed=SEED, mode="none").index.size == 0


def test_a_fire_is_found_from_any_window_it_reaches():
    y2, x2 = (np.arange(a, a + 40_000, 2_000) for a in (-9_540_000, 1_340_000))
    whole = fires_near(y2, x2, 2024, SEED)
    part = fires_near(y2[5:6], x2[5:6], 2024, SEED)
    assert set(part) <= set(whole)
    reach = {f for f in whole if abs(f.y2 - y2[5]) < 2 * 1.32 * f.axis_m}
    assert {f for f in reach if abs(f.x2 - x2[5]) < 2 * 1.32 * f.axis_m} <= set(part)


def test_a_felled_patch_is_bare_then_shrub_then_forest_again():
    classes = np.array([[2, 2]], dtype=np.uint8)
    felled = Felled(np.array([1]), np.array([day("1995-03-01")], dtype=np.int32))
    cut = day("1995-03-01") + CYCLE_D
    expected = {-1: 2, 0: BARE, 400: BARE, 600: SHRUB, 3000: SHRUB, 3300: 2}
    for days_after, code in expected.items():
        assert classes_on(cut + days_after, classes, felled, []).tolist() == [[2, code]]


def test_a_crown_fire_changes_the_class_with_the_next_growing_season(region):
    sampling, cover = region
    burns = burns_of_year(sampling, cover.classes, 2024, seed=SEED, crown_only=True)
    autumn = burns.take(burns.day < day("2024-01-01"))
    nothing = Felled(np.zeros(0, np.int64), np.zeros(0, np.int32))
    assert autumn.index.size
    before = classes_on(day("2024-04-30"), cover.classes, nothing, [autumn])
    after = classes_on(day("2024-05-01"), cover.classes, nothing, [autumn])
    later = classes_on(day("2026-07-01"), cover.classes, nothing, [autumn])
    assert np.array_equal(before, cover.classes)
    killed = autumn.index[autumn.completeness > 0.6]
    assert np.isin(after.ravel()[killed], (BARE, SHRUB)).all()
    assert (later.ravel()[killed] == SHRUB).all()
    kept = autumn.index[autumn.completeness <= 0.6]
    assert np.array_equal(after.ravel()[kept], cover.classes.ravel()[kept])


@pytest.fixture(scope="module")
def spring():
    """A clear look at a window with grass fires before and after the fire."""
    window = Window(-4772000 // 60, 666000 // 60, 200, 200)
    ground = make_ground(window, 60, SEED)
    burns = burns_of_year(ground.sampling, ground.cover.classes, 2024, seed=SEED, mode="grass_60")

    def look(text):
        overlays = overlays_on(ground, burns, [], day(text), SEED)
        bands, scl = render(
            ground, sky_of(day(text), SEED, 0.0), overlays, ("B8A", "B11", "B12"), SEED
        )
        return {n: b.astype(np.float64) / 10_000 for n, b in bands.items()}, scl

    flat = np.zeros(ground.sampling.shape, dtype=bool)
    flat.flat[burns.index] = True
    grass = np.isin(ground.cover.classes, (6, 8))
    return look, flat[1:-1, 1:-1], (grass & ~flat)[1:-1, 1:-1]


def test_a_grass_fire_darkens_and_fades_within_weeks(spring):
    look, burned, unburned = spring
    drop = {}
    for text in ("2024-04-10", "2024-04-18", "2024-05-12", "2024-06-25"):
        bands, _ = look(text)
        drop[text] = 1 - np.median(bands["B8A"][burned]) / np.median(bands["B8A"][unburned])
    assert abs(drop["2024-04-10"]) < 0.1
    assert drop["2024-04-18"] > 0.35
    assert drop["2024-05-12"] < 0.25
    assert abs(drop["2024-06-25"]) < 0.06


def test_the_swir_pair_separates_char_from_dead_grass(spring):
    look, burned, unburned = spring
    bands, _ = look("2024-04-18")
    nbr2 = (bands["B11"] - bands["B12"]) / (bands["B11"] + bands["B12"])
    assert np.median(nbr2[unburned]) - np.median(nbr2[burned]) > 0.08


def test_the_sun_stands_south_and_low_in_winter():
    winter, summer = (sky_of(day(d), SEED, 0.3) for d in ("2024-12-21", "2024-06-21"))
    assert np.degrees(winter.sun_elevation) == pytest.approx(22, abs=2)
    assert np.degrees(summer.sun_elevation) == pytest.approx(66, abs=3)
    assert 120 < np.degrees(winter.sun_azimuth) < 180


def test_mean_cloud_share_is_about_what_was_asked_for():
    shares = [sky_of(d, SEED, 0.35).cloud_share for d in range(19_000, 19_000 + 730)]
    assert np.mean(shares) == pytest.approx(0.35, abs=0.06)
    assert all(sky_of(d, SEED, 0.0).cloud_share == 0 for d in range(19_000, 19_030))


def test_snow_lies_everywhere_in_midwinter_and_nowhere_in_summer():
    assert snow_line(day("2024-01-15"), SEED) < 0
    assert snow_line(day("2024-07-15"), SEED) >= 1600
    assert snow_line(day("2024-04-05"), SEED) > 250


def test_square_names_are_those_of_mgrs_in_utm():
    assert square_name(32652, 6, 47) == "52TFN"
    assert square_name(32653, 3, 48) == "53TLJ"


def test_baselines_change_on_the_day_the_offset_came():
    assert baseline_of(date(2022, 1, 24)) == "03.01"
    assert baseline_of(date(2022, 1, 25)) == "04.00"
    assert baseline_of(date(2024, 4, 17)) == "05.10"


def plan(**changes):
    values = {"seed": SEED, "epsg": 32652, "recipe": "", "days": (), "cadence_days": 5}
    return Plan(**{**values, "bands": BANDS, **changes})


def test_passes_come_every_few_days_by_two_satellites_and_some_are_missing():
    period = Period(date(2023, 1, 1), date(2024, 12, 31))
    items = items_in(plan(), period, (610_000.0, 4_710_000.0, 620_000.0, 4_720_000.0))
    kept, refused = resolve_duplicates(items)
    assert 0.85 * 731 / 5 < len(kept) < 731 / 5
    assert {i.mission for i in kept} == {"S2A", "S2B"}
    assert refused
    assert len({i.view for i in kept}) == len(kept)


def test_explicit_days_are_all_there():
    days = (date(2021, 4, 11), date(2024, 4, 17))
    period = Period(date(2021, 1, 1), date(2024, 12, 31))
    items = items_in(plan(days=days), period, (610_000.0, 4_710_000.0, 620_000.0, 4_720_000.0))
    assert {i.acquired.date() for i in items} == set(days)
    offsets = {i.baseline >= "04.00": i.assets["B04"].offset_dn for i in items}
    assert offsets[True] == 1000


def test_the_swath_edge_cuts_some_scenes():
    sampling = Sampling.of(Window(-4_750_000 // 500, 600_000 // 500, 200, 200), 500)
    bounds = (600_000.0, 4_700_000.0, 700_000.0, 4_800_000.0)
    shares = [unseen(sampling, d, bounds, SEED)[:100].mean() for d in range(19_800, 19_900)]
    assert sum(0 < s < 1 for s in shares) >= 3
    assert sum(s == 0 for s in shares) > 75
    outside = unseen(sampling, 19_800, (600_000.0, 4_700_000.0, 650_000.0, 4_800_000.0), SEED)
    assert outside[:, SQUARE_M // 2 // 500 :].all()


def test_hotspots_lie_on_fires_of_their_day_but_for_a_few(region):
    sampling, cover = region
    bounds = (668_000.0, 4_750_000.0, 688_000.0, 4_770_000.0)
    spots = detect(bounds, fire_year(2024), seed=SEED, mode="usual")
    assert 20 < len(spots) < 500
    burns = burns_of_year(sampling, cover.classes, 2024, seed=SEED)
    row, col = np.divmod(burns.index, REGION.width)
    x, y = (col + REGION.col + 0.5) * 60, -(row + REGION.row + 0.5) * 60
    near = [
        (np.hypot(x - a, y - b) < 750)[np.abs(burns.day - d) <= 3].any()
        for a, b, d in zip(spots.x_m, spots.y_m, spots.days, strict=True)
    ]
    assert 0.9 < np.mean(near) <= 1
    assert len(detect(bounds, fire_year(2024), seed=SEED, mode="none")) < 8


def test_hotspots_do_not_depend_on_the_window():
    whole = detect(
        (660_000.0, 4_740_000.0, 690_000.0, 4_770_000.0), fire_year(2024), seed=SEED, mode="usual"
    )
    parts = [
        detect((a, 4_740_000.0, b, 4_770_000.0), fire_year(2024), seed=SEED, mode="usual")
        for a, b in ((660_000.0, 671_111.0), (671_111.0, 690_000.0))
    ]
    rows = sorted(zip(whole.x_m, whole.y_m, whole.time, whole.frp_mw, strict=True))
    split = [r for p in parts for r in zip(p.x_m, p.y_m, p.time, p.frp_mw, strict=True)]
    assert rows == sorted(split)
