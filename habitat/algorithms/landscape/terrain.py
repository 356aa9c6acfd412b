"""Relief and rivers: valleys along the zero lines of a smooth field, mountains between them."""

from dataclasses import dataclass

import numpy as np

from habitat.algorithms.landscape.noise import NODE_M, Fractal, Sampling, smoothstep

RIVER = Fractal(1, ((6000, 1.0), (3000, 0.55), (1500, 0.26), (720, 0.11), (360, 0.04)))
MOUNTAIN = Fractal(2, ((4800, 1.0), (2400, 0.6), (1200, 0.32), (600, 0.14), (300, 0.06)))
#: ``|river|`` at the foot of the slopes, and how much more it takes to reach the top.
VALLEY_EDGE, VALLEY_RISE = 0.10, 1.3


@dataclass(frozen=True, slots=True, eq=False)
class Terrain:
    """Relief on the pixels of a window; all float32 ``(y, x)``.

    Attributes
    ----------
    elevation : numpy.ndarray
        Height above the sea [m].
    east, north, up : numpy.ndarray
        Unit normal of the surface [1].
    river : numpy.ndarray
        The signed field whose zero lines are the rivers [1].
    river_m : numpy.ndarray
        About the distance to the nearest river line [m].
    """

    elevation: np.ndarray
    east: np.ndarray
    north: np.ndarray
    up: np.ndarray
    river: np.ndarray
    river_m: np.ndarray


def _gradient(nodes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Central differences southward and eastward [1/m]; zero on the rim, which is not drawn."""
    south, east = np.zeros_like(nodes), np.zeros_like(nodes)
    step = np.float32(2 * NODE_M)
    south[1:-1] = (nodes[2:] - nodes[:-2]) / step
    east[:, 1:-1] = (nodes[:, 2:] - nodes[:, :-2]) / step
    return south, east


def elevation_of(river: np.ndarray, mountain: np.ndarray) -> np.ndarray:
    """Return heights [m] of the river and mountain fields."""
    side = np.abs(river)
    rise = smoothstep((side - VALLEY_EDGE) / VALLEY_RISE)
    relief = 1 + np.clip(mountain, -2, 2) * np.float32(0.35)
    height: np.ndarray = 8 + 60 * np.minimum(side, 1) + rise * (560 * relief)
    height += side * (22 * mountain)
    return height


def make_terrain(sampling: Sampling, seed: int) -> Terrain:
    """Return the relief of a window."""
    axes = sampling.node_y2, sampling.node_x2
    river = RIVER.on(*axes, seed)
    height = elevation_of(river, MOUNTAIN.on(*axes, seed))
    south, east = _gradient(height)
    up = 1 / np.sqrt(1 + south * south + east * east)
    river_south, river_east = _gradient(river)
    steepness = np.sqrt(river_south * river_south + river_east * river_east)
    drawn_river = sampling.draw(river)
    slope = np.maximum(sampling.draw(steepness), np.float32(8e-5))
    return Terrain(
        elevation=sampling.draw(height),
        east=sampling.draw(-east * up),
        north=sampling.draw(south * up),
        up=sampling.draw(up),
        river=drawn_river,
        river_m=np.abs(drawn_river) / slope,
    )
