from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from habitat.domain.errors import ConfigError, InputError
from habitat.domain.grid import Grid, Window
from habitat.domain.hotspots import DetectionKind
from habitat.io.fire.himawari import firms_table, read_himawari
from habitat.io.fire.hotspots_file import parse_hotspots

LAST = datetime(2025, 4, 4, 20, tzinfo=UTC)
TIMES = "# acquisition 2025-04-04T19:00Z, processed 2025-04-04T19:38Z"
NAMES = (
    "# ID, Year, Month, Day, Time(UTC), Lat, Lon, Area(km^2), Volcano, Level, Reliability, "
    "FRP(Wm^-2), QF, Hot(ID)"
)
GRID, WINDOW = Grid(32652, 20), Window(-240_000, 30_000, 5_000, 5_000)


def row(time="1900", lat="42.700", volcano=0, reliability=5, frp="3.5", qf=0):
    return f"7,2025,04,04,{time},{lat},130.800,6.0,{volcano},3,{reliability},{frp},{qf},1"


def write(folder, *rows, at="20250404_1900", heads=(TIMES, NAMES), end="\n"):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"H09_{at}_L2WLF010_FLDK.06001_06001.csv"
    path.write_text("\n".join((*heads, *rows)) + end, "utf-8")
    return path


def read(folder):
    return read_himawari(folder, first=LAST - timedelta(days=2), last=LAST)


def test_a_row_becomes_an_early_detection_with_the_power_of_its_pixel(tmp_path):
    write(tmp_path / "202504" / "04" / "19", row(), row(time="5", lat="42.8", qf=2))
    given = read(tmp_path)
    assert given.newest == datetime(2025, 4, 4, 19, tzinfo=UTC)
    found = parse_hotspots(given.tables, grid=GRID, window=WINDOW).found
    assert found.kinds.tolist() == [DetectionKind.EARLY] * 2
    assert found.frp_mw[0] == pytest.approx(21.0)
    assert np.isnan(found.frp_mw[1])
    assert found.time[1] == np.datetime64("2025-04-04T00:05:00")


def test_a_row_of_low_reliability_is_left_out_and_a_volcano_is_no_fire(tmp_path):
    write(tmp_path, row(reliability=1), row(lat="42.8", volcano=1))
    found = parse_hotspots(read(tmp_path).tables, grid=GRID, window=WINDOW).found
    assert found.kinds.tolist() == [DetectionKind.STATIC]


def test_an_image_without_fires_is_an_image_and_an_empty_file_is_a_fault(tmp_path):
    write(tmp_path)
    assert read(tmp_path).newest is not None
    assert read(tmp_path).faults == ()
    write(tmp_path, heads=(), end="", at="20250404_1910")
    given = read(tmp_path)
    assert given.newest == datetime(2025, 4, 4, 19, tzinfo=UTC)
    assert len(given.faults) == 1


@pytest.mark.parametrize(
    "made",
    [
        {"rows": [row()], "end": ""},
        {"rows": [row()[:20]]},
        {"rows": [row(time="2460 ")[:9]]},
        {"rows": [row(reliability=4)]},
        {"rows": [row(frp="nan")]},
        {"rows": [row(frp="-9")]},
        {"rows": ["<html>maintenance</html>"], "heads": ()},
        {"rows": [row()], "heads": (TIMES, NAMES.replace("Wm^-2", "MW"))},
        {"rows": [row()], "heads": (TIMES, NAMES.replace(" Lat,", ""))},
        {"rows": [row()], "heads": (NAMES,)},
    ],
    ids=["no end", "cut", "short", "reliability", "nan", "fill", "page", "unit", "column", "head"],
)
def test_what_is_not_the_product_is_refused_and_never_no_fire(tmp_path, made):
    path = write(tmp_path, *made.pop("rows"), **made)
    with pytest.raises(InputError, match="H09_20250404_1900"):
        firms_table(path)


def test_bytes_that_are_no_text_are_refused(tmp_path):
    path = write(tmp_path, row())
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="expected text"):
        firms_table(path)


def test_only_files_of_the_time_asked_for_are_read(tmp_path):
    for at in ("20250402_1950", "20250402_2000", "20250404_2000", "20250404_2010", "20250404_2575"):
        write(tmp_path, row(), at=at)
    (tmp_path / "H09_20250404_1900_L2WLF010_FLDK.06001_06001.csv.part").write_text("x")
    names = [name[4:17] for name, _ in read(tmp_path).tables]
    assert names == ["20250402_2000", "20250404_2000"]


def test_a_missing_folder_says_so(tmp_path):
    with pytest.raises(ConfigError, match="expected a folder"):
        read(tmp_path / "none")
