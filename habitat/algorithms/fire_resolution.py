"""Which burn scar a fire left: detections against the outlines that satellites saw later."""

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import shapely

from habitat.domain.fire_cluster import Scar

WITHIN_M = 750.0
"""A detection as near as this to a scar may be its own: two VIIRS pixels."""

_SLACK = timedelta(days=1)


def scar_of(
    xy_m: np.ndarray, seen: Sequence[date], scars: Sequence[Scar], *, day: date
) -> str | None:
    """Return the burn scar of a fire, None while there is none: the fire is unresolved.

    Parameters
    ----------
    xy_m : numpy.ndarray
        float64 ``(n, 2)``, detections of the fire [m].
    seen : sequence of datetime.date
        Day of each, UTC.
    scars : sequence of Scar
        What was mapped.
    day : datetime.date
        Scars first seen after this day are not known yet.

    Returns
    -------
    str or None
        Of the scars that a detection lies within 750 m of, between the last unburned look less a
        day and the first burned look, the one with most detections; of equal ones the first id.
        None where the fire was seen after the scar was: it burns on.
    """
    points = shapely.points(xy_m)
    counts = {
        scar.burn_id: sum(
            bool(near) and scar.date_lo - _SLACK <= moment <= scar.date_hi
            for near, moment in zip(
                shapely.dwithin(points, scar.outline, WITHIN_M), seen, strict=True
            )
        )
        for scar in scars
        if max(seen) <= scar.date_hi <= day
    }
    found = [burn_id for burn_id, count in counts.items() if count]
    return min(found, key=lambda burn_id: (-counts[burn_id], burn_id), default=None)
