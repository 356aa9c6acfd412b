"""Places that always are hot: when a cell is one, and what is known of it."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class HeatRule:
    """When a cell is always hot: by days, months and years; or by days of rows that say so.

    Attributes
    ----------
    cell_m : int
        Edge of a cell [m], snapped to multiples of it: one to two VIIRS pixels.
    min_days : int
        Separate UTC days with a detection.
    min_months : int
        Separate months of the year among them (1 to 12): a fire season is shorter.
    min_years : int
        Separate years among them.
    min_typed_days : int
        Or: separate days with a row of ``type`` 1 or 2.
    """

    cell_m: int = 600
    min_days: int = 12
    min_months: int = 6
    min_years: int = 2
    min_typed_days: int = 2


@dataclass(frozen=True, slots=True)
class HotCell:
    """A cell that always is hot, and what it was found by.

    Attributes
    ----------
    east, north : int
        Floor of easting and northing over the size of the cell.
    days, months, years, typed_days : int
        As counted by :class:`HeatRule`.
    first, last : numpy.datetime64
        Days of its first and last detection (UTC).
    """

    east: int
    north: int
    days: int
    months: int
    years: int
    typed_days: int
    first: np.datetime64
    last: np.datetime64
