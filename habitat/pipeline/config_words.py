"""The words of a pipeline file that more than one step uses: names, paths, years, periods."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    StringConstraints,
)
from pydantic_core import CoreSchema
from pydantic_core.core_schema import custom_error_schema

from habitat.domain.errors import ConfigError
from habitat.domain.period import Period


@dataclass(frozen=True)
class InWords:
    """What a text must be, said in place of its pattern."""

    what: str

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Return the schema of the text with one message for all that may be wrong with it."""
        return custom_error_schema(
            handler(source), "text", custom_error_message=f"expected {self.what}"
        )


Name = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$"),
    InWords("a name: up to 40 of a-z, 0-9 and _, with a letter first"),
]
PipelineName = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,39}$"),
    InWords("a name: up to 40 of a-z, 0-9 and -, with a letter first"),
]


def distinct(entries: list[Any]) -> list[Any]:
    """Return a list as it is; a ValueError names what it says twice."""
    twice = sorted({str(entry) for entry in entries if entries.count(entry) > 1})
    if twice:
        raise ValueError(f"expected each entry once, got {twice} more than once")
    return entries


#: Results, each named once.
Names = Annotated[list[Name], AfterValidator(distinct)]


def _inside_project(path: str) -> str:
    if ".." in path.split("/"):
        raise ValueError("expected a path inside the project, without '..'")
    return path


#: A file inside the project, or (for DataName) the name of a shipped data file.
RelativePath = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._/-]{0,199}$"),
    InWords("a shipped name or a path inside the project: up to 200 of A-Z, a-z, 0-9 and . _ - /"),
    AfterValidator(_inside_project),
]
DataName = RelativePath
ObjectFolder = Annotated[
    str,
    StringConstraints(
        pattern=r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9_][A-Za-z0-9._-]*)*$",
        max_length=300,
    ),
    InWords("s3://bucket or s3://bucket/prefix"),
]

#: What a result is, so that a wrong kind is a fault before any work.
Kind = Literal[
    "scenes",
    "composite",
    "model",
    "forest",
    "burns",
    "change",
    "habitat",
    "cells",
    "accuracy",
    "radar_scenes",
    "radar",
    "water",
]


class Model(BaseModel):
    """Base of every part of a pipeline file: unknown keys refused, values frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class RelativeYear(Model):
    """A growing-season year counted from the as-of date: 0 is the last one that has ended."""

    as_of: int = Field(le=0, ge=-60, description="years before the last ended growing season")


class RelativePeriod(Model):
    """A period that ends at the as-of date."""

    ends: Literal["as_of"]
    days: int = Field(ge=1, le=4000, description="length [days], both ends counted")


Year = Annotated[int, Field(ge=2015, le=2100)] | RelativeYear


class SeasonYear(Model):
    """The scenes of one growing-season year: from 1 March before it to the end of its leaf-on.

    The spring before is what autumn fires are compared with.
    """

    season_year: Year


def period_text(text: object) -> object:
    """Return a text that is a period as it is; pydantic turns a ValueError into a fault."""
    if isinstance(text, str):
        try:
            Period.parse(text)
        except ConfigError as fault:
            raise ValueError(str(fault)) from None
    return text
