import pytest

from habitat.domain.errors import CredentialsError, QuotaError
from habitat.io.fire.hotspots_service import Area, check_table, quota_fault
from habitat.io.net.http import BadBodyError

AREA = Area(130.0, 42.0, 132.0, 44.0)
HEAD = "latitude,longitude,acq_date,acq_time,satellite,confidence,frp,daynight\n"
ROW = "42.7,130.8,2025-04-05,352,N20,n,4.5,D\n"


@pytest.mark.parametrize("rows", ["", ROW, ROW * 20 + "0,0,2025-04-05,352,N20,n,4.5,D\n"])
def test_a_table_is_whole_also_without_rows_or_with_one_stray(rows):
    check_table((HEAD + rows).encode(), AREA)


@pytest.mark.parametrize(
    "body",
    [
        "", "<html>maintenance</html>", "latitude,longitude\n", HEAD + ROW[:20], HEAD + ROW[:-1],
        HEAD + ROW + "0,0,2025-04-05,352,N20,n,4.5,D\n", HEAD + "130.8,42.7" + ROW[10:],
        HEAD + "blank,130.8" + ROW[10:],
    ],
    ids=["empty", "page", "columns", "cut", "no end", "at 0,0", "swapped", "blank"],
)  # fmt: skip
def test_another_body_is_refused_so_that_it_is_never_read_as_no_fire(body):
    with pytest.raises(BadBodyError):
        check_table(body.encode(), AREA)


def test_the_refusals_that_come_with_status_200_are_told_apart(shared_data):
    body = (shared_data / "fwi-test-vectors" / "firms" / "error_body.txt").read_bytes()
    with pytest.raises(CredentialsError, match="FIRMS_MAP_KEY"):
        check_table(body, AREA)
    with pytest.raises(QuotaError, match="ten minutes"):
        check_table(b"Exceeding allowed transaction limit.", AREA)
    assert quota_fault(403, {}, b"Exceeding allowed transaction limit")
    assert quota_fault(500, {}, b"oops") is None


def test_the_empty_answer_of_the_service_is_a_table(shared_data):
    check_table(
        (shared_data / "fwi-test-vectors" / "firms" / "empty_result.csv").read_bytes(), AREA
    )


def test_an_area_is_written_as_the_service_asks():
    assert str(AREA) == "130.000,42.000,132.000,44.000"
