"""What a window shows on a day: its ground, and the fires and fellings laid over it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from habitat.algorithms.landscape.cover import Cover, make_cover
from habitat.algorithms.landscape.fires import (
    CROWN_FIRE,
    GRASS_FIRE,
    LITTER_FIRE,
    Burns,
    fire_year_of,
)
from habitat.algorithms.landscape.noise import Sampling
from habitat.algorithms.landscape.phenology import DayTables, day_tables, ramp, state_on
from habitat.algorithms.landscape.spectra import spectrum
from habitat.algorithms.landscape.stands import REGROWN_D, Felled, felled_patches
from habitat.domain.grid import Window
from habitat.domain.period import days_since_epoch

#: Step of the age of a lost stand in its table of spectra [days].
_STAND_STEP_D = 12


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """What a window has on every day, with one pixel more on each side.

    Attributes
    ----------
    window : Window
        The window asked for.
    pixel_m : int
        Pixel size [m].
    sampling : Sampling
        Of the padded window.
    cover : Cover
        Of the padded window.
    felled : Felled
        Of the padded window.
    """

    window: Window
    pixel_m: int
    sampling: Sampling
    cover: Cover
    felled: Felled

    def inner(self, padded: np.ndarray) -> np.ndarray:
        """Return a padded array without its rim."""
        return padded[1:-1, 1:-1]


def make_ground(window: Window, pixel_m: int, seed: int) -> Ground:
    """Return the unchanging part of a window."""
    sampling = Sampling.of(window.pad(1), pixel_m)
    cover = make_cover(sampling, seed)
    return Ground(window, pixel_m, sampling, cover, felled_patches(sampling, cover.classes, seed))


@dataclass(frozen=True, slots=True, eq=False)
class Overlay:
    """Pixels that look different from their cover, in order of their flat index.

    Attributes
    ----------
    index : numpy.ndarray
        int64 ``(n,)``, flat padded index.
    weight : numpy.ndarray
        float32 ``(n,)``, share of the pixel that is changed [1].
    row : numpy.ndarray
        int64 ``(n,)``, row of ``table``.
    table : numpy.ndarray
        float32 ``(band + 1, row)``: reflectances, and NDVI last.
    """

    index: np.ndarray
    weight: np.ndarray
    row: np.ndarray
    table: np.ndarray

    def apply(self, values: np.ndarray, band: int, first_px: int) -> None:
        """Change a strip ``(y, x)`` whose first pixel has the flat index ``first_px``."""
        low, high = np.searchsorted(self.index, (first_px, first_px + values.size))
        if low == high:
            return
        at = self.index[low:high] - first_px
        flat = values.reshape(-1)
        old = flat[at]
        flat[at] = old + (self.table[band][self.row[low:high]] - old) * self.weight[low:high]


def _with_ndvi(spectra: np.ndarray) -> np.ndarray:
    """Return ``(row, band)`` spectra as an overlay table."""
    ndvi = (spectra[:, 7] - spectra[:, 2]) / (spectra[:, 7] + spectra[:, 2])
    return np.concatenate([spectra, ndvi[:, None]], axis=1).T.astype(np.float32)


def _blend(parts: Sequence[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    mixed: np.ndarray = np.sum([share[:, None] * state for share, state in parts], axis=0)
    return mixed


def _grass_table(tables: DayTables) -> np.ndarray:
    """Spectra of burned grass by age in days: char fades (e-fold 25 d) into soil and shoots."""
    age = np.arange(300.0)
    char = np.exp(-age / 25)
    shoots = (1 - char) * tables.shoots
    soil = 1 - char - shoots
    return _blend(
        [(char, spectrum("char")), (soil, spectrum("ash_soil")), (shoots, spectrum("shoots"))]
    )


def _litter_table() -> np.ndarray:
    """Spectra of burned oak litter by age in days, seen between the bare stems."""
    age = np.arange(300.0)
    char = 0.72 * np.exp(-age / 50)
    return _blend(
        [
            (char, spectrum("char")),
            (0.9 - char, spectrum("oak_off")),
            (age * 0 + 0.1, spectrum("soil")),
        ]
    )


def _stand_table(day: int, *, burned: bool) -> np.ndarray:
    """Spectra where a stand is gone, by age in steps of 12 days."""
    years = np.arange(0, REGROWN_D + 2 * _STAND_STEP_D, _STAND_STEP_D) / 365.25
    herbs = np.interp(years, (0, 0.6, 2.5, 9), (0.05, 0.3, 0.40, 0.05))
    shrubs = np.interp(years, (0.3, 3, 7, 9), (0.0, 0.50, 0.70, 0.40))
    trees = np.interp(years, (3, 7, 9), (0.0, 0.22, 0.52))
    bare = np.maximum(1 - herbs - shrubs - trees, 0)
    char = bare * np.exp(-years / 0.35) * (0.9 if burned else 0.0)
    parts = [(bare - char, spectrum("soil") * 0.8), (char, spectrum("char"))]
    parts += [
        (share, state_on(kind, day, 10))
        for share, kind in ((herbs, "meadow"), (shrubs, "shrub"), (trees, "oak"))
    ]
    return _blend(parts)


def _fresh_burns(burns: Burns, day: int, tables: DayTables) -> list[Overlay]:
    """Overlays of this fire year's grass and litter fires until they have grown over."""
    over = days_since_epoch(date(fire_year_of(day), 7, 1))
    fading = ramp(over - day, 0, 55)
    seen = (burns.day <= day) & (fading > 0)
    made = []
    for kind, table, share in (
        (GRASS_FIRE, _grass_table(tables), fading),
        (LITTER_FIRE, _litter_table(), 0.62 * (1 - tables.leaf_on) * fading),
    ):
        here = burns.take(seen & (burns.kind == kind))
        weight = here.completeness * np.float32(share)
        row = np.minimum(day - here.day, 299).astype(np.int64)
        made.append(Overlay(here.index, weight, row, _with_ndvi(table)))
    return made


def _lost_stands(ground: Ground, crowns: Sequence[Burns], day: int) -> list[Overlay]:
    """Overlays of felled patches and crown fires of the last nine years."""
    age = ground.felled.age(day)
    young = age < REGROWN_D
    row = (age[young] // _STAND_STEP_D).astype(np.int64)
    weight = np.full(row.size, 0.95, dtype=np.float32)
    felled = _with_ndvi(_stand_table(day, burned=False))
    made = [Overlay(ground.felled.index[young], weight, row, felled)]
    table = _with_ndvi(_stand_table(day, burned=True))
    for burns in crowns:
        here = burns.take(
            (burns.kind == CROWN_FIRE) & (burns.day <= day) & (burns.day > day - REGROWN_D)
        )
        row = ((day - here.day) // _STAND_STEP_D).astype(np.int64)
        made.append(Overlay(here.index, here.completeness, row, table))
    return made


def overlays_on(
    ground: Ground, burns: Burns, crowns: Sequence[Burns], day: int, seed: int
) -> list[Overlay]:
    """Return everything that changes the looks of a window on a day.

    Parameters
    ----------
    ground : Ground
    burns : Burns
        All fires of the fire year of the day, of the padded window.
    crowns : sequence of Burns
        Crown fires of the years before and of this one.
    day, seed : int
        Days since 1970-01-01; seed of the landscape.
    """
    tables = day_tables(day, seed)
    made = _lost_stands(ground, crowns, day) + _fresh_burns(burns, day, tables)
    return [overlay for overlay in made if overlay.index.size]
