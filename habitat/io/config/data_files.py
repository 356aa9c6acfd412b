"""Data files: how they are found, and legends, species and seasons, read and checked.

A plain name, ``border-zone``, is the file ``<kind>/border-zone.yaml`` of the project, else of
the program. A path, ``my/legend.yaml``, is relative to the project and must stay inside it.
"""

import re
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from habitat.domain.errors import ConfigError
from habitat.domain.legend import NOT_OBSERVED, Crosswalk, Legend, LegendClass
from habitat.domain.period import MonthDay, Season, SeasonPart, SeasonTable
from habitat.domain.species import Species
from habitat.io.config.yaml_file import YamlDocument, load_yaml, parse_yaml
from habitat.io.config.yaml_model import nearest, validate

Kind = Literal["legends", "species", "seasons", "places", "fuels", "phrases"]

_NAME = re.compile(r"[a-z0-9-]{1,40}")
_PATH_PART = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}")

Code = Annotated[int, Field(ge=1, le=254)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,40}$")]
Text = Annotated[str, Field(min_length=1, max_length=200)]
Positive = Annotated[float, Field(ge=0, allow_inf_nan=False)]
#: Each tile reads so much more of roads and settlements.
Distance = Annotated[float, Field(gt=0, le=10_000)]
Day = Annotated[str, Field(pattern=r"^[0-9]{2}-[0-9]{2}$")]

F = TypeVar("F", bound="DataFile")


class DataFile(BaseModel):
    """Base of every part of a data file: unknown keys refused, values frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class _ClassRow(DataFile):
    code: Code
    name: Text
    colour: Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]
    kind: Literal["forest", "shrub", "grass", "crop", "water", "built", "bare", ""] = ""


class _CrosswalkPart(DataFile):
    to: Name
    codes: dict[int, Annotated[int, Field(ge=0, le=254)]]


class _LegendFile(DataFile):
    name: Name
    classes: Annotated[list[_ClassRow], Field(min_length=1)]
    crosswalk: _CrosswalkPart | None = None

    @model_validator(mode="after")
    def _check_codes(self) -> "_LegendFile":
        codes = [row.code for row in self.classes]
        if len(set(codes)) != len(codes):
            raise ValueError(f"expected distinct class codes, got {codes}")
        if self.crosswalk is not None and set(self.crosswalk.codes) != set(codes):
            raise ValueError(
                f"crosswalk: expected exactly the codes {sorted(codes)}, "
                f"got {sorted(self.crosswalk.codes)}; 0 says that there is no counterpart"
            )
        return self


class _SpeciesFile(DataFile):
    name: Name
    scientific_name: Text
    habitat_classes: Annotated[list[Code], Field(min_length=1)]
    conditional_classes: list[Code]
    cover_distance_m: Positive
    canopy_killing_severity: Annotated[int, Field(ge=1, le=5)]
    canopy_recovery_years: Positive
    recent_burn_years: Positive
    repeat_burns: Annotated[int, Field(ge=1)]
    repeat_years: Annotated[int, Field(ge=1)]
    min_patch_km2: Positive
    core_edge_m: Positive
    min_change: Annotated[float, Field(ge=0, le=1)]
    road_distance_m: Distance | None = None
    settlement_distance_m: Distance | None = None

    @model_validator(mode="after")
    def _check_classes(self) -> "_SpeciesFile":
        codes = self.habitat_classes + self.conditional_classes
        if len(set(codes)) != len(codes):
            raise ValueError(
                f"expected each class once in habitat_classes and conditional_classes, got {codes}"
            )
        return self


class _Part(DataFile):
    start: Day
    end: Day
    year_offset: Annotated[int, Field(ge=-1, le=0)] = 0

    @model_validator(mode="after")
    def _check_order(self) -> "_Part":
        start, end = _month_day(self.start), _month_day(self.end)
        if (end.month, end.day) < (start.month, start.day):
            raise ValueError(
                f"expected an end on or after the start, got {self.start} to {self.end}; "
                "a stretch over New Year is two parts"
            )
        return self


class _SeasonsFile(DataFile):
    name: Name
    seasons: Annotated[dict[Name, Annotated[list[_Part], Field(min_length=1)]], Field(min_length=1)]
    fire_season: Annotated[list[_Part], Field(min_length=1)]
    green_up: Day

    @model_validator(mode="after")
    def _check_green_up(self) -> "_SeasonsFile":
        _month_day(self.green_up)
        return self


def read_legend(name_or_path: str, base: Path) -> Legend:
    """Read a legend, its classes ordered by code.

    Parameters
    ----------
    name_or_path : str
        ``border-zone``, or a path ending in ``.yaml`` relative to ``base``.
    base : Path
        The project folder.

    Raises
    ------
    ConfigError
        ``file:line: path: what``, all faults at once.
    """
    return _legend(read_data_file("legends", name_or_path, base, _LegendFile))


def read_crosswalk(name_or_path: str, base: Path) -> Crosswalk | None:
    """Read how the codes of a legend file become codes of another legend; None if it says none.

    The target legend is read too, and a code that it does not have is refused (ConfigError).
    """
    found = read_data_file("legends", name_or_path, base, _LegendFile)
    if found.crosswalk is None:
        return None
    target = read_legend(found.crosswalk.to, base)
    unknown = sorted(set(found.crosswalk.codes.values()) - {NOT_OBSERVED, *target.codes})
    if unknown:
        raise ConfigError(
            f"legend {found.name!r}: crosswalk: expected codes of legend {target.name!r} or 0, "
            f"got {unknown}; it has {list(target.codes)}"
        )
    return Crosswalk(found.name, target.name, dict(sorted(found.crosswalk.codes.items())))


def read_species(name_or_path: str, base: Path) -> Species:
    """Read the habitat rules of a species; parameters and errors as in :func:`read_legend`."""
    fields = read_data_file("species", name_or_path, base, _SpeciesFile).model_dump()
    for key in ("habitat_classes", "conditional_classes"):
        fields[key] = tuple(fields[key])
    return Species(**fields)


def read_seasons(name_or_path: str, base: Path) -> SeasonTable:
    """Read the seasons of a zone; parameters and errors as in :func:`read_legend`."""
    found = read_data_file("seasons", name_or_path, base, _SeasonsFile)
    seasons = {name: Season(name, _parts(parts)) for name, parts in found.seasons.items()}
    return SeasonTable(
        found.name, seasons, _parts(found.fire_season), MonthDay.parse(found.green_up)
    )


def _legend(found: _LegendFile) -> Legend:
    rows = sorted(found.classes, key=lambda row: row.code)
    return Legend(
        found.name, tuple(LegendClass(r.code, r.name, r.colour.lower(), r.kind) for r in rows)
    )


def _parts(parts: list[_Part]) -> tuple[SeasonPart, ...]:
    return tuple(
        SeasonPart(MonthDay.parse(p.start), MonthDay.parse(p.end), p.year_offset) for p in parts
    )


def _month_day(text: str) -> MonthDay:
    """Return a month and day; pydantic turns a ValueError into a fault with its line."""
    try:
        return MonthDay.parse(text)
    except ConfigError as error:
        raise ValueError(str(error)) from None


def read_data_file(kind: Kind, name_or_path: str, base: Path, model: type[F]) -> F:
    """Read a data file and check it against its model; errors as in :func:`read_legend`."""
    return validate(_document(kind, name_or_path, base), model)


def _document(kind: Kind, name_or_path: str, base: Path) -> YamlDocument:
    """Return the file of a plain name or a path."""
    if not _NAME.fullmatch(name_or_path):
        return load_yaml(_inside(name_or_path, base, kind), name=name_or_path)
    own = base / kind / f"{name_or_path}.yaml"
    if own.is_file():
        return load_yaml(own, name=f"{kind}/{own.name}")
    shipped = files("habitat") / "data" / kind / f"{name_or_path}.yaml"
    if not shipped.is_file():
        known = data_file_names(kind, base)
        raise ConfigError(
            f"{kind}: there is no {name_or_path!r} ({nearest(name_or_path, known)}); "
            f"correct the name, or add {kind}/{name_or_path}.yaml to the project"
        )
    return parse_yaml(shipped.read_text("utf-8"), f"habitat/data/{kind}/{shipped.name}")


def data_file_names(kind: Kind, base: Path) -> list[str]:
    """Return the plain names of a kind: of the project and of the program, sorted."""
    shipped = [entry.name for entry in (files("habitat") / "data" / kind).iterdir()]
    own = [path.name for path in (base / kind).glob("*.yaml")] if (base / kind).is_dir() else []
    return sorted({n.removesuffix(".yaml") for n in shipped + own if n.endswith(".yaml")})


def _inside(text: str, base: Path, kind: Kind) -> Path:
    """Return the path of a data file, which must lie inside the project."""
    parts = text.split("/")
    if not text.endswith(".yaml") or not all(_PATH_PART.fullmatch(part) for part in parts):
        raise ConfigError(
            f"{kind}: expected a name like 'border-zone' or a path like 'my/{kind}.yaml' "
            f"inside the project, got {text!r:.120}"
        )
    root = base.resolve()
    path = (root / text).resolve()
    if not path.is_relative_to(root):
        raise ConfigError(f"{kind}: {text!r} leads out of the project")
    return path
