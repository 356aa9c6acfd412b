"""Where to look first: level, likelihood of ignition and what is at stake, in one printed table."""

from typing import Literal

Ignition = Literal["near", "far"]
"""Near people: a settlement or crossing within 3 km. Elsewhere ignition is rare."""

NEAR_PEOPLE_KM = 3.0
HIGHEST_LEVEL = 5

#: Priority by level 1 to 5: 1 first, 4 last.
TABLE: dict[tuple[Ignition, bool], tuple[int, int, int, int, int]] = {
    ("far", False): (4, 4, 3, 3, 2),
    ("far", True): (4, 3, 3, 2, 1),
    ("near", False): (4, 3, 3, 2, 1),
    ("near", True): (4, 3, 2, 1, 1),
}


def priority(level: int, ignition: Ignition, *, asset: bool) -> int:
    """Return the priority, 1 (first) to 4.

    Parameters
    ----------
    level : int
        1 to 5; in a forest habitat that of oak litter raised by one (:func:`raised`).
    asset : bool
        A village, a crossing or habitat of the big cats.
    """
    return TABLE[ignition, asset][level - 1]


def raised(level: int) -> int:
    """Return the level by which oak litter in a forest habitat is judged, for priority alone.

    The table load of the litter is low for this forest, and a litter fire there kills the
    undergrowth that deer and cats live on.
    """
    return min(level + 1, HIGHEST_LEVEL)
