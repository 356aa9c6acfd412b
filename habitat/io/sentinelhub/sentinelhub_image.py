"""Images of the Process API: decoded and checked whole before anything is kept."""

from dataclasses import dataclass

import numpy as np
import rasterio
from rasterio.errors import RasterioError
from rasterio.io import MemoryFile

from habitat.domain.errors import SceneError
from habitat.io.sentinelhub.sentinelhub_requests import Order

_SCL_MAX = 11


@dataclass(frozen=True, slots=True)
class Image:
    """One answer.

    Attributes
    ----------
    bands : dict of str to numpy.ndarray
        uint16 ``(y, x)`` as delivered, the offset not taken off: an observed value is 1 or more,
        0 = no data, which is where the data mask says so and nowhere else.
    scl : numpy.ndarray
        uint8 ``(y, x)``, scene classification; 0 where the data mask is 0.
    """

    bands: dict[str, np.ndarray]
    scl: np.ndarray


def decode(content: bytes, order: Order) -> Image:
    """Return the pixels of an answer.

    Raises
    ------
    SceneError
        If it is no complete GeoTIFF of the asked size, place, bands and type, or holds codes that
        scene classification and data mask do not have.
    """
    stored = stored_bands(content, order)
    scl, mask = stored[-2], stored[-1]
    if int(scl.max()) > _SCL_MAX:
        raise _fault(f"scene classification from 0 to {_SCL_MAX}", f"{int(scl.max())}")
    if int(mask.max()) > 1:
        raise _fault("a data mask of 0 and 1", f"{int(mask.max())}")
    seen = mask == 1
    # An observed 0 is a dark value, not "no data": that is what the mask says.
    bands = {
        name: np.where(seen, np.maximum(values, 1), 0).astype(np.uint16)
        for name, values in zip(order.bands, stored[:-2], strict=True)
    }
    return Image(bands, np.where(seen, scl, 0).astype(np.uint8))


def stored_bands(content: bytes, order: Order) -> np.ndarray:
    """Return all bands as stored, ``(band, y, x)``.

    Raises
    ------
    SceneError
        If the answer is no complete GeoTIFF of the asked size, place, bands and type.
    """
    if content[:4] not in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        raise _fault("a TIFF", f"{len(content)} bytes that begin with {content[:16]!r}")
    height, width = order.window.shape
    expected = (order.channels, height, width)
    try:
        with MemoryFile(content) as memory, memory.open(driver="GTiff") as dataset:
            got = (dataset.count, dataset.height, dataset.width)
            if got != expected:
                raise _fault(f"bands, height, width {expected}", f"{got}")
            if set(dataset.dtypes) != {order.dtype}:
                raise _fault(f"dtype {order.dtype}", f"{sorted(set(dataset.dtypes))}")
            _check_place(dataset, order)
            stored: np.ndarray = dataset.read()
    except RasterioError as error:
        raise _fault("a complete TIFF", f"a damaged one ({error})") from error
    return stored


def _check_place(dataset: rasterio.DatasetReader, order: Order) -> None:
    epsg = dataset.crs.to_epsg() if dataset.crs is not None else None
    transform = tuple(dataset.transform)[:6]
    expected = order.grid.transform(order.window)
    if epsg != order.grid.epsg or not np.allclose(transform, expected, rtol=0, atol=1e-3):
        raise _fault(
            f"EPSG:{order.grid.epsg} and transform {expected}", f"EPSG:{epsg} and {transform}"
        )


def _fault(expected: str, got: str) -> SceneError:
    return SceneError(f"answer of the service: expected {expected}, got {got}; it is not kept")
