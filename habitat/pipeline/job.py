"""One execution of a pipeline file: plan, lock, run, publish, record."""

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from habitat.domain.errors import (
    ConfigError,
    CredentialsError,
    NoObservationError,
    PartialError,
    RemoteError,
    ResourceError,
)
from habitat.io.model.model_file import write_model
from habitat.io.net.request_log import RequestLog
from habitat.io.release.manifest import RECORD
from habitat.io.release.release import Store
from habitat.io.release.tile_store import TileStore
from habitat.io.sentinelhub.radar_source import SentinelHubRadar
from habitat.io.sentinelhub.sentinelhub_source import SentinelHubSource
from habitat.io.settings import s3_access
from habitat.io.stac.stac_source import Access, StacSource
from habitat.io.vector.aoi import tiles_inside
from habitat.pipeline.config import PipelineConfig
from habitat.pipeline.config_steps import Train
from habitat.pipeline.context import PlanContext, bind
from habitat.pipeline.cost import CostTable, cost_table, estimate, upper_bound
from habitat.pipeline.dry_run import DryRun
from habitat.pipeline.executor import Workers, executor
from habitat.pipeline.forecast import forecast, totals
from habitat.pipeline.journal import Journal
from habitat.pipeline.keys import run_key
from habitat.pipeline.last_run import LastRun, note_search, read_record
from habitat.pipeline.limits import Limits, time_limit
from habitat.pipeline.loader import load_pipeline, project_of
from habitat.pipeline.plan import Plan, plan_pipeline
from habitat.pipeline.publish import publish
from habitat.pipeline.purchase import Spent, purchase
from habitat.pipeline.radar_purchase import purchase_radar
from habitat.pipeline.run_record import accuracy_of, record_of, scenes_of, texts_of
from habitat.pipeline.runner import Reporter, RunState, run_stages
from habitat.pipeline.scene_search import refusals

log = logging.getLogger(__name__)

#: Folder of all pipelines' results in a project; in ``state``: how the last run ended, and which
#: scenes the last search found and refused.
OUTPUTS = "outputs"
LAST_RUN = "last_run.json"
LAST_SEARCH = "last_search.json"
#: In ``state``: what a run asked of a source that is not paid.
REQUESTS = "requests.log"


@dataclass(frozen=True, slots=True)
class Job:
    """What the command line asks for.

    Attributes
    ----------
    pipeline_file : Path
        The pipeline.
    project : Path or None
        Folder that its paths are relative to; None: found from the file.
    as_of : date
        Nothing newer is used.
    workers : Workers
        How tiles run.
    started : datetime
        Wall clock, for the run record alone.
    offline : bool
        Use what was downloaded before and ask no service.
    limits : Limits
        How long it may take.
    """

    pipeline_file: Path
    project: Path | None
    as_of: date
    workers: Workers
    started: datetime
    offline: bool = False
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class RunReport:
    """What a run did; ``was_current`` names a release that an older one took the place of."""

    release: Path
    already_there: bool
    computed: int
    reused: int
    failed: Mapping[str, str] = field(default_factory=dict)
    tables: tuple[str, ...] = ()
    accuracy: Mapping[str, Any] = field(default_factory=dict)
    was_current: str = ""

    @property
    def exit_code(self) -> int:
        """0, or that of a release in which failed tiles count as not observed."""
        return PartialError.exit_code if self.failed else 0

    def text(self) -> str:
        """Return the summary for a person."""
        state = "nothing to do, already published" if self.already_there else "published"
        lines = [f"{state}: {self.release}", *self.tables]
        if self.was_current:
            lines.append(f"current now points to {self.release.name}, was {self.was_current}")
        if self.failed:
            lines.append(
                f"{len(self.failed)} tiles failed and are not observed in it (reason 'failed'). "
                "The same command later computes only these:"
            )
        lines += [f"  tile {name}: {fault}" for name, fault in self.failed.items()]
        return "\n".join(lines)

    def as_dict(self) -> dict[str, Any]:
        """Return the summary for a machine."""
        return {
            "release": str(self.release),
            "already_published": self.already_there,
            "current_changed": not self.already_there or bool(self.was_current),
            "tiles_computed": self.computed,
            "tiles_reused": self.reused,
            "tiles_failed": dict(self.failed),
            "accuracy": self.accuracy,
        }


def plan_job(job: Job, *, goals: tuple[str, ...] | None = None) -> Plan:
    """Load, check and plan a pipeline file."""
    return plan_pipeline(_bound(job), goals=goals)


def _bound(job: Job, access: Access = "online") -> PlanContext:
    """Load and check a pipeline file, without looking for scenes."""
    config = load_pipeline(job.pipeline_file)
    project = project_of(job.pipeline_file, job.project)
    access_now: Access = "offline" if job.offline else access
    return bind(config, project, job.as_of, job.started.date(), access=access_now)


def outputs_folder(project: Path, name: str) -> Path:
    """Return the folder of a pipeline's releases and state."""
    return project / OUTPUTS / name


def outputs_of(plan: Plan) -> Path:
    """Return the folder of a planned pipeline's releases and state."""
    return outputs_folder(plan.ctx.project, plan.ctx.config.name)


def run_job(job: Job, reporter: Reporter) -> RunReport:
    """Run a pipeline file and publish its release.

    Raises
    ------
    HabitatError
        With the exit code of what went wrong; whatever was published before stays as it was.
    """
    config = load_pipeline(job.pipeline_file)
    store = Store(outputs_folder(project_of(job.pipeline_file, job.project), config.name))
    state = RunState()
    with store.lock():
        last = LastRun(store.state / LAST_RUN, job.started, job.as_of)
        with last.watching(state), _swept(store), time_limit(job.limits.run_s):
            RequestLog(store.state / REQUESTS).start()
            plan = plan_job(job)
            for note in (*plan.ctx.aoi.notes, *plan.ctx.notes):
                reporter.note(note)
            note_search(store.state / LAST_SEARCH, scenes_of(plan))
            key = run_key(plan)
            known = _sound_release(store, key)
            if known is not None:
                before = store.current_release()
                store.point_to(known.name)
                _copy(config, known, job.started, reporter)
                last.nothing_to_do(known)
                return _known_report(known, before)
            if config.copy_to:
                s3_access()  # refused before the work
            last.begin()
            report = _compute_and_publish(job, plan, store, state, reporter)
            if not state.failed:  # else the same command tries the failed tiles again
                Journal(store.state / "runs").note(key, report.release.name)
            TileStore(store.state / "tiles").prune(state.used)
            _prune_releases(job, store, config.keep_releases)
            _copy(config, report.release, job.started, reporter)
            last.published(report.release, report.exit_code, state)
    return report


def _known_report(known: Path, before: Path | None) -> RunReport:
    """Return the report of a run that found its release, and perhaps another one current."""
    record = read_record(known / RECORD) or {}
    was = before.name if before is not None and before.name != known.name else ""
    return RunReport(
        known,
        already_there=True,
        computed=0,
        reused=0,
        accuracy=record.get("accuracy", {}),
        was_current=was,
    )


def _copy(config: PipelineConfig, release: Path, now: datetime, reporter: Reporter) -> None:
    """Copy the release to object storage, where the pipeline says so."""
    if config.copy_to:
        upload = import_module("habitat.pipeline.upload").upload  # brings an optional library
        upload(release, config, now, reporter)


def _prune_releases(job: Job, store: Store, keep: int) -> None:
    """Remove old releases; what cannot be removed is no fault of the new one."""
    try:
        for name in store.prune(now=job.started, keep=keep):
            log.info("old release %s removed (keep_releases: %d)", name, keep)
    except ResourceError as fault:
        log.warning("old releases stay: %s", fault)


@contextmanager
def _swept(store: Store) -> Iterator[None]:
    """Remove what killed runs left, and what this one leaves if it fails."""
    store.sweep_temporary()
    try:
        yield
    except BaseException:
        with suppress(ResourceError):
            store.sweep_temporary()
        raise


def _compute_and_publish(
    job: Job, plan: Plan, store: Store, state: RunState, reporter: Reporter
) -> RunReport:
    started = time.monotonic()
    spent = bought(plan, reporter)
    with executor(job.workers, job.limits.tile_s) as running:
        try:
            run_stages(plan, store.state, running, reporter, state)
        except NoObservationError as fault:
            raise NoObservationError(f"{fault}{refusals(plan.ctx)}") from None
    reporter.note("publish")
    record = _record(job, plan, state, time.monotonic() - started) | _account(spent)
    record |= _asked(plan, store)
    release = publish(plan, state, store, record)
    return RunReport(
        release,
        already_there=False,
        computed=state.computed,
        reused=state.reused,
        failed={tile.name: outcome.fault for tile, outcome in sorted(state.failed.items())},
        tables=texts_of(state),
        accuracy=accuracy_of(state),
    )


def _sound_release(store: Store, key: str) -> Path | None:
    """Return the release that was made from the same inputs, if it is still as published."""
    release_id = Journal(store.state / "runs").release_id(key)
    return None if release_id is None else store.sound_release(release_id)


def train_job(job: Job, out: Path, reporter: Reporter) -> str:
    """Train the classifier of a pipeline file, write it, and return its cross-validation."""
    config = load_pipeline(job.pipeline_file)
    steps = [step for step in config.steps if isinstance(step, Train)]
    if not steps:
        raise ConfigError(
            f"{job.pipeline_file}: expected a train step, found none. "
            "Add one, or use a pipeline that has one."
        )
    plan = plan_job(job, goals=(steps[0].save_as,))
    store = Store(outputs_of(plan))
    with store.lock(), executor(job.workers) as running:
        bought(plan, reporter)
        state = run_stages(plan, store.state, running, reporter)
    trained = state.globals[steps[0].save_as]
    write_model(out, trained.model)
    return f"{trained.text()}\nwritten: {out}"


def bought(plan: Plan, reporter: Reporter) -> Spent:
    """Buy the images of a plan, of both sensors."""
    optical = purchase(plan, reporter)
    run, month = purchase_radar(plan, reporter)
    latest = month if month.requests else optical.month  # one ledger of the project
    return Spent(optical.run + run, latest)


def _record(job: Job, plan: Plan, state: RunState, seconds: float) -> dict[str, Any]:
    """Return the run record: the one file of a release with a wall clock."""
    finished = datetime.now(UTC)  # noqa: TID251  # the run record is where the clock belongs
    return {
        "started": job.started.isoformat(timespec="seconds"),
        "finished": finished.isoformat(timespec="seconds"),
        "seconds": round(seconds, 1),
        "as_of": job.as_of.isoformat(),
        "pipeline_file": job.pipeline_file.name,
        "workers": {"kind": job.workers.kind, "count": job.workers.count},
        **record_of(plan, state),
    }


def _account(spent: Spent) -> dict[str, Any]:
    """Return what was paid for the run, as the answers said, and in its calendar month."""
    return {
        "processing_units": round(spent.run.units, 6),
        "requests": spent.run.requests,
        "bytes": spent.run.bytes,
        "processing_units_of_month": round(spent.month.units, 6),
    }


def _asked(plan: Plan, store: Store) -> dict[str, int]:
    """Return the requests of the run to a source that is not paid, and the bytes that came."""
    source, radar = plan.ctx.source, plan.ctx.radar
    free = isinstance(source, StacSource) or isinstance(radar, StacSource)
    if not free or isinstance(source, SentinelHubSource):  # that has an account of its own
        return {}
    asked = RequestLog(store.state / REQUESTS).total()
    return {"requests": asked.requests, "bytes": asked.bytes}


def describe(job: Job) -> DryRun:
    """Say what a run would do; computes and buys nothing.

    Without the catalogue of a source that is paid, an upper bound.
    """
    ctx = _bound(job, "plan")
    paid = [
        s for s in (ctx.source, ctx.radar) if isinstance(s, SentinelHubSource | SentinelHubRadar)
    ]
    for source in paid:
        source.estimate = True
    if paid:
        try:
            plan = plan_pipeline(ctx)
        except (RemoteError, CredentialsError) as fault:
            tiles = len(list(tiles_inside(ctx.aoi, ctx.grid)))
            return DryRun({}, tiles, None, (), upper_bound(ctx, str(fault)))
    else:
        plan = plan_pipeline(ctx)
    store = Store(outputs_of(plan))
    scenes = {name: len(found.items) for name, found in plan.ctx.scene_sets.items()}
    known = _sound_release(store, run_key(plan))
    if known is not None:
        reason = f"nothing to do: {known.name} was made from the same inputs and is sound"
        return DryRun(scenes, len(plan.tiles), 0, (reason,))
    todo = tuple(forecast(plan, store.state))
    reasons = totals(todo) or ["every tile is stored; the release would be written from them"]
    return DryRun(scenes, len(plan.tiles), len(todo), tuple(reasons), estimate(plan), todo)


def cost_of(job: Job) -> CostTable:
    """Return what the zone of a pipeline costs; asks nobody."""
    return cost_table(_bound(job))
