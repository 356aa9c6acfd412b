import json
import string
from datetime import date
from pathlib import Path

import geopandas
import pytest
import shapely
import yaml

from habitat.domain.errors import ConfigError
from habitat.io.fire.fire_files import read_fuels, read_phrases, read_places

ROOT = Path(__file__).parents[2]
FUELS = read_fuels("border-zone", Path())


def shipped(kind, name="border-zone"):
    return yaml.safe_load((ROOT / "habitat" / "data" / kind / f"{name}.yaml").read_text("utf-8"))


def write(base, kind, content):
    path = base / kind / "mine.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), "utf-8")


def test_the_shipped_places_have_three_names_a_source_and_a_licence(tmp_path):
    table = read_places("border-zone", tmp_path, fuels=FUELS)
    assert {"kraskino", "hunchun", "quanhe-crossing"} <= {p.place_id for p in table.places}
    assert sum(place.kind == "park" for place in table.places) == 2
    assert table.source
    assert table.licence
    assert table.clock.label == "VLAT (UTC+10)"


def test_every_place_lies_in_its_country_or_on_its_border(tmp_path):
    found = geopandas.read_file(ROOT / "aoi" / "countries.geojson")
    lands = dict(zip(found["iso3"], found.geometry, strict=True))
    for place in read_places("border-zone", tmp_path, fuels=FUELS).places:
        point = shapely.Point(place.longitude, place.latitude)
        far = 0.05 if place.kind == "crossing" else 0.0
        assert lands[place.country].distance(point) <= far, place.place_id
        if place.kind == "crossing":
            near = [land.distance(point) <= far for land in lands.values()]
            assert sum(near) >= 2, place.place_id


def test_a_place_without_a_translation_is_refused(tmp_path):
    content = shipped("places")
    del content["places"][0]["names"]["zh"]
    write(tmp_path, "places", content)
    with pytest.raises(ConfigError, match="kraskino: expected en, ru and zh"):
        read_places("mine", tmp_path, fuels=FUELS)


@pytest.mark.parametrize("kind", ["park_district", "forest_compartment"])
def test_parts_of_a_forest_are_places(tmp_path, kind):
    content = shipped("places")
    content["places"][0]["kind"] = kind
    write(tmp_path, "places", content)
    place = read_places("mine", tmp_path, fuels=FUELS).places[0]
    assert place.kind == kind
    assert place.is_habitat


def test_a_camera_is_no_place_since_every_channel_tells_where_places_are(tmp_path):
    content = shipped("places")
    content["places"][0]["kind"] = "camera_cluster"
    write(tmp_path, "places", content)
    with pytest.raises(ConfigError, match="kind"):
        read_places("mine", tmp_path, fuels=FUELS)


def test_a_place_with_an_unknown_fuel_is_refused(tmp_path):
    content = shipped("places")
    content["places"][0]["fuels"] = ["peat"]
    write(tmp_path, "places", content)
    with pytest.raises(ConfigError, match="peat"):
        read_places("mine", tmp_path, fuels=FUELS)


def test_two_places_of_one_id_are_refused(tmp_path):
    content = shipped("places")
    content["places"].append(json.loads(json.dumps(content["places"][0])))
    write(tmp_path, "places", content)
    with pytest.raises(ConfigError, match="distinct place ids"):
        read_places("mine", tmp_path, fuels=FUELS)


def test_a_fuel_without_load_is_refused(tmp_path):
    content = shipped("fuels")
    content["fuels"][0]["load_kg_m2"] = 0
    write(tmp_path, "fuels", content)
    with pytest.raises(ConfigError, match="load_kg_m2"):
        read_fuels("mine", tmp_path)


def test_leaves_that_fall_before_they_grow_are_refused(tmp_path):
    content = shipped("fuels")
    content["leaves"]["unfold"] = "11-01"
    write(tmp_path, "fuels", content)
    with pytest.raises(ConfigError, match="unfold before fall"):
        read_fuels("mine", tmp_path)


@pytest.mark.parametrize(
    ("day", "percent"),
    [
        (date(2025, 4, 14), 96.0),  # before green-up the last row holds
        (date(2025, 4, 15), 96.0),
        (date(2025, 4, 20), 95.5),  # half way between two rows
        (date(2025, 9, 2), 20.0),  # day 140 after green-up
        (date(2025, 1, 1), 96.0),
    ],
)
def test_the_calendar_of_curing_is_read_between_its_rows(day, percent):
    assert FUELS.curing_on(day) == pytest.approx(percent)


def test_leaves_are_on_from_may_to_october():
    assert FUELS.leaves_on(date(2025, 5, 20))
    assert not FUELS.leaves_on(date(2025, 10, 15))


@pytest.mark.parametrize("language", ["en", "ru", "zh"])
def test_every_fuel_has_a_name_in_every_language(language):
    phrases = read_phrases("fire-risk", Path(), language=language)
    assert {fuel.name for fuel in FUELS.fuels} <= set(phrases)


def test_every_phrase_is_filled_with_the_same_facts_in_every_language():
    for key, texts in shipped("phrases", "fire-risk")["phrases"].items():
        named = [{f[1] for f in string.Formatter().parse(text) if f[1]} for text in texts.values()]
        assert named[0] == named[1] == named[2], key
