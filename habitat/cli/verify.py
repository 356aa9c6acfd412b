"""``habitat verify``."""

from pathlib import Path

import click

from habitat.domain.errors import VerificationError


@click.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path))
def command(path: Path) -> int:
    """Say whether a release at PATH still equals what was published.

    PATH is a release folder, a copy of one, or outputs/<pipeline>.

    Example: habitat verify outputs/demo
    """
    from habitat.io.manifest import verify

    release = path / "current" if (path / "current").exists() else path
    faults = verify(release.resolve())
    if faults:
        raise VerificationError(
            f"{release}: {len(faults)} faults\n" + "\n".join(f"  {fault}" for fault in faults)
        )
    click.echo(f"{release}: every file is as published")
    return 0
