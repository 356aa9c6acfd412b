"""Buying: once each, noted first, stopped by the first fault."""

from datetime import UTC, date, datetime

import numpy as np
import pytest

from habitat.domain.errors import QuotaError, RemoteError, SceneError
from habitat.domain.grid import Grid, Window
from habitat.domain.processing_units import Bill
from habitat.io.sentinelhub.sentinelhub_image import Image
from habitat.io.sentinelhub.sentinelhub_requests import SERVICES, order
from habitat.io.sentinelhub.sentinelhub_shop import Shop, Wish, price
from habitat.io.sentinelhub.sentinelhub_source import SentinelHubSource

GRID, NOON = Grid(32652, 20), datetime(2025, 6, 1, 12, tzinfo=UTC)


class Stub:
    """A client that answers with the key of the order, and can fail."""

    def __init__(self, fault=None, after=0, scl=1):
        self.asked, self.fault, self.after, self.scl = [], fault, after, scl

    def image(self, order, note, check):
        self.asked.append(order.key)
        if self.fault is not None and len(self.asked) > self.after:
            raise self.fault
        note(order.key, Bill(1.0, 1, 10))
        check(Image({}, np.full((2, 2), self.scl, np.uint8)))
        return order.key.encode()


def shop_of(folder, client, max_units=100.0):
    source = SentinelHubSource(SERVICES["cdse"], GRID, folder, date(2025, 7, 1))
    source._client = client
    return Shop(source, source.ledger(), max_units)


def wishes(count, *, seen=False):
    windows = [Window(0, 64 * i, 64, 64) for i in range(count)]
    made = [order(SERVICES["cdse"], GRID, w, ["B03"], (NOON, NOON)) for w in windows]
    return [Wish(one, f"image {i}", seen) for i, one in enumerate(made)]


def test_what_was_bought_is_not_missing_any_more(tmp_path):
    shop, wanted, said = shop_of(tmp_path, Stub()), wishes(9), []
    shop.buy(shop.missing(wanted), lambda done, todo: said.append((done, todo)))
    assert said[-1] == (9, 9)
    assert shop.missing(wanted) == []
    assert shop.ledger.run == Bill(9.0, 9, 90)
    assert shop.missing([*wanted, *wishes(11)[9:]]) == wishes(11)[9:]


def test_a_fault_stops_the_rest_and_keeps_what_came_before(tmp_path):
    client = Stub(RemoteError("gone"), after=5)
    shop = shop_of(tmp_path, client)
    with pytest.raises(RemoteError, match="gone"):
        shop.buy(wishes(200), lambda *_: None)
    assert len(shop.missing(wishes(200))) == 195
    assert len(client.asked) < 50


def test_wasted_answers_cannot_spend_more_than_the_run_may(tmp_path):
    shop = shop_of(tmp_path, Stub(), max_units=5.0)
    with pytest.raises(QuotaError, match=r"max_pu.*not right"):
        shop.buy(wishes(50), lambda *_: None)
    assert shop.ledger.run.units <= 5.0 + 4


def test_a_blank_image_of_a_place_that_was_seen_is_not_kept(tmp_path):
    shop = shop_of(tmp_path, Stub(scl=0))
    with pytest.raises(SceneError, match="blank"):
        shop.buy(wishes(1, seen=True), lambda *_: None)
    shop.buy(wishes(1, seen=False), lambda *_: None)
    assert shop.ledger.run.units == 2.0  # both were paid


def test_the_price_of_nothing_is_nothing():
    assert price([]) == Bill()
    assert price(wishes(3)).requests == 3
