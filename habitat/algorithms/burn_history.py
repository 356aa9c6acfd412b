"""Several fire years to what burns mean on one day."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from habitat.domain.legend import NOT_OBSERVED, OUTSIDE
from habitat.domain.species import Species

#: Codes of ``burn_scar``.
UNBURNED, BURNED, POSSIBLE, GAP = 1, 2, 3, 4

#: Highest severity code of a forest burn; 8 and 9 are "unburned" and "without severity".
_MAX_SEVERITY = 5
_DAYS_PER_YEAR = 365.25


@dataclass(frozen=True, slots=True, eq=False)
class FireYear:
    """What one fire year did to each pixel.

    Attributes
    ----------
    burn_day : numpy.ndarray
        int32 ``(y, x)``, day of the last burn since 1970-01-01, 0 where none is known.
    severity : numpy.ndarray
        uint8 ``(y, x)`` codes of ``burn_severity`` (0 not observed, 255 outside).
    times_burned : numpy.ndarray
        uint8 ``(y, x)``, burns of the year (255 not observed).
    """

    burn_day: np.ndarray
    severity: np.ndarray
    times_burned: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class BurnHistory:
    """What burns mean to one species on one day.

    Attributes
    ----------
    lowered : numpy.ndarray
        bool ``(y, x)``: a canopy-killing burn not yet recovered, or repeat burns.
    recent : numpy.ndarray
        bool ``(y, x)``: any burn within the species' recent years.
    """

    lowered: np.ndarray
    recent: np.ndarray


def epoch_days(burn_date: np.ndarray) -> np.ndarray:
    """Return days since 1970-01-01 of a ``burn_date`` layer.

    Parameters
    ----------
    burn_date : numpy.ndarray
        uint32 ``(y, x)``, YYYYMMDD; 0 not observed, 1 unburned, 4294967295 outside.

    Returns
    -------
    numpy.ndarray
        int32 ``(y, x)``, 0 where there is no date.
    """
    dates, place = np.unique(burn_date, return_inverse=True)
    has_date = (dates > 1) & (dates < np.iinfo(np.uint32).max)
    days = np.zeros(len(dates), dtype=np.int32)
    text = [
        f"{d // 10000:04d}-{d // 100 % 100:02d}-{d % 100:02d}" for d in dates[has_date].tolist()
    ]
    days[has_date] = np.array(text, dtype="datetime64[D]").astype(np.int32)
    return days[place].reshape(burn_date.shape)


def burn_history(
    years: Sequence[FireYear], day: int, species: Species, shape: tuple[int, int]
) -> BurnHistory:
    """Return what the burns known until a day mean to a species.

    Parameters
    ----------
    years : sequence of FireYear
        Any order; burns after ``day`` are left out. A burn that was not seen lowers nothing.
    day : int
        The day of the habitat map, days since 1970-01-01.
    species : Species
        Its rules.
    shape : tuple of int
        Shape of the map, for no fire years at all.

    Returns
    -------
    BurnHistory
        bool ``(y, x)`` each.

    Notes
    -----
    A fire year that ends before ``repeat_years`` began counts no repeat burns; of a year within
    them all burns count if its last one does.
    """
    lowered, recent = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
    repeats = np.zeros(shape, dtype=np.int32)
    for year in years:
        burned = (year.burn_day > 0) & (year.burn_day <= day)
        age_days = day - year.burn_day
        killed = burned & (year.severity >= species.canopy_killing_severity)
        killed &= year.severity <= _MAX_SEVERITY
        lowered |= killed & (age_days < species.canopy_recovery_years * _DAYS_PER_YEAR)
        recent |= burned & (age_days < species.recent_burn_years * _DAYS_PER_YEAR)
        counted = burned & (age_days < species.repeat_years * _DAYS_PER_YEAR)
        counted &= year.times_burned < OUTSIDE
        repeats += np.where(counted, year.times_burned, 0).astype(np.int32)
    lowered |= repeats >= species.repeat_burns
    return BurnHistory(lowered, recent)


def combine_scars(scars: Sequence[np.ndarray]) -> np.ndarray:
    """Return what several fire years say together of burning.

    Parameters
    ----------
    scars : sequence of numpy.ndarray
        uint8 ``(y, x)`` ``burn_scar`` codes of one shape, at least one.

    Returns
    -------
    numpy.ndarray
        uint8 ``(y, x)``: 2 burned in any year; else 3 possibly; else 1 where every year was seen
        unburned, 0 where none was looked at, 4 (a burn cannot be excluded) where some were not;
        255 outside.
    """
    stack = np.stack(scars)
    seen = (stack != NOT_OBSERVED).any(axis=0)
    code = np.where(seen, np.uint8(GAP), np.uint8(NOT_OBSERVED))
    code[(stack == UNBURNED).all(axis=0)] = UNBURNED
    code[(stack == POSSIBLE).any(axis=0)] = POSSIBLE
    code[(stack == BURNED).any(axis=0)] = BURNED
    code[(stack == OUTSIDE).any(axis=0)] = OUTSIDE
    return code


def recent_code(scar: np.ndarray, days_since: np.ndarray, recent_days: float) -> np.ndarray:
    """Return which pixels burned recently, for the tables.

    Parameters
    ----------
    scar : numpy.ndarray
        uint8 ``(y, x)`` of :func:`combine_scars`.
    days_since : numpy.ndarray
        int32 ``(y, x)``, days since the last burn, negative where none is known.
    recent_days : float
        Burns younger than this are recent [days].

    Returns
    -------
    numpy.ndarray
        uint8 ``(y, x)``: 1 no, 2 yes; 0 and 255 as in ``scar``.
    """
    recent = (days_since >= 0) & (days_since < recent_days)
    code = np.where(recent, np.uint8(2), np.uint8(1))
    missing = (scar == NOT_OBSERVED) | (scar == OUTSIDE)
    code[missing] = scar[missing]
    return code
