"""The ``burn_scars`` step: counts over the AOI, objects over the seams, then the layers.

Three passes over the looks of a fire year, because two things are known only of the whole AOI:
how each class of land cover looks on each date, and which burned objects cross tiles. What they
find is then joined into fires, and freed of patches below the least area (``burn_fires``).
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np

from habitat.algorithms.burn.candidates import Candidates, TileFacts, candidates
from habitat.algorithms.burn.evidence import evidence
from habitat.algorithms.burn.inputs import (
    BURN_BANDS,
    HALO_PX,
    BurnParams,
    CoverKinds,
    FireYear,
    Looks,
    Place,
)
from habitat.algorithms.burn.objects import Objects, resolve
from habitat.algorithms.burn.scars import FireRecord, scars
from habitat.algorithms.burn.statistics import (
    ClassStatistics,
    EvidenceCounts,
    Tile,
    class_statistics,
    combine,
)
from habitat.algorithms.burn_history import epoch_days
from habitat.algorithms.reasons import reasons_of_looks
from habitat.algorithms.static_heat import labelled
from habitat.domain.errors import ConfigError, NoObservationError
from habitat.domain.grid import Grid, Window
from habitat.domain.hotspots import DetectionKind, Hotspots
from habitat.domain.layers import (
    BURN_DATE,
    BURN_DATE_HI,
    BURN_DATE_LO,
    BURN_SCAR_LAYER,
    BURN_SEVERITY_LAYER,
    TIMES_BURNED,
)
from habitat.domain.legend import NOT_OBSERVED, OUTSIDE
from habitat.domain.period import Period, fire_year
from habitat.io.durable import sha256_file
from habitat.io.fire.hotspots_file import read_detections, read_hotspots
from habitat.io.fire.static_heat_file import read_heat_mask
from habitat.pipeline.config_steps import BurnScars
from habitat.pipeline.context import PlanContext
from habitat.pipeline.ops import (
    Arrays,
    GlobalInputs,
    GlobalOp,
    PublishedLayer,
    StepResult,
    TileInputs,
    TileOp,
)
from habitat.pipeline.scene_search import require_period
from habitat.pipeline.simulation.source import SimulatedSource
from habitat.pipeline.steps.areas import boundary_files
from habitat.pipeline.steps.burn_fires import FireTask, join_fires, list_runs, settle
from habitat.pipeline.steps.burn_table import BurnTableTask, count_rows, make_table
from habitat.pipeline.tiles import crop

#: How far from the AOI a hotspot may still bear on it [px of 20 m and less: metres / pixel].
_HOTSPOT_REACH_M = 5_000


@dataclass(frozen=True, slots=True)
class HotspotFile:
    """Where hotspots come from: ``source``, a file with its digest, or nothing; and the mask."""

    kind: str
    path: str = ""
    sha256: str = ""
    static: str = ""
    static_sha256: str = ""


@dataclass(frozen=True, slots=True)
class BurnTask:
    """What the burn scars of one fire year are made from.

    Attributes
    ----------
    name, scenes, cover : str
        Result, scene set, land cover.
    looks : Period
        All looks that may be read: the fire year, references before and canopies after it.
    year : Period
        The fire year, cut at the as-of date.
    fire_year : FireYear
        The same in days, with the fire season in it.
    """

    name: str
    scenes: str
    cover: str
    looks: Period
    year: Period
    fire_year: FireYear
    kinds: CoverKinds
    params: BurnParams
    hotspots: HotspotFile


def plan(step: BurnScars, ctx: PlanContext) -> StepResult:
    """Plan the three passes of one fire year."""
    bands = ctx.scene_sets[step.scenes].bands
    missing = [band for band in BURN_BANDS if band not in bands]
    if missing:
        raise ConfigError(
            f"burn_scars {step.save_as!r}: expected scenes with bands {list(BURN_BANDS)}, but "
            f"{step.scenes!r} lacks {missing}. Ask for them in the scenes step."
        )
    ends = ctx.fire_year(step.fire_year)
    year = fire_year(ends).until(ctx.as_of)
    if year is None:
        raise NoObservationError(
            f"burn_scars {step.save_as!r}: expected the fire year that ends in {ends} to have "
            f"begun by the as-of date {ctx.as_of}. Give a later --as-of or an earlier year."
        )
    require_period(ctx, step.scenes, (year,), f"burn_scars {step.save_as!r}")
    task = BurnTask(
        step.save_as,
        step.scenes,
        step.cover,
        ctx.scene_sets[step.scenes].period,
        year,
        FireYear.of_periods(year, ctx.seasons.fire_periods(ends)),
        CoverKinds.of_legend(ctx.legend),
        BurnParams(include_crop=step.include_crop, min_area_ha=step.min_area_ha),
        _hotspot_file(step, ctx),
    )
    table = BurnTableTask(step.save_as, year, ctx.legend, boundary_files(ctx))
    rows, made = f"{step.save_as}.rows", f"{step.save_as}.table"
    ops = (
        *_ops(task),
        *_fire_ops(FireTask(step.save_as, task.params)),
        TileOp(rows, count_rows, table, needs=(step.save_as,)),
        GlobalOp(
            made,
            make_table,
            table,
            partials=(rows,),
            uses=(f"{step.save_as}.objects", f"{step.save_as}.fires"),
        ),
    )
    return StepResult("burns", year, _layers(task), ops, detail=task, tables=(made,))


def _ops(task: BurnTask) -> tuple[TileOp | GlobalOp, ...]:
    name = task.name
    hotspots, statistics, objects = f"{name}.hotspots", f"{name}.statistics", f"{name}.objects"

    def on_tile(result: str, function: Callable[[TileInputs], Arrays], *uses: str) -> TileOp:
        return TileOp(
            result,
            function,
            task,
            needs=(task.cover,),
            uses=uses,
            scenes=(task.scenes,),
            bands=BURN_BANDS,
            halo_px=HALO_PX,
            scene_halo_px=HALO_PX,
        )

    return (
        GlobalOp(hotspots, find_hotspots, task),
        on_tile(f"{name}.counts", count_evidence, hotspots),
        GlobalOp(statistics, merge_statistics, task, partials=(f"{name}.counts",)),
        on_tile(f"{name}.facts", find_facts, hotspots, statistics),
        GlobalOp(objects, join_objects, task, partials=(f"{name}.facts",), uses=(hotspots,)),
        on_tile(f"{name}.seen", burn_layers, hotspots, statistics, objects),
    )


def _fire_ops(task: FireTask) -> tuple[TileOp | GlobalOp, ...]:
    name = task.name
    seen, runs, fires = f"{name}.seen", f"{name}.runs", f"{name}.fires"
    found = (f"{name}.objects", f"{name}.hotspots")
    return (
        TileOp(runs, list_runs, task, needs=(seen,)),
        GlobalOp(fires, join_fires, task, partials=(runs,), uses=found),
        TileOp(name, settle, task, needs=(seen,), uses=(fires,)),
    )


def _layers(task: BurnTask) -> tuple[PublishedLayer, ...]:
    return tuple(
        PublishedLayer(layer, task.year.name, task.name, (layer.name,), task.year)
        for layer in (
            BURN_SCAR_LAYER,
            BURN_DATE,
            BURN_DATE_LO,
            BURN_DATE_HI,
            TIMES_BURNED,
            BURN_SEVERITY_LAYER,
        )
    )


def _hotspot_file(step: BurnScars, ctx: PlanContext) -> HotspotFile:
    if step.hotspots is None:
        return HotspotFile("none")
    if step.hotspots == "source":
        if not isinstance(ctx.source, SimulatedSource):
            raise ConfigError(
                f"burn_scars {step.save_as!r}: expected source 'simulated' for hotspots: source, "
                f"got {ctx.config.source.kind!r}. Name a FIRMS CSV file, or leave hotspots out."
            )
        return HotspotFile("source")
    path = ctx.project / step.hotspots
    read_hotspots(path, grid=ctx.grid, window=ctx.window)  # a fault in it is one before any work
    file = HotspotFile("file", step.hotspots, sha256_file(path))
    if step.static_sources == "none":
        return file
    mask = ctx.project / step.static_sources
    read_heat_mask(mask, epsg=ctx.grid.epsg)
    return replace(file, static=step.static_sources, static_sha256=sha256_file(mask))


def _burning(file: HotspotFile, project: Path, grid: Grid, window: Window) -> Hotspots:
    """Return the burning vegetation of a file: nothing that always is hot."""
    if not file.static:
        return read_hotspots(project / file.path, grid=grid, window=window)
    found = read_detections(project / file.path, grid=grid, window=window)
    mask = read_heat_mask(project / file.static, epsg=grid.epsg)
    kept = labelled(found, mask.covers(found))
    return kept.take(kept.kinds == DetectionKind.VEGETATION)


def find_hotspots(inputs: GlobalInputs) -> Hotspots:
    """Return the detections around the AOI from 200 days before the fire year to its end."""
    task: BurnTask = inputs.config
    around = inputs.grid.window_of_bounds(inputs.aoi.geometry.bounds).pad(
        _HOTSPOT_REACH_M // inputs.grid.pixel_m
    )
    if task.hotspots.kind == "source":
        assert isinstance(inputs.source, SimulatedSource), "plan refuses other sources"
        found = inputs.source.hotspots(task.looks, around)
    elif task.hotspots.kind == "file":
        found = _burning(task.hotspots, inputs.project, inputs.grid, around)
    else:
        return Hotspots.empty()
    found = found.in_period(Period(task.looks.start, task.year.end))
    return found.take(np.lexsort((found.x_m, found.y_m, found.time)))


def _look(inputs: TileInputs) -> tuple[Looks, Tile]:
    """Return the looks of a tile and their evidence."""
    task: BurnTask = inputs.config
    stack = inputs.scenes.looks(task.scenes, (task.looks,), bands=BURN_BANDS, halo_px=HALO_PX)
    cover = np.where(
        inputs.inside_of(HALO_PX), inputs.arrays[task.cover]["forest_class"], np.uint8(OUTSIDE)
    )
    looks = Looks(stack.days, stack.bands, stack.state, cover)
    place = Place(inputs.window.pad(HALO_PX), inputs.window, inputs.grid.pixel_m)
    return looks, Tile(place, cover, evidence(looks, task.kinds, task.params))


def _candidates(inputs: TileInputs, looks: Looks, tile: Tile) -> Candidates:
    task: BurnTask = inputs.config
    statistics: ClassStatistics = inputs.globals[f"{task.name}.statistics"]
    return candidates(looks, tile, statistics, inputs.globals[f"{task.name}.hotspots"], task.params)


def count_evidence(inputs: TileInputs) -> Arrays:
    """First pass: how the evidence of each class is spread on each date."""
    task: BurnTask = inputs.config
    _, tile = _look(inputs)
    counts = class_statistics(
        tile, inputs.globals[f"{task.name}.hotspots"], task.fire_year, task.params
    )
    return {"keys": counts.keys, "counts": counts.counts}


def merge_statistics(inputs: GlobalInputs) -> ClassStatistics:
    """Merge the counts of all tiles into median and spread by date and class."""
    task: BurnTask = inputs.config
    (partials,) = inputs.partials.values()
    return combine((EvidenceCounts(p["keys"], p["counts"]) for p in partials), task.params)


def find_facts(inputs: TileInputs) -> Arrays:
    """Second pass: the burned objects of each look, as far as the tile sees them."""
    looks, tile = _look(inputs)
    facts = _candidates(inputs, looks, tile).facts
    return {entry.name: getattr(facts, entry.name) for entry in fields(facts)}


@dataclass(frozen=True, slots=True)
class JoinedObjects:
    """Objects of the AOI, and the place of each tile in them."""

    objects: Objects
    tile_index: dict[tuple[int, int], int]


def join_objects(inputs: GlobalInputs) -> JoinedObjects:
    """Join the objects over the seams."""
    task: BurnTask = inputs.config
    (partials,) = inputs.partials.values()
    found = resolve(
        [TileFacts(**part) for part in partials],
        inputs.globals[f"{task.name}.hotspots"],
        task.params,
        pixel_m=inputs.grid.pixel_m,
    )
    places = {(window.row, window.col): i for i, window in enumerate(inputs.windows)}
    return JoinedObjects(found, places)


def burn_layers(inputs: TileInputs) -> Arrays:
    """Third pass: the layers of the fire year, of objects of any size."""
    task: BurnTask = inputs.config
    looks, tile = _look(inputs)
    joined: JoinedObjects = inputs.globals[f"{task.name}.objects"]
    here = joined.tile_index[inputs.window.row, inputs.window.col]
    record = FireRecord(task.fire_year, inputs.globals[f"{task.name}.hotspots"])
    found = scars(
        looks,
        tile,
        _candidates(inputs, looks, tile),
        joined.objects.tiles[here],
        record,
        task.params,
    )
    layers = {entry.name: getattr(found, entry.name) for entry in fields(found)}
    layers["burn_day_lo"] = epoch_days(found.burn_date_lo)
    layers["burn_day_hi"] = epoch_days(found.burn_date_hi)
    layers["cover"] = crop(tile.cover, inputs.window, HALO_PX)
    in_year = (looks.days >= task.fire_year.first_day) & (looks.days <= task.fire_year.last_day)
    layers["reason"] = reasons_of_looks(
        crop(looks.state[in_year], inputs.window, HALO_PX), found.burn_scar != NOT_OBSERVED
    )
    return layers
