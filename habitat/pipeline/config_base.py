"""What every step of a pipeline file has."""

from typing import ClassVar

from habitat.pipeline.config_words import Kind, Model, Name


class StepConfig(Model):
    """Base of the steps."""

    makes: ClassVar[Kind | None] = None

    def refs(self) -> list[tuple[str, str, Kind]]:
        """Return ``(field, name, kind)`` of every result this step needs."""
        return []


class Saved(StepConfig):
    """A step that saves a result."""

    save_as: Name
