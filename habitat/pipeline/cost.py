"""What imagery costs: of a planned run, and of a zone by source, pixel size and period."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

import numpy as np

from habitat.algorithms.look_choice import Offers, fit
from habitat.domain.bands import S2_BANDS
from habitat.domain.grid import Grid, Window
from habitat.domain.period import Period, days_since_epoch
from habitat.domain.processing_units import (
    FREE_MONTHLY,
    Bill,
    quota_reset,
)
from habitat.domain.radar import RADAR_BANDS
from habitat.domain.scene import SceneItem
from habitat.io.sentinelhub.radar_source import SentinelHubRadar
from habitat.io.sentinelhub.sentinelhub_requests import bill_of
from habitat.io.sentinelhub.sentinelhub_shop import Shop, price
from habitat.io.sentinelhub.sentinelhub_source import SentinelHubSource
from habitat.io.stac.radar_stac import RadarStac
from habitat.io.stac.stac_source import StacSource
from habitat.pipeline import radar_purchase
from habitat.pipeline.config_sources import SentinelHubConfig
from habitat.pipeline.config_steps import Scenes
from habitat.pipeline.context import PlanContext
from habitat.pipeline.looks import (
    PRECHECK_M,
    REACH_PX,
    candidates,
    in_fire_season,
    precheck_rectangles,
    rectangles,
)
from habitat.pipeline.plan import Plan
from habitat.pipeline.purchase import choose, precheck_of, prechecks
from habitat.pipeline.radar_purchase import bill_of_pass, most_radar, wishes
from habitat.pipeline.stac_cost import bill_of_date

#: Days between two passes of one orbit with two satellites.
REVISIT_DAYS = 5
#: Orbits that see one place at 43 degrees north at most.
_ORBITS = 2
_PIXELS_M = (10, 20)
_MICRO = 1_000_000
#: A stored pixel of backscatter against one of reflectance.
_FLOAT_TO_DN = 2
_YEAR_DAYS = 365
#: Only how many are asked for counts.
_NAMES = tuple(S2_BANDS)


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a run would buy.

    Attributes
    ----------
    bill : Bill
        Units, requests and bytes before compression.
    notes : tuple of str
        How sure that is, and why.
    """

    bill: Bill
    notes: tuple[str, ...] = ()


def _most_bytes(plan: Plan, source: StacSource) -> int:
    """Return an upper bound of what a run downloads, if nothing were in the cache [bytes]."""
    asked: dict[str, tuple[SceneItem, set[str]]] = {}
    for found in plan.ctx.scene_sets.values():
        for item in () if found.radar else found.items:
            asked.setdefault(item.item_id, (item, set()))[1].update(found.bands)
    return sum(
        source.most_bytes([item], sorted(bands), plan.ctx.window) for item, bands in asked.values()
    )


def estimate(plan: Plan) -> Estimate:
    """Return what a plan would buy; asks for nothing that is paid by area."""
    found = _estimate(plan)
    radar = plan.ctx.radar
    if isinstance(radar, SentinelHubRadar):
        shop = Shop(radar, radar.ledger(), 0.0)
        bill = price(shop.missing([wish for _, wish in wishes(plan, radar)]))
        note = f"radar: {bill.units:.1f} units in {bill.requests} requests to buy"
        return Estimate(found.bill + bill, (*found.notes, note))
    if not isinstance(radar, RadarStac):
        return found
    items = {i.item_id: i for s in plan.ctx.scene_sets.values() if s.radar for i in s.items}
    most = radar.most_bytes(items.values(), RADAR_BANDS, plan.ctx.window) * _FLOAT_TO_DN
    note = f"{len(items)} radar scenes: nothing is paid; {most / 1e6:.0f} MB of it at most"
    return Estimate(found.bill + Bill(bytes=most), (*found.notes, note))


def _estimate(plan: Plan) -> Estimate:
    source = plan.ctx.source
    if isinstance(source, StacSource):
        note = "nothing is paid at this source; bytes are an upper bound"
        return Estimate(Bill(bytes=_most_bytes(plan, source)), (note,))
    if not isinstance(source, SentinelHubSource):
        return Estimate(Bill(), ("nothing is bought from this source",))
    looks, precheck = candidates(plan, source), precheck_of(plan, source)
    shop = Shop(source, source.ledger(), 0.0)
    cheap = prechecks(looks, precheck) if precheck is not None else []
    first = price(shop.missing(cheap))
    config = plan.ctx.config.source
    if precheck is None or not first.requests:
        choice = choose(plan, source, looks, precheck)
        bill = price(shop.missing(choice.wishes))
        notes = [f"{choice.text()}; what is in the cache is not bought again"]
        if isinstance(config, SentinelHubConfig) and bill.units > config.max_pu:
            notes.append(f"refused: more than max_pu ({config.max_pu:g})")
    else:
        most = first + sum((look.bill for look in looks), Bill())
        bill = _capped(most, config)
        notes = [
            f"at most: all {len(looks)} looks would cost {most.units:.1f} units; cheap looks at "
            f"{PRECHECK_M} m ({first.units:.1f} units) tell which are worth it, and of those the "
            "clearest within max_pu are bought"
        ]
    tiles = max(len(plan.tiles), 1)
    notes.append(f"about {bill.units / tiles:.1f} units a tile")
    return Estimate(bill, (*notes, _month(shop)))


def _month(shop: Shop) -> str:
    spent = shop.ledger.month()
    return (
        f"spent from here this month: {spent.units:.1f} of the {FREE_MONTHLY:,} units of a free "
        f"account, in {spent.requests} requests; it starts again on "
        f"{quota_reset(shop.ledger.today)}"
    )


def _capped(bill: Bill, config: object) -> Bill:
    """Return a bill cut to ``max_pu``, requests and bytes in proportion."""
    limit = config.max_pu if isinstance(config, SentinelHubConfig) else 0.0
    if bill.units <= limit:
        return bill
    share = limit / bill.units
    return Bill(limit, round(bill.requests * share), round(bill.bytes * share))


def upper_bound(ctx: PlanContext, reason: str) -> Estimate:
    """Return what a run could cost at most, without asking anybody: revisit × area × formula."""
    total, cheap = Bill(), _precheck_bill(ctx)
    known: dict[int, Bill] = {}
    for step in _scenes(ctx):
        bands = len(step.bands)
        if bands not in known:
            known[bands] = _per_date(ctx, ctx.grid, bands)
        passes = _ORBITS * _passes(ctx.period(step.period))
        total += (known[bands] + cheap).times(passes)
    bill = _capped(total, ctx.config.source) + most_radar(ctx)
    return Estimate(
        bill,
        (
            f"catalogue not reached: {reason}",
            f"upper bound: {_ORBITS} looks in {REVISIT_DAYS} days of the whole area would cost "
            f"{total.units:.1f} units; no more than max_pu is bought",
        ),
    )


def _scenes(ctx: PlanContext) -> list[Scenes]:
    return [step for step in ctx.config.steps if isinstance(step, Scenes)]


def _passes(period: Period) -> int:
    return -(-period.days // REVISIT_DAYS)


def _bill(windows: Sequence[Window], bands: int) -> Bill:
    return sum((bill_of(window, _NAMES[:bands]) for window in windows), Bill())


def _per_date(ctx: PlanContext, grid: Grid, bands: int) -> Bill:
    return _bill(rectangles(ctx.aoi, grid, bands, REACH_PX), bands)


def _precheck_bill(ctx: PlanContext) -> Bill:
    return _bill(precheck_rectangles(ctx.aoi, ctx.grid, REACH_PX)[1], 0)


@dataclass(frozen=True, slots=True)
class CostRow:
    """One line of the table: what a date, a season and a year cost; ``pixel_m`` 0: any size."""

    what: str
    pixel_m: int
    bands: int
    date: Bill
    season: Bill
    year: Bill


@dataclass(frozen=True, slots=True)
class CostTable:
    """Cost of a zone.

    Attributes
    ----------
    rows : tuple of CostRow
        By pixel size and bands.
    plans : tuple of str
        What fits into ``max_pu``: the first scene set alone, and all.
    max_pu : float
        Of the pipeline.
    """

    rows: tuple[CostRow, ...]
    plans: tuple[str, ...]
    max_pu: float

    def text(self) -> str:
        """Return it for a person."""
        head = (
            f"{'request':<24}{'requests':>9}{'units':>9}{'GB':>7}"
            f"{'units/season':>14}{'requests/year':>15}{'units/year':>12}{'GB/year':>9}"
        )
        lines = [
            f"{row.what:<24}{row.date.requests:>9,}{row.date.units:>9,.1f}"
            f"{row.date.bytes / 1e9:>7.2f}{row.season.units:>14,.0f}{row.year.requests:>15,}"
            f"{row.year.units:>12,.0f}{row.year.bytes / 1e9:>9,.0f}"
            for row in self.rows
        ]
        notes = [
            f"One whole coverage every {REVISIT_DAYS} days is assumed: overlap of orbits adds to "
            "it, clouds take from it. VV + VH: a pass of one orbit direction every "
            f"{radar_purchase.REVISIT_DAYS} days, terrain-corrected.",
            "A season is leaf-on, a year 365 days. Bytes are uncompressed.",
            "Units are those of Sentinel Hub. A STAC catalogue charges nothing; its files come in "
            "their own pixel sizes, so 10 m and 20 m cost the same.",
            "To pay less: larger pixels, fewer bands, shorter periods, a smaller max_pu or a "
            "higher min_clear_percent; images in the cache are free.",
        ]
        return "\n".join([head, *lines, "", *self.plans, *notes])

    def as_dict(self) -> dict[str, Any]:
        """Return it for a machine."""
        return asdict(self)


def cost_table(ctx: PlanContext) -> CostTable:
    """Return what the zone of a pipeline costs at 10 m and 20 m, and what its budget allows."""
    steps = _scenes(ctx)
    names = sorted({band for step in steps for band in step.bands})
    bands = len(names)
    leaf_on = ctx.seasons.season("leaf_on").periods(ctx.as_of.year)
    passes, radar_passes = (
        (sum(-(-p.days // days) for p in leaf_on), -(-_YEAR_DAYS // days))
        for days in (REVISIT_DAYS, radar_purchase.REVISIT_DAYS)
    )
    rows = [_row(f"{PRECHECK_M} m, SCL alone", PRECHECK_M, 0, _precheck_bill(ctx), passes)]
    for pixel_m in _PIXELS_M:
        grid = Grid(ctx.grid.epsg, pixel_m, ctx.grid.tile_px)
        for count in sorted({4, bands, 10}):
            bill = _per_date(ctx, grid, count)
            rows.append(_row(f"{pixel_m} m, {count} bands + SCL", pixel_m, count, bill, passes))
        bill = bill_of_pass(ctx, grid)
        rows.append(_row(f"{pixel_m} m, VV + VH", pixel_m, len(RADAR_BANDS), bill, radar_passes))
    what = f"STAC, {bands} bands + SCL"
    rows.append(_row(what, 0, bands, bill_of_date(ctx, names), passes))
    config = ctx.config.source
    limit = config.max_pu if isinstance(config, SentinelHubConfig) else float(FREE_MONTHLY)
    plans = [_plan_line(ctx, steps[:1], limit)]
    if len(steps) > 1:
        plans.append(_plan_line(ctx, steps, limit))
    return CostTable(tuple(rows), tuple(plans), limit)


def _row(what: str, pixel_m: int, bands: int, date: Bill, passes: tuple[int, int]) -> CostRow:
    return CostRow(what, pixel_m, bands, date, date.times(passes[0]), date.times(passes[1]))


def _plan_line(ctx: PlanContext, steps: Sequence[Scenes], limit: float) -> str:
    """Say what fits, were every pass clear: one look per place in so many days."""
    periods = [ctx.period(step.period) for step in steps]
    cheap = sum((_precheck_bill(ctx).times(_passes(period)) for period in periods), Bill())
    offers = _clear_offers(ctx, steps)
    name = " and ".join(f"{step.save_as} ({p})" for step, p in zip(steps, periods, strict=True))
    every = np.ones(len(offers.day), bool)
    whole = int(offers.price.sum()) / _MICRO
    try:
        chosen, days = fit(offers, every, round((limit - cheap.units) * _MICRO))
    except ValueError:
        return f"{name}: does not fit into {limit:,.0f} units; all looks cost {whole:,.0f}"
    units = int(offers.price[chosen].sum()) / _MICRO + cheap.units
    how = f"one look per place every {days} days of the fire season, every {2 * days} days else"
    how = how if days else "every look"
    return (
        f"{name}: {how}: {units:,.0f} of {limit:,.0f} units, "
        f"{int(chosen.sum()) + cheap.requests:,} requests (all looks: {whole:,.0f} units)"
    )


def _clear_offers(ctx: PlanContext, steps: Sequence[Scenes]) -> Offers:
    """Return looks as if every pass were clear and whole."""
    rows: list[tuple[int, int, int, bool]] = []
    for step in steps:
        names = _NAMES[: len(step.bands)]
        windows = rectangles(ctx.aoi, ctx.grid, len(step.bands), REACH_PX)
        prices = [round(bill_of(window, names).units * _MICRO) for window in windows]
        period = ctx.period(step.period)
        for number in range(_passes(period)):
            day = period.start + timedelta(days=REVISIT_DAYS * number)
            dense, since = in_fire_season(ctx.seasons, day), days_since_epoch(day)
            rows += [(since, place, cost, dense) for place, cost in enumerate(prices)]
    columns = list(zip(*rows, strict=True))
    ones = np.ones(len(rows), np.int64)
    return Offers(
        np.array(columns[0], np.int32),
        np.array(columns[1], np.int32),
        ones,
        ones,
        np.array(columns[2], np.int64),
        np.array(columns[3], bool),
    )
