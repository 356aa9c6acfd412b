"""The kernel of a simulated look gives what its NumPy twin gives, to the bit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from habitat.algorithms.kernels.look import BandLook, finish_band, finish_band_numpy

LOOK = BandLook(
    side=np.float32(0.14), middle=np.float32(0.72), shade=np.float32(-0.6), haze=np.float32(0.7),
    white=np.float32(0.62), thick=True, noise=np.float32(0.0022), relative=np.float32(0.022),
    scale=np.float32(1 / 26_754.7), key=np.uint32(123_456_789), dn=np.float32(10_000),
)  # fmt: skip


def both(ground, air, base, look):
    """Return the results of kernel and twin."""
    out = [np.zeros(base.shape, np.uint16) for _ in range(2)]
    finish_band(ground, air, base, look, out[0])
    finish_band_numpy(ground, air, base, look, out[1])
    return out


@settings(deadline=None, max_examples=40)
@given(
    shape=st.tuples(st.integers(1, 9), st.integers(1, 70)),
    seed=st.integers(0, 2**32 - 1),
    shaded=st.booleans(),
    veiled=st.booleans(),
    thick=st.booleans(),
)
def test_kernel_and_twin_are_equal(shape, seed, shaded, veiled, thick):
    rng = np.random.default_rng(seed)
    height, width = shape
    ground = rng.normal(0.2, 0.3, (height + 2, width + 2)).astype(np.float32)
    air = tuple(
        rng.random((height if there else 0, width), np.float32) for there in (shaded, veiled)
    )
    base = rng.integers(0, 2**32, shape, dtype=np.uint32)
    fast, plain = both(ground, air, base, LOOK._replace(thick=thick, key=np.uint32(seed)))
    np.testing.assert_array_equal(fast, plain)
    assert fast.min() >= 1
    assert fast.max() <= 30_000


@pytest.mark.parametrize(
    ("shadow", "cloud", "expected"),
    [(None, None, 2000), (1.0, None, 800), (None, 1.0, 6200), (None, 0.5, 3470)],
)
def test_even_ground_under_even_air_worked_by_hand(shadow, cloud, expected):
    none = np.empty((0, 4), np.float32)
    air = tuple(
        none if value is None else np.full((3, 4), value, np.float32) for value in (shadow, cloud)
    )
    quiet = LOOK._replace(noise=np.float32(0), relative=np.float32(0))
    ground = np.full((5, 6), 0.2, np.float32)
    fast, _ = both(ground, air, np.zeros((3, 4), np.uint32), quiet)
    # 0.2; 0.2 x (1 - 0.6) = 0.08; all cloud 0.62; 0.2 + (0.62 - 0.2) x 0.35 = 0.347
    assert np.abs(fast.astype(int) - expected).max() <= 1
