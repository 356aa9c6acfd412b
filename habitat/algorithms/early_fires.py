"""Which early detections of a geostationary satellite a polar orbiter confirms."""

import numpy as np
from scipy.spatial import cKDTree

from habitat.domain.hotspots import DetectionKind, Hotspots

#: A pixel of 2 km at the sub-satellite point is some 3 km long at 43 degrees north; and its place
#: is off by as much as a pixel's half.
JOIN_M = 4_000.0
#: Twice between two passes of the same satellite over the same place.
JOIN_S = 43_200.0


def confirmed(found: Hotspots) -> Hotspots:
    """Return detections with the early ones that others confirm labelled ``CONFIRMED``.

    Burning vegetation that a polar orbiter saw within 4 km and 12 hours, before or after, confirms
    an early detection. What is not confirmed stays ``EARLY``: it is no fire yet.
    """
    kinds = found.kinds.copy()
    early = np.flatnonzero(kinds == DetectionKind.EARLY)
    seen = np.flatnonzero(kinds == DetectionKind.VEGETATION)
    if not (early.size and seen.size):
        return found
    place = np.column_stack((found.x_m, found.y_m))
    seconds = found.time.astype("datetime64[s]").astype(np.int64)
    tree = cKDTree(place[seen])
    for row in early:
        near = seen[tree.query_ball_point(place[row], JOIN_M)]
        if (abs(seconds[near] - seconds[row]) <= JOIN_S).any():
            kinds[row] = DetectionKind.CONFIRMED
    return found.with_kinds(kinds)
