import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from habitat.algorithms.features import compute, feature_set

BANDS = ("B03", "B04", "B8A", "B11", "B12")


def composite(shape=(3, 4), **dn):
    values = {"B03": 500, "B04": 400, "B8A": 3600, "B11": 1500, "B12": 900} | dn
    return {band: np.full(shape, value, dtype=np.uint16) for band, value in values.items()}


def test_names_go_by_season_bands_first_then_the_indices_whose_bands_are_there():
    found = feature_set(("leaf_on", "leaf_off"), ("B04", "B8A"))
    assert found.names == (
        "leaf_on_B04",
        "leaf_on_B8A",
        "leaf_on_ndvi",
        "leaf_off_B04",
        "leaf_off_B8A",
        "leaf_off_ndvi",
    )
    assert feature_set(("s",), BANDS).indices == ("ndvi", "ndmi", "nbr", "nbr2", "mndwi")


def test_values_are_reflectance_and_the_published_ratios():
    found = feature_set(("s",), BANDS)
    values = dict(zip(found.names, compute(found, {"s": composite()})[:, 0, 0], strict=True))
    assert values["s_B8A"] == np.float32(0.36)
    assert values["s_ndvi"] == pytest.approx((3600 - 400) / 4000, abs=1e-6)
    assert values["s_ndmi"] == pytest.approx((3600 - 1500) / 5100, abs=1e-6)
    assert values["s_nbr"] == pytest.approx((3600 - 900) / 4500, abs=1e-6)
    assert values["s_nbr2"] == pytest.approx((1500 - 900) / 2400, abs=1e-6)
    assert values["s_mndwi"] == pytest.approx((500 - 1500) / 2000, abs=1e-6)


def test_a_darker_near_infrared_gives_a_negative_index_not_a_wrapped_one():
    found = feature_set(("s",), BANDS)
    values = compute(found, {"s": composite(B8A=100, B12=300)})
    assert values[found.names.index("s_nbr"), 0, 0] == np.float32(-0.5)


def test_a_season_is_missing_where_one_of_its_bands_is_zero_and_the_other_season_stays():
    found = feature_set(("on", "off"), BANDS)
    on, off = composite(), composite()
    on["B12"][1, 2] = 0
    values = compute(found, {"on": on, "off": off})
    width = len(found.names) // 2
    missing = np.isnan(values)
    assert missing[:width, 1, 2].all()
    assert missing.sum() == width
    assert values.dtype == np.float32


def test_an_absent_season_is_missing_everywhere():
    found = feature_set(("on", "off"), BANDS)
    values = compute(found, {"on": composite()})
    width = len(found.names) // 2
    assert np.isfinite(values[:width]).all()
    assert np.isnan(values[width:]).all()


@given(
    arrays(np.uint16, (5, 6, 7), elements=st.integers(0, 12_000)),
    st.integers(0, 5),
    st.integers(0, 6),
)
def test_a_window_gives_the_same_bytes_as_the_whole(stack, row, col):
    found = feature_set(("s",), BANDS)
    whole = compute(found, {"s": dict(zip(BANDS, stack, strict=True))})
    part = {b: np.ascontiguousarray(a[row:, col:]) for b, a in zip(BANDS, stack, strict=True)}
    assert compute(found, {"s": part}).tobytes() == whole[:, row:, col:].tobytes()


def test_wrong_input_is_refused_with_what_came():
    found = feature_set(("s",), BANDS)
    with pytest.raises(ValueError, match="B12"):
        compute(found, {"s": {b: a for b, a in composite().items() if b != "B12"}})
    with pytest.raises(ValueError, match="one shape"):
        compute(found, {"other": composite()})
    with pytest.raises(ValueError, match="distinct"):
        feature_set(("s", "s"), BANDS)
    with pytest.raises(ValueError, match="at least one"):
        feature_set((), BANDS)
