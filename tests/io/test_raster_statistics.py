import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from habitat.io.raster.raster_statistics import Histogram, Moments


def test_statistics_worked_by_hand():
    histogram = Histogram("uint8", 255)
    histogram.add(np.array([[2, 4, 4, 4], [5, 5, 7, 9], [255, 255, 255, 255]], np.uint8))
    found = histogram.result()
    assert (found.minimum, found.maximum, found.mean, found.stddev) == (2.0, 9.0, 5.0, 2.0)
    assert found.counts == {2: 1, 4: 3, 5: 2, 7: 1, 9: 1}
    assert found.gdal_tags()["STATISTICS_VALID_PERCENT"] == "66.6667"


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint32"])
@given(data=st.data())
def test_statistics_equal_numpy_for_any_cutting(dtype, data):
    top = np.iinfo(dtype).max
    values = data.draw(arrays(dtype, (6, 7), elements=st.integers(0, top)))
    cut = data.draw(st.integers(1, 5))
    whole, parts = Histogram(dtype, top), Histogram(dtype, top)
    whole.add(values)
    parts.add(values[cut:])
    parts.add(values[:cut])
    assert whole.result() == parts.result()
    valid = values[values != top].astype(np.float64)
    if valid.size:
        assert whole.result().mean == pytest.approx(valid.mean())
        assert whole.result().stddev == pytest.approx(valid.std(), abs=1e-6)


def test_a_band_without_valid_pixels_has_no_statistics():
    histogram = Histogram("uint16", 65535)
    histogram.add(np.full((3, 3), 65535, np.uint16))
    assert histogram.result().gdal_tags() == {}
    assert histogram.result().valid_percent == 0.0


def test_moments_of_floats_leave_missing_values_out():
    values = np.random.default_rng(1).normal(3, 2, (40, 50)).astype(np.float32)
    values[::7] = np.nan
    moments = Moments()
    moments.add(values[:13])
    moments.add(values[13:])
    found = moments.result()
    assert found.valid == np.isfinite(values).sum()
    assert found.mean == pytest.approx(np.nanmean(values, dtype=np.float64))
    assert found.stddev == pytest.approx(np.nanstd(values, dtype=np.float64))
    assert (found.minimum, found.maximum) == (np.nanmin(values), np.nanmax(values))
