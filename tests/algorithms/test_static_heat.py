import numpy as np
import pytest

from habitat.algorithms.static_heat import hot_cells, labelled
from habitat.domain.hotspots import DetectionKind, Hotspots
from habitat.domain.static_heat import HeatRule

RULE = HeatRule()
VEGETATION, STATIC, EARLY = DetectionKind.VEGETATION, DetectionKind.STATIC, DetectionKind.EARLY


def spots(*rows):
    """Rows ``(x, y, time)`` or ``(x, y, time, kind)``."""
    x, y, time, kind = zip(*[(*row, VEGETATION)[:4] for row in rows], strict=True)
    return Hotspots(
        np.array(x, float), np.array(y, float), np.array(time, "datetime64[s]"),
        np.ones(len(rows), np.float32), np.array(kind, np.uint8),
    )  # fmt: skip


def works(kind=VEGETATION, years=(2023, 2024), months=range(1, 7)):
    """Seen once a month."""
    return [(900, 900, f"{year}-{m:02d}-10T03:00", kind) for year in years for m in months]


def test_what_is_hot_in_six_months_of_two_years_always_is_hot():
    (cell,) = hot_cells(spots(*works()), RULE)
    assert (cell.east, cell.north, cell.days, cell.months, cell.years) == (1, 1, 12, 6, 2)
    assert (str(cell.first), str(cell.last)) == ("2023-01-10", "2024-06-10")


@pytest.mark.parametrize(
    "rows",
    [
        works()[:-1],
        works(months=range(1, 6)) + [(900, 900, f"2024-05-{d}T03:00") for d in (11, 12)],
        works(years=(2024,), months=range(1, 13)),
        [(900, 900, f"2024-04-{d:02d}T03:00") for d in range(1, 31)],
        works(kind=EARLY),
        [(900 + 600 * (n % 2), 900, row[2]) for n, row in enumerate(works())],
    ],
    ids=["a day less", "a month less", "one year", "a month of fire", "early", "two cells"],
)
def test_what_lacks_one_part_of_the_rule_is_no_static_source(rows):
    assert hot_cells(spots(*rows), RULE) == ()


def test_two_days_of_rows_typed_static_are_enough_and_one_is_not():
    one = (900, 900, "2024-04-01T03:00", STATIC)
    assert hot_cells(spots(one, (*one[:2], "2024-04-01T16:00", STATIC)), RULE) == ()
    (cell,) = hot_cells(spots(one, (*one[:2], "2024-04-02T03:00", STATIC)), RULE)
    assert cell.typed_days == 2


def test_the_order_of_a_history_does_not_matter_and_none_is_no_cell():
    rows = works() + [(-1, 5_000, row[2]) for row in works()]
    assert hot_cells(spots(*rows), RULE) == hot_cells(spots(*reversed(rows)), RULE)
    assert [(c.east, c.north) for c in hot_cells(spots(*rows), RULE)] == [(-1, 8), (1, 1)]
    assert hot_cells(Hotspots.empty(), RULE) == ()


@pytest.mark.parametrize(
    ("other", "kind"),
    [
        ((900 + 690, 900, "2025-04-01T10:00"), VEGETATION),
        ((900 + 710, 900, "2025-04-01T10:00"), STATIC),
        ((900 + 690, 900, "2025-04-01T16:00"), STATIC),
        ((900 + 690, 900, "2025-04-01T03:00", STATIC), STATIC),
        ((900 + 690, 900, "2025-04-01T03:00", EARLY), STATIC),
    ],
    ids=["spread", "too far", "half a day later", "another works", "early"],
)
def test_a_detection_in_the_mask_is_a_fire_only_where_one_outside_is_near(other, kind):
    found = labelled(spots((900, 900, "2025-04-01T03:00"), other), np.array([True, False]))
    assert found.kinds[0] == kind
    assert found.kinds[1] == spots(other).kinds[0]
