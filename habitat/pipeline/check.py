"""Is a pipeline file right: a run is planned as it will be, but no source is searched or asked."""

from datetime import date
from pathlib import Path

from habitat.domain.errors import NotBuiltError
from habitat.io.fire.fire_files import read_fuels, read_places
from habitat.io.fire.static_heat_file import read_heat_mask
from habitat.pipeline.config import PipelineConfig
from habitat.pipeline.config_base import StepConfig
from habitat.pipeline.config_radar import RadarScenes
from habitat.pipeline.config_steps import FireRisk, Publish, Scenes, Train
from habitat.pipeline.context import PlanContext, bind, countries_file
from habitat.pipeline.loader import load_pipeline, project_of
from habitat.pipeline.named_files import absent_radar, absent_scenes, named_files, people_catalogues
from habitat.pipeline.ops import SceneSet
from habitat.pipeline.plan import plan_pipeline
from habitat.pipeline.scene_search import declared_scenes


def check_pipeline(path: Path, project: Path | None, as_of: date) -> list[str]:
    """Check a pipeline file and every file it names; what a run would refuse is refused.

    Parameters
    ----------
    path : Path
        The file.
    project : Path or None
        Folder that its paths are relative to; None: found from the file.
    as_of : date
        Day that relative periods are counted from.

    Returns
    -------
    list of str
        Notes that are no faults, for example a source that this version does not read.

    Raises
    ------
    HabitatError
        As a run would before any work: with every fault that was found, one a line.
    """
    config = load_pipeline(path)
    base = project_of(path, project)
    notes = _check_fire_risk(config, base)
    try:
        ctx = bind(config, base, as_of, access="plan")
    except NotBuiltError as fault:
        return [*notes, str(fault)]
    absent = absent_scenes(config, base)
    if absent:
        notes.append(
            f"source: no folder of scenes at {base / absent} yet; files in it are not checked"
        )

    radar = absent_radar(config, base)
    if radar:
        notes.append(f"radar: no folder of scenes at {base / radar} yet; habitat run needs it")

    notes += [
        f"people: {url} is not asked by check, its extracts are not checked"
        for url in people_catalogues(config)
    ]

    def cannot_be_planned(step: StepConfig) -> bool:
        inside = any(Path(name).is_relative_to(absent) for name in named_files(step) if absent)
        return isinstance(step, FireRisk) or inside

    trained = _only_trained(config)
    if trained:
        notes.append("no step publishes: for habitat train; habitat run refuses the file")
    find = _any_band if absent else declared_scenes
    plan_pipeline(ctx, goals=trained or None, find=find, leave=cannot_be_planned)
    if countries_file(config, base) is None:
        notes.append(
            f"{ctx.aoi.source}: not checked against a border line, since boundaries "
            "names no countries"
        )
    return [*notes, *ctx.aoi.notes]


def _only_trained(config: PipelineConfig) -> list[str]:
    """Return the models of a file that publishes nothing, else none."""
    if any(isinstance(step, Publish) for step in config.steps):
        return []
    return [step.save_as for step in config.steps if isinstance(step, Train)]


def _any_band(ctx: PlanContext, step: Scenes | RadarScenes) -> SceneSet:
    """Return the scene set of a step whose source is not there yet."""
    if isinstance(step, RadarScenes):
        return declared_scenes(ctx, step)
    return SceneSet(ctx.period(step.period), tuple(step.bands), (), (), searched=False)


def _check_fire_risk(config: PipelineConfig, base: Path) -> list[str]:
    """Check the files of the brief, which ``habitat fire-risk`` reads and a run does not."""
    steps = [step for step in config.steps if isinstance(step, FireRisk)]
    for step in steps:
        read_places(step.places, base, fuels=read_fuels(step.fuels, base))
        if step.static_sources != "none":
            read_heat_mask(base / step.static_sources, epsg=config.grid.epsg)
    return [
        "the fire_risk step publishes no release in this version: use habitat fire-risk FILE; "
        "habitat run stops before any work"
        for _ in steps
    ]
