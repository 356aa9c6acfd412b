"""``habitat verify``."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from habitat.domain.errors import VerificationError

if TYPE_CHECKING:
    from habitat.io.release.manifest import Fault


@click.command()
@click.argument("path")
def command(path: str) -> int:
    """Say whether a release at PATH still equals what was published.

    PATH is a release folder, a copy of one, outputs/<pipeline>, or the same in object storage
    (s3://bucket/prefix).

    Example: habitat verify outputs/demo
    """
    faults = _in_object_storage(path) if path.startswith("s3://") else _on_disk(Path(path))
    if faults:
        raise VerificationError(
            f"{path}: {len(faults)} faults\n" + "\n".join(f"  {fault}" for fault in faults)
        )
    click.echo(f"{path}: every file is as published")
    return 0


def _on_disk(path: Path) -> "list[Fault]":
    from habitat.io.release.manifest import verify

    if not path.exists():
        raise click.UsageError(
            f"PATH: expected a release or outputs/<pipeline>, got none at {path}"
        )
    current = path / "current"
    return verify((current if current.exists() else path).resolve())


def _in_object_storage(url: str) -> "list[Fault]":
    from habitat.io.extras import require_extra

    require_extra("boto3", "s3", "releases in object storage")
    from habitat.io.net.object_store import ObjectStore
    from habitat.io.release.release_objects import verify_objects
    from habitat.io.settings import s3_access

    return verify_objects(ObjectStore(url, s3_access()))
