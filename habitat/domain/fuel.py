"""What burns: fuels and how far the grass has cured, as read from a data file of fuels."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np

from habitat.domain.period import MonthDay

FuelModel = Literal["grass", "oak_litter", "conifer", "mixed"]
_STEP_DAYS = 10


@dataclass(frozen=True, slots=True)
class Fuel:
    """One fuel.

    Attributes
    ----------
    name : str
        ``reed``; the phrases file names it in three languages.
    model : str
        Whose equations of spread it follows.
    load_kg_m2 : float
        Grass: fuel that burns; forest: the most that burns [kg/m2]; mixed: the most of its litter.
    conifer_share : float
        Share of conifers in a mixed forest [1].
    """

    name: str
    model: FuelModel
    load_kg_m2: float
    conifer_share: float = 0.5


@dataclass(frozen=True, slots=True)
class FuelTable:
    """The fuels of a zone and its calendar of curing, used where no map says better.

    Attributes
    ----------
    name : str
    fuels : tuple of Fuel
    green_up : MonthDay
        First day of the curing table.
    curing_pct : tuple of float
        Dead share of the grass [%], every ten days from green-up; the last holds to the next.
    leaf_on, leaf_off : MonthDay
        First day with leaves, first day without.
    leaf_on_factor : float
        What is left of the spread in oak litter while leaves are on [1].
    regrown : MonthDay
        Day from which grass that burned before it can burn again; litter: ``leaf_off``.
    cover : dict of int to str
        Fuel of each land-cover code of a map; codes without one hold nothing to burn.
    without_map : str
        Fuel of every cell where there is no map.
    """

    name: str
    fuels: tuple[Fuel, ...]
    green_up: MonthDay
    curing_pct: tuple[float, ...]
    leaf_on: MonthDay
    leaf_off: MonthDay
    leaf_on_factor: float
    regrown: MonthDay
    cover: Mapping[int, str]
    without_map: str

    @property
    def grass_codes(self) -> list[int]:
        """Land-cover codes whose fuel cures."""
        grass = {fuel.name for fuel in self.fuels if fuel.model == "grass"}
        return [code for code, name in self.cover.items() if name in grass]

    def regrown_on(self, fuel: Fuel, day: date) -> date:
        """Return the last day by which a fuel had come back: what burned since then is bare."""
        back = self.regrown if fuel.model == "grass" else self.leaf_off
        this_year = back.in_year(day.year)
        return this_year if this_year <= day else back.in_year(day.year - 1)

    def curing_on(self, day: date) -> float:
        """Return the curing of a day [%], between the rows of the table in a straight line."""
        start = self.green_up.in_year(day.year)
        if day < start:
            start = self.green_up.in_year(day.year - 1)
        at = np.arange(len(self.curing_pct)) * _STEP_DAYS
        return float(np.interp((day - start).days, at, self.curing_pct))

    def leaves_on(self, day: date) -> bool:
        """Return whether broadleaf trees have leaves."""
        return self.leaf_on.in_year(day.year) <= day < self.leaf_off.in_year(day.year)
