"""What an answer of the service means, before anything is bought."""

from datetime import UTC, date, datetime

import pytest

from habitat.domain.grid import Grid, Window
from habitat.io.net.http_policy import Reply
from habitat.io.sentinelhub.sentinelhub_client import _spent, _token, policy_of, quota_fault
from habitat.io.sentinelhub.sentinelhub_requests import SERVICES, Service, order

DAY = date(2026, 12, 31)
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
SPENT = b'{"error": {"status": 403, "code": "ACCESS_INSUFFICIENT_PROCESSING_UNITS"}}'


def reply(headers=None, body=b""):
    return Reply("https://h.example", 200, headers or {}, body)


@pytest.mark.parametrize("status", [403, 429])
def test_a_spent_quota_says_when_it_starts_again(status):
    assert "2027-01-01" in quota_fault(DAY, status, {}, SPENT)


@pytest.mark.parametrize(("status", "body"), [(403, b"{}"), (429, b"too many"), (500, SPENT)])
def test_other_refusals_are_no_quota(status, body):
    assert quota_fault(DAY, status, {}, body) is None


@pytest.mark.parametrize("name", SERVICES)
def test_a_policy_allows_the_hosts_of_its_service_and_no_plain_http(name):
    policy, service = policy_of(SERVICES[name], DAY, estimate=False), SERVICES[name]
    assert {policy.check_url(url) for url in (service.base_url, service.token_url)}
    assert not policy.loopback_http
    assert len(policy.hosts) == (2 if name == "cdse" else 1)


def test_a_service_on_this_machine_may_speak_plain_http():
    local = Service("http://127.0.0.1:80", "http://127.0.0.1:80/token")
    assert policy_of(local, DAY, estimate=True).loopback_http
    mixed = Service("http://127.0.0.1:80", "https://h.example/token")
    assert not policy_of(mixed, DAY, estimate=True).loopback_http


def test_units_are_those_of_the_answer_else_of_the_formula():
    window, bands = Window(0, 0, 512, 512), ["B03", "B04"]
    made = order(SERVICES["cdse"], Grid(32652, 20), window, bands, (NOON, NOON))
    assert _spent(reply({"x-processingunits-spent": "0.75"}, b"abc"), made).units == 0.75
    assert _spent(reply({}, b"abc"), made).units == 1.0
    assert _spent(reply({"x-processingunits-spent": "many"}), made).bytes == 0


def test_a_token_answer_without_a_token_is_refused():
    assert _token(reply(body=b'{"access_token": "t"}')) == "t"
    for body in (b"{}", b'{"access_token": ""}', b"[]", b"<html>"):
        with pytest.raises(ValueError, match=r"."):
            _token(reply(body=body))
