"""The words of a pipeline file that more than one step uses: names, paths, years, periods."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from habitat.domain.errors import ConfigError
from habitat.domain.period import Period

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
PipelineName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,39}$")]


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
    AfterValidator(_inside_project),
]
DataName = RelativePath
ObjectFolder = Annotated[
    str,
    StringConstraints(
        pattern=r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9_][A-Za-z0-9._-]*)*$",
        max_length=300,
    ),
]

#: What a result is, so that a wrong kind is a fault before any work.
Kind = Literal[
    "scenes", "composite", "model", "forest", "burns", "change", "habitat", "cells", "accuracy"
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
