"""Print the tables of ACCURACY.md that come from real images: ``python tests/real/report.py``.

Reads ../shared/data beside the project, or the folder given as the only argument. Takes two
minutes: each site is run once for its tables and four times more with other held-out blocks.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

import geopandas as gpd
import numpy as np
import rasterio

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from converters.romania import FOLDER as ROMANIA_DATA  # noqa: E402  # after the path is known
from converters.romania import TREE_COVER  # noqa: E402

from habitat.algorithms.accuracy import map_accuracy  # noqa: E402
from real import romania, slovenia  # noqa: E402
from real.project import Binary, Finished  # noqa: E402

SEEDS = (1, 2, 3, 4)


def number(value: float) -> str:
    """Return a share with three digits, or a dash."""
    return "–" if np.isnan(value) else f"{value:.3f}"


def table(head: str, rows: Iterator[str] | list[str]) -> str:
    """Return a Markdown table."""
    names = [part.strip() for part in head.split("|")]
    line = "| " + " | ".join("---" if i == 0 else "---:" for i in range(len(names))) + " |"
    return "\n".join(["| " + " | ".join(names) + " |", line, *(f"| {row} |" for row in rows)])


def classes(found: Finished, stem: str, names: tuple[str, ...]) -> str:
    """Return accuracy by class in the held-out blocks."""
    matrix = found.confusion(stem)
    a = map_accuracy(matrix)
    rows = [
        f"{name} | {matrix[:, i].sum()} | {matrix[:, i].sum() / a.n:.3f} | {number(a.users[i])} | "
        f"{number(a.producers[i])} | {number(a.f1[i])} | "
        + ("–" if np.isnan(a.area_bias[i]) else f"{a.area_bias[i]:+.0%}")
        for i, name in enumerate(names)
    ]
    return table("class | pixels | share | user's | producer's | F1 | area", rows)


def rules(found: Finished, stem: str, composite: str) -> str:
    """Return forest against the rest: the map, an NDVI threshold, everything forest."""
    simple = found.ndvi_forest(composite, stem)
    everything = np.ones(simple.shape, dtype=bool)
    masks = {
        "map of `habitat`": found.mapped_forest(stem),
        f"NDVI of the composite ≥ {found.threshold(composite, stem):.3f}": simple,
        "majority class: all forest": everything,
    }
    rows = []
    for name, mask in masks.items():
        got: Binary = found.binary(mask, stem)
        low, high = found.interval(mask, stem)
        rows.append(
            f"{name} | {got.overall:.3f} | {low:.3f}–{high:.3f} | {number(got.f1_forest)} | "
            f"{number(got.f1_other)}"
        )
    head = "forest or not | overall | 95 % interval by blocks | F1 forest | F1 other"
    return table(head, rows)


def gains(found: Finished, stem: str, composite: str) -> str:
    """Return what the map adds to the NDVI threshold."""
    gain, low, high = found.gain_over(found.ndvi_forest(composite, stem), stem)
    return f"map minus NDVI threshold, paired by block: {gain:+.3f} ({low:+.3f} to {high:+.3f})"


def split(found: Finished, stem: str, composite: str) -> str:
    """Return one row of the table of splits."""
    blocks = np.unique(found.block[found.held_out & found.usable(stem)]).size
    matrix = found.confusion(stem)
    ours = found.binary(found.mapped_forest(stem), stem)
    simple = found.binary(found.ndvi_forest(composite, stem), stem)
    return (
        f"{found.seed} | {blocks} | {map_accuracy(matrix).overall:.3f} | {ours.overall:.3f} | "
        f"{number(ours.f1_other)} | {simple.overall:.3f} | {number(simple.f1_other)}"
    )


def splits(
    found: Finished, stem: str, composite: str, again: Callable[[int], Finished]
) -> Iterator[str]:
    """Yield the rows of all splits."""
    yield split(found, stem, composite)
    for seed in SEEDS:
        yield split(again(seed), stem, composite)


SPLIT = (
    "seed | blocks held out | overall, all classes | forest or not | F1 other | "
    "NDVI: forest or not | NDVI: F1 other"
)


def observations(found: Finished, shared_data: Path) -> str:
    """Return how often the composites of Romania saw their pixels, and the SCL beside."""
    scl = romania.open_cube(shared_data)["SCL"]
    days = scl.indexes["time"].strftime("%Y%m%d")
    rows = []
    for seen in romania.looks(found):
        codes = scl.to_numpy()[romania.in_season(days, seen.period)]
        clear, snow = (np.isin(codes, wanted).sum(axis=0) for wanted in ((4, 5), (11,)))
        observed = seen.n_valid > 0
        rows.append(
            f"{seen.period} | {codes.shape[0]} | {clear.mean():.1f} | "
            f"{seen.n_valid.mean():.1f} | {seen.n_valid.min()}–{seen.n_valid.max()} | "
            f"{(~observed).sum()} | {snow.sum() / codes.size:.3f} | "
            f"{np.median(seen.gap_days[observed]):.0f} / {seen.gap_days[observed].max()}"
        )
    head = (
        "composite | dates | clear looks a pixel, SCL 4 and 5 | used looks a pixel | fewest–most | "
        "pixels never seen | share of snow (SCL 11) | longest gap, median / largest [days]"
    )
    return table(head, rows)


def by_density(found: Finished, shared_data: Path, stem: str) -> str:
    """Return the agreement near the threshold of the reference, and far from it."""
    with rasterio.open(shared_data / ROMANIA_DATA / TREE_COVER) as dataset:
        percent = dataset.read(1)
    use = found.held_out & found.usable(stem)
    right = found.layer(stem)[0] == found.reference
    near = (percent >= 30) & (percent < 70)
    rows = [
        f"{name} | {(use & where).sum()} | {right[use & where].mean():.3f}"
        for name, where in (("30–69 %", near), ("below 30 % or 70 % and more", ~near))
    ]
    return table("tree cover density of the reference | pixels | overall", rows)


def change(found: Finished, stem: str) -> str:
    """Return the pixels of each class of a change map."""
    (codes,) = found.layer(stem)
    names = {1: "stable forest", 2: "stable other", 3: "loss", 4: "gain", 5: "type change"}
    total = ((codes > 0) & (codes < 255)).sum()
    rows = [
        f"{name} | {(codes == code).sum()} | {(codes == code).sum() / total:.2%}"
        for code, name in names.items()
    ]
    return table("change | pixels | share", rows)


def cell_states(found: Finished) -> str:
    """Return how many cells of 120 m the table calls a gain, a loss or stable."""
    cells = gpd.read_file(found.release / "cells.gpkg", layer="habitat", ignore_geometry=True)
    states = cells["habitat_state"].value_counts().sort_index()
    given = cells["habitat_change_se"].notna().sum()
    size = cells["habitat_change"].abs()
    return (
        f"{len(cells)} cells of 120 m: "
        + ", ".join(f"{state} {count}" for state, count in states.items())
        + f"; with a standard error: {given}; size of the change of habitat share: median "
        f"{size.median():.3f}, nine tenths below {size.quantile(0.9):.3f}, largest {size.max():.3f}"
    )


def confusion(found: Finished, stem: str, names: tuple[str, ...]) -> str:
    """Return the confusion matrix in the held-out blocks."""
    matrix = found.confusion(stem)
    rows = [
        f"{name} | " + " | ".join(map(str, row)) for name, row in zip(names, matrix, strict=True)
    ]
    return table("mapped ↓, true → | " + " | ".join(names), rows)


def romanian(shared_data: Path, folder: Path) -> Iterator[str]:
    """Yield the tables of Romania."""
    converted = romania.prepare(shared_data, folder)
    found = romania.finish(folder, converted)
    stem, composite = f"forest_class_{romania.AFTER}", f"composite_{romania.AFTER}"
    yield f"statement in the file: {found.tag(stem, 'ACCURACY')}"
    yield observations(found, shared_data)
    yield rules(found, stem, composite)
    yield gains(found, stem, composite)
    yield classes(found, stem, ("forest", "other land"))
    yield by_density(found, shared_data, stem)
    rows = splits(found, stem, composite, lambda s: romania.finish(folder, converted, seed=s))
    yield table(SPLIT, rows)
    summer = romania.finish(folder, converted, summer_only=True)
    overall = map_accuracy(summer.confusion(stem)).overall
    yield f"trained on leaf-on alone: overall {overall:.3f}"
    yield change(found, romania.CHANGE)
    with romania.open_cube(shared_data) as cube:
        fall = romania.summer_ndvi(cube, 2016) - romania.summer_ndvi(cube, 2018)
    lost = found.layer(romania.CHANGE)[0] == 3
    unseen = found.layer(f"n_valid_{romania.LEAF_OFF[0]}")[0] == 0
    yield (
        f"loss on {lost[~unseen].mean():.1%} of the pixels seen leaf-off in 2016, on "
        f"{lost[unseen].mean():.1%} of those that were not"
    )
    yield (
        f"summer NDVI fell by more than 0.2 from 2016 to 2018 on {(fall > 0.2).sum()} pixels, "
        f"{(lost & (fall > 0.2)).sum()} of them mapped as loss; {(lost & (fall <= 0)).sum()} of "
        f"{lost.sum()} pixels of loss have no fall at all"
    )
    before = map_accuracy(found.confusion(f"forest_class_{romania.BEFORE}"))
    yield f"map of 2016 against the reference of 2018, held-out blocks: {before.overall:.3f}"
    yield cell_states(found)


def slovenian(shared_data: Path, folder: Path) -> Iterator[str]:
    """Yield the tables of Slovenia."""
    converted = slovenia.prepare(shared_data, folder)
    found = slovenia.finish(folder, converted)
    stem, composite = f"forest_class_{slovenia.SUMMER}", f"composite_{slovenia.SUMMER}"
    yield f"statement in the file: {found.tag(stem, 'ACCURACY')}"
    yield classes(found, stem, slovenia.NAMES)
    yield confusion(found, stem, slovenia.NAMES)
    yield rules(found, stem, composite)
    yield gains(found, stem, composite)
    rows = splits(found, stem, composite, lambda s: slovenia.finish(folder, converted, seed=s))
    yield table(SPLIT, rows)
    for period in (slovenia.JULY, slovenia.AUGUST):
        one = map_accuracy(found.confusion(f"forest_class_{period}"))
        f1 = ", ".join(f"{n} {number(v)}" for n, v in zip(slovenia.NAMES, one.f1, strict=True))
        yield f"one date, {period}: overall {one.overall:.3f}; F1 {f1}"
    yield change(found, slovenia.CHANGE)
    july, august = (found.layer(f"forest_class_{p}")[0] for p in (slovenia.JULY, slovenia.AUGUST))
    both = (july > 0) & (july < 255) & (august > 0) & (august < 255)
    forest = (july == 2) != (august == 2)
    for name, where in (("all pixels", both), ("held-out blocks", both & found.held_out)):
        yield (
            f"false change, {name} ({where.sum()}): forest or not {forest[where].mean():.2%}, "
            f"any class {(july != august)[where].mean():.2%}"
        )
    yield cell_states(found)
    (n_valid,) = found.layer(f"n_valid_{slovenia.SUMMER}")
    counts = ", ".join(f"{n} of 3 dates {(n_valid == n).sum()} pixels" for n in range(4))
    yield f"used looks of the summer: {counts}"


def main() -> None:
    """Print all tables."""
    data = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT.parent / "shared" / "data"
    for name, make in (("Romania", romanian), ("Slovenia", slovenian)):
        with TemporaryDirectory() as folder, redirect_stdout(StringIO()):
            parts = list(make(data, Path(folder)))
        print(f"## {name}\n")  # noqa: T201  # a command
        print("\n\n".join(parts), end="\n\n")  # noqa: T201


if __name__ == "__main__":
    main()
