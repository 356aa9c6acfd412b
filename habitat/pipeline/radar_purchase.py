"""Buys the Sentinel-1 passes that composites need; says before what they cost."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import shapely

from habitat.domain.errors import NoObservationError, QuotaError
from habitat.domain.grid import Grid, Window
from habitat.domain.processing_units import Bill
from habitat.domain.scene import RefusedScene
from habitat.io.sentinelhub.radar_requests import radar_bill
from habitat.io.sentinelhub.radar_source import Pass, SentinelHubRadar
from habitat.io.sentinelhub.sentinelhub_shop import Shop, Wish, price
from habitat.pipeline.config_radar import RadarScenes, RadarSentinelHubConfig
from habitat.pipeline.context import PlanContext
from habitat.pipeline.looks import CERTAIN_M, rectangles
from habitat.pipeline.ops import SceneSet, TileOp
from habitat.pipeline.plan import Plan
from habitat.pipeline.runner import Reporter
from habitat.pipeline.steps.radar import RadarTask, enters

#: Days between two passes of one orbit with two satellites, and orbits that see one place.
REVISIT_DAYS, ORBITS = 6, 4


def needed_passes(plan: Plan, source: SentinelHubRadar) -> dict[str, Pass]:
    """Return the passes that enter a composite of the plan, by item."""
    tasks = [op.config for op in plan.ops if isinstance(op, TileOp) and _is_radar(op)]
    found: dict[str, Pass] = {}
    for task in tasks:
        for item in plan.ctx.scene_sets[task.scenes].items:
            if enters(task, item.orbit, item.acquired.date()):
                found[item.item_id] = source.found[item.item_id]
    return found


def _is_radar(op: TileOp) -> bool:
    return isinstance(op.config, RadarTask) and bool(op.scenes)


def wishes(plan: Plan, source: SentinelHubRadar) -> list[tuple[Pass, Wish]]:
    """Return the images of a plan, by time, then place."""
    return list(_wishes(plan, source))


def _wishes(plan: Plan, source: SentinelHubRadar) -> Iterator[tuple[Pass, Wish]]:
    windows = rectangles(plan.ctx.aoi, plan.ctx.grid, 1, 0)
    needed = needed_passes(plan, source).values()
    for one in sorted(needed, key=lambda p: (p.first, p.item.item_id)):
        certain = one.footprint.buffer(-CERTAIN_M)
        for window in windows:
            box = shapely.box(*plan.ctx.grid.bounds(window))
            if one.footprint.intersects(box):
                label = f"{one.item.item_id} row {window.row} col {window.col}"
                yield one, Wish(source.order(one, window), label, bool(certain.contains(box)))


def purchase_radar(plan: Plan, reporter: Reporter) -> tuple[Bill, Bill]:
    """Buy what is missing and let the plan read it; nothing for other sources.

    Returns
    -------
    run, month : Bill
        Spent by this run on radar, and by the project in the month.

    Raises
    ------
    QuotaError
        If it costs more than ``radar.max_pu``, before the first paid call.
    RemoteError, CredentialsError
        If an image cannot be had.
    """
    source, config = plan.ctx.radar, plan.ctx.config.radar
    if not isinstance(source, SentinelHubRadar) or not isinstance(config, RadarSentinelHubConfig):
        return Bill(), Bill()
    shop = Shop(source, source.ledger(), config.max_pu)
    wanted = wishes(plan, source)
    missing = shop.missing([wish for _, wish in wanted])
    cost = price(missing)
    if cost.units > config.max_pu:
        raise QuotaError(
            f"radar.max_pu: expected the passes of this run to cost at most {config.max_pu:g} "
            f"units, they cost {cost.units:.1f}; nothing was bought. Raise max_pu, shorten the "
            "period, name one orbit direction, or use larger pixels."
        )
    reporter.note(f"radar: to buy: {cost.requests} images, {cost.units:.1f} units")
    shop.buy(missing, partial(_said, reporter))
    _bind(plan, source, wanted)
    return shop.ledger.run, shop.ledger.month()


def _said(reporter: Reporter, done: int, todo: int) -> None:
    if done == todo:
        reporter.note(f"radar: bought {done} images")


def _bind(plan: Plan, source: SentinelHubRadar, wanted: list[tuple[Pass, Wish]]) -> None:
    bought: dict[str, tuple[Pass, tuple[Window, ...]]] = {}
    for one, wish in wanted:
        _, windows = bought.get(one.item.item_id, (one, ()))
        bought[one.item.item_id] = one, (*windows, wish.order.window)
    plan.ctx.radar = source.with_bought(bought)
    for name, found in plan.ctx.scene_sets.items():
        if found.radar:
            plan.ctx.scene_sets[name] = _bound(name, found, set(bought))


def _bound(name: str, found: SceneSet, bought: set[str]) -> SceneSet:
    """Return a scene set without the passes that no composite asks for."""
    kept = tuple(item for item in found.items if item.item_id in bought)
    if not kept:
        raise NoObservationError(f"radar_scenes {name!r}: expected a pass over the AOI, got none")
    why = "not bought: of the other orbit direction, or of no composite's season"
    left = [RefusedScene(i.item_id, why) for i in found.items if i.item_id not in bought]
    return replace(found, items=kept, refused=(*found.refused, *left))


def bill_of_pass(ctx: PlanContext, grid: Grid) -> Bill:
    """Return what one pass costs that covers the whole area."""
    return sum((radar_bill(window) for window in rectangles(ctx.aoi, grid, 1, 0)), Bill())


def most_radar(ctx: PlanContext) -> Bill:
    """Return what the passes of a file could cost at most, without asking anybody."""
    if not isinstance(ctx.config.radar, RadarSentinelHubConfig):
        return Bill()
    one = bill_of_pass(ctx, ctx.grid)
    steps = [step for step in ctx.config.steps if isinstance(step, RadarScenes)]
    count = sum(ORBITS * -(-ctx.period(step.period).days // REVISIT_DAYS) for step in steps)
    return one.times(count)
