"""A seeded fiftieth of the schedules, and each fault at each call of the cheap services."""

import pytest

from . import schedules, services
from .replay import RandomPlan

#: Of 2,000, by service.
SEEDS = range(10)


@pytest.fixture(scope="module", params=sorted(services.SERVICES))
def service(request, tmp_path_factory):
    """A service and its project."""
    with services.SERVICES[request.param](tmp_path_factory.mktemp(request.param)) as made:
        yield made


def test_random_faults_leave_the_right_result_or_the_old_one_and_no_secret(service, tmp_path):
    made = [
        schedules.run_once(service, RandomPlan(seed, 0.2, service.also), tmp_path / "work")
        for seed in SEEDS
    ]
    assert sum(sum(one["fired"].values()) for one in made) > 0
    assert {one["verdict"] for one in made} <= {schedules.SOUND, schedules.LEFT_OUT}


def test_a_few_faults_at_the_first_and_last_call_of_each_site(service, tmp_path):
    cases = list(schedules.every_fault(service))
    for case, plan, must in cases[:: max(1, len(cases) // 6)]:
        found = schedules.run_once(service, plan, tmp_path / "work")
        assert sum(found["fired"].values()), case
        assert found["verdict"] in {schedules.SOUND, schedules.LEFT_OUT}, (case, found)
        assert not must or found["code"] == 0, (case, found)
