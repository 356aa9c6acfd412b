"""What converting a product once saves: decoding JPEG 2000 against COG, in one run.

    python benchmarks/jpeg2000.py [SIDE_PX]

Pixels are those of a simulated band (smooth land, noise of a sensor), lossless as the ground
segment's; figures are CPU seconds of this process and ratios of them.
"""

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import rasterio
import rasterio.shutil
from rasterio.transform import Affine

BLOCK = {"BLOCKXSIZE": 1024, "BLOCKYSIZE": 1024}


def band(side: int) -> np.ndarray:
    """Return reflectance like that of land: hills of 20 to 200 px and 1 % of noise."""
    rng = np.random.default_rng(1)
    values = np.full((side, side), 1600.0)
    for cell, height in ((200, 600), (64, 300), (20, 150)):
        small = rng.normal(0, height, (side // cell + 2, side // cell + 2))
        values += np.kron(small, np.ones((cell, cell)))[:side, :side]
    return np.clip(values + rng.normal(0, 16, values.shape), 1, 12_000).astype(np.uint16)


def cpu(work) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def read(path: Path, window=None) -> None:
    with rasterio.Env(GDAL_NUM_THREADS="1", GDAL_CACHEMAX=64), rasterio.open(path) as dataset:
        dataset.read(1, window=window)


def main() -> None:
    side = int(sys.argv[1]) if len(sys.argv) > 1 else 5490
    values = band(side)
    profile = {
        "height": side, "width": side, "count": 1, "dtype": "uint16", "crs": "EPSG:32652",
        "transform": Affine(20, 0, 5e5, 0, -20, 48e5),
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        jp2, plain = Path(folder, "a.jp2"), Path(folder, "plain.tif")
        lossless = {"QUALITY": 100, "REVERSIBLE": "YES", "YCBCR420": "NO"}
        with rasterio.open(jp2, "w", driver="JP2OpenJPEG", **profile, **lossless, **BLOCK) as out:
            out.write(values, 1)
        with rasterio.open(plain, "w", driver="GTiff", tiled=True, **profile) as out:
            out.write(values, 1)
        base = cpu(lambda: read(jp2))
        rows = [("JPEG 2000", base, 0.0, jp2)]
        for name, level in (("DEFLATE", 1), ("DEFLATE", 6), ("ZSTD", 9)):
            cog = Path(folder, f"{name}{level}.tif")
            options = {"COMPRESS": name, "LEVEL": level, "PREDICTOR": "YES", "BLOCKSIZE": 512}
            wrote = cpu(
                lambda c=cog, o=options: rasterio.shutil.copy(
                    plain, c, driver="COG", OVERVIEWS="NONE", NUM_THREADS="1", **o
                )
            )
            rows.append((f"COG {name} {level}", cpu(lambda c=cog: read(c)), wrote, cog))
        window = rasterio.windows.Window(side // 3, side // 3, 512, 512)
        small = cpu(lambda: read(jp2, window))
        print(f"{side} x {side} px, uint16, one band")
        print(
            "| file | MB | decode CPU s | JPEG 2000 is slower by | window of 512 px | write CPU s |"
        )
        print("|---|---|---|---|---|---|")
        for name, seconds, wrote, path in rows:
            part = cpu(lambda p=path: read(p, window))
            megabytes = path.stat().st_size / 1e6
            print(
                f"| {name} | {megabytes:.1f} | {seconds:.2f} | {base / seconds:.1f} |"
                f" {small / part:.1f} | {wrote:.2f} |"
            )


if __name__ == "__main__":
    main()
