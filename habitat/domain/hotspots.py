"""Active-fire detections as arrays."""

from dataclasses import dataclass

import numpy as np

from habitat.domain.period import Period


@dataclass(frozen=True, slots=True, eq=False)
class Hotspots:
    """Detections of burning vegetation, one per row.

    Attributes
    ----------
    x_m, y_m : numpy.ndarray
        float64 ``(n,)``, centre of the detection in the project CRS [m].
    time : numpy.ndarray
        datetime64[s] ``(n,)``, UTC.
    frp_mw : numpy.ndarray
        float32 ``(n,)``, fire radiative power [MW], NaN where unknown.
    """

    x_m: np.ndarray
    y_m: np.ndarray
    time: np.ndarray
    frp_mw: np.ndarray

    def __post_init__(self) -> None:
        """Refuse arrays of different lengths."""
        lengths = {len(self.x_m), len(self.y_m), len(self.time), len(self.frp_mw)}
        if len(lengths) != 1:
            raise ValueError(f"hotspots: expected arrays of one length, got {sorted(lengths)}")

    def __len__(self) -> int:
        """Return the number of detections."""
        return len(self.x_m)

    @classmethod
    def empty(cls) -> "Hotspots":
        """Return no detections."""
        place = np.empty(0, dtype=np.float64)
        return cls(place, place, np.empty(0, dtype="datetime64[s]"), np.empty(0, dtype=np.float32))

    @property
    def days(self) -> np.ndarray:
        """Days since 1970-01-01 (UTC), int32 ``(n,)``."""
        return self.time.astype("datetime64[D]").astype(np.int32)

    def take(self, rows: np.ndarray) -> "Hotspots":
        """Return the rows of an index or boolean array."""
        return Hotspots(self.x_m[rows], self.y_m[rows], self.time[rows], self.frp_mw[rows])

    def in_period(self, period: Period) -> "Hotspots":
        """Return the detections of a period (UTC days, both ends counted)."""
        day = self.time.astype("datetime64[D]")
        first, last = np.datetime64(period.start, "D"), np.datetime64(period.end, "D")
        return self.take((day >= first) & (day <= last))
