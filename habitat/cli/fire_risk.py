"""``habitat fire-risk``."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from habitat.cli.main import existing_file
from habitat.cli.run import given_day

if TYPE_CHECKING:
    from habitat.domain.fire_brief import FireBrief
    from habitat.domain.place import Language
    from habitat.pipeline.fire_risk.follow import Followed

_ALERT, _UNKNOWN = 20, 21
_input = click.Path(exists=True, dir_okay=False, path_type=Path)


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
              type=click.Choice(["text", "json", "geojson", "cap"]))  # fmt: skip
@click.option("--lang", type=click.Choice(["en", "ru", "zh"]), default="en", show_default=True,
              help="Language of the text.")  # fmt: skip
@click.option("--min-level", type=click.IntRange(1, 5), default=None,
              help="Level that is an alert; default that of the pipeline.")  # fmt: skip
@click.option("--state", type=click.Path(dir_okay=False, path_type=Path), default=None,
              help="File that carries alerts from brief to brief.")  # fmt: skip
@click.option("--changed-only", is_flag=True,
              help="Print nothing if there is no news; needs --state.")  # fmt: skip
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
    form: Literal["text", "json", "geojson", "cap"],
    lang: Literal["en", "ru", "zh"],
    min_level: int | None,
    state: Path | None,
    changed_only: bool,
    offline: bool,
    exit_code: bool,
    project: Path | None,
) -> int:
    """Print the fire danger of a day near the places of a pipeline FILE, and fires near them.

    Example: habitat fire-risk pipelines/fire-risk.yaml --date 2025-03-22
    """
    from habitat.io.fire_state import alerts_held
    from habitat.pipeline.fire_risk.brief import make_brief
    from habitat.pipeline.fire_risk.follow import follow
    from habitat.pipeline.fire_risk.setting import FireQuery
    from habitat.pipeline.loader import project_of

    path = existing_file(file)
    query = FireQuery(
        pipeline_file=path,
        project=project,
        now=datetime.now(UTC),  # noqa: TID251  # the command line is where the clock is
        day=None if day is None else given_day(day, "--date"),
        weather=weather,
        hotspots=hotspots,
        min_level=min_level,
        offline=offline,
    )
    if changed_only and state is None:
        raise click.UsageError("--changed-only: expected --state FILE with it, got none")
    found = make_brief(query)
    how = form, lang, project_of(path, project)
    if state is None:
        _print(found, None, how)
    else:
        with alerts_held(state):
            followed = follow(found, state)
            if not (changed_only and followed.quiet):
                _print(found, followed, how)
            followed.keep()
    if not exit_code:
        return 0
    return _ALERT if found.alert else _UNKNOWN if found.unknown else 0


@command.command()
@click.argument("file")
@click.argument("where")
@click.option("--date", "day", help="Day (YYYY-MM-DD); default today at the places.")
@click.option("--weather", type=_input, default=None, help="Saved Open-Meteo answer.")
@click.option("--project", type=click.Path(file_okay=False, path_type=Path), default=None)
def explain(
    file: str, where: str, day: str | None, weather: Path | None, project: Path | None
) -> int:
    """Print, as JSON, every number behind the levels at WHERE: the id of a place, or LAT,LON.

    Example: habitat fire-risk explain pipelines/fire-risk.yaml kraskino --date 2025-03-22
    """
    from habitat.pipeline.fire_risk.brief import explain as every_number
    from habitat.pipeline.fire_risk.setting import FireQuery

    query = FireQuery(
        pipeline_file=existing_file(file),
        project=project,
        now=datetime.now(UTC),  # noqa: TID251  # the command line is where the clock is
        day=None if day is None else given_day(day, "--date"),
        weather=weather,
    )
    click.echo(json.dumps(every_number(query, where), indent=2, allow_nan=False))
    return 0


@command.command(name="map")
@click.argument("file")
@click.option("--date", "day", help="First day (YYYY-MM-DD); default today at the places.")
@click.option("--weather", type=_input, default=None, help="Saved Open-Meteo answer.")
@click.option("--json", "as_json", is_flag=True, help="Print the area by level and day.")
@click.option("--project", type=click.Path(file_okay=False, path_type=Path), default=None)
def level_map(
    file: str, day: str | None, weather: Path | None, as_json: bool, project: Path | None
) -> int:
    """Publish the map of fire danger of three days in outputs/, and print where it is.

    Example: habitat fire-risk map pipelines/fire-risk.yaml --date 2025-03-22
    """
    from habitat.pipeline.fire_risk.map_release import publish_map
    from habitat.pipeline.fire_risk.setting import FireQuery

    query = FireQuery(
        pipeline_file=existing_file(file),
        project=project,
        now=datetime.now(UTC),  # noqa: TID251  # the command line is where the clock is
        day=None if day is None else given_day(day, "--date"),
        weather=weather,
    )
    found = publish_map(query)
    shown = {"release": str(found.release), **found.summary}
    click.echo(json.dumps(shown, ensure_ascii=False, indent=2) if as_json else found.release)
    return 0


def _print(found: "FireBrief", followed: "Followed | None", how: tuple[str, Any, Path]) -> None:
    from habitat.io.fire_cap import fire_cap
    from habitat.io.fire_files import read_phrases
    from habitat.io.fire_json import fire_geojson, fire_json
    from habitat.io.fire_text import fire_text

    form, lang, project = how
    told = found if followed is None else followed.brief
    if form == "text":
        phrases = read_phrases("fire-risk", project, language=lang)
        click.echo(fire_text(told, phrases, language=lang))
    elif form == "json":
        click.echo(fire_json(told, None if followed is None else followed.alerts))
    elif form == "geojson":
        click.echo(fire_geojson(told))
    else:
        languages: tuple[Language, ...] = ("en", "ru", "zh")
        phrases_of = {one: read_phrases("fire-risk", project, language=one) for one in languages}
        click.echo(fire_cap(told, phrases_of))
