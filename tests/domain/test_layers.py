"""The data dictionary, and the check that a layer keeps its entry."""

import numpy as np
import pytest
import xarray as xr

from habitat.domain.errors import LayerError
from habitat.domain.layers import LAYERS, check_values, conform

SCAR, DATE, VALID = LAYERS["burn_scar"], LAYERS["burn_date"], LAYERS["n_valid"]


def _array(values, dtype, dims=("y", "x"), **attrs):
    return xr.DataArray(np.array(values, dtype=dtype), dims=dims, attrs=attrs)


def test_class_layers_say_not_observed_with_0_and_outside_with_255():
    classes = [layer for layer in LAYERS.values() if layer.is_class]
    assert len(classes) >= 5
    for layer in classes:
        assert (layer.dtype, layer.nodata, layer.not_observed) == ("uint8", 255, 0)


def test_no_quantity_takes_its_nodata_for_a_value():
    for layer in LAYERS.values():
        if layer.valid_range is not None:
            lo, hi = layer.valid_range
            assert not lo <= layer.nodata <= hi, layer.name
            assert np.array(layer.nodata).astype(layer.dtype) == layer.nodata, layer.name


def test_attributes_of_operands_do_not_reach_the_result():
    band = _array([[1, 2]], "uint8", _FillValue=0, scale_factor=1e-4)
    band.encoding = {"_FillValue": 0}
    made = conform(band, SCAR)
    assert set(made.attrs) == {"long_name", "flag_values", "flag_meanings"}
    assert made.encoding == {}
    assert made.name == "burn_scar"
    assert band.attrs["_FillValue"] == 0, "the operand is left as it was"


def test_values_are_passed_on_unchanged():
    made = conform(_array([[0, 1], [4, 255]], "uint8"), SCAR)
    np.testing.assert_array_equal(made, [[0, 1], [4, 255]])


def test_another_dtype_is_refused_not_cast():
    with pytest.raises(LayerError, match="expected dtype uint8, got int64"):
        conform(_array([[1]], "int64"), SCAR)


def test_dims_in_another_order_are_refused():
    with pytest.raises(LayerError, match=r"ending in \('y', 'x'\)"):
        conform(_array([[1]], "uint8", dims=("x", "y")), SCAR)


def test_an_unknown_class_is_refused_and_named():
    with pytest.raises(LayerError, match=r"got \[7, 9\]"):
        check_values(np.array([[1, 7, 9]], dtype=np.uint8), SCAR)


def test_land_cover_needs_a_legend():
    with pytest.raises(LayerError, match="legend bound to it"):
        check_values(np.array([[1]], dtype=np.uint8), LAYERS["forest_class"])


def test_a_burn_date_is_a_date_or_a_state():
    check_values(np.array([[0, 1, 20240415, 4294967295]], dtype=np.uint32), DATE)
    with pytest.raises(LayerError, match=r"got \[2, 20200\]"):
        check_values(np.array([[1, 2, 20200]], dtype=np.uint32), DATE)


def test_counts_use_their_whole_range_and_nodata():
    check_values(np.array([[0, 65534, 65535]], dtype=np.uint16), VALID)


@pytest.mark.parametrize("name", sorted(LAYERS))
def test_every_entry_can_be_read_by_a_person(name):
    layer = LAYERS[name]
    assert layer.title
    assert layer.meaning
    assert layer.is_class or layer.unit or "YYYYMMDD" in layer.meaning
