"""Small scenes on disk for tests."""

import json

import numpy as np
import rasterio
from rasterio.transform import Affine

UTM52 = "EPSG:32652"
X0, Y0 = 500_000.0, 4_800_000.0


def write_tif(
    path, values, *, pixel=20.0, x0=X0, y0=Y0, crs=UTM52, nodata=0, names=None, tags=None, **options
):
    """Write a GeoTIFF of one band (2-D) or several (3-D)."""
    stack = values[None] if values.ndim == 2 else values
    path.parent.mkdir(parents=True, exist_ok=True)
    profile = {
        "driver": "GTiff", "count": len(stack), "height": stack.shape[1], "width": stack.shape[2],
        "dtype": stack.dtype.name, "crs": crs, "nodata": nodata,
        "transform": None if x0 is None else Affine(pixel, 0, x0, 0, -pixel, y0),
    }  # fmt: skip
    with rasterio.open(path, "w", **profile, **options) as dataset:
        dataset.write(stack)
        for index, name in enumerate(names or (), start=1):
            dataset.set_band_description(index, name)
        dataset.update_tags(**(tags or {}))
    return path


def write_item(path, assets, *, item_id=None, time="2024-06-01T02:15:29Z", **properties):
    """Write a STAC item; assets are hrefs or dicts by key."""
    document = {
        "type": "Feature", "stac_version": "1.1.0", "id": item_id or path.stem,
        "geometry": None, "links": [],
        "properties": {"datetime": time, **properties},
        "assets": {k: {"href": a} if isinstance(a, str) else a for k, a in assets.items()},
    }  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document))
    return path


def noise(shape, seed=0, low=1, high=3000):
    """Pixels of clear land, uint16."""
    return np.random.default_rng(seed).integers(low, high, shape).astype(np.uint16)
