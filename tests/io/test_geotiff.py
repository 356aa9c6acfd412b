from dataclasses import replace

import numpy as np
import pytest
import rasterio
import release_files as files
from hypothesis import given, settings
from hypothesis import strategies as st

from habitat.domain import layers
from habitat.domain.errors import GridMismatchError, InputError, LayerError, ResourceError
from habitat.domain.grid import Grid, Window
from habitat.io.raster import geotiff
from habitat.io.raster.geotiff import read_layer, read_raster, write_layer
from habitat.io.raster.geotiff_mosaic import averaged

ALL_LAYERS = (
    *files.CLASS_LAYERS,
    *files.QUANTITY_LAYERS,
    layers.BURN_DATE,
    layers.COMPOSITE,
    replace(
        layers.FOREST_PROBABILITY,
        name="index",
        dtype="float32",
        nodata=float("nan"),
        valid_range=None,
    ),
)
SMALL = Window(-237_000, 26_000, 60, 70)


def write(path, layer, values, *, size=512, window=files.WINDOW, reverse=False, tags=None):
    parts = list(files.blocks(values, size, window))
    names = files.BANDS if layer.name == "composite" else None
    return write_layer(
        path,
        parts[::-1] if reverse else parts,
        layer,
        files.GRID,
        window,
        tags=tags or {},
        band_names=names,
    )


@pytest.mark.parametrize("layer", ALL_LAYERS, ids=lambda layer: layer.name)
def test_a_layer_is_read_back_as_it_was_written(tmp_path, layer):
    path, values = tmp_path / "x.tif", files.pixels(layer)
    write(path, layer, values)
    np.testing.assert_array_equal(read_layer(path, layer, files.GRID, files.WINDOW), values)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["x.tif", "x.tif.aux.xml"]


@pytest.mark.parametrize("layer", ALL_LAYERS, ids=lambda layer: layer.name)
def test_a_file_says_what_the_dictionary_says(tmp_path, layer):
    path = tmp_path / "x.tif"
    write(path, layer, files.pixels(layer), tags={"SIMULATED": "yes"})
    with rasterio.open(path) as dataset:
        assert dataset.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert dataset.crs.to_epsg() == 32652
        assert dataset.transform[:6] == files.GRID.transform(files.WINDOW)
        assert set(dataset.dtypes) == {layer.dtype}
        assert dataset.nodata == layer.nodata or np.isnan(dataset.nodata)
        assert dataset.block_shapes[0] == (512, 512)
        assert dataset.overviews(1) == [2, 4]
        assert set(dataset.scales) == {layer.scale}
        assert (dataset.units[0] or "") == layer.unit
        assert dataset.tags()["SIMULATED"] == "yes"
        assert dataset.tags()["AREA_OR_POINT"] == "Area"
        assert dataset.tags()["TIFFTAG_SOFTWARE"].startswith("habitat ")
        assert "TIFFTAG_DATETIME" not in dataset.tags()
        expected = files.BANDS if layer.name == "composite" else (layer.title,)
        assert dataset.descriptions == expected


@pytest.mark.parametrize("layer", files.CLASS_LAYERS, ids=lambda layer: layer.name)
def test_names_and_colours_of_classes_are_inside_the_tiff(tmp_path, layer):
    path = tmp_path / "x.tif"
    write(path, layer, files.pixels(layer))
    path.with_name("x.tif.aux.xml").unlink()
    with rasterio.open(path) as dataset:
        colours, tags = dataset.colormap(1), dataset.tags()
    assert tags["CLASS_0"] == "not observed"
    assert colours[0][:3] == (176, 176, 176)
    for entry in layer.legend.classes:
        assert tags[f"CLASS_{entry.code}"] == entry.name
        assert "#" + "".join(f"{v:02x}" for v in colours[entry.code][:3]) == entry.colour


@pytest.mark.parametrize("layer", ALL_LAYERS, ids=lambda layer: layer.name)
def test_statistics_are_exact_in_the_file_and_beside_it(tmp_path, layer):
    path, values = tmp_path / "x.tif", files.pixels(layer)
    found = write(path, layer, values)
    band = values[0] if values.ndim == 3 else values
    missing = np.isnan(band) if np.isnan(layer.nodata) else band == layer.nodata
    valid = band[~missing].astype(np.float64)
    assert (found[0].minimum, found[0].maximum) == (valid.min(), valid.max())
    assert found[0].mean == pytest.approx(valid.mean(), rel=1e-12)
    assert found[0].stddev == pytest.approx(valid.std(), rel=1e-9)
    beside = path.with_name("x.tif.aux.xml").read_text("utf-8")
    with rasterio.open(path) as dataset:
        inside = dataset.tags(1)
    for key, text in found[0].gdal_tags().items():
        assert inside[key] == text
        assert f'key="{key}">{text}<' in beside


def test_bytes_do_not_depend_on_blocks_order_folder_or_threads(tmp_path, monkeypatch):
    layer = files.CLASS_LAYERS[0]
    values = files.pixels(layer)
    (tmp_path / "b").mkdir()
    write(tmp_path / "x.tif", layer, values, size=1024)
    monkeypatch.setenv("GDAL_NUM_THREADS", "1")
    write(tmp_path / "b" / "x.tif", layer, values, size=300, reverse=True)
    for name in ("x.tif", "x.tif.aux.xml"):
        assert (tmp_path / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


@settings(max_examples=15)
@given(size=st.integers(7, 80), reverse=st.booleans())
def test_any_cutting_gives_the_same_pixels(tmp_path_factory, size, reverse):
    path = tmp_path_factory.mktemp("cut") / "x.tif"
    values = files.pixels(layers.BURN_DATE, SMALL)
    write(path, layers.BURN_DATE, values, size=size, window=SMALL, reverse=reverse)
    np.testing.assert_array_equal(read_layer(path, layers.BURN_DATE, files.GRID, SMALL), values)


@pytest.mark.parametrize("layer", [layers.BURN_DATE, files.CLASS_LAYERS[0], layers.N_VALID])
def test_overviews_of_codes_dates_and_counts_invent_no_value(tmp_path, layer):
    path = tmp_path / "x.tif"
    write(path, layer, files.pixels(layer))
    with rasterio.open(path) as full, rasterio.open(path, overview_level=0) as small:
        assert set(np.unique(small.read(1))) <= set(np.unique(full.read(1)))


def test_overviews_of_shares_are_means_without_nodata(tmp_path):
    layer = layers.FOREST_PROBABILITY
    assert averaged(layer)
    assert not averaged(layers.BURN_DATE)
    values = np.full(files.WINDOW.shape, 40, np.uint8)
    values[:, 1::2] = 60
    values[0::2, 2::4] = 255
    write(tmp_path / "x.tif", layer, values)
    with rasterio.open(tmp_path / "x.tif", overview_level=0) as small:
        first = small.read(1)[:4, :4]
    assert first[0].tolist() == [50, 53, 50, 53]


def test_what_no_block_covers_is_outside(tmp_path):
    layer, path = layers.BURN_SCAR_LAYER, tmp_path / "x.tif"
    part = Window(SMALL.row + 10, SMALL.col + 20, 5, 6)
    block = (part, np.full(part.shape, 2, np.uint8))
    write_layer(path, [block], layer, files.GRID, SMALL, tags={})
    values = read_layer(path, layer, files.GRID, SMALL)
    assert (values[10:15, 20:26] == 2).all()
    assert (values == 255).sum() == values.size - part.height * part.width


def test_blocks_are_cut_at_the_window(tmp_path):
    layer, path = layers.BURN_SCAR_LAYER, tmp_path / "x.tif"
    whole = files.pixels(layer, SMALL)
    inner = Window(SMALL.row + 3, SMALL.col + 5, 20, 30)
    write_layer(path, files.blocks(whole, 16, SMALL), layer, files.GRID, inner, tags={})
    expected = whole[inner.slices_in(SMALL)]
    np.testing.assert_array_equal(read_layer(path, layer, files.GRID, inner), expected)


def test_reading_beyond_the_file_gives_nodata(tmp_path):
    layer, path = layers.BURN_SCAR_LAYER, tmp_path / "x.tif"
    whole = files.pixels(layer, SMALL)
    write(path, layer, whole, window=SMALL)
    padded = read_layer(path, layer, files.GRID, SMALL.pad(4))
    np.testing.assert_array_equal(padded[4:-4, 4:-4], whole)
    assert (padded[:4] == 255).all()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.full(SMALL.shape, 7, np.uint8), "expected codes"),
        (np.full(SMALL.shape, 2, np.uint16), "uint16"),
        (np.full((3, 3), 2, np.uint8), r"\(3, 3\)"),
    ],
)
def test_a_block_that_breaks_the_entry_is_refused_and_nothing_is_left(tmp_path, values, message):
    with pytest.raises(LayerError, match=message):
        write_layer(
            tmp_path / "x.tif",
            [(SMALL, values)],
            layers.BURN_SCAR_LAYER,
            files.GRID,
            SMALL,
            tags={},
        )
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(params=["by memory", "by disk"])
def way(request, monkeypatch):
    """Write files as small ones are, then as large ones are."""
    if request.param == "by disk":
        monkeypatch.setattr(geotiff, "MEMORY_BYTES", 0)
    return request.param


@pytest.mark.parametrize("layer", [layers.BURN_DATE, files.CLASS_LAYERS[0], layers.COMPOSITE])
def test_large_files_have_the_bytes_that_they_would_have_as_small_ones(
    tmp_path, layer, monkeypatch
):
    values = files.pixels(layer)
    write(tmp_path / "small.tif", layer, values)
    monkeypatch.setattr(geotiff, "MEMORY_BYTES", 0)
    write(tmp_path / "large.tif", layer, values)
    assert (tmp_path / "small.tif").read_bytes() == (tmp_path / "large.tif").read_bytes()
    assert len(list(tmp_path.iterdir())) == 4


@pytest.mark.parametrize("at", [0.001, 0.3, 0.6, 0.9, -1])
def test_any_byte_of_a_large_file_that_was_lost_is_found(tmp_path, monkeypatch, at):
    real = rasterio.shutil.copy
    monkeypatch.setattr(geotiff, "MEMORY_BYTES", 0)

    def lossy(source, target, **options):
        real(source, target, **options)
        if "twin" not in str(target):
            content = bytearray(target.read_bytes())
            content[int(at * len(content)) if at > 0 else -1] ^= 1
            target.write_bytes(content)

    monkeypatch.setattr(geotiff.rasterio.shutil, "copy", lossy)
    with pytest.raises(ResourceError):
        write(
            tmp_path / "x.tif",
            layers.BURN_DATE,
            files.pixels(layers.BURN_DATE, SMALL),
            window=SMALL,
        )
    assert list(tmp_path.iterdir()) == []


def test_names_that_were_lost_before_both_copies_are_found(tmp_path, monkeypatch):
    real = geotiff.describe
    monkeypatch.setattr(geotiff, "MEMORY_BYTES", 0)

    def lossy(path, layer, names, tags, statistics):
        real(path, layer, names, {} if "mosaic" in path.name else tags, statistics)

    monkeypatch.setattr(geotiff, "describe", lossy)
    values = np.full(SMALL.shape, 2, np.uint8)
    parts = [(SMALL, values)]
    with pytest.raises(ResourceError, match="read back"):
        write_layer(
            tmp_path / "x.tif",
            parts,
            layers.BURN_SCAR_LAYER,
            files.GRID,
            SMALL,
            tags={"SIMULATED": "yes"},
        )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("way")
def test_pixels_that_the_disk_changed_in_silence_are_found(tmp_path, monkeypatch):
    real = rasterio.shutil.copy

    def lossy(source, target, **options):
        real(source, target, **options)
        with rasterio.open(target, "r+", IGNORE_COG_LAYOUT_BREAK="YES") as dataset:
            dataset.write(np.zeros((1, 1), np.uint8), 1, window=((3, 4), (5, 6)))

    monkeypatch.setattr(geotiff.rasterio.shutil, "copy", lossy)
    with pytest.raises(ResourceError, match="read back"):
        write(
            tmp_path / "x.tif",
            layers.BURN_SCAR_LAYER,
            np.full(SMALL.shape, 2, np.uint8),
            window=SMALL,
        )
    assert list(tmp_path.iterdir()) == []


def test_overlapping_blocks_that_disagree_are_found(tmp_path):
    values = [np.full(SMALL.shape, code, np.uint8) for code in (1, 2)]
    smaller = Window(SMALL.row, SMALL.col, 10, 10)
    parts = [(SMALL, values[0]), (smaller, values[1][:10, :10])]
    with pytest.raises(ResourceError, match="read back"):
        write_layer(tmp_path / "x.tif", parts, layers.BURN_SCAR_LAYER, files.GRID, SMALL, tags={})


def test_a_folder_that_is_not_there_is_a_lack_of_resource(tmp_path):
    with pytest.raises(ResourceError, match="run again"):
        write(
            tmp_path / "absent" / "x.tif",
            layers.BURN_SCAR_LAYER,
            files.pixels(layers.BURN_SCAR_LAYER, SMALL),
            window=SMALL,
        )


def test_a_window_and_bands_of_a_file_are_read(tmp_path):
    values = files.pixels(layers.COMPOSITE, SMALL)
    write(tmp_path / "c.tif", layers.COMPOSITE, values, window=SMALL)
    raster = read_raster(tmp_path / "c.tif", Window(2, 3, 4, 5), bands=[3, 1])
    np.testing.assert_array_equal(raster.values, values[[2, 0], 2:6, 3:8])
    assert raster.descriptions == ("B04", "B02")
    assert raster.crs == "EPSG:32652"
    assert raster.transform[2] == (SMALL.col + 3) * 20
    assert raster.nodata == 0
    with pytest.raises(InputError, match=r"bands 1\.\.10"):
        read_raster(tmp_path / "c.tif", bands=[11])
    with pytest.raises(InputError, match="window inside"):
        read_raster(tmp_path / "c.tif", Window(0, 0, 61, 5))
    with pytest.raises(InputError, match="at most 100 pixels"):
        read_raster(tmp_path / "c.tif", max_pixels=100)


def test_a_file_without_crs_is_refused_unless_asked_for(tmp_path):
    path = tmp_path / "x.tif"
    transform = rasterio.Affine(1, 0, 5, 0, -1, 5)
    with rasterio.open(
        path, "w", driver="GTiff", width=2, height=2, count=1, dtype="uint8", transform=transform
    ):
        pass
    with pytest.raises(InputError, match="expected a CRS"):
        read_raster(path)
    assert read_raster(path, require_crs=False).crs == ""


def test_a_layer_on_another_grid_or_of_another_entry_is_refused(tmp_path):
    layer, path = layers.BURN_SCAR_LAYER, tmp_path / "x.tif"
    write(path, layer, files.pixels(layer, SMALL), window=SMALL)
    with pytest.raises(GridMismatchError, match="10 m"):
        read_layer(path, layer, Grid(32652, 10), SMALL)
    with pytest.raises(GridMismatchError, match="EPSG:32651"):
        read_layer(path, layer, Grid(32651, 20), SMALL)
    with pytest.raises(LayerError, match="uint32"):
        read_layer(path, layers.BURN_DATE, files.GRID, SMALL)
