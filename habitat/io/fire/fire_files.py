"""Data files of fire danger: fuels, places and the phrases of the brief in three languages."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from habitat.domain.errors import ConfigError
from habitat.domain.fuel import Fuel, FuelModel, FuelTable
from habitat.domain.period import MonthDay
from habitat.domain.place import Clock, Language, Place, PlaceKind, PlaceTable
from habitat.io.config.data_files import DataFile, Day, Name, Text, read_data_file

Percent = Annotated[float, Field(ge=0, le=100)]
Phrase = Annotated[str, Field(min_length=1, max_length=400)]
Load = Annotated[float, Field(gt=0, le=20)]


class _FuelRow(DataFile):
    name: Name
    model: FuelModel
    load_kg_m2: Load
    conifer_share: Annotated[float, Field(ge=0, le=1)] = 0.5


class _Curing(DataFile):
    green_up: Day
    percent: Annotated[list[Percent], Field(min_length=2, max_length=37)]


class _Leaves(DataFile):
    unfold: Day
    fall: Day
    spread_factor: Annotated[float, Field(ge=0, le=1)]


class _FuelsFile(DataFile):
    name: Name
    fuels: Annotated[list[_FuelRow], Field(min_length=1)]
    curing: _Curing
    leaves: _Leaves
    regrown: Day
    cover: dict[Annotated[int, Field(gt=0, lt=255)], Name]
    without_map: Name

    @model_validator(mode="after")
    def _check_names_and_days(self) -> "_FuelsFile":
        names = [row.name for row in self.fuels]
        _refuse_twice("fuel names", names)
        unknown = sorted({self.without_map, *self.cover.values()} - set(names))
        if unknown:
            raise ValueError(f"cover: expected fuels of {names}, got {unknown}")
        days = [self.regrown, self.curing.green_up, self.leaves.unfold, self.leaves.fall]
        try:
            parsed = [MonthDay.parse(day) for day in days]
        except ConfigError as fault:
            raise ValueError(str(fault)) from None
        unfold, fall = ((day.month, day.day) for day in parsed[2:])
        if unfold >= fall:
            raise ValueError(f"leaves: expected unfold before fall, got {days[2]} and {days[3]}")
        return self


class _Clock(DataFile):
    name: Annotated[str, Field(pattern=r"^[A-Z]{2,5}$")]
    utc_offset_hours: Annotated[int, Field(ge=-12, le=14)]


class _PlaceRow(DataFile):
    id: Name
    kind: PlaceKind
    country: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    lat: Annotated[float, Field(ge=-90, le=90)]
    lon: Annotated[float, Field(ge=-180, le=180)]
    radius_km: Annotated[float, Field(ge=0, le=200)] = 0.0
    fuels: Annotated[list[Name], Field(min_length=1)]
    names: dict[Language, Text]

    @model_validator(mode="after")
    def _check_names(self) -> "_PlaceRow":
        _refuse_untranslated(self.id, self.names)
        return self


class _PlacesFile(DataFile):
    name: Name
    source: Phrase
    licence: Text
    clock: _Clock
    places: Annotated[list[_PlaceRow], Field(min_length=1, max_length=500)]

    @model_validator(mode="after")
    def _check_ids(self) -> "_PlacesFile":
        _refuse_twice("place ids", [row.id for row in self.places])
        return self


class _PhrasesFile(DataFile):
    name: Name
    phrases: dict[Name, dict[Language, Phrase]]

    @model_validator(mode="after")
    def _check_languages(self) -> "_PhrasesFile":
        for key, texts in self.phrases.items():
            _refuse_untranslated(key, texts)
        return self


def read_fuels(name_or_path: str, base: Path) -> FuelTable:
    """Read a table of fuels; parameters and errors as in ``data_files.read_legend``."""
    found = read_data_file("fuels", name_or_path, base, _FuelsFile)
    return FuelTable(
        found.name,
        tuple(Fuel(r.name, r.model, r.load_kg_m2, r.conifer_share) for r in found.fuels),
        MonthDay.parse(found.curing.green_up),
        tuple(found.curing.percent),
        MonthDay.parse(found.leaves.unfold),
        MonthDay.parse(found.leaves.fall),
        found.leaves.spread_factor,
        MonthDay.parse(found.regrown),
        dict(found.cover),
        found.without_map,
    )


def read_places(name_or_path: str, base: Path, *, fuels: FuelTable) -> PlaceTable:
    """Read places; a fuel that the table of fuels does not have is refused (ConfigError)."""
    found = read_data_file("places", name_or_path, base, _PlacesFile)
    known = [fuel.name for fuel in fuels.fuels]
    for row in found.places:
        unknown = sorted(set(row.fuels) - set(known))
        if unknown:
            raise ConfigError(
                f"places {found.name!r}: {row.id}: expected fuels of {known}, got {unknown}"
            )
    places = tuple(
        Place(
            r.id, r.kind, r.country, r.lat, r.lon, r.radius_km, tuple(r.fuels), dict(r.names)
        )
        for r in found.places
    )  # fmt: skip
    clock = Clock(found.clock.name, found.clock.utc_offset_hours)
    return PlaceTable(found.name, found.source, found.licence, clock, places)


def read_phrases(name_or_path: str, base: Path, *, language: Language) -> dict[str, str]:
    """Read the phrases of one language by key; each phrase must be there in all three."""
    found = read_data_file("phrases", name_or_path, base, _PhrasesFile)
    return {key: texts[language] for key, texts in found.phrases.items()}


def saved_time(path: Path) -> datetime:
    """Return when a file was last written (UTC): the age of a feed that does not state its own."""
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def _refuse_twice(what: str, names: list[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"expected distinct {what}, got {twice} more than once")


def _refuse_untranslated(key: str, texts: dict[Language, str]) -> None:
    if set(texts) != {"en", "ru", "zh"}:
        raise ValueError(f"{key}: expected en, ru and zh, got {sorted(texts)}")
