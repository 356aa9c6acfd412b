"""What there is to burn, by cell of the map of danger, and the map itself."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """Fuels, curing and slope of cells.

    Attributes
    ----------
    share : numpy.ndarray
        float32 ``(fuel, cell)``, share of the observed ground under each fuel of the table [1].
    observed : numpy.ndarray
        float32 ``(cell,)``, share of the cell whose land cover is known [1].
    curing_pct : numpy.ndarray
        float64 ``(cell,)``, dead share of the grass.
    slope_deg : numpy.ndarray
        float64 ``(cell,)``.
    """

    share: np.ndarray
    observed: np.ndarray
    curing_pct: np.ndarray
    slope_deg: np.ndarray

    def take(self, cells: slice | np.ndarray) -> "Ground":
        """Return some of the cells, by a slice or a bool array."""
        return Ground(
            self.share[:, cells],
            self.observed[cells],
            self.curing_pct[cells],
            self.slope_deg[cells],
        )

    @classmethod
    def uniform(
        cls, cells: int, *, fuels: int, fuel: int, curing_pct: float, slope_deg: float = 0.0
    ) -> "Ground":
        """Return cells that are all of one fuel: the assumption where there is no map."""
        share = np.zeros((fuels, cells), dtype=np.float32)
        share[fuel] = 1.0
        return cls(
            share,
            np.ones(cells, dtype=np.float32),
            np.full(cells, curing_pct),
            np.full(cells, slope_deg),
        )


@dataclass(frozen=True, slots=True, eq=False)
class DayLevels:
    """The danger of a day by cell.

    Attributes
    ----------
    level : numpy.ndarray
        uint8 ``(cell,)``, 1 to 5; 0 where not known.
    intensity_kw_m, spread_m_min : numpy.ndarray
        float32 ``(cell,)``, of the worst fuel at its worst hour; NaN where no fuel is known.
    fuel : numpy.ndarray
        int8 ``(cell,)``, row of that fuel in the table; -1 where there is none.
    """

    level: np.ndarray
    intensity_kw_m: np.ndarray
    spread_m_min: np.ndarray
    fuel: np.ndarray
