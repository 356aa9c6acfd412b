import json
import math

import pytest
from safe_files import GRANULE, image_name, product_xml, write_safe

from habitat.domain.errors import SceneError
from habitat.io.safe.safe_metadata import choose_images, read_safe

SMALL = {20: ("B04", "SCL")}
PRODUCTS = {
    "S2A_MSIL2A_20190212T192651_N0212_R013_T07HFE_20201007T160857.SAFE": 0.0,
    "S2A_MSIL2A_20230821T221941_N0509_R029_T01KAB_20230822T021825.SAFE": -1000.0,
    "S2B_MSIL2A_20220413T150759_N0400_R025_T33XWJ_20220414T082126.SAFE": -1000.0,
    "esa_S2B_MSIL2A_20210122T133229_N0214_R081_T22HBD_20210122T155500.SAFE": 0.0,
}


@pytest.mark.parametrize(("name", "offset"), PRODUCTS.items())
def test_real_products_are_read_as_others_read_them(shared_data, name, offset):
    folder = shared_data / "s2_product_metadata" / name
    product = read_safe(folder)
    expected = json.loads((folder / "expected_output.json").read_text())
    properties = expected["properties"]
    assert product.name == properties["s2:product_uri"].removesuffix(".SAFE")
    assert f"{product.acquired:%Y-%m-%dT%H:%M:%S.%fZ}" == properties["datetime"]
    assert product.baseline == properties["s2:processing_baseline"]
    assert product.datatake_id == properties["s2:datatake_id"]
    assert product.platform == properties["platform"]
    assert f"MGRS-{product.mgrs_tile}" == properties.get("grid:code", f"MGRS-{product.mgrs_tile}")
    assert product.cloud_percent == pytest.approx(properties["eo:cloud_cover"])
    assert set(product.offsets_dn.values()) == {offset}
    assert product.quantification == 10_000
    angles = product.angles
    assert 90 - angles.sun_zenith == pytest.approx(properties["view:sun_elevation"])
    assert angles.sun_azimuth == pytest.approx(properties["view:sun_azimuth"])
    assert angles.view_zenith == pytest.approx(properties["view:incidence_angle"])
    images = {(i.band, i.pixel_m): i for i in product.images}
    blue = images["B02", 10]
    asset = next(a for k, a in expected["assets"].items() if k in {"blue", "B02"})
    assert blue.name.rsplit(".", 1)[0] == asset["href"].removeprefix("./").rsplit(".", 1)[0]
    assert list(product.grids[10].transform) == asset["proj:transform"][:6]
    assert [product.grids[10].height, product.grids[10].width] == asset["proj:shape"]


def test_azimuths_around_north_are_averaged_on_the_circle(shared_data, tmp_path):
    assert read_safe(write_safe(tmp_path, images=SMALL)).angles.view_azimuth == pytest.approx(5.0)
    # Views of this polar tile lie on both sides of north; their plain mean, 31 degrees, is none.
    name = "S2B_MSIL2A_20220413T150759_N0400_R025_T33XWJ_20220414T082126.SAFE"
    azimuth = read_safe(shared_data / "s2_product_metadata" / name).angles.view_azimuth
    assert math.isclose(azimuth, 12.849, abs_tol=1e-3)


def test_the_manifest_gives_size_and_checksum_where_it_lists_the_image(shared_data):
    name = "S2A_MSIL2A_20230821T221941_N0509_R029_T01KAB_20230822T021825.SAFE"
    images = choose_images(read_safe(shared_data / "s2_product_metadata" / name), 10)
    assert (images[1].band, images[1].pixel_m, images[1].size) == ("B02", 10, 123249666)
    assert images[1].checksum[0] == "SHA3-256"
    assert [i.band for i in images][-1] == "scl"
    assert len(images) == 13  # twelve bands (B10 is in no L2A product) and the classification


def test_images_of_the_pixel_asked_for_are_taken_else_the_finest(tmp_path):
    product = read_safe(write_safe(tmp_path))
    chosen = {i.band: i.pixel_m for i in choose_images(product, 20)}
    assert chosen["B04"] == 20
    assert chosen["B08"] == 10
    assert chosen["B01"] == 60
    assert {i.band: i.pixel_m for i in choose_images(product, 10)}["B04"] == 10


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"level": "Level-1C"}, "expected Level-2A"),
        ({"offset": -7000}, "expected a BOA_ADD_OFFSET of 0 or -1000"),
        ({"offset": None}, "expected a BOA_ADD_OFFSET"),
        ({"name": "../../etc/S2"}, "expected a PRODUCT_URI"),
        ({"images": {}}, "expected images of one tile"),
    ],
)
def test_what_no_product_says_is_refused(tmp_path, change, message):
    root = write_safe(tmp_path, images=SMALL)
    (root / "MTD_MSIL2A.xml").write_text(product_xml(**{"images": SMALL, **change}))
    with pytest.raises(SceneError, match=message):
        read_safe(root)


def test_an_old_baseline_has_no_offsets(tmp_path):
    product = read_safe(write_safe(tmp_path, images=SMALL, baseline="02.14", offset=None))
    assert set(product.offsets_dn.values()) == {0.0}


BOMB = '<!DOCTYPE a [<!ENTITY b "{}">]><a>&b;</a>'


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hostname">]><a>&b;</a>',
        '<!DOCTYPE a [<!ENTITY b "bbbbbbbb">]><a>&b;</a>',
        '<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><a/>',
        "<a><b></a>",
        "",
    ],
)
def test_xml_with_entities_or_faults_is_refused(tmp_path, text):
    root = write_safe(tmp_path, images=SMALL)
    (root / "MTD_MSIL2A.xml").write_text(text)
    with pytest.raises(SceneError, match="expected plain XML"):
        read_safe(root)


def test_metadata_that_lie_outside_the_product_are_not_read(tmp_path):
    root = write_safe(tmp_path, images=SMALL)
    inside = root / GRANULE / "MTD_TL.xml"
    outside = tmp_path / "elsewhere.xml"
    inside.rename(outside)
    inside.symlink_to(outside)
    with pytest.raises(SceneError, match="expected a regular file under"):
        read_safe(root)
    assert image_name("B04", 20) in (root / "MTD_MSIL2A.xml").read_text()
