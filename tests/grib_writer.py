"""GRIB2 files written by ecCodes, in a process of its own: it does not go with pyproj in one.

As a program it reads ``[{keys, values}, ...]`` from its input and writes the messages to a file.
"""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

ELSEWHERE = {"latitudeOfFirstGridPointInDegrees": 43.1}


def message(name, value, *, step=0, start=None, centre="ecmf", run=(20250404, 0), more=()):
    """Return a field on 5 by 4 points of a quarter degree, as keys and values."""
    keys = {
        "centre": centre, "Ni": 5, "Nj": 4, "latitudeOfFirstGridPointInDegrees": 43.0,
        "latitudeOfLastGridPointInDegrees": 42.25, "longitudeOfFirstGridPointInDegrees": 130.25,
        "longitudeOfLastGridPointInDegrees": 131.25, "iDirectionIncrementInDegrees": 0.25,
        "jDirectionIncrementInDegrees": 0.25, "dataDate": run[0], "dataTime": run[1],
    }  # fmt: skip
    if start is not None:
        keys |= {"productDefinitionTemplateNumber": 8, "typeOfStatisticalProcessing": 1}
    keys |= {"shortName": name, "stepRange": f"{step}" if start is None else f"{start}-{step}"}
    values = np.broadcast_to(value, (20,)).astype(float).tolist()
    return {"keys": keys | dict(more) | {"bitsPerValue": 24}, "values": values}


def write(path, *messages):
    """Write a file; skip the test where the extra is not installed."""
    if find_spec("eccodes") is None:
        pytest.skip("needs the extra [grib]")
    command = [sys.executable, __file__, str(path)]
    subprocess.run(command, input=json.dumps(messages), text=True, check=True, timeout=60)
    return path


def _main(path):
    import eccodes  # only in this process

    with Path(path).open("wb") as file:
        for one in json.load(sys.stdin):
            handle = eccodes.codes_grib_new_from_samples("regular_ll_sfc_grib2")
            for key, value in one["keys"].items():
                eccodes.codes_set(handle, key, value)
            eccodes.codes_set_values(handle, np.array(one["values"]))
            eccodes.codes_write(handle, file)
            eccodes.codes_release(handle)


if __name__ == "__main__":
    _main(sys.argv[1])
