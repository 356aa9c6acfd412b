"""``habitat fire-risk``."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from habitat.cli import fire_alerts
from habitat.cli.main import existing_file
from habitat.cli.run import given_day

if TYPE_CHECKING:
    from habitat.pipeline.fire_risk.follow import Followed

_ALERT, _UNKNOWN = 20, 21
_input = click.Path(dir_okay=False, path_type=Path)  # a missing one is kept as not known


class _BriefByDefault(click.Group):
    """``fire-risk FILE`` is the brief; a word of the list before FILE is another question."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        asked = args if args and args[0] in self.commands else ["brief", *args]
        return super().parse_args(ctx, asked)


@click.group(cls=_BriefByDefault)
def command() -> None:
    """Print the fire danger of a day near places, and fires near them.

    Example: habitat fire-risk pipelines/fire-risk.yaml
    """


@command.command(
    epilog="Every number of one place: habitat fire-risk explain FILE PLACE. "
    "Exit codes: habitat show exit-codes"
)
@click.argument("file")
@click.option("--date", "day", help="Day of the brief (YYYY-MM-DD); default today at the places.")
@click.option("--weather", type=_input, default=None,
              help="Saved Open-Meteo answer; default what the pipeline names.")  # fmt: skip
@click.option("--hotspots", type=_input, default=None, help="FIRMS CSV file.")
@click.option("--format", "form", default="text", show_default=True,
              type=click.Choice(["text", "json", "geojson", "cap", "rss", "short"]))  # fmt: skip
@click.option("--lang", type=click.Choice(["en", "ru", "zh"]), default="en", show_default=True,
              help="Language of the text.")  # fmt: skip
@click.option("--min-level", type=click.IntRange(1, 5), default=None,
              help="Level that is an alert; default that of the pipeline.")  # fmt: skip
@click.option("--state", type=click.Path(dir_okay=False, path_type=Path), default=None,
              help="Log that carries alerts from brief to brief.")  # fmt: skip
@click.option("--follow", is_flag=True,
              help="Carry alerts in the log of the pipeline, or --state.")  # fmt: skip
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default=None,
              help="Folder for alerts, feed, CAP messages and texts.")  # fmt: skip
@click.option("--changed-only", is_flag=True,
              help="Print nothing if there is no news; needs --state or --follow.")  # fmt: skip
@click.option("--offline", is_flag=True,
              help="Ask no service: use what one answered before, with its age.")  # fmt: skip
@click.option(
    "--exit-code", is_flag=True, help="Exit 20 on an alert, else 21 if anything is not known."
)
@click.option("--project", type=click.Path(file_okay=False, path_type=Path), default=None,
              help="Folder that paths of the file are relative to.")  # fmt: skip
def brief(  # noqa: PLR0913, PLR0917  # one parameter per option
    file: str,
    day: str | None,
    weather: Path | None,
    hotspots: Path | None,
    form: Literal["text", "json", "geojson", "cap", "rss", "short"],
    lang: Literal["en", "ru", "zh"],
    min_level: int | None,
    state: Path | None,
    follow: bool,
    out: Path | None,
    changed_only: bool,
    offline: bool,
    exit_code: bool,
    project: Path | None,
) -> int:
    """Print the fire danger of a day near the places of a pipeline FILE, and fires near them.

    Example: habitat fire-risk pipelines/fire-risk.yaml --date 2025-03-22
    """
    from habitat.domain.fire_alert import AlertLog
    from habitat.pipeline.fire_risk.brief import make_brief
    from habitat.pipeline.fire_risk.desk import state_carried
    from habitat.pipeline.fire_risk.follow import follow as followed_by
    from habitat.pipeline.fire_risk.setting import FireQuery
    from habitat.pipeline.fire_risk.show import shown, write_all
    from habitat.pipeline.fire_risk.watch import watch

    query = FireQuery(
        pipeline_file=existing_file(file),
        project=project,
        now=_now(),
        day=None if day is None else given_day(day, "--date"),
        weather=weather,
        hotspots=hotspots,
        min_level=min_level,
        offline=offline,
    )
    if changed_only and not (follow or state):
        raise click.UsageError("--changed-only: expected --state FILE or --follow with it")

    def tell(followed: "Followed") -> None:
        if out is not None:
            write_all(query, followed, out)
        if not (changed_only and followed.quiet):
            click.echo(shown(query, followed, form, lang))

    if follow or state:
        done = watch(query, state or state_carried(query), tell, now=_now)
        found = done.brief
        if done.faults:
            raise done.faults[0]
    else:
        found = make_brief(query)
        tell(followed_by(found, AlertLog(), carried=False))
    if not exit_code:
        return 0
    return _ALERT if found.alert else _UNKNOWN if found.unknown else 0


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251  # the command line is where the clock is


@command.command()
@click.argument("file")
@click.argument("where")
@click.option("--date", "day", help="Day (YYYY-MM-DD); default today at the places.")
@click.option("--weather", type=_input, default=None, help="Saved Open-Meteo answer.")
@click.option("--offline", is_flag=True,
              help="Ask no service: use what one answered before, with its age.")  # fmt: skip
@click.option("--project", type=click.Path(file_okay=False, path_type=Path), default=None)
def explain(
    file: str,
    where: str,
    day: str | None,
    weather: Path | None,
    offline: bool,
    project: Path | None,
) -> int:
    """Print, as JSON, every number behind the levels at WHERE: the id of a place, or LAT,LON.

    Example: habitat fire-risk explain pipelines/fire-risk.yaml kraskino --date 2025-03-22
    """
    from habitat.pipeline.fire_risk.brief import explain as every_number
    from habitat.pipeline.fire_risk.setting import FireQuery

    query = FireQuery(
        pipeline_file=existing_file(file),
        project=project,
        now=_now(),
        day=None if day is None else given_day(day, "--date"),
        weather=weather,
        offline=offline,
    )
    click.echo(json.dumps(every_number(query, where), indent=2, allow_nan=False))
    return 0


@command.command(name="map")
@click.argument("file")
@click.option("--date", "day", help="First day (YYYY-MM-DD); default today at the places.")
@click.option("--weather", type=_input, default=None, help="Saved Open-Meteo answer.")
@click.option("--offline", is_flag=True,
              help="Ask no service: use what one answered before, with its age.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the area by level and day.")
@click.option("--project", type=click.Path(file_okay=False, path_type=Path), default=None)
def level_map(
    file: str,
    day: str | None,
    weather: Path | None,
    offline: bool,
    as_json: bool,
    project: Path | None,
) -> int:
    """Publish the map of fire danger of three days in outputs/, and print where it is.

    Example: habitat fire-risk map pipelines/fire-risk.yaml --date 2025-03-22
    """
    from habitat.pipeline.fire_risk.map_release import publish_map
    from habitat.pipeline.fire_risk.setting import FireQuery

    query = FireQuery(
        pipeline_file=existing_file(file),
        project=project,
        now=_now(),
        day=None if day is None else given_day(day, "--date"),
        weather=weather,
        offline=offline,
    )
    found = publish_map(query)
    shown = {"release": str(found.release), **found.summary}
    click.echo(json.dumps(shown, ensure_ascii=False, indent=2) if as_json else found.release)
    return 0


for one in fire_alerts.COMMANDS:
    command.add_command(one)
