"""The ``habitat`` command: its group, its errors and its exit codes."""

import importlib
import logging
import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Any

import click

import habitat
from habitat.cli.logs import LOG_FORMATS, set_up_logging
from habitat.domain.errors import HabitatError, ResourceError
from habitat.io.settings import forbid_core_dumps, require_address_space, scrub_environment

_TERMINATED = 143
#: Command name to the module that holds it; loaded only when it is called, so ``--help`` is fast.
_COMMANDS = {
    "run": "Run a pipeline and publish a release.",
    "status": "Say what ran last, what failed and what is stale.",
    "doctor": "Say whether what a pipeline depends on is there, reachable and allowed.",
    "cost": "Say what imagery of a pipeline's zone costs, without network or credentials.",
    "check": "Say whether pipeline files are right, without network or credentials.",
    "show": "Print the dictionaries: layers, steps, indices, legend, exit codes.",
    "simulate": "Write a simulated landscape with known truth as a folder of scenes.",
    "example": "Write real images of 1 km² as a folder of scenes, for pipelines/demo-real.yaml.",
    "index": "Write STAC items for the GeoTIFFs of a folder.",
    "ingest": "Convert Sentinel-2 products (SAFE, JPEG 2000) to a folder of scenes, once.",
    "train": "Train the classifier of a pipeline and write it as a model file.",
    "fire-risk": "Print the fire danger of a day near places, and fires near them.",
    "heat-sources": "Find what always is hot in years of hotspots, so that it is no fire.",
    "cache": "List, verify and prune what was downloaded.",
    "verify": "Say whether what is on disk still equals what was published.",
}


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # click's
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = importlib.import_module(
            f"habitat.cli.{cmd_name.replace('-', '_')}"
        ).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  # click's
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--log",
    type=click.Choice(LOG_FORMATS),
    default="auto",
    show_default=True,
    help="Log lines on stderr: auto is text on a terminal and JSON elsewhere.",
)
@click.option("--debug", is_flag=True, help="Log more.")
@click.version_option(habitat.__version__, prog_name="habitat")
def group(log: str, debug: bool) -> None:  # click passes flags by position
    """Forest cover, burn scars and habitat change per grid cell from Sentinel imagery.

    Example: habitat run pipelines/demo.yaml
    """
    set_up_logging(log, debug=debug)
    for name in scrub_environment():
        logging.getLogger("habitat").debug("environment variable %s is not used", name)
    signal.signal(signal.SIGTERM, _terminated)
    forbid_core_dumps()
    require_address_space()


def _terminated(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(_TERMINATED)


def main(args: list[str] | None = None) -> None:
    """Run the command line and exit with a code of ``habitat show exit-codes``."""
    code = run(args)
    if code and threading.active_count() > 1:
        # Python would wait for tiles that still run; what they write is complete or swept
        logging.shutdown()
        sys.stdout.flush()
        os._exit(code)
    sys.exit(code)


def run(args: list[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    stdout = sys.stdout
    try:
        result: Any = group.main(args=args, prog_name="habitat", standalone_mode=False)
    except HabitatError as fault:
        say_fault(fault)
        return fault.exit_code
    except click.ClickException as fault:
        fault.show()
        return fault.exit_code
    except (click.Abort, KeyboardInterrupt):
        return _interrupted(130)
    except SystemExit as leaving:
        return _left(leaving, reader_gone=sys.stdout is not stdout)  # click puts another in place
    except Exception:
        logging.getLogger(__name__).exception("this is a bug in habitat, please report it")
        return 1
    return result if isinstance(result, int) else 0


def _interrupted(code: int) -> int:
    logging.getLogger("habitat").warning("habitat: interrupted; run the same command to go on")
    return code


def _left(leaving: SystemExit, *, reader_gone: bool) -> int:
    """Return the code with which a command left: terminated, or nobody reads what it prints."""
    if leaving.code == _TERMINATED:
        return _interrupted(_TERMINATED)
    if reader_gone:
        say_fault(ResourceError("stdout: the reader of the result is gone. All else is done."))
        return ResourceError.exit_code
    return leaving.code if isinstance(leaving.code, int) else 1


def say_fault(fault: HabitatError) -> None:
    """Log what went wrong, so that a machine reads it as it reads every other line."""
    fields = {"exit_code": fault.exit_code, "error": type(fault).__name__}
    logging.getLogger("habitat").error("habitat: %s", fault, extra={"fields": fields})


def existing_file(path: str) -> Path:
    """Return a path that must be a file, for commands that take pipeline files."""
    found = Path(path)
    if not found.is_file():
        raise click.UsageError(f"expected a file, found none at {path}")
    return found
