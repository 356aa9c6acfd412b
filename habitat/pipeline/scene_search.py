"""The scenes of a pipeline: searched, or only declared; and what to say when there are none."""

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date

from habitat.domain.errors import (
    ConfigError,
    HabitatError,
    InputError,
    NoObservationError,
    SceneError,
)
from habitat.domain.period import Period
from habitat.domain.radar import RADAR_BANDS
from habitat.domain.scene import MASKS, RefusedScene, SceneItem, SceneNeeds
from habitat.io.scenes.scene_item import beside
from habitat.io.vector.aoi import touches
from habitat.pipeline.config_radar import RadarScenes
from habitat.pipeline.config_sources import FolderConfig, StacConfig
from habitat.pipeline.config_steps import Scenes
from habitat.pipeline.context import PlanContext
from habitat.pipeline.ops import SceneSet

log = logging.getLogger(__name__)

#: Refused scenes that a message names.
_MAX_LISTED = 5


def declared_scenes(ctx: PlanContext, step: Scenes | RadarScenes) -> SceneSet:
    """Return what a step will search, without searching: its period and its bands.

    Raises
    ------
    ConfigError
        If the whole period lies after the as-of date, or radar is asked for and not named.
    SceneError
        If the source does not have a band that is asked for.
    """
    if isinstance(step, RadarScenes):
        if ctx.radar is None:
            raise ConfigError(
                f"radar_scenes {step.save_as!r}: expected the source of Sentinel-1 at the head of "
                "the file, found none; add for example radar: {kind: stac, preset: "
                "planetary-computer}"
            )
        return SceneSet(ctx.period(step.period), RADAR_BANDS, (), (), searched=False, radar=True)
    missing = [band for band in step.bands if band not in ctx.source.available_bands()]
    if missing:
        raise SceneError(
            f"scenes {step.save_as!r}: expected bands {step.bands}, but the source does not have "
            f"{missing}; it has {list(ctx.source.available_bands())}. Ask for fewer bands."
        )
    return SceneSet(ctx.period(step.period), tuple(step.bands), (), (), searched=False)


def find_scenes(ctx: PlanContext, step: Scenes | RadarScenes) -> SceneSet:
    """Search the scenes of a step; those without a needed band or a mask are refused.

    Raises
    ------
    SceneError
        As :func:`declared_scenes`, or if every scene is refused.
    InputError
        If every scene lies beside the AOI.
    NoObservationError
        If there is no scene at all.
    """
    declared = declared_scenes(ctx, step)
    radar = ctx.radar if declared.radar else None
    needs = SceneNeeds(declared.bands, mask=radar is None and _mask_needed(ctx))
    window = ctx.grid.window_of_bounds(ctx.aoi.bounds)
    found, refused = (radar or ctx.source).search(declared.period, window, needs)
    items = [item for item in found if touches(ctx.aoi, item.bounds)]
    refused += [beside(item, ctx.grid.epsg) for item in found if not touches(ctx.aoi, item.bounds)]
    if not items:
        raise no_scene(f"{step.step} {step.save_as!r}", (declared.period,), refused)
    _note_unmasked(ctx, step, items)
    return replace(declared, items=tuple(items), refused=tuple(refused), searched=True)


def _mask_needed(ctx: PlanContext) -> bool:
    """Say whether the file accepts no scene without a mask; services always deliver one."""
    source = ctx.config.source
    return isinstance(source, FolderConfig | StacConfig) and source.without_mask == "refuse"


def unmasked(items: Sequence[SceneItem]) -> list[str]:
    """Return the ids of scenes that come without any mask of clouds; radar needs none."""
    fine = (*MASKS, *RADAR_BANDS)
    return [item.item_id for item in items if not any(name in item.assets for name in fine)]


def _note_unmasked(
    ctx: PlanContext, step: Scenes | RadarScenes, items: Sequence[SceneItem]
) -> None:
    without = unmasked(items)
    if without:
        note = (
            f"scenes {step.save_as!r}: {len(without)} of {len(items)} come without a cloud mask "
            "and are used (without_mask: use): their clouds pass for land; only shadow and snow "
            "that their bands show are left out"
        )
        log.warning("%s", note)
        ctx.notes.append(note)


def require_looks(ctx: PlanContext, scenes: str, periods: Sequence[Period], what: str) -> None:
    """Refuse a result for whose periods nothing was or can be found.

    Parameters
    ----------
    ctx : PlanContext
        With the scene set.
    scenes : str
        Its name.
    periods : sequence of Period
        Looks of these are asked for.
    what : str
        The result, for messages.

    Raises
    ------
    ConfigError
        If the scene set was searched in another time.
    SceneError, InputError, NoObservationError
        As :func:`find_scenes`, for these periods.
    """
    require_period(ctx, scenes, periods, what)
    found = ctx.scene_sets[scenes]
    if found.searched and not any(_within(item.acquired.date(), periods) for item in found.items):
        refused = [s for s in found.refused if s.day is None or _within(s.day, periods)]
        raise no_scene(what, periods, refused)


def require_period(ctx: PlanContext, scenes: str, periods: Sequence[Period], what: str) -> None:
    """Refuse a result of another time than its scenes; parameters as :func:`require_looks`.

    Raises
    ------
    ConfigError
        If no period meets the one in which the scenes are searched.
    """
    searched = ctx.scene_sets[scenes].period
    if not any(_meet(period, searched) for period in periods):
        times = " and ".join(str(period) for period in periods)
        raise ConfigError(
            f"{what}: expected scenes of {times}, but {scenes!r} is searched in {searched}. "
            "Correct the season and year, or the period of the scenes."
        )


def _meet(a: Period, b: Period) -> bool:
    return a.start <= b.end and b.start <= a.end


def _within(day: date, periods: Sequence[Period]) -> bool:
    return any(day in period for period in periods)


def no_scene(what: str, periods: Sequence[Period], refused: Sequence[RefusedScene]) -> HabitatError:
    """Return what to raise: scenes to be repaired, imagery of another place, or none at all."""
    where = f"{what}: expected at least one scene in {' and '.join(map(str, periods))}"
    kinds = {scene.kind for scene in refused}
    if not refused:
        return NoObservationError(
            f"{where}, found none. Check the period and the source; nothing was changed."
        )
    listed = f"{_counts(refused)}; nothing was changed:{_lines(refused)}"
    if "fault" in kinds:
        return SceneError(f"{where}, but all {len(refused)} are refused: {listed}")
    if "outside" in kinds and "cloudy" not in kinds:
        return InputError(f"{where} and in the AOI, but all {len(refused)} are elsewhere: {listed}")
    return NoObservationError(f"{where} that is clear enough, but there is none: {listed}")


_KINDS = {
    "fault": "faulty", "outside": "beside the AOI", "cloudy": "too cloudy",
    "superseded": "superseded",
}  # fmt: skip


def _counts(refused: Iterable[RefusedScene]) -> str:
    kinds = Counter[str](scene.kind for scene in refused)
    return ", ".join(f"{kinds[kind]} {words}" for kind, words in _KINDS.items() if kinds[kind])


def _lines(refused: Sequence[RefusedScene]) -> str:
    lines = [f"\n  {scene.item_id}: {scene.reason}" for scene in refused[:_MAX_LISTED]]
    more = len(refused) - _MAX_LISTED
    return "".join(lines) + (f"\n  and {more} more" if more > 0 else "")


def refusals(ctx: PlanContext) -> str:
    """Return one line on the scenes that were not used, for messages; empty if all were."""
    refused = {
        (scene.item_id, scene.kind): scene
        for found in ctx.scene_sets.values()
        for scene in found.refused
    }
    if not refused:
        return ""
    scenes = list(refused.values())
    return f"\nScenes that were found and not used: {_counts(scenes)}.{_lines(scenes)}"
