"""Buys images: each once, written down before it is used, kept only if it is right."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass

from habitat.domain.errors import QuotaError, SceneError
from habitat.domain.processing_units import Bill
from habitat.io.sentinelhub.radar_source import SentinelHubRadar
from habitat.io.sentinelhub.sentinelhub_client import PER_HOST
from habitat.io.sentinelhub.sentinelhub_image import Image
from habitat.io.sentinelhub.sentinelhub_requests import Order
from habitat.io.sentinelhub.sentinelhub_source import SentinelHubSource
from habitat.io.sentinelhub.unit_ledger import UnitLedger


@dataclass(frozen=True, slots=True)
class Wish:
    """An image that is wanted.

    Attributes
    ----------
    order : Order
        The request.
    label : str
        What it is, for people.
    seen : bool
        Something of the window was seen for certain: a blank answer is a fault.
    """

    order: Order
    label: str
    seen: bool


@dataclass(frozen=True, slots=True)
class Shop:
    """Where a run buys.

    Attributes
    ----------
    source : SentinelHubSource
        Its client pays, its cache keeps.
    ledger : UnitLedger
        Units of this run and month.
    max_units : float
        Most units of this run, wasted answers included.
    """

    source: SentinelHubSource | SentinelHubRadar
    ledger: UnitLedger
    max_units: float

    def missing(self, wishes: Sequence[Wish]) -> list[Wish]:
        """Return what the cache does not have."""
        cache = self.source.cache
        return [wish for wish in wishes if cache.get(wish.order.key) is None]

    def buy(self, todo: Sequence[Wish], done: Callable[[int, int], None]) -> None:
        """Buy images that are :meth:`missing`; stops at a fault, and keeps what came before it.

        Raises
        ------
        QuotaError
            If the quota of the account is spent, or this run's own limit by wasted answers.
        RemoteError, CredentialsError, ResourceError
            If an image cannot be had or not be kept.
        """
        stop, count = threading.Event(), 0
        pool = ThreadPoolExecutor(PER_HOST)
        try:
            waiting = {pool.submit(self._unless_stopped, wish, stop) for wish in todo}
            while waiting:
                ended, waiting = wait(waiting, return_when=FIRST_EXCEPTION, timeout=1.0)
                for future in ended:
                    future.result()
                count += len(ended)
                if ended:
                    done(count, len(todo))
        finally:
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)

    def _unless_stopped(self, wish: Wish, stop: threading.Event) -> None:
        if stop.is_set():
            return
        try:
            self._one(wish)
        except BaseException:
            stop.set()
            raise

    def _one(self, wish: Wish) -> None:
        if self.ledger.run.units >= self.max_units + wish.order.bill.units:
            raise QuotaError(
                f"max_pu: expected the run to cost at most {self.max_units:g} units, it has spent "
                f"{self.ledger.run.units:.1f}: answers that were not right had to be asked for "
                "again. What was right is kept; run again later."
            )

        def check(image: Image) -> None:
            if wish.seen and not image.scl.any():
                raise SceneError("expected pixels of the acquisition, got a blank image")

        body = self.source.client.image(wish.order, self.ledger.note, check)
        self.source.cache.put(wish.order.key, body, label=wish.label)


def price(wishes: Sequence[Wish]) -> Bill:
    """Return what images cost by the published formula."""
    return sum((wish.order.bill for wish in wishes), Bill())
