"""What a pipeline file means here and now."""

import json
import shutil
from datetime import date
from pathlib import Path

import pytest

from habitat.pipeline.check import check_pipeline
from habitat.pipeline.loader import load_pipeline

ROOT = Path(__file__).parents[2]
TODAY = date(2025, 11, 1)


@pytest.mark.parametrize("named", [True, False])
def test_an_aoi_beside_the_border_line_is_noted_by_check(tmp_path, named):
    shutil.copytree(ROOT / "pipelines", tmp_path / "pipelines")
    shutil.copytree(ROOT / "aoi", tmp_path / "aoi")
    shutil.copytree(ROOT / "models", tmp_path / "models")
    aoi = tmp_path / "aoi" / "border-zone.geojson"
    shape = json.loads((tmp_path / "aoi" / "land-of-the-leopard.geojson").read_text())
    geometry = shape["features"][0]["geometry"]
    polygons = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry]
    for polygon in polygons:
        for ring in polygon:
            ring[:] = [[x + 0.002, y - 0.001] for x, y in ring]
    aoi.write_text(json.dumps(shape))
    path = tmp_path / "pipelines" / "border-zone-annual.yaml"
    if not named:
        head, rest = path.read_text().split("boundaries:\n")
        path.write_text(head + rest.split("\n", 3)[3])
        assert load_pipeline(path).boundaries is None
    notes = check_pipeline(path, None, TODAY)
    assert any("looks like another datum" in note for note in notes)
    assert not any("not checked" in note for note in notes)


def test_the_shipped_pipelines_have_no_such_note():
    for path in sorted((ROOT / "pipelines").glob("*.yaml")):
        assert not any("datum" in note for note in check_pipeline(path, None, TODAY))
