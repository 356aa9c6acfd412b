from dataclasses import dataclass

from habitat.domain.grid import Grid
from habitat.io.vector.aoi import Aoi
from habitat.pipeline import stac_cost
from habitat.pipeline.stac_cost import bill_of_date


@dataclass
class Zone:
    grid: Grid
    aoi: Aoi | None = None


def test_a_date_is_worked_by_hand(monkeypatch):
    tiles = [object(), object()]
    monkeypatch.setattr(stac_cost, "tiles_inside", lambda *_: iter(tiles))
    bill = bill_of_date(Zone(Grid(32652, 20, 1024)), ["B04", "B12"])
    # A tile of 20.48 km: B04 2048 x 2048 x 2 bytes, B12 1024 x 1024 x 2, classes 1024 x 1024.
    assert bill.bytes == 2 * (8 * 2**20 + 2 * 2**20 + 2**20)
    assert bill.requests == 2 * ((32 + 1) + (8 + 1) + (4 + 1))
    assert bill.units == 0


def test_the_grid_of_10_m_costs_the_same(monkeypatch):
    monkeypatch.setattr(stac_cost, "tiles_inside", lambda *_: iter([0, 0]))
    at_20 = bill_of_date(Zone(Grid(32652, 20, 1024)), ["B04", "B12"])
    at_10 = bill_of_date(Zone(Grid(32652, 10, 2048)), ["B04", "B12"])
    assert at_20.bytes == at_10.bytes
