"""The ``habitat`` step: habitat of one species before and after, its patches and their cores."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from habitat.algorithms import habitat_share as verbs
from habitat.algorithms.burn_history import BURNED, BurnHistory, FireYear, burn_history
from habitat.algorithms.joining import edges, join, label_tile, seam_strip
from habitat.algorithms.patches import PatchFacts, merge_patches, patch_facts
from habitat.domain.grid import Window
from habitat.domain.layers import HABITAT_CLASS_LAYER
from habitat.domain.legend import OUTSIDE
from habitat.domain.period import days_since_epoch
from habitat.domain.species import Species
from habitat.io.config.data_files import read_species
from habitat.pipeline.config_steps import Habitat
from habitat.pipeline.context import PlanContext, compared_periods
from habitat.pipeline.ops import (
    Arrays,
    GlobalInputs,
    GlobalOp,
    PublishedLayer,
    StepResult,
    TileInputs,
    TileOp,
)
from habitat.pipeline.steps.areas import tile_cells
from habitat.pipeline.steps.people import People, limited, plan_people
from habitat.pipeline.tiles import crop

#: Habitat patches join over one pixel of the neighbour.
_SEAM_PX = 1


@dataclass(frozen=True, slots=True)
class HabitatPeriod:
    """Land cover, known fire years, the day and the people of one period."""

    forest: str
    burns: tuple[str, ...]
    day: int
    people: People


@dataclass(frozen=True, slots=True)
class HabitatTask:
    """What the habitat maps of a species are made from."""

    name: str
    species: Species
    before: HabitatPeriod
    after: HabitatPeriod

    @property
    def people_known(self) -> bool:
        """Whether people before and after come from different extracts."""
        return self.before.people != self.after.people


@dataclass(frozen=True, slots=True)
class Patches:
    """Patches of the AOI, and which patch each label of each tile belongs to.

    Attributes
    ----------
    facts : PatchFacts
        One row per patch that is large enough for the species.
    first_node : dict of Window to int
        Number of labels in the tiles before.
    row_of_node : np.ndarray
        int64 (n_nodes,), row of ``facts``, -1 where the patch is too small.
    """

    facts: PatchFacts
    first_node: dict[Window, int]
    row_of_node: np.ndarray


def plan(step: Habitat, ctx: PlanContext) -> StepResult:
    """Plan the maps, the patches that cross tiles, and the cores."""
    species = read_species(step.species, ctx.project)
    verbs.check_species(species, ctx.legend)
    before, after = compared_periods(ctx, step)
    task = HabitatTask(
        step.save_as,
        species,
        *(
            HabitatPeriod(
                forest, tuple(burns), days_since_epoch(end), plan_people(species, period, ctx)
            )
            for forest, burns, end, period in (
                (step.before, step.burns_before, before.end, before),
                (step.after, step.burns_after, after.end, after),
            )
        ),
    )
    name, pieces, patches = step.save_as, f"{step.save_as}.pieces", f"{step.save_as}.patches"
    pixel_m = ctx.grid.pixel_m
    needs = dict.fromkeys([step.before, step.after, *step.burns_before, *step.burns_after])
    ops = (
        TileOp(name, habitat, task, needs=tuple(needs), halo_px=verbs.halo_px(species, pixel_m)),
        TileOp(pieces, patch_pieces, task, needs=(name,), halo_px=_SEAM_PX),
        GlobalOp(patches, join_patches, task, partials=(pieces,)),
        TileOp(
            f"{name}.core",
            core_and_patch,
            task,
            needs=(name, pieces),
            uses=(patches,),
            halo_px=verbs.core_halo_px(species, pixel_m),
        ),
    )
    layer = HABITAT_CLASS_LAYER.for_species(species.name)
    layers = tuple(
        PublishedLayer(layer, period.name, name, (array,), period, people.tags)
        for period, array, people in (
            (before, "habitat_before", task.before.people),
            (after, "habitat_after", task.after.people),
        )
    )
    return StepResult("habitat", type(before)(before.start, after.end), layers, ops, detail=task)


def habitat(inputs: TileInputs) -> Arrays:
    """Return the habitat classes before and after, and the joint code, of a tile."""
    task: HabitatTask = inputs.config
    halo = verbs.halo_px(task.species, inputs.grid.pixel_m)
    inside = inputs.inside_of(halo)
    before = _state(task.before, task.species, inputs, inside)
    after = _state(task.after, task.species, inputs, inside)
    padded = {
        "habitat_before": before.habitat,
        "habitat_after": after.habitat,
        "joint": verbs.joint_code(before, after),
    }
    return {name: crop(array, inputs.window, halo) for name, array in padded.items()}


def _state(
    period: HabitatPeriod, species: Species, inputs: TileInputs, inside: np.ndarray
) -> verbs.HabitatState:
    cover = np.where(inside, inputs.arrays[period.forest]["forest_class"], np.uint8(OUTSIDE))
    years = [_fire_year(inputs.arrays[name]) for name in period.burns]
    burns: BurnHistory = burn_history(years, period.day, species, cover.shape)
    halo = verbs.halo_px(species, inputs.grid.pixel_m)
    near = limited(period.people, inputs, inputs.window.pad(halo))
    found = verbs.habitat_class(cover, burns, species, inputs.grid.pixel_m, near)
    return verbs.HabitatState(found, burns.lowered, near)


def _fire_year(arrays: Arrays) -> FireYear:
    burned = arrays["burn_scar"] == BURNED  # one look alone (possible) changes no habitat
    return FireYear(
        np.where(burned, arrays["burn_day"], 0), arrays["burn_severity"], arrays["times_burned"]
    )


#: Cell size for the areas of patches [m]: the distortion hardly changes within it.
_PATCH_CELL_M = 3_600


def patch_pieces(inputs: TileInputs) -> Arrays:
    """Label habitat after, on the tile and one pixel around, for the join over tiles."""
    task: HabitatTask = inputs.config
    mask = verbs.is_habitat(inputs.arrays[task.name]["habitat_after"])
    labels, n = label_tile(mask)
    padded = inputs.window.pad(_SEAM_PX)
    core = inputs.window.slices_in(padded)
    y, x = np.nonzero(seam_strip(mask.shape, core, _SEAM_PX) & mask)
    facts = patch_facts(
        labels[core], n, inputs.window, tile_cells(_PATCH_CELL_M, inputs.grid, inputs.window)
    )
    return {
        "labels": labels[core],
        "facts": np.stack([facts.pixels, facts.area_mm2, facts.row, facts.col]),
        "seam": np.stack([y + padded.row, x + padded.col, labels[y, x]]).astype(np.int64),
    }


def join_patches(inputs: GlobalInputs) -> Patches:
    """Join the pieces of all tiles; patches below the species' size are left out."""
    task: HabitatTask = inputs.config
    (pieces,) = inputs.partials.values()
    counts = [part["facts"].shape[1] for part in pieces]
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    group = join(int(starts[-1]), _seam_pairs(pieces, starts))
    facts, row_of_node = merge_patches([PatchFacts(*part["facts"]) for part in pieces], group)
    large = facts.at_least(task.species.min_patch_km2)
    rank = np.where(large, np.cumsum(large) - 1, -1)
    kept = PatchFacts(*(column[large] for column in _columns(facts)))
    first = dict(zip(inputs.windows, starts[:-1].tolist(), strict=True))
    return Patches(kept, first, np.append(rank, -1)[row_of_node])


def _columns(facts: PatchFacts) -> tuple[np.ndarray, ...]:
    return facts.pixels, facts.area_mm2, facts.row, facts.col


def _seam_pairs(pieces: Sequence[Arrays], starts: np.ndarray) -> np.ndarray:
    rows, cols, labels = (np.concatenate(c) for c in zip(*(p["seam"] for p in pieces), strict=True))
    owner = np.repeat(starts[:-1], [part["seam"].shape[1] for part in pieces])
    return edges(owner + labels - 1, (rows, cols))


def core_and_patch(inputs: TileInputs) -> Arrays:
    """Return the core code, and the row of the patch, of each pixel of a tile."""
    task: HabitatTask = inputs.config
    halo = verbs.core_halo_px(task.species, inputs.grid.pixel_m)
    arrays = inputs.arrays[task.name]
    edge_px = task.species.core_edge_m / inputs.grid.pixel_m
    core = crop(verbs.core_mask(arrays["habitat_after"], edge_px), inputs.window, halo)
    joint = crop(arrays["joint"], inputs.window, halo)
    joined: Patches = inputs.globals[f"{task.name}.patches"]
    labels = crop(inputs.arrays[f"{task.name}.pieces"]["labels"], inputs.window, halo)
    rows = np.append(-1, joined.row_of_node[joined.first_node[inputs.window] :])[labels]
    return {
        "core": verbs.core_code(core, joint),
        "patch": np.where(inputs.inside & (joint != 0), rows, -1).astype(np.int32),
    }
