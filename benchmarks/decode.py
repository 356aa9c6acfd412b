"""The floor: decode every block of every file of a folder once, on threads, and nothing else.

python -m benchmarks.decode FOLDER [--workers 2]
"""

import argparse
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import rasterio


def decode(path: Path) -> int:
    """Read all blocks of a file that were written; return the pixels."""
    pixels = 0
    with rasterio.Env(GDAL_CACHEMAX=64 << 20), rasterio.open(path) as dataset:
        for (row, col), window in dataset.block_windows(1):
            if dataset.get_tag_item(f"BLOCK_OFFSET_{col}_{row}", "TIFF", bidx=1) is None:
                continue
            pixels += dataset.read(1, window=window).size
    return pixels


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    files = sorted(args.folder.rglob("*.tif"))
    with ThreadPoolExecutor(args.workers) as pool:
        pixels = sum(pool.map(decode, files))
    print(json.dumps({"files": len(files), "mpx": pixels / 1e6}))


if __name__ == "__main__":
    main()
