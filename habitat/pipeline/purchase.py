"""Between plan and run: choose the looks worth buying, price them, buy them, check them."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from habitat.algorithms.look_choice import MAX_EVERY_DAYS, fit, thin, useful
from habitat.domain.errors import NoObservationError, QuotaError, SceneError
from habitat.domain.harmonise import DARK_BANDS, offset_fault
from habitat.domain.processing_units import Bill
from habitat.domain.product_name import OFFSET_BASELINE, OFFSET_SINCE
from habitat.domain.scene import RefusedScene, SceneItem
from habitat.io.scenes.item_reader import clear_pixels
from habitat.io.sentinelhub.sentinelhub_shop import Shop, Wish, price
from habitat.io.sentinelhub.sentinelhub_source import Bought, SentinelHubSource
from habitat.pipeline.config_sources import SentinelHubConfig
from habitat.pipeline.digest import digest
from habitat.pipeline.looks import PRECHECK_M, Candidate, Precheck, candidates, offers_of
from habitat.pipeline.ops import SceneSet
from habitat.pipeline.plan import Plan
from habitat.pipeline.runner import Reporter

_MICRO = 1_000_000
#: The offset check reads so many dark bands of so many images of an acquisition.
_SAMPLE_BANDS, _SAMPLE_IMAGES = 3, 9
_SAY_EVERY = 50


@dataclass(frozen=True, slots=True)
class Choice:
    """Looks to buy.

    Attributes
    ----------
    looks : tuple of Candidate
        By time, then place.
    wishes : tuple of Wish
        Their images.
    every_days : int
        One look per place in so many days of the fire season, and in twice as many outside it;
        0: every useful look.
    """

    looks: tuple[Candidate, ...]
    wishes: tuple[Wish, ...]
    every_days: int

    def text(self) -> str:
        """Return how they were chosen."""
        if not self.every_days:
            return f"{len(self.looks)} looks"
        return (
            f"{len(self.looks)} looks: the clearest of every {self.every_days} days of the fire "
            f"season and of every {2 * self.every_days} days else, place by place"
        )


@dataclass(frozen=True, slots=True)
class Spent:
    """What a run has bought: its own bill and that of the calendar month."""

    run: Bill = field(default_factory=Bill)
    month: Bill = field(default_factory=Bill)


def purchase(plan: Plan, reporter: Reporter) -> Spent:
    """Buy the looks of a plan and bind its scene sets to them; nothing for other sources.

    The choice depends on the catalogue, the pixels of the service and the pipeline file alone,
    not on what is already in the cache, so the same run chooses the same.

    Raises
    ------
    QuotaError
        If the looks cost more than ``max_pu``, before the first paid call; if the account's quota
        is spent, after keeping what was bought.
    RemoteError, CredentialsError
        If an image cannot be had.
    SceneError, NoObservationError
        If no look of a scene set can be used.
    """
    source = plan.ctx.source
    if not isinstance(source, SentinelHubSource):
        return Spent()
    config = _config(plan)
    shop = Shop(source, source.ledger(), config.max_pu)
    looks = candidates(plan, source)
    precheck = precheck_of(plan, source)
    if precheck is not None:
        _buy_prechecks(plan, shop, looks, precheck, reporter)
    choice = choose(plan, source, looks, precheck)
    missing = shop.missing(choice.wishes)
    cost = price(missing)
    if cost.units > config.max_pu:
        raise _too_dear(cost, config)
    reporter.note(f"{choice.text()}; to buy: {cost.requests} images, {cost.units:.1f} units")
    shop.buy(missing, _say(reporter, "images"))
    _bind(plan, source, choice)
    return Spent(shop.ledger.run, shop.ledger.month())


def _config(plan: Plan) -> SentinelHubConfig:
    config = plan.ctx.config.source
    if not isinstance(config, SentinelHubConfig):
        raise TypeError(f"expected a source of Sentinel Hub, got {config.kind}")
    return config


def precheck_of(plan: Plan, source: SentinelHubSource) -> Precheck | None:
    """Return the cheap look of a plan; None where it would not be cheaper, or is not wanted."""
    wanted = _config(plan).min_clear_percent > 0 and source.grid.pixel_m < PRECHECK_M
    return Precheck(plan, source) if wanted else None


def prechecks(looks: Sequence[Candidate], precheck: Precheck) -> list[Wish]:
    """Return the cheap images of all acquisitions."""
    seen = {look.acquisition.item.item_id: look.acquisition for look in looks}
    return [wish for acquisition in seen.values() for wish in precheck.wishes(acquisition)]


def _buy_prechecks(
    plan: Plan, shop: Shop, looks: Sequence[Candidate], precheck: Precheck, reporter: Reporter
) -> None:
    config, wishes = _config(plan), prechecks(looks, precheck)
    offers, _ = offers_of(looks, plan.ctx.seasons, None)
    fewest = thin(offers, np.ones(len(looks), bool), MAX_EVERY_DAYS)
    least = price(wishes) + Bill(int(offers.price[fewest].sum()) / _MICRO)
    if least.units > config.max_pu:
        raise _too_dear(least, config)
    missing = shop.missing(wishes)
    if missing:
        cost = price(missing)
        reporter.note(f"cheap looks at {PRECHECK_M} m: {cost.requests}, {cost.units:.1f} units")
        shop.buy(missing, _say(reporter, "cheap looks"))


def choose(
    plan: Plan, source: SentinelHubSource, looks: Sequence[Candidate], precheck: Precheck | None
) -> Choice:
    """Return the looks to buy: all, or with a cheap look those that are useful and fit.

    Raises
    ------
    QuotaError
        If not even one look a year fits.
    NoObservationError
        If none is useful.
    """
    if precheck is None:
        wishes = tuple(look.wish(source, clear=False) for look in looks)
        return Choice(tuple(looks), wishes, 0)
    config = _config(plan)
    offers, certain = offers_of(looks, plan.ctx.seasons, precheck)
    good = useful(offers, config.min_clear_percent)
    budget = round((config.max_pu - price(prechecks(looks, precheck)).units) * _MICRO)
    try:
        chosen, every_days = fit(offers, good, budget)
    except ValueError:
        raise _too_dear(Bill(int(offers.price[good].sum()) / _MICRO), config) from None
    if not chosen.any():
        raise NoObservationError(
            f"looks: expected one with at least {config.min_clear_percent:g} % of the AOI clear, "
            f"found none among {len(looks)}. Lower min_clear_percent or widen the period."
        )
    rows = [int(row) for row in np.flatnonzero(chosen)]
    wishes = tuple(looks[row].wish(source, clear=bool(certain[row])) for row in rows)
    return Choice(tuple(looks[row] for row in rows), wishes, every_days)


def _too_dear(cost: Bill, config: SentinelHubConfig) -> QuotaError:
    return QuotaError(
        f"max_pu: expected the looks of this run to cost at most {config.max_pu:g} units, they "
        f"cost {cost.units:.1f} at least; nothing was bought. Raise max_pu, shorten the periods, "
        "or ask for fewer bands or larger pixels (habitat cost FILE lists what each costs)."
    )


class _Say:
    """Tells a reporter how buying goes on, not too often."""

    def __init__(self, reporter: Reporter, what: str) -> None:
        self._reporter, self._what, self._said = reporter, what, 0

    def __call__(self, done: int, todo: int) -> None:
        if done - self._said >= _SAY_EVERY or done == todo:
            self._said = done
            self._reporter.note(f"bought {done} of {todo} {self._what}")


def _say(reporter: Reporter, what: str) -> _Say:
    return _Say(reporter, what)


def _bind(plan: Plan, source: SentinelHubSource, choice: Choice) -> None:
    """Let the scene sets of a plan hold what was bought and is right."""
    by_item: dict[str, list[Candidate]] = {}
    for look in choice.looks:
        by_item.setdefault(look.acquisition.item.item_id, []).append(look)
    bought = {
        item_id: Bought(looks[0].acquisition, looks[0].bands, tuple(a.window for a in looks))
        for item_id, looks in by_item.items()
    }
    plan.ctx.source = source = source.with_bought(bought)
    faults = {item_id: _fault(source, one) for item_id, one in bought.items()}
    for name, found in plan.ctx.scene_sets.items():
        if not found.radar:
            plan.ctx.scene_sets[name] = _bound(name, found, bought, faults)


def _bound(
    name: str, found: SceneSet, bought: dict[str, Bought], faults: dict[str, str | None]
) -> SceneSet:
    items: list[SceneItem] = []
    refused = list(found.refused)
    for item in found.items:
        one = bought.get(item.item_id)
        if one is None:
            refused.append(RefusedScene(item.item_id, "not bought: not clear enough, or thinned"))
        elif reason := faults[item.item_id]:
            refused.append(RefusedScene(item.item_id, reason))
        else:
            checksum = digest(item.checksum, one.bands, one.windows)
            items.append(replace(item, checksum=checksum))
    if items:
        return replace(found, items=tuple(items), refused=tuple(refused))
    reasons = sorted({scene.reason for scene in refused})
    where = f"scenes {name!r}: expected a look that can be used in {found.period}"
    if any(faults.get(item.item_id) for item in found.items):
        raise SceneError(f"{where}, but all are refused; nothing was changed: {'; '.join(reasons)}")
    raise NoObservationError(f"{where}, none is clear enough or within max_pu.")


def _fault(source: SentinelHubSource, one: Bought) -> str | None:
    """Return why the pixels contradict the offset of their baseline, or None."""
    dark = [band for band in DARK_BANDS if band in one.bands][:_SAMPLE_BANDS]
    if not dark:
        return None
    step = max(1, len(one.windows) // _SAMPLE_IMAGES)
    images = [source.stored(one, window) for window in one.windows[::step]]
    stored = {b: np.concatenate([image.bands[b].ravel() for image in images]) for b in dark}
    clear = np.concatenate([clear_pixels(image).ravel() for image in images])
    item = one.acquisition.item
    new = item.acquired.date() >= OFFSET_SINCE or item.baseline >= OFFSET_BASELINE
    return offset_fault(stored, clear, offset_dn=item.assets[dark[0]].offset_dn, new=new)
