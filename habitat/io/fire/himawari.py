"""Detections of Himawari every ten minutes: the wildfire product of JAXA (L2WLF), from a folder.

The product and its file names are described in README_Himawari_L2WLF.txt of JAXA's P-Tree system
(https://www.eorc.jaxa.jp/ptree/). P-Tree gives it to registered users by FTP, which would send the
password in the clear: mirror ``pub/himawari/L2/WLF/010`` by a tool of your choice, and name the
folder. Pixels are 2 km at the sub-satellite point; what they show is early and not confirmed.
"""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from habitat.domain.errors import ConfigError, InputError

_NAME = re.compile(r"H(\d{2})_(\d{8})_(\d{4})_L2WLF\d{3}_FLDK\.\d{5}_\d{5}\.csv")
_NEEDED = (
    "year", "month", "day", "time", "lat", "lon", "area", "volcano", "reliability", "frp", "qf",
)  # fmt: skip
#: Units that the header states, by quantity; FRP is power per area of the pixel.
_UNITS = {"time": "utc", "area": "km^2", "frp": "wm^-2"}
#: Reliability 1 is low, 3 normal, 5 high; quality 2 says that the power is not to be trusted.
_LOW, _BAD_POWER = 1, 2
_CONFIDENCE = {3: "n", 5: "h"}
_MAX_BYTES = 50_000_000
_HEAD = "latitude,longitude,acq_date,acq_time,satellite,instrument,confidence,frp,type"


@dataclass(frozen=True, slots=True)
class EarlyTables:
    """Tables in the columns of FIRMS.

    Attributes
    ----------
    tables : tuple of (str, str)
        Name for messages, and CSV text.
    newest : datetime.datetime or None
        Time of the youngest image, also one without a fire; None where there is none.
    faults : tuple of str
        What was wrong with files that could not be read.
    """

    tables: tuple[tuple[str, str], ...]
    newest: datetime | None
    faults: tuple[str, ...] = ()


def read_himawari(folder: Path, *, first: datetime, last: datetime) -> EarlyTables:
    """Return the tables of a mirror between two times, both counted.

    A file that is torn, empty or another's is a fault and not an image without fires.

    Raises
    ------
    ConfigError
        If there is no such folder.
    """
    if not folder.is_dir():
        raise ConfigError(f"early_hotspots: expected a folder at {folder}, found none")
    tables, faults, newest = [], [], None
    for path, moment in _files(folder, first, last):
        try:
            tables.append((path.name, firms_table(path)))
            newest = moment
        except InputError as fault:
            faults.append(str(fault))
    return EarlyTables(tuple(tables), newest, tuple(faults))


def _files(folder: Path, first: datetime, last: datetime) -> Iterator[tuple[Path, datetime]]:
    """Yield the files between two times, the oldest first; only folders of their days are read."""
    days = (last.astimezone(UTC).date() - first.astimezone(UTC).date()).days
    found = []
    for day in (first.astimezone(UTC) + timedelta(days=n) for n in range(days + 1)):
        places = (folder, *sorted(folder.glob(f"{day:%Y%m}/{day:%d}/*")))
        found += [p for place in places for p in place.glob(f"H??_{day:%Y%m%d}_*.csv")]
    for path in sorted(found, key=lambda one: (one.name[3:], one)):
        moment = _moment(path.name)
        if moment is not None and first <= moment <= last:
            yield path, moment


def _moment(name: str) -> datetime | None:
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    try:
        return datetime.strptime(match[2] + match[3], "%Y%m%d%H%M").replace(tzinfo=UTC)
    except ValueError:
        return None


def firms_table(path: Path) -> str:
    """Return the rows of a file in the columns of FIRMS, without those of low reliability.

    The power of a row is that of its pixel [MW], W/m2 times km2. A row with a volcano near it has
    ``type`` 1.

    Raises
    ------
    InputError
        If the header, a unit or a row is not what is expected, or the last line is cut.
    """
    if path.stat().st_size > _MAX_BYTES:
        raise InputError(f"{path.name}: expected at most {_MAX_BYTES} bytes, got more")
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError as fault:
        raise InputError(f"{path.name}: expected text, got other bytes ({fault.reason})") from fault
    lines = text.splitlines()
    heads = [line for line in lines if line.startswith("#")]
    names = _columns(path.name, heads[1] if len(heads) > 1 else "")
    if not text.endswith("\n"):
        raise InputError(f"{path.name}: expected whole lines, the last one is cut")
    rows = csv.reader(io.StringIO("\n".join(lines[len(heads) :])))
    made = [_row(path.name, names, row) for row in rows if row]
    return "\n".join([_HEAD, *(row for row in made if row)]) + "\n"


def _columns(name: str, head: str) -> list[str]:
    """Return the names of the columns, lower case, after their units are checked."""
    parts = [part.strip().lower() for part in head.lstrip("# ").split(",")]
    names = [part.partition("(")[0] for part in parts]
    units = {part.partition("(")[0]: part.partition("(")[2].rstrip(")") for part in parts}
    missing = [column for column in _NEEDED if column not in names]
    if missing:
        raise InputError(f"{name}: expected columns of L2WLF, missing {missing}, got {head[:80]!r}")
    wrong = {key: units[key] for key, unit in _UNITS.items() if units[key] != unit}
    if wrong:
        raise InputError(f"{name}: expected units {_UNITS}, got {wrong}")
    return names


def _row(name: str, names: list[str], row: list[str]) -> str:
    """Return a row of the columns of FIRMS; empty where its reliability is low."""
    try:
        given = dict(zip(names, row, strict=True))
        whole = {key: int(given[key]) for key in ("year", "month", "day", "reliability", "qf")}
        at = datetime(whole["year"], whole["month"], whole["day"], tzinfo=UTC)
        clock = f"{int(given['time']):04d}"
        power = float(given["frp"]) * float(given["area"])
        lat, lon = float(given["lat"]), float(given["lon"])
        volcano = int(given["volcano"]) > 0
    except (ValueError, KeyError) as fault:
        raise InputError(f"{name}: expected a row of L2WLF, got {row} ({fault})") from fault
    if whole["reliability"] not in {_LOW, *_CONFIDENCE} or not power >= 0:
        raise InputError(f"{name}: expected reliability 1, 3 or 5 and a power, got {row}")
    if whole["reliability"] == _LOW:
        return ""
    frp = "" if whole["qf"] == _BAD_POWER else f"{power:.1f}"
    sure = _CONFIDENCE[whole["reliability"]]
    return f"{lat},{lon},{at:%Y-%m-%d},{clock},{name[:3]},AHI,{sure},{frp},{1 if volcano else ''}"
