"""Is a pipeline file right: everything that can be known without scenes, network or credentials."""

from pathlib import Path

from habitat.domain.errors import ConfigError, InputError, NotBuiltError
from habitat.io.data_files import read_legend, read_seasons, read_species
from habitat.io.extras import require_extra
from habitat.io.fire_files import read_fuels, read_places
from habitat.io.model_file import read_model
from habitat.io.projection import check_crs
from habitat.pipeline.config import PipelineConfig
from habitat.pipeline.config_feeds import Era5Config
from habitat.pipeline.config_sources import FolderConfig
from habitat.pipeline.config_steps import BurnScars, ClassifyForest, FireRisk, Habitat, Train
from habitat.pipeline.context import aoi_of, source_of
from habitat.pipeline.loader import load_pipeline, project_of


def check_pipeline(path: Path, project: Path | None = None) -> list[str]:
    """Check a pipeline file and every file it names.

    Returns
    -------
    list of str
        Notes that are no faults, for example a source that this version does not read.

    Raises
    ------
    ConfigError, InputError
        With every fault that was found, one a line.
    """
    config = load_pipeline(path)
    base = project_of(path, project)
    notes: list[str] = []
    faults: list[str] = []
    exit_with: type[ConfigError] | type[InputError] = ConfigError
    for check in (_check_settings, _check_aoi, _check_files):
        try:
            notes += check(config, base)
        except NotBuiltError as fault:
            notes.append(str(fault))
        except ConfigError as fault:
            faults.append(str(fault))
            exit_with = ConfigError
        except InputError as fault:
            faults.append(str(fault))
            exit_with = InputError if len(faults) == 1 else ConfigError
    if faults:
        raise exit_with("\n".join(faults))
    return notes


def _check_settings(config: PipelineConfig, base: Path) -> list[str]:
    check_crs(config.grid.epsg)
    read_legend(config.legend, base)
    read_seasons(config.seasons, base)
    for step in config.steps:
        if isinstance(step, Habitat):
            read_species(step.species, base)
        if isinstance(step, FireRisk):
            read_places(step.places, base, fuels=read_fuels(step.fuels, base))
    return []


def _check_aoi(config: PipelineConfig, base: Path) -> list[str]:
    return list(aoi_of(config, base).notes)


def require_files(config: PipelineConfig, base: Path) -> None:
    """Refuse a pipeline that names files which are not there.

    Raises
    ------
    ConfigError
        One line per missing file.
    """
    absent = _absent_scenes(config, base)
    missing = [
        f"{what}: expected a file at {base / name}, found none"
        for what, names in (
            ("boundaries", boundary_files(config)),
            ("people", people_files(config)),
        )
        for name in names
        if not (base / name).is_file()
    ]
    missing += [
        f"step {index + 1} ({step.step}): expected a file at {base / name}, found none"
        for index, step in enumerate(config.steps)
        for name in named_files(step)
        if not (base / name).is_file() and not (absent and Path(name).is_relative_to(absent))
    ]
    if missing:
        raise ConfigError("\n".join(missing))
    if config.copy_to:
        require_extra("boto3", "s3", f"copy_to: {config.copy_to}")


def _check_files(config: PipelineConfig, base: Path) -> list[str]:
    require_files(config, base)
    absent = _absent_scenes(config, base)
    for step in config.steps:
        model = step.model if isinstance(step, ClassifyForest) else ""
        if model.endswith(".json") and (base / model).is_file():
            read_model(base / model)
    notes = [
        "the fire_risk step publishes no release in this version: use habitat fire-risk FILE; "
        "habitat run stops before any work"
        for step in config.steps
        if isinstance(step, FireRisk)
    ]
    if absent:
        notes.append(
            f"source: no folder of scenes at {base / absent} yet; files in it are not checked"
        )
    source_of(config, base)
    return notes


def _absent_scenes(config: PipelineConfig, base: Path) -> str:
    """Return the scene folder that a pipeline names if it is not there yet, else ""."""
    source = config.source
    if isinstance(source, FolderConfig) and not (base / source.path).is_dir():
        return source.path
    return ""


def boundary_files(config: PipelineConfig) -> list[str]:
    """Return the boundary files that a pipeline names, relative to the project."""
    named = config.boundaries
    if named is None:
        return []
    return [name for name in (named.countries, named.park_cn, named.park_ru) if name]


def people_files(config: PipelineConfig) -> list[str]:
    """Return the extracts of roads and settlements that a pipeline names."""
    named = config.people
    return [] if named is None else [file.path for file in (*named.roads, *named.settlements)]


def named_files(step: object) -> list[str]:
    """Return the files that a step names, relative to the project."""
    if isinstance(step, Train):
        given = (step.reference.raster, step.reference.polygons, step.reference.points)
        return [name for name in given if name]
    if isinstance(step, ClassifyForest) and step.model.endswith(".json"):
        return [step.model]
    if isinstance(step, FireRisk):
        named = (step.weather, step.hotspots)
        files = [name for name in named if isinstance(name, str) and "." in name]
        return files + [one.path for one in named if isinstance(one, Era5Config)]
    if isinstance(step, BurnScars) and step.hotspots not in {None, "source"}:
        return [str(step.hotspots)]
    return []
