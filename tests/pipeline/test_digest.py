from dataclasses import dataclass
from datetime import date

import numpy as np
import pytest

from habitat.pipeline.digest import digest


@dataclass(frozen=True)
class Pair:
    a: object
    b: object


@dataclass(frozen=True)
class Couple:
    a: object
    b: object


def test_equal_values_have_one_digest():
    value = {"x": [1, 2.5, None, True], "y": Pair(date(2024, 1, 1), np.arange(3))}
    again = {"y": Pair(date(2024, 1, 1), np.arange(3)), "x": [1, 2.5, None, True]}
    assert digest(value) == digest(again)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 1.0),
        (1, True),
        ("1", 1),
        (None, "None"),
        ([1, 2], [12]),
        (["a", "b"], ["ab"]),
        ([[1], 2], [1, [2]]),
        (Pair(1, 2), Couple(1, 2)),
        (np.zeros(4, np.uint8), np.zeros(2, np.uint16)),
        (np.zeros((2, 3)), np.zeros((3, 2))),
        ({"a": 1, "b": 2}, {"a": 2, "b": 1}),
    ],
)
def test_different_values_have_different_digests(one, other):
    assert digest(one) != digest(other)


def test_a_value_without_canonical_form_is_refused():
    with pytest.raises(TypeError, match="set"):
        digest({1, 2})


def test_strided_and_contiguous_arrays_of_equal_values_have_one_digest():
    array = np.arange(20).reshape(4, 5)
    assert digest(array[:, ::2]) == digest(array[:, ::2].copy())
