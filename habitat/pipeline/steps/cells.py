"""The ``cells`` step: land facts and habitat per grid cell, from integer areas."""

from dataclasses import dataclass

import numpy as np

from habitat.algorithms import habitat_share, reasons, tables
from habitat.algorithms.burn_history import BURNED, GAP, combine_scars, recent_code
from habitat.algorithms.cell_counts import (
    CellCounts,
    CodeLayer,
    ValueLayer,
    count_cells,
    merge_counts,
)
from habitat.domain.cells import CellGrid
from habitat.domain.layers import BURN_SCAR_LAYER, FOREST_CHANGE_LAYER, FOREST_CLASS
from habitat.domain.legend import NOT_OBSERVED, OUTSIDE
from habitat.domain.period import Period, days_since_epoch
from habitat.io.vector.boundaries import COUNTRY_COLUMNS, PARK_COLUMNS, cell_shares
from habitat.pipeline.config_steps import Cells
from habitat.pipeline.context import PlanContext
from habitat.pipeline.ops import (
    Arrays,
    GlobalInputs,
    GlobalOp,
    StepResult,
    TileInputs,
    TileOp,
)
from habitat.pipeline.steps.areas import (
    BoundaryFiles,
    boundaries_of,
    boundary_files,
    cell_area_mm2,
    tile_cells,
)
from habitat.pipeline.steps.forest import ChangeTask
from habitat.pipeline.steps.habitat import HabitatTask
from habitat.pipeline.tables import Table, Tables, cell_squares

#: A burn younger than this is recent in the table ``cells`` [days].
_RECENT_DAYS = 365.25
_NO_DAYS = -1


@dataclass(frozen=True, slots=True)
class CellsTask:
    """What the tables of cells are made from.

    Attributes
    ----------
    composites : tuple of (label, result)
        Composites whose reasons for "not observed" are counted.
    forests : tuple of (label, result, composites)
        Forest maps, the same; their reasons follow from those of their composites.
    scars : tuple of (label, result)
        Burn scars, the same.
    """

    cell_grid: CellGrid
    change_name: str
    change: ChangeTask
    periods: tables.PeriodPair
    habitats: tuple[HabitatTask, ...]
    burns: tuple[str, ...]
    composites: tuple[tuple[str, str], ...]
    forests: tuple[tuple[str, str, tuple[str, ...]], ...]
    scars: tuple[tuple[str, str], ...]
    boundaries: BoundaryFiles

    @property
    def reason_layers(self) -> tuple[str, ...]:
        """Labels of the rows of ``reasons``."""
        forests = tuple(label for label, _, _ in self.forests)
        return (
            *(label for label, _ in self.composites),
            *forests,
            self.change_label,
            *(label for label, _ in self.scars),
        )

    @property
    def change_label(self) -> str:
        """Label of the change in the rows of ``reasons``."""
        before, after = self.periods.before, self.periods.after
        return f"{FOREST_CHANGE_LAYER.name}_{before.name}_to_{after.name}"


def plan(step: Cells, ctx: PlanContext) -> StepResult:
    """Plan the counts of every tile and the tables."""
    cell_grid = CellGrid(ctx.grid.epsg, step.cell_m)
    cell_grid.check_grid(ctx.grid)
    change: ChangeTask = ctx.results[step.change].detail
    before, after = (ctx.results[name].period for name in (change.before, change.after))
    habitats = tuple(ctx.results[name].detail for name in step.habitats)
    composites = dict.fromkeys(
        (f"composite_{ctx.results[name].period.name}", name)
        for forest in (change.before, change.after)
        for _, name in ctx.results[forest].detail.composites
    )
    task = CellsTask(
        cell_grid,
        step.change,
        change,
        tables.PeriodPair(before, after),
        habitats,
        tuple(step.burns),
        tuple(composites),
        tuple(
            (
                f"{FOREST_CLASS.name}_{ctx.results[name].period.name}",
                name,
                tuple(made_from for _, made_from in ctx.results[name].detail.composites),
            )
            for name in (change.before, change.after)
        ),
        tuple((f"{BURN_SCAR_LAYER.name}_{ctx.results[n].period.name}", n) for n in step.burns),
        boundary_files(ctx),
    )
    counts = f"{step.save_as}.counts"
    needs = [
        change.before, change.after, step.change, *step.burns,
        *(name for _, name in task.composites),
        *(name for h in habitats for name in (h.name, f"{h.name}.core")),
    ]  # fmt: skip
    patches = tuple(f"{h.name}.patches" for h in habitats)
    ops = (
        TileOp(counts, count_tile, task, needs=tuple(dict.fromkeys(needs))),
        GlobalOp(step.save_as, make_tables, task, partials=(counts,), uses=patches),
    )
    period = Period(before.start, after.end)
    return StepResult("cells", period, ops=ops, detail=task, tables=(step.save_as,))


def count_tile(inputs: TileInputs) -> Arrays:
    """Count every layer of a tile by cell."""
    task: CellsTask = inputs.config
    codes = _land_codes(task, inputs)
    values: dict[str, ValueLayer] = {}
    for habitat in task.habitats:
        arrays, core = inputs.arrays[habitat.name], inputs.arrays[f"{habitat.name}.core"]
        name = habitat.species.name
        codes[f"{tables.JOINT}_{name}"] = CodeLayer(
            _inside(arrays["joint"], inputs), habitat_share.N_JOINT_CODES
        )
        codes[f"{tables.CORE}_{name}"] = CodeLayer(
            _inside(core["core"], inputs), tables.N_CODES[tables.CORE]
        )
        values[f"{tables.PATCH}_{name}"] = ValueLayer(core["patch"], -1)
    if task.burns:
        burn_codes, burn_values = _burn_layers(task, inputs)
        codes.update(burn_codes)
        values.update(burn_values)
    cells = tile_cells(task.cell_grid.cell_m, inputs.grid, inputs.window)
    return count_cells(cells, codes, values).to_arrays()


def _inside(codes: np.ndarray, inputs: TileInputs) -> np.ndarray:
    return np.where(inputs.inside, codes, np.uint8(OUTSIDE)).astype(np.uint8)


def _land_codes(task: CellsTask, inputs: TileInputs) -> dict[str, CodeLayer]:
    before = inputs.arrays[task.change.before]["forest_class"]
    after = inputs.arrays[task.change.after]["forest_class"]
    changed = inputs.arrays[task.change_name]["forest_change"]
    codes = {
        tables.OBSERVED: habitat_share.observed_code(before, after),
        tables.FOREST_CHANGE: changed,
    }
    layers = {
        name: CodeLayer(_inside(code, inputs), tables.N_CODES[name]) for name, code in codes.items()
    }
    layers |= {
        f"reason_{label}": CodeLayer(_inside(why, inputs), reasons.N_REASON_CODES)
        for label, why in _reasons(task, inputs).items()
    }
    return layers


def _reasons(task: CellsTask, inputs: TileInputs) -> dict[str, np.ndarray]:
    """Return why each pixel was not observed, by layer."""
    found = {
        label: inputs.arrays[name]["reason"] for label, name in (*task.composites, *task.scars)
    }
    for label, name, composites in task.forests:
        observed = inputs.arrays[name]["forest_class"] != NOT_OBSERVED
        parts = [inputs.arrays[part]["reason"] for part in composites]
        found[label] = reasons.reasons_of_map(observed, parts)
    both = [found[label] for label, *_ in task.forests]
    changed = inputs.arrays[task.change_name]["forest_change"] != NOT_OBSERVED
    found[task.change_label] = reasons.reasons_of_map(changed, both)
    return found


def _burn_layers(
    task: CellsTask, inputs: TileInputs
) -> tuple[dict[str, CodeLayer], dict[str, ValueLayer]]:
    years = [inputs.arrays[name] for name in task.burns]
    scar = combine_scars([year["burn_scar"] for year in years])
    last = np.max(
        [np.where(year["burn_scar"] == BURNED, year["burn_day"], 0) for year in years], axis=0
    )
    until = days_since_epoch(task.periods.after.end)
    since = np.where((last > 0) & inputs.inside & (last <= until), until - last, _NO_DAYS)
    times = np.zeros(scar.shape, dtype=np.int32)
    for year in years:
        times += np.where(year["times_burned"] == OUTSIDE, 0, year["times_burned"]).astype(np.int32)
    times[~inputs.inside | (scar == 0) | (scar == GAP)] = _NO_DAYS
    codes = {
        tables.BURN_SCAR: scar,
        tables.RECENT: recent_code(scar, since.astype(np.int32), _RECENT_DAYS),
    }
    return (
        {n: CodeLayer(_inside(code, inputs), tables.N_CODES[n]) for n, code in codes.items()},
        {
            tables.TIMES_BURNED: ValueLayer(times, _NO_DAYS),
            tables.DAYS_SINCE_BURN: ValueLayer(since.astype(np.int32), _NO_DAYS),
        },
    )


def make_tables(inputs: GlobalInputs) -> Tables:
    """Merge the counts of all tiles into the tables ``cells``, ``habitat`` and ``reasons``."""
    task: CellsTask = inputs.config
    (partials,) = inputs.partials.values()
    counts = merge_counts([CellCounts.from_arrays(part) for part in partials])
    bounds = np.array([task.cell_grid.bounds(ie, i_n) for i_n, ie in counts.cells.tolist()])
    squares = cell_squares(bounds)
    area = cell_area_mm2(task.cell_grid, inputs.grid, counts.cells)
    land = tables.cells_table(
        counts, task.cell_grid, task.periods, area, n_fire_years=len(task.burns)
    )
    shares = _land_shares(task, inputs, counts.cells)
    columns = _with_land(land, shares)
    period = Period(task.periods.before.start, task.periods.after.end)
    key = ("cell_id", "period_before", "period_after")
    made = [Table("cells", key, period, columns, squares)]
    if task.habitats:
        made.append(_habitat(task, inputs, counts, squares, period))
    labels = task.reason_layers
    why = tables.reasons_table(counts, task.cell_grid, labels)
    made.append(Table("reasons", ("cell_id", "layer"), period, why, np.tile(squares, len(labels))))
    return Tables(tuple(made))


def _land_shares(task: CellsTask, inputs: GlobalInputs, cells: np.ndarray) -> dict[str, np.ndarray]:
    """Return land and shares of countries and parks; null where no boundaries are given."""
    boundaries = boundaries_of(task.boundaries, inputs)
    if boundaries is None:
        names = ("land_km2", *COUNTRY_COLUMNS.values(), *PARK_COLUMNS.values())
        return {name: np.full(len(cells), np.nan) for name in names}
    return cell_shares(task.cell_grid, cells[:, 1], cells[:, 0], boundaries)


def _with_land(land: dict[str, np.ndarray], shares: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Put the land columns where the contract has them: after the key and around the AOI share."""
    key = {name: land[name] for name in ("cell_id", "period_before", "period_after")}
    rest = {name: column for name, column in land.items() if name not in key}
    aoi_share = rest.pop("aoi_share")
    return {
        **key,
        "land_km2": shares["land_km2"],
        "aoi_share": aoi_share,
        **{name: column for name, column in shares.items() if name != "land_km2"},
        **rest,
    }


def _habitat(
    task: CellsTask,
    inputs: GlobalInputs,
    counts: CellCounts,
    squares: np.ndarray,
    period: Period,
) -> Table:
    parts = [
        tables.habitat_table(
            counts,
            task.cell_grid,
            task.periods,
            habitat.species,
            inputs.globals[f"{habitat.name}.patches"].facts,
            burns_known=(bool(habitat.before.burns), bool(habitat.after.burns)),
            people_known=habitat.people_known,
        )
        for habitat in task.habitats
    ]
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    key = ("cell_id", "species", "period_before", "period_after")
    return Table("habitat", key, period, columns, np.tile(squares, len(parts)))
