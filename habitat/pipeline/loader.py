"""A pipeline file to a checked :class:`PipelineConfig`, or one line per fault, all at once."""

from pathlib import Path

from habitat.domain.errors import ConfigError
from habitat.io.config.yaml_file import load_yaml
from habitat.io.config.yaml_model import validate
from habitat.pipeline.config import PipelineConfig, wiring_faults


def load_pipeline(path: Path) -> PipelineConfig:
    """Read and check a pipeline file.

    Raises
    ------
    ConfigError
        With one line per fault: where, what was expected, what came, the nearest right key.
    """
    document = load_yaml(path)
    pipeline = validate(document, PipelineConfig)
    faults = [
        f"{document.name}:{document.line(('steps', index))}: "
        f"step {index + 1} ({pipeline.steps[index].step}): {fault}"
        for index, fault in wiring_faults(pipeline)
    ]
    if faults:
        raise ConfigError("\n".join(faults))
    return pipeline


def project_of(path: Path, project: Path | None) -> Path:
    """Return the folder that paths of a pipeline file are relative to.

    The given project, else the parent of the ``pipelines/`` folder that holds the file, else the
    current directory; never the installed package.
    """
    if project is not None:
        return project.resolve()
    folder = path.resolve().parent
    return folder.parent if folder.name == "pipelines" else Path.cwd()
