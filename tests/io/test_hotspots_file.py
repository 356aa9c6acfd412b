import gzip

import numpy as np
import pytest

from habitat.domain.errors import InputError
from habitat.domain.grid import Grid, Window
from habitat.io.fire.hotspots_file import parse_hotspots, read_hotspots

GRID = Grid(32652, 20)
WINDOW = Window(-240_000, 30_000, 5_000, 5_000)
HEAD = "latitude,longitude,scan,track,acq_date,acq_time,satellite,confidence,version,frp,daynight"


def read(tmp_path, *rows, head=HEAD):
    path = tmp_path / "fires.csv"
    path.write_text("\n".join((head, *rows)) + "\n", encoding="utf-8")
    return read_hotspots(path, grid=GRID, window=WINDOW)


def row(version="2.0NRT", lat="42.70000", time="1", satellite="N20", frp="4.5"):
    return f"{lat},130.80000,0.4,0.4,2025-03-22,{time},{satellite},n,{version},{frp},N"


@pytest.mark.parametrize(
    ("rows", "frp"),
    [
        ((row("2.0URT", frp="1"), row("2.0NRT", frp="2"), row("2", frp="3")), [3]),
        ((row("2", frp="3"), row("2.0URT", lat="42.70050", frp="1")), [3]),
        ((row(frp="1"), row(frp="2")), [1]),
        ((row(frp="1"), row(frp="2", satellite="N")), [1, 2]),
        ((row(frp="1"), row(frp="2", lat="42.70340")), [1, 2]),
        ((row(frp="1"), row(frp="2", time="142")), [1, 2]),
    ],
    ids=["most processed", "moved a little", "twice", "satellites", "neighbours", "next pass"],
)
def test_a_detection_counts_once_and_the_most_processed_row_is_kept(tmp_path, rows, frp):
    assert read(tmp_path, *rows).frp_mw.tolist() == frp


def test_an_unpadded_time_is_after_midnight_and_an_empty_power_is_missing(tmp_path):
    found = read(tmp_path, row(time="5", frp=""))
    assert found.time[0] == np.datetime64("2025-03-22T00:05:00")
    assert np.isnan(found.frp_mw[0])


def test_a_table_without_rows_is_no_fire_and_an_error_text_is_no_table(tmp_path):
    assert len(read(tmp_path)) == 0
    with pytest.raises(InputError, match="error page"):
        read(tmp_path, head="Invalid MAP_KEY.")


def test_half_of_the_rows_may_be_torn_but_not_more():
    torn = row().replace("2025-03-22", "2025-03")
    parsed = parse_hotspots([("t", "\n".join((HEAD, row(), torn)))], grid=GRID, window=WINDOW)
    assert (len(parsed.found), parsed.unread) == (1, 1)
    with pytest.raises(InputError, match="2 rows of 3"):
        parse_hotspots([("t", "\n".join((HEAD, row(), torn, torn)))], grid=GRID, window=WINDOW)


def test_a_compressed_table_is_refused_and_the_message_says_unpack(tmp_path):
    path = tmp_path / "fires.csv"
    path.write_bytes(gzip.compress((HEAD + "\n" + row()).encode()))
    with pytest.raises(InputError, match="Unpack"):
        read_hotspots(path, grid=GRID, window=WINDOW)


def test_every_variant_of_the_service_is_read(shared_data):
    for path in sorted((shared_data / "fwi-test-vectors" / "firms").glob("*.csv")):
        read_hotspots(path, grid=GRID, window=WINDOW)
