"""Forest that is gone for a time: felled patches and crown fires, and what grows after them."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from habitat.algorithms.landscape.cover import BARE, FOREST_CLASSES, SHRUB
from habitat.algorithms.landscape.fires import Burns, lattice_cells
from habitat.algorithms.landscape.noise import Fractal, Sampling, chance, key_of
from habitat.algorithms.landscape.phenology import growing_season_after
from habitat.domain.period import days_since_epoch

#: Edge of the lattice cells with one felled patch each [m]; a patch is felled once in a cycle.
CELL_M, REACH_M = 2_400, 500
YEAR_D = 365.25
CYCLE_D = round(24 * YEAR_D)
#: Days until a removed stand is forest again, and until a felled one is more than bare ground.
REGROWN_YEARS = 9
REGROWN_D, BARE_D = round(REGROWN_YEARS * YEAR_D), round(1.5 * YEAR_D)
#: Share of the canopy from whose loss a crown fire changes the class, and to bare ground [1].
CANOPY_KILLED, CANOPY_GONE = 0.60, 0.82

_EDGE = Fractal(70, ((240, 1.0), (60, 0.6)))
_FIRST_CYCLE = days_since_epoch(date(1990, 1, 1))


@dataclass(frozen=True, slots=True, eq=False)
class Felled:
    """Felled pixels of a window, in order of their flat index.

    Attributes
    ----------
    index : numpy.ndarray
        int64 ``(n,)``, flat index.
    day : numpy.ndarray
        int32 ``(n,)``, day of the first cycle (since 1970-01-01); repeats every ``CYCLE_D``.
    """

    index: np.ndarray
    day: np.ndarray

    def age(self, day: int) -> np.ndarray:
        """Return days since the last felling on a day, int32 ``(n,)``."""
        return (day - self.day) % CYCLE_D


def felled_patches(sampling: Sampling, classes: np.ndarray, seed: int) -> Felled:
    """Return every patch of forest of a window that is felled in some year."""
    day = np.full(sampling.shape, -1, dtype=np.int32)
    forest = np.isin(classes, FOREST_CLASSES)
    for row, col in lattice_cells(sampling.y2, sampling.x2, REACH_M, CELL_M).tolist():
        _fell(day, sampling, forest, (row, col), key_of(seed, 71, row, col))
    index = np.flatnonzero(day >= 0)
    return Felled(index, day.ravel()[index])


def _fell(
    day: np.ndarray, sampling: Sampling, forest: np.ndarray, cell: tuple[int, int], key: int
) -> None:
    """Mark one patch: a rectangle in turned axes with a slightly ragged edge."""
    y0, x0 = (int((cell[axis] + chance(key, axis)) * 2 * CELL_M) for axis in (0, 1))
    reach = 2 * REACH_M
    ys = slice(*np.searchsorted(sampling.y2, (y0 - reach, y0 + reach)).tolist())
    xs = slice(*np.searchsorted(sampling.x2, (x0 - reach, x0 + reach)).tolist())
    if ys.start == ys.stop or xs.start == xs.stop:
        return
    y2, x2 = sampling.y2[ys], sampling.x2[xs]
    dy = ((y2 - y0) * np.float32(0.5)).astype(np.float32)[:, None]
    dx = ((x2 - x0) * np.float32(0.5)).astype(np.float32)[None, :]
    lean = np.float32(1.6 * chance(key, 2) - 0.8)
    long_m, short_m = 110 + 160 * chance(key, 3), 70 + 120 * chance(key, 4)
    edge = np.clip(_EDGE.on(y2, x2, key), -2, 2) * np.float32(14)
    inside = (np.abs(dy + lean * dx) < long_m + edge) & (np.abs(dx - lean * dy) < short_m + edge)
    inside &= forest[ys, xs]
    day[ys, xs][inside] = _FIRST_CYCLE + int(chance(key, 5) * CYCLE_D)


def classes_on(day: int, classes: np.ndarray, felled: Felled, crowns: list[Burns]) -> np.ndarray:
    """Return the land cover of a day, uint8 ``(y, x)``.

    Felled forest is bare ground at once and shrub after a year and a half. Where a crown fire
    killed the canopy the class changes with the next growing season, to bare ground for one
    year where nearly all burned, else to shrub. After nine years it is forest again.
    """
    out = classes.copy()
    flat = out.reshape(-1)
    age = felled.age(day)
    flat[felled.index[age < REGROWN_D]] = SHRUB
    flat[felled.index[age < BARE_D]] = BARE
    for burns in crowns:
        _burn_classes(flat, burns, day)
    return out


def _burn_classes(flat: np.ndarray, burns: Burns, day: int) -> None:
    for burned in np.unique(burns.day).tolist():
        season = growing_season_after(burned)
        if not season <= day < burned + REGROWN_D:
            continue
        here = burns.take((burns.day == burned) & (burns.completeness > CANOPY_KILLED))
        flat[here.index] = SHRUB
        if day < season + round(YEAR_D):
            flat[here.index[here.completeness > CANOPY_GONE]] = BARE
