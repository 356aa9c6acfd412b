"""Which code and which native libraries make a result: a part of every key."""

from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

import rasterio

import habitat

#: Libraries whose version can move a value.
_LIBRARIES = (
    "numpy", "scipy", "scikit-learn", "numba", "xarray", "rasterio", "rioxarray", "shapely",
    "pyproj", "pyogrio", "geopandas", "dask", "pystac",
)  # fmt: skip


@cache
def library_versions() -> dict[str, str]:
    """Return the versions of the libraries, with GDAL's and habitat's own."""
    versions = {name: version(name) for name in _LIBRARIES}
    versions["GDAL"] = rasterio.__gdal_version__
    versions["habitat"] = habitat.__version__
    return versions


@cache
def code_digest() -> str:
    """Return the SHA-256 of habitat's own source and data files, in name order."""
    root = Path(habitat.__file__).parent
    hasher = sha256()
    for path in sorted(root.rglob("*")):
        if path.suffix in {".py", ".yaml", ".json"} and "__pycache__" not in path.parts:
            hasher.update(f"{path.relative_to(root).as_posix()}\n".encode())
            hasher.update(sha256(path.read_bytes()).digest())
    return hasher.hexdigest()
