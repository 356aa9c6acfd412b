from concurrent.futures import ThreadPoolExecutor

from habitat.domain.processing_units import Bill
from habitat.io.net.request_log import RequestLog


def test_requests_of_many_threads_add_up(tmp_path):
    logs = [RequestLog(tmp_path / "state" / "requests.log") for _ in range(4)]
    assert logs[0].total() == Bill()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: logs[n % 4].note(n), range(200)))
    assert logs[0].total() == Bill(requests=200, bytes=sum(range(200)))


def test_a_run_counts_anew_and_a_line_cut_short_is_left_out(tmp_path):
    log = RequestLog(tmp_path / "requests.log")
    log.note(7)
    with log.path.open("a") as file:
        file.write("x")
    assert log.total() == Bill(requests=1, bytes=7)
    log.start()
    log.start()
    assert log.total() == Bill()


def test_a_count_that_cannot_be_written_stops_nothing(tmp_path):
    (tmp_path / "file").write_text("")
    RequestLog(tmp_path / "file" / "requests.log").note(1)
