import json

import numpy as np
import pytest

from habitat.domain.errors import ConfigError, InputError
from habitat.domain.hotspots import Hotspots
from habitat.domain.static_heat import HeatRule, HotCell
from habitat.io.fire.static_heat_file import HeatHistory, read_heat_mask, write_heat_mask

DAY = np.datetime64("2024-04-01")
CELLS = (HotCell(-3, 8_000, 12, 6, 2, 0, DAY, DAY), HotCell(1_166, 7_880, 2, 1, 1, 2, DAY, DAY))


def write(path):
    history = [HeatHistory("a.csv", "0" * 64, 34)]
    write_heat_mask(path, CELLS, epsg=32652, rule=HeatRule(), history=history)
    return path


def at(*points):
    x, y = np.array(points, float).T
    n = len(points)
    return Hotspots(x, y, np.full(n, DAY, "datetime64[s]"), np.ones(n, np.float32))


def test_what_was_written_is_read_again_and_covers_its_cells_to_the_edge(tmp_path):
    mask = read_heat_mask(write(tmp_path / "heat.geojson"), epsg=32652)
    assert mask.cells == {(-3, 8_000), (1_166, 7_880)}
    edge = at((-1800, 4_800_000), (-1200.1, 4_800_599.9), (-1200, 4_800_000), (-1800, 4_799_999.9))
    assert mask.covers(edge).tolist() == [True, True, False, False]
    assert mask.covers(Hotspots.empty()).tolist() == []


def test_the_same_cells_make_the_same_bytes(tmp_path):
    assert write(tmp_path / "a").read_bytes() == write(tmp_path / "b").read_bytes()


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"type": "FeatureCollection", "features": []}', "CUT", "KIND"]
)
def test_another_file_is_refused_and_not_read_as_an_empty_mask(tmp_path, text):
    path = write(tmp_path / "heat.geojson")
    whole = path.read_text()
    content = json.dumps(json.loads(whole) | {"kind": "burns"})
    path.write_text({"CUT": whole[:-20], "KIND": content}.get(text, text))
    with pytest.raises(InputError, match="habitat heat-sources"):
        read_heat_mask(path, epsg=32652)


def test_another_grid_and_a_missing_file_say_what_to_do(tmp_path):
    path = write(tmp_path / "heat.geojson")
    with pytest.raises(ConfigError, match="expected cells of EPSG:32653, got EPSG:32652"):
        read_heat_mask(path, epsg=32653)
    with pytest.raises(ConfigError, match="habitat heat-sources makes it"):
        read_heat_mask(tmp_path / "none", epsg=32652)
