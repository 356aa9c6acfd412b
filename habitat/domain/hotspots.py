"""Active-fire detections as arrays."""

from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np

from habitat.domain.period import Period


class DetectionKind(IntEnum):
    """What a detection is taken for."""

    VEGETATION = 0
    #: A place that is always hot: volcano, flare, works.
    STATIC = 1
    #: Of a geostationary satellite: early, and not confirmed by a finer sensor.
    EARLY = 2
    #: Early, and a finer sensor saw fire there too; that detection is the fire.
    CONFIRMED = 3


@dataclass(frozen=True, slots=True, eq=False)
class Hotspots:
    """Detections of fire, one per row.

    Attributes
    ----------
    x_m, y_m : numpy.ndarray
        float64 ``(n,)``, centre of the detection in the project CRS [m].
    time : numpy.ndarray
        datetime64[s] ``(n,)``, UTC.
    frp_mw : numpy.ndarray
        float32 ``(n,)``, fire radiative power [MW], NaN where unknown.
    kind : numpy.ndarray or None
        uint8 ``(n,)``, :class:`DetectionKind`; None: all burning vegetation.
    """

    x_m: np.ndarray
    y_m: np.ndarray
    time: np.ndarray
    frp_mw: np.ndarray
    kind: np.ndarray | None = None

    def __post_init__(self) -> None:
        """Refuse arrays of different lengths."""
        columns = self.x_m, self.y_m, self.time, self.frp_mw, self.kinds
        lengths = {len(column) for column in columns}
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
    def kinds(self) -> np.ndarray:
        """What each detection is taken for, uint8 ``(n,)``."""
        return np.zeros(len(self), np.uint8) if self.kind is None else self.kind

    @property
    def days(self) -> np.ndarray:
        """Days since 1970-01-01 (UTC), int32 ``(n,)``."""
        return self.time.astype("datetime64[D]").astype(np.int32)

    def beside(self, other: "Hotspots") -> "Hotspots":
        """Return these detections and then the others."""
        columns = ("x_m", "y_m", "time", "frp_mw", "kinds")
        pairs = ((getattr(self, name), getattr(other, name)) for name in columns)
        return Hotspots(*(np.concatenate(pair) for pair in pairs))

    def with_kinds(self, kind: np.ndarray) -> "Hotspots":
        """Return the same detections, taken for something else."""
        return replace(self, kind=kind)

    def take(self, rows: np.ndarray) -> "Hotspots":
        """Return the rows of an index or boolean array."""
        kind = None if self.kind is None else self.kind[rows]
        return Hotspots(self.x_m[rows], self.y_m[rows], self.time[rows], self.frp_mw[rows], kind)

    def in_period(self, period: Period) -> "Hotspots":
        """Return the detections of a period (UTC days, both ends counted)."""
        day = self.time.astype("datetime64[D]")
        first, last = np.datetime64(period.start, "D"), np.datetime64(period.end, "D")
        return self.take((day >= first) & (day <= last))
