"""The environment of the process: what of it may change a result is taken out."""

import os

#: GDAL, PROJ and their remote file systems read options by these names whenever they like.
_PREFIXES = ("GDAL_", "CPL_", "VSI", "OGR_", "AWS_", "PROJ_NETWORK", "GTIFF_", "GS_", "AZURE_")
#: Where the libraries' own tables lie: without them nothing opens.
_KEPT = ("GDAL_DATA", "GDAL_DRIVER_PATH")


def scrub_environment() -> list[str]:
    """Take out every variable that configures GDAL or PROJ from outside; return the names.

    So the same command gives the same bytes whoever calls it, and no variable can turn on remote
    files, drivers or sidecar files.
    """
    environment = os.environ  # noqa: TID251  # this is the settings module
    found = sorted(name for name in environment if name.startswith(_PREFIXES) and name not in _KEPT)
    for name in found:
        environment.pop(name, None)
    return found
