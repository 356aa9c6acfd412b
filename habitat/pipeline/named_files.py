"""The files that a pipeline names, and whether they are there."""

from pathlib import Path

from habitat.domain.errors import ConfigError
from habitat.io.extras import require_extra
from habitat.pipeline.config import PipelineConfig
from habitat.pipeline.config_feeds import Era5Config, GribConfig
from habitat.pipeline.config_radar import RadarFolderConfig
from habitat.pipeline.config_sources import ExtractsConfig, FolderConfig
from habitat.pipeline.config_steps import BurnScars, ClassifyForest, FireRisk, Train


def require_files(config: PipelineConfig, base: Path) -> None:
    """Refuse a pipeline that names files which are not there.

    Raises
    ------
    ConfigError
        One line per missing file.
    """
    absent = absent_scenes(config, base)
    missing = [
        f"{what}: expected a file at {base / name}, found none"
        for what, names in (
            ("boundaries", boundary_files(config)),
            ("people", people_files(config)),
        )
        for name in names
        if not (base / name).is_file()
    ]
    if config.water is not None and not (base / config.water.path).exists():
        missing.append(f"water: expected files at {base / config.water.path}, found none")
    missing += [
        f"step {index + 1} ({step.step}): expected a file at {base / name}, found none"
        for index, step in enumerate(config.steps)
        for name in named_files(step)
        if not (base / name).is_file() and not (absent and Path(name).is_relative_to(absent))
    ]
    if missing:
        raise ConfigError("\n".join(missing))
    for step in config.steps:
        if isinstance(step, FireRisk) and isinstance(step.weather, GribConfig):
            require_extra("eccodes", "grib", "weather: {kind: grib2}")
            if not (base / step.weather.path).exists():
                raise ConfigError(f"weather: expected GRIB files at {base / step.weather.path}")
    if config.copy_to:
        require_extra("boto3", "s3", f"copy_to: {config.copy_to}")


def absent_scenes(config: PipelineConfig, base: Path) -> str:
    """Return the scene folder that a pipeline names if it is not there yet, else ""."""
    source = config.source
    if isinstance(source, FolderConfig) and not (base / source.path).is_dir():
        return source.path
    return ""


def absent_radar(config: PipelineConfig, base: Path) -> str:
    """Return the folder of radar scenes that a pipeline names if it is not there yet, else ""."""
    radar = config.radar
    if isinstance(radar, RadarFolderConfig) and not (base / radar.path).is_dir():
        return radar.path
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
    return [] if named is None else [file.path for file in named.files]


def people_catalogues(config: PipelineConfig) -> list[str]:
    """Return the catalogues of roads and settlements that a pipeline names, each once."""
    people = config.people
    both = () if people is None else (people.roads, people.settlements)
    return list(dict.fromkeys(one.url for one in both if isinstance(one, ExtractsConfig)))


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
        files += [one.path for one in named if isinstance(one, Era5Config)]
        return files + _static(step)
    if isinstance(step, BurnScars) and step.hotspots not in {None, "source"}:
        return [str(step.hotspots), *_static(step)]
    return []


def _static(step: FireRisk | BurnScars) -> list[str]:
    return [] if step.static_sources == "none" else [step.static_sources]
