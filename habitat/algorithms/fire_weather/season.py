"""Fire season by temperature: Wotton and Flannigan 1993 (Forestry Chronicle 69, 187).

Shown for comparison with other services. Here the codes run on every snow-free day (`daily`), since
the fires of January to March come weeks before such a season opens.
"""

import numpy as np
from numpy.typing import NDArray

START_C, END_C = 12.0, 5.0
"""Warmer than this for three days: the season is open; colder: it is closed."""

_DAYS = 3


def fire_season(
    highest_c: NDArray[np.float64], *, start_c: float = START_C, end_c: float = END_C
) -> NDArray[np.bool_]:
    """Return on which days the season is open, bool ``(day, cell)``.

    Parameters
    ----------
    highest_c : numpy.ndarray
        float64 ``(day, cell)``, highest temperature of each day [degC]. A day that is not known
        neither opens nor closes a season.

    Returns
    -------
    numpy.ndarray
        Open from the day after three warm days, closed from the day after three cold ones; closed
        before the first three days.
    """
    open_now = np.zeros(highest_c.shape[1:], dtype=bool)
    days = np.zeros(highest_c.shape, dtype=bool)
    for day in range(_DAYS, len(highest_c)):
        before = highest_c[day - _DAYS : day]
        warm, cold = (before > start_c).all(axis=0), (before < end_c).all(axis=0)
        open_now = np.where(open_now, ~cold, warm)
        days[day] = open_now
    return days
