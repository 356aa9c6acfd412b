import numpy as np
import pytest

from habitat.algorithms.early_fires import confirmed
from habitat.domain.hotspots import DetectionKind, Hotspots

VEGETATION, STATIC, EARLY, CONFIRMED = DetectionKind


def spots(*rows):
    """Rows ``(x, time, kind)``."""
    x, time, kind = zip(*rows, strict=True)
    n = len(rows)
    return Hotspots(
        np.array(x, float), np.zeros(n), np.array(time, "datetime64[s]"),
        np.ones(n, np.float32), np.array(kind, np.uint8),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("other", "kind"),
    [
        ((4_000, "2025-04-04T15:00", VEGETATION), CONFIRMED),
        ((0, "2025-04-03T15:00", VEGETATION), CONFIRMED),
        ((4_001, "2025-04-04T03:00", VEGETATION), EARLY),
        ((0, "2025-04-04T15:01", VEGETATION), EARLY),
        ((0, "2025-04-04T03:00", STATIC), EARLY),
        ((0, "2025-04-04T03:00", EARLY), EARLY),
    ],
    ids=["later", "before", "too far", "too late", "static", "early"],
)
def test_only_burning_vegetation_near_in_space_and_time_confirms(other, kind):
    found = confirmed(spots((0, "2025-04-04T03:00", EARLY), other))
    assert found.kinds.tolist() == [kind, other[2]]


def test_nothing_to_confirm_changes_nothing():
    assert len(confirmed(Hotspots.empty())) == 0
    alone = spots((0, "2025-04-04T03:00", VEGETATION))
    assert confirmed(alone).kinds.tolist() == [VEGETATION]
