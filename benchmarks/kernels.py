"""Kernels against what people use instead, on one thread; equality is asserted first.

    python -m benchmarks.kernels [--project DIR] [--size 512] [--repeats 5]

DIR is a folder of ``benchmarks.project``: its model has eleven features and six classes. Without
it only the shipped model of twelve classes is timed.
"""

import argparse
import json
import statistics
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import bottleneck
import numpy as np
import xarray as xr

from habitat.algorithms.burn.evidence import scan_rules
from habitat.algorithms.burn.inputs import BurnParams
from habitat.algorithms.classifier import classify_composites
from habitat.algorithms.composite import median_composite
from habitat.algorithms.kernels.burn import scan_evidence, scan_evidence_numpy
from habitat.algorithms.kernels.burn_reference import Calendar
from habitat.algorithms.kernels.cells import area_by_cell
from habitat.domain.model import ModelSet
from habitat.io.model.model_file import read_model

_DATES, _CLEAR_SHARE, _CELL_PX = 12, 0.61, 120
_SHIPPED = Path(__file__).parents[1] / "models" / "border-zone-simulated.json"


def cpu_s(functions: dict[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Return the median CPU of each function, called in turn after one call to warm up."""
    found: dict[str, list[float]] = {name: [] for name in functions}
    for number in range(repeats + 1):
        for name, function in functions.items():
            started = time.process_time()
            function()
            if number:
                found[name].append(time.process_time() - started)
    return {name: statistics.median(values) for name, values in found.items()}


def _with_nan(values: np.ndarray, valid: np.ndarray) -> np.ndarray:
    out = values.astype(np.float32)
    out[~valid] = np.nan
    return out


def _half_up(median: np.ndarray) -> np.ndarray:
    return np.where(np.isnan(median), 0, np.floor(median + 0.5)).astype(np.uint16)


def median(rng: np.random.Generator, size: int, repeats: int) -> dict[str, float]:
    values = rng.integers(1, 10_000, (_DATES, size, size), dtype=np.uint16)
    valid = rng.random(values.shape) < _CLEAR_SHARE
    contestants: dict[str, Callable[[], np.ndarray]] = {
        "habitat": lambda: median_composite(values, valid),
        "np.nanmedian": lambda: _half_up(np.nanmedian(_with_nan(values, valid), axis=0)),
        "bottleneck": lambda: _half_up(bottleneck.nanmedian(_with_nan(values, valid), axis=0)),
    }
    first, *others = (contestant() for contestant in contestants.values())
    for other in others:
        np.testing.assert_array_equal(first, other)
    return _ratios(cpu_s(contestants, repeats))


def cells(rng: np.random.Generator, size: int, repeats: int) -> dict[str, float]:
    size = size // _CELL_PX * _CELL_PX
    codes = rng.integers(0, 6, (size, size), dtype=np.uint8)
    cell = np.arange(size, dtype=np.int32) // _CELL_PX
    area = np.ones((size, size // _CELL_PX), np.int64)
    layer = xr.DataArray(codes, dims=("y", "x"))

    def coarsen() -> np.ndarray:
        parts = [
            (layer == k).astype("int64").coarsen(y=_CELL_PX, x=_CELL_PX).sum() for k in range(6)
        ]
        return np.stack([part.values for part in parts], axis=-1)

    contestants: dict[str, Callable[[], np.ndarray]] = {
        "habitat": lambda: area_by_cell(codes, cell, cell, area, 6)[0],
        "xarray coarsen": coarsen,
    }
    np.testing.assert_array_equal(contestants["habitat"](), coarsen())
    return _ratios(cpu_s(contestants, repeats))


def burns(rng: np.random.Generator, size: int, repeats: int) -> dict[str, float]:
    size = min(size, 256)  # the whole-array form takes seconds on more
    shape = (_DATES, size, size)
    bands = tuple(rng.integers(300, 4000, shape, dtype=np.uint16) for _ in range(4))
    state = np.where(rng.random(shape) < _CLEAR_SHARE, 1, 2).astype(np.uint8)
    kind = rng.integers(2, 6, shape[1:], dtype=np.uint8)
    days, params = np.arange(_DATES, dtype=np.int32) * 20 + 18_500, BurnParams()
    calendar = Calendar(days, params.leaf_on(days), params.browned(days), params.dormant(days))
    task = calendar, state, bands, kind, scan_rules(params)
    for fast, plain in zip(scan_evidence(*task), scan_evidence_numpy(*task), strict=True):
        np.testing.assert_array_equal(fast, plain)
    return _ratios(
        cpu_s(
            {
                "habitat": lambda: scan_evidence(*task),
                "NumPy": lambda: scan_evidence_numpy(*task),
            },
            repeats,
        )
    )


def classifier(
    model: ModelSet, rng: np.random.Generator, size: int, repeats: int
) -> dict[str, float]:
    """Return Mpx per CPU second from composites to class, confidence and forest probability."""
    features = model.variants[0].features
    composites = {
        season: {b: rng.integers(1, 6000, (size, size), dtype=np.uint16) for b in features.bands}
        for season in features.seasons
    }
    found = cpu_s(
        {"map": lambda: classify_composites(model, composites, forest_codes=(1, 2))}, repeats
    )
    return {
        "features": len(features.names),
        "classes": len(model.variants[0].classifier.codes),
        "Mpx per CPU s": round(size**2 / 1e6 / found["map"], 2),
    }


def _ratios(seconds: dict[str, float]) -> dict[str, float]:
    own = seconds["habitat"]
    return {
        "habitat s": round(own, 4),
        **{f"x {n}": round(s / own, 1) for n, s in seconds.items() if n != "habitat"},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--project", type=Path)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--repeats", type=int, default=5)
    args = parser.parse_args()
    warnings.filterwarnings("ignore", message="All-NaN slice", category=RuntimeWarning)
    sizes = args.size, args.repeats
    results = {
        "median": median(np.random.default_rng(1), *sizes),
        "cells": cells(np.random.default_rng(2), *sizes),
        "burn evidence": burns(np.random.default_rng(3), *sizes),
        "shipped model": classifier(read_model(_SHIPPED), np.random.default_rng(4), *sizes),
    }
    if args.project:
        bench = read_model(args.project / "models" / "bench.json")
        results["benchmark's model"] = classifier(bench, np.random.default_rng(5), *sizes)
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
