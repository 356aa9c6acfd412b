import pytest

from habitat.domain.fire_priority import TABLE, priority, raised


def test_priority_never_falls_with_level_ignition_or_asset():
    for row in TABLE.values():
        assert list(row) == sorted(row, reverse=True)
    for level in range(1, 6):
        for asset in (True, False):
            near, far = (priority(level, one, asset=asset) for one in ("near", "far"))
            assert near <= far
        for ignition in ("near", "far"):
            with_asset, without = (priority(level, ignition, asset=a) for a in (True, False))
            assert with_asset <= without


@pytest.mark.parametrize(
    ("level", "ignition", "asset", "expected"),
    [(5, "near", True, 1), (4, "near", True, 1), (4, "far", True, 2), (1, "near", True, 4)],
)
def test_priority_is_read_from_the_table(level, ignition, asset, expected):
    assert priority(level, ignition, asset=asset) == expected


def test_oak_in_a_forest_habitat_is_raised_by_one_and_no_higher_than_five():
    assert [raised(level) for level in range(1, 6)] == [2, 3, 4, 5, 5]
