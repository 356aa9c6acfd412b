"""``habitat cache``."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from habitat.domain.errors import VerificationError

_folder = click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
_as_json = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")


@click.group()
def command() -> None:
    """List, verify and prune what was downloaded.

    Example: habitat cache list cache
    """


@command.command("list")
@_folder
@_as_json
def list_downloads(folder: Path, as_json: bool) -> None:
    """List the downloads of FOLDER.

    Example: habitat cache list cache
    """
    _print(folder, as_json=as_json, verify=False)


@command.command()
@_folder
@_as_json
def verify(folder: Path, as_json: bool) -> None:
    """Hash every download of FOLDER again; exit 12 if one is damaged.

    Example: habitat cache verify cache
    """
    damaged = _print(folder, as_json=as_json, verify=True)
    if damaged:
        raise VerificationError(
            f"{folder}: expected every download as it was written, got {damaged} damaged; they "
            "are fetched again when next needed"
        )


@command.command()
@_folder
@click.option("--max-mb", type=click.FloatRange(min=0), required=True, help="Keep at most [MB].")
def prune(folder: Path, max_mb: float) -> None:
    """Drop the oldest downloads of FOLDER until the rest is no larger.

    Example: habitat cache prune cache --max-mb 5000
    """
    from habitat.io.net.download_cache import DownloadCache

    freed = DownloadCache(folder).prune(max_bytes=int(max_mb * 1e6))
    click.echo(f"{freed / 1e6:.1f} MB freed")


def _print(folder: Path, *, as_json: bool, verify: bool) -> int:
    """Print the entries; return how many are damaged."""
    from habitat.io.net.download_cache import DownloadCache

    entries = list(DownloadCache(folder).entries(verify=verify))
    if as_json:
        click.echo(json.dumps([asdict(entry) for entry in entries], indent=2))
    else:
        for entry in entries:
            state = " DAMAGED" if entry.intact is False else ""
            click.echo(f"{entry.key[:12]} {entry.size:>12,} {entry.label}{state}")
        click.echo(f"{len(entries)} downloads, {sum(e.size for e in entries) / 1e6:.1f} MB")
    return sum(entry.intact is False for entry in entries)
