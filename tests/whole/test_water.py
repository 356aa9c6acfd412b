"""The layer of surface water, from files that a pipeline names."""

import numpy as np
import rasterio
import tiny
from rasterio.transform import Affine

from habitat.cli.main import run

STEM = "water_occurrence_19840316-20211231"


def pipeline(**more):
    steps = tiny.maps_and_tables()
    steps[-1] = steps[-1] | {"layers": [*steps[-1]["layers"], "water"]}
    named = {"kind": "files", "path": "data/water", "licence": "free, with acknowledgement"} | more
    return tiny.content(steps=steps, water=named)


def write(folder, name, low, high, side=tiny.SIDE * 2):
    """Write percentages that start beyond the scenes to the west, as the published files do."""
    folder.mkdir(parents=True, exist_ok=True)
    values = np.random.default_rng(5).integers(low, high, (side, side), dtype=np.uint8)
    north = tiny.NORTH + tiny.SIDE * tiny.PIXEL * 1.5
    west = tiny.EAST - tiny.SIDE * tiny.PIXEL * 0.5
    x, y = (round(place / tiny.PIXEL) * tiny.PIXEL for place in (west, north))
    grid = Affine(tiny.PIXEL, 0, x, 0, -tiny.PIXEL, y)
    with rasterio.open(
        folder / name, "w", driver="GTiff", height=side, width=side, count=1, dtype="uint8",
        crs=tiny.EPSG, transform=grid,
    ) as dataset:  # fmt: skip
        dataset.write(values, 1)
    return values, grid


def test_water_is_published_as_the_files_say_with_hash_and_licence(tmp_path, capsys):
    values, grid = write(tmp_path / "data" / "water", "a.tif", 0, 101)
    path = tiny.write_project(tmp_path, **pipeline())
    assert run(["check", str(path)]) == 0
    assert tiny.run_it(tmp_path) == 0
    with rasterio.open(tiny.current(tmp_path) / f"{STEM}.tif") as dataset:
        found, tags = dataset.read(1), dataset.tags()
        at, nodata = dataset.transform, dataset.nodata
    with rasterio.open(next(tiny.current(tmp_path).glob("forest_class_*.tif"))) as dataset:
        inside = dataset.read(1) != 255
    row, col = round((grid.f - at.f) / tiny.PIXEL), round((at.c - grid.c) / tiny.PIXEL)
    expected = values[row : row + found.shape[0], col : col + found.shape[1]]
    assert nodata == 255
    assert (found[inside] == expected[inside]).all()
    assert (found[~inside] == 255).all()
    assert tags["LICENCE"] == "free, with acknowledgement"
    assert tags["WATER_SOURCES"].startswith("data/water/a.tif sha256 ")
    assert (tiny.current(tmp_path) / f"{STEM}.qml").is_file()
    capsys.readouterr()
    write(tmp_path / "data" / "water", "a.tif", 50, 60)  # other content is another release
    assert tiny.run_it(tmp_path) == 0
    with rasterio.open(tiny.current(tmp_path) / f"{STEM}.tif") as dataset:
        assert (dataset.read(1)[inside] >= 50).all()


def test_what_a_run_would_refuse_is_refused_by_check(tmp_path, capsys):
    tiny.write_project(tmp_path, **pipeline())

    def refused(content):
        code = run(["check", str(tiny.write_pipeline(tmp_path, content))])
        return code, capsys.readouterr().err

    code, text = refused(pipeline())
    assert (code, "water: expected files at" in text) == (3, True)
    (tmp_path / "data" / "water").mkdir(parents=True)
    code, text = refused(pipeline())
    assert (code, "expected GeoTIFFs" in text) == (3, True)
    (tmp_path / "data" / "water" / "a.tif").write_bytes(b"text")
    code, text = refused(pipeline())
    assert (code, "a.tif" in text) == (4, True)
    code, text = refused(pipeline(period="soon"))
    assert (code, "period" in text) == (3, True)
    code, text = refused({**pipeline(), "water": None})
    assert (code, "'water'" in text) == (3, True)
