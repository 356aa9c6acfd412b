"""Pixels of one raster onto another grid, the same whatever window is asked for."""

from dataclasses import dataclass

import numpy as np

from habitat.domain.bands import DN_NODATA

#: From here on the next pixel is the nearer one.
HALF = 0.5
#: Rows interpolated at once: few enough to stay in the processor's cache (three times as fast).
_STRIP_ROWS = 32


@dataclass(frozen=True, slots=True)
class Rect:
    """A rectangle of a raster's own pixels; may reach beyond the raster."""

    row: int
    col: int
    height: int
    width: int


@dataclass(frozen=True, slots=True, eq=False)
class Copy:
    """Each grid pixel is one pixel of the raster (equal or coarser, edges in line).

    Attributes
    ----------
    rows, cols : numpy.ndarray
        int64 ``(height,)`` and ``(width,)``: pixel of the raster for each grid row and column.
    """

    rows: np.ndarray
    cols: np.ndarray

    @property
    def rect(self) -> Rect:
        """The pixels needed."""
        row, col = int(self.rows[0]), int(self.cols[0])
        return Rect(row, col, int(self.rows[-1]) - row + 1, int(self.cols[-1]) - col + 1)

    def bands(self, native: np.ndarray) -> np.ndarray:
        """Return digital numbers on the grid, from those of :attr:`rect`."""
        return self.codes(native)

    def codes(self, native: np.ndarray) -> np.ndarray:
        """Return codes on the grid."""
        if native.shape == (len(self.rows), len(self.cols)):
            return native  # pixels of equal size
        # Columns first, of the fewer rows: whole rows are copied at the speed of memory.
        columns: np.ndarray = native.take(self.cols - self.cols[0], axis=1)
        values: np.ndarray = columns.take(self.rows - self.rows[0], axis=0)
        return values


@dataclass(frozen=True, slots=True)
class Mean:
    """Each grid pixel is a block of ``factor`` × ``factor`` pixels of a finer raster."""

    rect: Rect
    factor: int

    def bands(self, native: np.ndarray) -> np.ndarray:
        """Return the mean of the observed numbers of each block, rounded half up, uint16."""
        blocks = self._blocks(native).astype(np.int64)
        total = blocks.sum(axis=(1, 3))
        count = (blocks != DN_NODATA).sum(axis=(1, 3))
        mean: np.ndarray = (2 * total + count) // np.maximum(2 * count, 1)
        return mean.astype(np.uint16)

    def codes(self, native: np.ndarray) -> np.ndarray:
        """Return the code of the pixel right below and right of the middle of each block."""
        middle = self.factor // 2
        return np.ascontiguousarray(self._blocks(native)[:, middle, :, middle])

    def _blocks(self, native: np.ndarray) -> np.ndarray:
        height, width = native.shape
        f = self.factor
        return native.reshape(height // f, f, width // f, f)


@dataclass(frozen=True, slots=True, eq=False)
class Interpolate:
    """Each grid pixel lies anywhere in the raster.

    Attributes
    ----------
    rect : Rect
        The pixels needed.
    corner : numpy.ndarray
        int64 ``(y, x)``: flat index in :attr:`rect` of the upper left of the four neighbours.
    down, right : numpy.ndarray
        float64 ``(y, x)``: way from that neighbour's centre to the grid pixel's [px], 0 to 1.
    """

    rect: Rect
    corner: np.ndarray
    down: np.ndarray
    right: np.ndarray

    @classmethod
    def at(cls, rows: np.ndarray, cols: np.ndarray) -> "Interpolate":
        """Return the placement of grid pixels whose centres lie at ``rows`` and ``cols``.

        Parameters
        ----------
        rows, cols : numpy.ndarray
            float64 ``(y, x)``: position in the raster [px], whole numbers at pixel centres.
        """
        row, col = np.floor(rows), np.floor(cols)
        first_row, first_col = int(row.min()), int(col.min())
        height, width = int(row.max()) - first_row + 2, int(col.max()) - first_col + 2
        corner = (row.astype(np.int64) - first_row) * width + (col.astype(np.int64) - first_col)
        rect = Rect(first_row, first_col, height, width)
        return cls(rect, corner, rows - row, cols - col)

    def bands(self, native: np.ndarray) -> np.ndarray:
        """Return the bilinear mean of the observed neighbours, rounded half up, uint16.

        A grid pixel is observed exactly where the nearest pixel of the raster is, and a neighbour
        without data has no weight, so 0 never bleeds into a value.
        """
        flat = native.ravel().astype(np.float64)
        out = np.empty(self.corner.shape, np.uint16)
        for start in range(0, len(out), _STRIP_ROWS):
            strip = slice(start, start + _STRIP_ROWS)
            out[strip] = self._strip(flat, strip)
        # Interpolated first, then cut: the footprint is that of the nearest pixels.
        out[self.codes(native) == DN_NODATA] = DN_NODATA
        return out

    def _strip(self, flat: np.ndarray, strip: slice) -> np.ndarray:
        """Return the means of some rows, float64."""
        corner, down, right = self.corner[strip], self.down[strip], self.right[strip]
        total, weights = np.zeros(corner.shape), np.zeros(corner.shape)
        for i, weight_y in enumerate((1.0 - down, down)):
            for j, weight_x in enumerate((1.0 - right, right)):
                value = flat.take(corner + (i * self.rect.width + j))
                weight = np.where(value != DN_NODATA, weight_y * weight_x, 0.0)
                weights += weight
                weight *= value
                total += weight
        total /= np.where(weights > 0, weights, 1.0)
        means: np.ndarray = np.floor(total + HALF)
        return means

    def weighted(self, native: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the bilinear sum of the known neighbours and the sum of their weights.

        Parameters
        ----------
        native : numpy.ndarray
            float64, the pixels of :attr:`rect`; NaN where not known.

        Returns
        -------
        tuple of numpy.ndarray
            float64 ``(y, x)`` each; the weights are 1 where all four are known.
        """
        flat = native.ravel()
        total, weights = np.zeros(self.corner.shape), np.zeros(self.corner.shape)
        for i, weight_y in enumerate((1.0 - self.down, self.down)):
            for j, weight_x in enumerate((1.0 - self.right, self.right)):
                value = flat.take(self.corner + (i * self.rect.width + j))
                weight = weight_y * weight_x
                known = ~np.isnan(value) & (weight > 0)
                weights += np.where(known, weight, 0.0)
                total += np.where(known, weight * value, 0.0)
        return total, weights

    def codes(self, native: np.ndarray) -> np.ndarray:
        """Return the code of the nearest pixel of the raster."""
        nearest = self.corner + (self.down >= HALF) * self.rect.width + (self.right >= HALF)
        values: np.ndarray = native.ravel().take(nearest)
        return values


#: How a raster meets the grid.
Placement = Copy | Mean | Interpolate
