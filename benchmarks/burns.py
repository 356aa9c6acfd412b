"""Burn maps of a small SIMULATED landscape: years without fire, and what each rule is worth.

    python -m benchmarks.burns

22 km² at 20 m, each class told apart as it truly is. The images begin in summer, with no spring
before the fire year.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np

from habitat.algorithms.burn.candidates import candidates
from habitat.algorithms.burn.evidence import evidence
from habitat.algorithms.burn.inputs import (
    BURN_BANDS,
    BurnParams,
    CoverKinds,
    FireYear,
    Looks,
    Place,
)
from habitat.algorithms.burn.objects import resolve
from habitat.algorithms.burn.scars import SCAR_BURNED, SCAR_UNBURNED, FireRecord, scars
from habitat.algorithms.burn.statistics import EvidenceCounts, Tile, class_statistics, combine
from habitat.domain.grid import Grid, Window
from habitat.domain.hotspots import Hotspots
from habitat.domain.period import Period, days_since_epoch, fire_year
from habitat.io.config.data_files import read_legend
from habitat.pipeline.scenes import SceneReader
from habitat.pipeline.simulation.source import SimulatedSource

GRID = Grid(32652, 20)
WINDOW = Window(-237_556, 35_082, 232, 237)
PERIOD = Period(date(2023, 7, 10), date(2024, 6, 30))
YEAR = FireYear.of_periods(fire_year(2024), [Period(date(2023, 10, 1), date(2024, 5, 31))])
SEEDS = (1, 2, 3, 4, 5, 7, 8, 9, 11, 13, 17, 19, 23)
STARTS = (date(2023, 7, 10), date(2023, 8, 1), date(2023, 8, 20), date(2023, 9, 5))


@dataclass(frozen=True)
class Land:
    """Looks at a landscape, its hotspots, and where it burned."""

    looks: Looks
    hotspots: Hotspots
    burned: np.ndarray


def land(seed: int, fires: str, *, period: Period = PERIOD, cadence_days: int = 5) -> Land:
    """Return a landscape with a look every so many days."""
    source = SimulatedSource(GRID, seed=seed, fires=fires, cadence_days=cadence_days)
    items, _ = source.search(period, WINDOW)
    reader = SceneReader(source, GRID, WINDOW, 0, {"all": (items, BURN_BANDS)})
    stack = reader.looks("all", (period,), bands=BURN_BANDS)
    cover = source.truth_class(WINDOW, date(2023, 7, 15))
    burned = source.truth_burns(WINDOW, fire_year(2024)).burn_date > 1
    looks = Looks(stack.days, stack.bands, stack.state, cover)
    return Land(looks, source.hotspots(period, WINDOW), burned)


def mapped(
    looks: Looks, hotspots: Hotspots, params: BurnParams, *, far_only: bool = False
) -> np.ndarray:
    """Return ``burn_scar``; ``far_only`` gives classes near hotspots the absolute rule alone."""
    kinds = CoverKinds.of_legend(read_legend("border-zone", Path()))
    place = Place(WINDOW, WINDOW, GRID.pixel_m)
    tile = Tile(place, looks.cover, evidence(looks, kinds, params))
    counts = class_statistics(tile, hotspots, YEAR, params)
    if far_only:
        far = counts.keys[:, 2] == 0
        counts = EvidenceCounts(counts.keys[far], counts.counts[far])
    statistics = combine([counts], params)
    found = candidates(looks, tile, statistics, hotspots, params)
    objects = resolve([found.facts], hotspots, params, pixel_m=GRID.pixel_m)
    record = FireRecord(YEAR, hotspots)
    return scars(looks, tile, found, objects.tiles[0], record, params).burn_scar


def schedules(looks: Looks) -> Iterator[Looks]:
    """Yield looks from each start on, every 5, 10 and 15 days, from each of the first passes on."""
    for start in STARTS:
        after = np.flatnonzero(looks.days >= days_since_epoch(start))
        for step in (1, 2, 3):
            for first in range(step):
                keep = after[first::step]
                bands = {name: stack[keep] for name, stack in looks.bands.items()}
                yield Looks(looks.days[keep], bands, looks.state[keep], looks.cover)


def without_fire() -> None:
    """Print in how many years without fire something is mapped as surely burned."""
    cases = [
        mapped(looks, Hotspots.empty(), params)
        for seed in SEEDS
        for looks in schedules(land(seed, "none").looks)
        for params in (BurnParams(seed_share=0.0), BurnParams())
    ]
    sure = np.array([(scar == SCAR_BURNED).sum() for scar in cases]).reshape(-1, 2).T
    for name, pixels in zip(("without", "with"), sure, strict=True):
        text = f"{(pixels > 0).sum()} of {pixels.size} cases, {pixels.max()} pixels at most"
        print(f"no fire, {name} the least share of seeds: sure burns in {text}")


def dice(scar: np.ndarray, burned: np.ndarray) -> str:
    """Return Dice and omission where the map says yes or no."""
    told, sure = np.isin(scar, (SCAR_UNBURNED, SCAR_BURNED)), scar == SCAR_BURNED
    both, true = (burned & sure).sum(), (burned & told).sum()
    return f"Dice {2 * both / (true + sure.sum()):.3f} omission {1 - both / true:.3f}"


def with_fire() -> None:
    """Print what each rule is worth where 60 % and 95 % of the grass burn."""
    usual = BurnParams()
    for fires in ("grass_60", "grass_95"):
        here, none = land(7, fires), Hotspots.empty()
        for name, hotspots, params, far_only in (
            ("as it is", here.hotspots, usual, False),
            ("no least share of seeds", here.hotspots, replace(usual, seed_share=0.0), False),
            ("classes near hotspots by the absolute rule", here.hotspots, usual, True),
            ("as it is, no hotspots", none, usual, False),
            ("second look by its evidence alone, no hotspots", none,
             replace(usual, persist_share=1e6), False),
        ):  # fmt: skip
            scar = mapped(here.looks, hotspots, params, far_only=far_only)
            print(f"{fires}, {name}: {dice(scar, here.burned)}")


if __name__ == "__main__":
    with_fire()
    without_fire()
