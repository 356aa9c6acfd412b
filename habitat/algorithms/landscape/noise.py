"""Noise that is a function of place alone: hashes and smooth fields on global lattices.

A value depends on the seed and on where the pixel lies, never on the window that asks, so any
window gives the same bytes. Positions are integers in **half metres** (the centre of pixel ``i``
of size ``p`` is ``(2 i + 1) p``), eastward and southward, so lattice weights are exact. Only
``+ - * /`` and comparisons touch pixels: they round alike in every loop of NumPy, which
vectorised ``exp`` or ``sin`` need not do.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from habitat.domain.grid import Window

_MASK = 0xFFFFFFFF
#: Standard deviation of value noise with node values uniform in [-1, 1] and smoothstep weights:
#: sqrt(1/3) times the mean of w² + (1 - w)², 26/35.
_VALUE_NOISE_SD = 3**-0.5 * 26 / 35
#: Spacing of the lattice on which smooth fields are computed before they are drawn on pixels [m].
NODE_M = 60


def mix(h: np.ndarray) -> np.ndarray:
    """Scramble uint32 values in place and return them.

    Multiply-xorshift with the constants of C. Wellons' hash prospector ("lowbias32", 2018,
    public domain).
    """
    h ^= h >> np.uint32(16)
    h *= np.uint32(0x7FEB352D)
    h ^= h >> np.uint32(15)
    h *= np.uint32(0x846CA68B)
    h ^= h >> np.uint32(16)
    return h


def key_of(*parts: int) -> int:
    """Return one 32-bit key of several integers (seed, purpose, date …)."""
    key = 0x9E3779B9
    for part in parts:
        key = (key * 31 + part) & _MASK
        key = ((key ^ key >> 16) * 0x7FEB352D) & _MASK
        key = ((key ^ key >> 15) * 0x846CA68B) & _MASK
        key ^= key >> 16
    return key


def chance(*parts: int) -> float:
    """Return a number in [0, 1) that depends on the integers alone."""
    return key_of(*parts) / 2**32


def _scrambled(index: np.ndarray, key: int) -> np.ndarray:
    return mix((index & _MASK).astype(np.uint32) ^ np.uint32(key & _MASK))


def hash_grid(rows: np.ndarray, cols: np.ndarray, key: int) -> np.ndarray:
    """Return white noise, uint32 ``(row, col)``, of global indices (int64)."""
    down = _scrambled(rows, key)
    across = _scrambled(cols, key_of(key, 1))
    return mix(down[:, None] + across[None, :])


def hash_points(rows: np.ndarray, cols: np.ndarray, key: int) -> np.ndarray:
    """Return white noise, uint32, of index arrays of one shape; equals :func:`hash_grid`."""
    return mix(_scrambled(rows, key) + _scrambled(cols, key_of(key, 1)))


def uniform(h: np.ndarray) -> np.ndarray:
    """Return float32 in [0, 1) of uint32 hashes."""
    return (h >> np.uint32(8)).astype(np.float32) * np.float32(2.0**-24)


def bell(h: np.ndarray) -> np.ndarray:
    """Return float32 noise of mean 0 and deviation 1: the sum of the four bytes of a hash."""
    total = (h & np.uint32(255)).astype(np.float32)
    for shift in (8, 16, 24):
        total += (h >> np.uint32(shift)) & np.uint32(255)
    total -= np.float32(510.0)
    total *= np.float32(1 / 147.8)  # sqrt(4 (256² - 1) / 12)
    return total


def smoothstep(value: np.ndarray) -> np.ndarray:
    """Return the cubic step 0..1 of a float array: 3 v² - 2 v³ with v clipped to [0, 1]."""
    v = np.clip(value, 0, 1)
    step: np.ndarray = v * v * (3 - 2 * v)
    return step


def _weights(position: np.ndarray, spacing_m: int) -> tuple[np.ndarray, np.ndarray]:
    size = 2 * spacing_m
    index = position // size
    weight = ((position - index * size) / size).astype(np.float32)
    return index, weight


def _between(nodes: np.ndarray, iy: np.ndarray, wy: np.ndarray, ix_wx: tuple) -> np.ndarray:
    """Bilinear values of a node array: rows first (few), then columns."""
    ix, wx = ix_wx
    top = nodes[iy]
    rows = nodes[iy + 1]
    rows -= top
    rows *= wy[:, None]
    rows += top
    left = rows.take(ix, axis=1)
    out: np.ndarray = rows.take(ix + 1, axis=1)
    out -= left
    out *= wx[None, :]
    out += left
    return out


def value_noise(y2: np.ndarray, x2: np.ndarray, spacing_m: int, key: int) -> np.ndarray:
    """Return smooth noise, float32 ``(y, x)`` in [-1, 1], at rising positions [half m]."""
    iy, wy = _weights(y2, spacing_m)
    ix, wx = _weights(x2, spacing_m)
    rows = np.arange(iy[0], iy[-1] + 2)
    cols = np.arange(ix[0], ix[-1] + 2)
    nodes = uniform(hash_grid(rows, cols, key)) * np.float32(2) - np.float32(1)
    return _between(nodes, iy - iy[0], smoothstep(wy), (ix - ix[0], smoothstep(wx)))


def value_noise_points(y2: np.ndarray, x2: np.ndarray, spacing_m: int, key: int) -> np.ndarray:
    """Return the value of :func:`value_noise` at single points [half m], float32."""
    iy, wy = _weights(y2, spacing_m)
    ix, wx = _weights(x2, spacing_m)
    wy, wx = smoothstep(wy), smoothstep(wx)
    corner = [
        uniform(hash_points(iy + dy, ix + dx, key)) * np.float32(2) - np.float32(1)
        for dy, dx in ((0, 0), (0, 1), (1, 0), (1, 1))
    ]
    left = corner[0] + (corner[2] - corner[0]) * wy
    right = corner[1] + (corner[3] - corner[1]) * wy
    values: np.ndarray = left + (right - left) * wx
    return values


@dataclass(frozen=True, slots=True)
class Fractal:
    """A sum of value noises, scaled to mean 0 and deviation 1.

    Attributes
    ----------
    key : int
        Purpose; joined with the seed.
    octaves : sequence of (spacing_m, amplitude)
        Coarse to fine.
    """

    key: int
    octaves: Sequence[tuple[int, float]]

    def _terms(self, seed: int) -> list[tuple[int, np.float32, int]]:
        norm = _VALUE_NOISE_SD * sum(a * a for _, a in self.octaves) ** 0.5
        return [
            (spacing, np.float32(a / norm), key_of(seed, self.key, n))
            for n, (spacing, a) in enumerate(self.octaves)
        ]

    def on(self, y2: np.ndarray, x2: np.ndarray, seed: int) -> np.ndarray:
        """Return the field on the grid of two rising axes [half m], float32 ``(y, x)``."""
        total = np.zeros((len(y2), len(x2)), dtype=np.float32)
        for spacing, amplitude, key in self._terms(seed):
            term = value_noise(y2, x2, spacing, key)
            term *= amplitude
            total += term
        return total

    def at(self, y2: np.ndarray, x2: np.ndarray, seed: int) -> np.ndarray:
        """Return the field at single points [half m], float32 of their shape."""
        total = np.zeros(y2.shape, dtype=np.float32)
        for spacing, amplitude, key in self._terms(seed):
            total += value_noise_points(y2, x2, spacing, key) * amplitude
        return total


@dataclass(frozen=True, slots=True, eq=False)
class Sampling:
    """The pixels of a window and the node lattice around them.

    Attributes
    ----------
    rows, cols : numpy.ndarray
        Global pixel indices, int64.
    y2, x2 : numpy.ndarray
        Pixel centres, southward and eastward [half m], int64.
    node_y2, node_x2 : numpy.ndarray
        Nodes, one more on each side than bilinear drawing needs (for slopes).
    """

    rows: np.ndarray
    cols: np.ndarray
    y2: np.ndarray
    x2: np.ndarray
    node_y2: np.ndarray
    node_x2: np.ndarray

    @classmethod
    def of(cls, window: Window, pixel_m: int) -> "Sampling":
        """Return the sampling of a window of pixels of ``pixel_m``."""
        rows = np.arange(window.row, window.row + window.height, dtype=np.int64)
        cols = np.arange(window.col, window.col + window.width, dtype=np.int64)
        return cls.of_pixels(rows, cols, pixel_m, NODE_M)

    @classmethod
    def of_pixels(cls, rows: np.ndarray, cols: np.ndarray, pixel_m: int, node_m: int) -> "Sampling":
        """Return the sampling of consecutive rows and columns, with nodes ``node_m`` apart."""
        y2, x2 = (2 * rows + 1) * pixel_m, (2 * cols + 1) * pixel_m
        size = 2 * node_m
        nodes = [
            np.arange(axis[0] // size - 1, axis[-1] // size + 3, dtype=np.int64) * size
            for axis in (y2, x2)
        ]
        return cls(rows, cols, y2, x2, nodes[0], nodes[1])

    @property
    def shape(self) -> tuple[int, int]:
        """``(height, width)`` in pixels."""
        return len(self.rows), len(self.cols)

    def draw(self, nodes: np.ndarray) -> np.ndarray:
        """Return a node field on the pixels by bilinear weights, float32."""
        node_m = int(self.node_y2[1] - self.node_y2[0]) // 2
        iy, wy = _weights(self.y2 - self.node_y2[0], node_m)
        ix, wx = _weights(self.x2 - self.node_x2[0], node_m)
        return _between(nodes, iy, wy, (ix, wx))

    def fractal(self, field: Fractal, seed: int) -> np.ndarray:
        """Return a fractal computed on the nodes and drawn on the pixels, float32."""
        return self.draw(field.on(self.node_y2, self.node_x2, seed))

    def white(self, *key: int) -> np.ndarray:
        """Return a uint32 hash of each pixel."""
        return hash_grid(self.rows, self.cols, key_of(*key))
