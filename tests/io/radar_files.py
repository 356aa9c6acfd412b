"""Sentinel-1 scenes on disk for tests."""

import numpy as np
from scene_files import write_item, write_tif


def power(shape, seed, mean=0.08):
    """Return backscatter with speckle, float32 linear power."""
    return np.random.default_rng(seed).gamma(4.4, mean / 4.4, shape).astype(np.float32)


def write_radar(folder, name, bands, *, time="2024-06-05T21:40:00Z", nodata=np.nan, **more):
    """Write a scene of polarisations by name; ``more`` are properties or options of the files."""
    options = {k: more.pop(k) for k in ("x0", "y0", "pixel", "crs") if k in more}
    for band, values in bands.items():
        write_tif(folder / name / f"{band}.tif", values, nodata=nodata, **options)
    declared = {
        "platform": "SENTINEL-1A",
        "sar:instrument_mode": "IW",
        "sat:orbit_state": "descending",
        "sat:relative_orbit": 134,
        "created": "2024-06-06T00:00:00Z",
    }
    missing = {"raster:bands": [{"nodata": "nan" if np.isnan(nodata) else nodata}]}
    assets = {band: {"href": f"{band}.tif", **missing} for band in bands}
    write_item(folder / name / "item.json", assets, item_id=name, time=time, **declared | more)
    return folder / name
