"""Exact statistics of raster bands, the same for any order and size of the parts."""

import math
from dataclasses import dataclass, field

import numpy as np

_DENSE = {"uint8": 1 << 8, "uint16": 1 << 16}


@dataclass(frozen=True, slots=True)
class BandStatistics:
    """What GDAL, QGIS and STAC ask of one band; pixels equal to nodata do not count.

    Attributes
    ----------
    total, valid : int
        Pixels, and pixels that are not nodata.
    minimum, maximum, mean, stddev : float or None
        Stored units, population standard deviation; None where no pixel is valid.
    counts : dict of int to int
        Valid pixels by value, rising; empty for uint16 and float bands.
    """

    total: int
    valid: int
    minimum: float | None = None
    maximum: float | None = None
    mean: float | None = None
    stddev: float | None = None
    counts: dict[int, int] = field(default_factory=dict)

    @property
    def valid_percent(self) -> float:
        """Share of valid pixels [%]."""
        return 100.0 * self.valid / self.total if self.total else 0.0

    def gdal_tags(self) -> dict[str, str]:
        """Return the ``STATISTICS_*`` items by which GDAL skips its own, sampled ones."""
        figures = {
            "MINIMUM": self.minimum,
            "MAXIMUM": self.maximum,
            "MEAN": self.mean,
            "STDDEV": self.stddev,
        }
        tags = {f"STATISTICS_{k}": f"{v:.15g}" for k, v in figures.items() if v is not None}
        if tags:
            tags["STATISTICS_VALID_PERCENT"] = f"{self.valid_percent:.6g}"
        return tags


class Histogram:
    """Counts of an integer band; sums are exact, so the order of the parts is of no account.

    Parameters
    ----------
    dtype : str
        An unsigned integer dtype.
    nodata : float
        Left out.
    """

    def __init__(self, dtype: str, nodata: float) -> None:
        self._dtype, self._nodata = dtype, nodata
        self._total = 0
        self._dense = np.zeros(_DENSE.get(dtype, 0), dtype=np.int64)
        self._sparse: dict[int, int] = {}

    def add(self, values: np.ndarray) -> None:
        """Count the values of a part, dims (y, x)."""
        self._total += values.size
        flat = values.ravel()
        if self._dense.size:
            self._dense += np.bincount(flat, minlength=self._dense.size)
            return
        found, counts = np.unique(flat, return_counts=True)
        for value, count in zip(found.tolist(), counts.tolist(), strict=True):
            self._sparse[value] = self._sparse.get(value, 0) + count

    def add_nodata(self, pixels: int) -> None:
        """Count pixels that are nodata."""
        self._total += pixels

    def result(self) -> BandStatistics:
        """Return the statistics of everything added."""
        counts = dict(sorted(self._counts().items()))
        counts.pop(int(self._nodata), None)
        n = sum(counts.values())
        if n == 0:
            return BandStatistics(self._total, 0)
        s1 = sum(v * c for v, c in counts.items())
        s2 = sum(v * v * c for v, c in counts.items())
        return BandStatistics(
            self._total,
            n,
            float(min(counts)),
            float(max(counts)),
            s1 / n,
            math.sqrt((n * s2 - s1 * s1) / (n * n)),
            {} if self._dtype == "uint16" else counts,
        )

    def _counts(self) -> dict[int, int]:
        if not self._dense.size:
            return dict(self._sparse)
        found = np.flatnonzero(self._dense)
        return dict(zip(found.tolist(), self._dense[found].tolist(), strict=True))


class Moments:
    """Count, mean and spread of a float band, NaN left out (Chan et al. 1983, eq. 2.1).

    Sums of floats depend on the order of the parts: add them in one fixed order.
    """

    def __init__(self) -> None:
        self._total = self._n = 0
        self._mean = self._m2 = 0.0
        self._minimum, self._maximum = math.inf, -math.inf

    def add(self, values: np.ndarray) -> None:
        """Add the values of a part, dims (y, x)."""
        self._total += values.size
        valid = values[~np.isnan(values)].astype(np.float64)
        if not valid.size:
            return
        n, mean = valid.size, float(valid.mean())
        delta, together = mean - self._mean, self._n + n
        self._m2 += float(((valid - mean) ** 2).sum()) + delta**2 * self._n * n / together
        self._mean += delta * n / together
        self._n = together
        self._minimum = min(self._minimum, float(valid.min()))
        self._maximum = max(self._maximum, float(valid.max()))

    def result(self) -> BandStatistics:
        """Return the statistics of everything added."""
        if self._n == 0:
            return BandStatistics(self._total, 0)
        stddev = math.sqrt(self._m2 / self._n)
        return BandStatistics(
            self._total, self._n, self._minimum, self._maximum, self._mean, stddev
        )
