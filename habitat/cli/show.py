"""``habitat show``: the dictionaries."""

import json
from collections.abc import Callable
from typing import Any, get_args

import click

Rows = list[dict[str, Any]]


@click.command()
@click.argument(
    "what",
    type=click.Choice(["layers", "steps", "indices", "legend", "exit-codes", "systemd", "cron"]),
)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.option("--json-schema", is_flag=True, help="With steps: the JSON Schema of a pipeline file.")
def command(what: str, as_json: bool, json_schema: bool) -> int:  # click flags
    """Print the layers, steps, indices, legend or exit codes of this version, or a schedule.

    Example: habitat show layers
    """
    if json_schema:
        from habitat.pipeline.config import PipelineConfig

        click.echo(json.dumps(PipelineConfig.model_json_schema(), indent=2))
        return 0
    makers: dict[str, Callable[[], Rows]] = {
        "layers": layers, "steps": steps, "indices": indices,
        "legend": legend, "exit-codes": exit_codes, "systemd": schedule, "cron": schedule,
    }  # fmt: skip
    rows = makers[what]()
    if what in {"systemd", "cron"}:
        rows = [row for row in rows if row["file"].endswith(".cron") is (what == "cron")]
        if not as_json:
            click.echo("\n".join(f"# --- {row['file']}\n{row['text']}" for row in rows), nl=False)
            return 0
    click.echo(json.dumps(rows, indent=2) if as_json else table(rows))
    return 0


def layers() -> Rows:
    """Return one row per layer of the data dictionary."""
    from habitat.domain.layers import LAYERS

    return [
        {
            "layer": layer.name,
            "dtype": layer.dtype,
            "nodata": str(int(layer.nodata)),
            "not observed": "as nodata" if layer.not_observed is None else f"{layer.not_observed}",
            "unit": layer.unit or "class" if layer.is_class else layer.unit or "YYYYMMDD",
            "meaning": layer.meaning,
        }
        for layer in LAYERS.values()
    ]


def steps() -> Rows:
    """Return one row per step of a pipeline file."""
    from habitat.pipeline.config_steps import STEPS

    return [
        {
            "step": get_args(model.model_fields["step"].annotation)[0],
            "makes": model.makes or "",
            "keys": ", ".join(
                f"{name}{'' if field.is_required() else '?'}"
                for name, field in model.model_fields.items()
                if name != "step"
            ),
            "what": (model.__doc__ or "").splitlines()[0],
        }
        for model in STEPS
    ]


def indices() -> Rows:
    """Return one row per spectral index."""
    from habitat.algorithms.indices import INDICES

    return [{"index": i.name, "formula": i.formula, "source": i.source} for i in INDICES.values()]


def legend() -> Rows:
    """Return one row per class of the border-zone legend."""
    from pathlib import Path

    from habitat.io.config.data_files import read_legend

    return [
        {"code": c.code, "name": c.name, "colour": c.colour, "kind": c.kind}
        for c in read_legend("border-zone", Path.cwd()).classes
    ]


def exit_codes() -> Rows:
    """Return one row per exit code."""
    from habitat.domain.errors import EXIT_CODES

    return [{"code": code, "meaning": meaning} for code, meaning in EXIT_CODES.items()]


def schedule() -> Rows:
    """Return one row per file that runs the fire watch: systemd units and lines for cron."""
    from importlib.resources import files

    folder = files("habitat") / "data" / "schedule"
    found = sorted(folder.iterdir(), key=lambda entry: entry.name)
    return [{"file": entry.name, "text": entry.read_text("utf-8")} for entry in found]


def table(rows: Rows) -> str:
    """Return rows as a Markdown table, readable on a terminal too."""
    names = list(rows[0])
    lines = [[str(row[name]) for name in names] for row in rows]
    widths = [max(len(line[i]) for line in [names, *lines]) for i in range(len(names))]
    widths[-1] = 3
    body = [
        "| " + " | ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)) + " |"
        for line in [names, ["-" * w for w in widths], *lines]
    ]
    return "\n".join(body)
