import xml.etree.ElementTree as ET

from release_files import CLASS_LAYERS

from habitat.domain import layers
from habitat.io.raster.geotiff_metadata import class_rows, palette, pam_xml, rgb
from habitat.io.raster.raster_statistics import BandStatistics


def test_a_colour_is_three_bytes():
    assert rgb("#0b5dff") == (11, 93, 255)


def test_the_palette_has_grey_for_not_observed_and_nothing_outside():
    colours = palette(layers.BURN_SCAR_LAYER)
    assert colours[0] == (176, 176, 176, 255)
    assert colours[255] == (0, 0, 0, 0)


def test_category_names_stand_at_their_codes():
    layer = CLASS_LAYERS[0]
    root = ET.fromstring(pam_xml(layer, (layer.title,), (BandStatistics(4, 4, counts={0: 4}),)))
    names = [c.text or "" for c in root.iter("Category")]
    assert len(names) == 10
    for code, name, _ in class_rows(layer):
        assert names[code] == name
    assert names[3] == ""


def test_the_attribute_table_counts_pixels_by_class():
    layer = layers.BURN_SCAR_LAYER
    figures = BandStatistics(10, 9, 0, 2, 1.0, 1.0, {0: 2, 2: 7})
    root = ET.fromstring(pam_xml(layer, (layer.title,), (figures,)))
    rows = [[f.text for f in row] for row in root.iter("Row")]
    assert rows[0] == ["0", "not observed", "2", "176", "176", "176"]
    assert [row[2] for row in rows] == ["2", "0", "7", "0", "0"]


def test_quantities_have_no_attribute_table():
    root = ET.fromstring(pam_xml(layers.N_VALID, ("n",), (BandStatistics(1, 0),)))
    assert root.find(".//GDALRasterAttributeTable") is None
    assert root.find(".//Metadata") is None
