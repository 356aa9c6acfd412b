"""Talks to one deployment of Sentinel Hub: token, catalogue, images. Only this module is paid."""

import json
from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from math import isfinite
from typing import Any
from urllib.parse import urlencode, urlsplit

import numpy as np

from habitat.domain.errors import RequestRefusedError, SceneError
from habitat.domain.processing_units import Account, Bill, quota_reset
from habitat.domain.radar import RADAR_BANDS
from habitat.io.net.http import BadBodyError, Http
from habitat.io.net.http_policy import (
    HttpPolicy,
    Reply,
    Request,
    is_loopback,
    retry_after_milliseconds,
)
from habitat.io.net.http_token import SharedToken
from habitat.io.sentinelhub.radar_requests import RadarOrder, decode_radar
from habitat.io.sentinelhub.sentinelhub_image import Image, decode
from habitat.io.sentinelhub.sentinelhub_requests import Order, Service
from habitat.io.settings import sentinelhub_credentials

#: Requests at once; the free account allows 300 a minute.
PER_HOST = 4
#: Longest time of one call with all its attempts, and of one attempt [s].
DEADLINE_S, ATTEMPT_S = 300.0, 120.0
#: First wait where the service does not say [s].
BACKOFF_S = 1.0
#: Longest time of a call when only an estimate is asked for [s].
ESTIMATE_S = 4.0
_UNITS_HEADER = "x-processingunits-spent"
_FORBIDDEN, _TOO_MANY = 403, 429
#: Codes and words by which the service says that units or requests of the month are spent.
_SPENT = (b"INSUFFICIENT_PROCESSING_UNITS", b"nsufficient processing units")
_FORM = "application/x-www-form-urlencoded"

#: Hears what one paid answer cost, before its pixels are looked at.
Note = Callable[[str, Bill], None]


def quota_fault(day: date, status: int, _headers: Mapping[str, str], body: bytes) -> str | None:
    """Return why an answer means that the quota of the month is spent, or None."""
    if status not in {_FORBIDDEN, _TOO_MANY} or not any(word in body for word in _SPENT):
        return None
    return (
        "the processing units or requests of this account are spent. The free quota starts again "
        f"on {quota_reset(day)} (the first of the month, UTC). What was bought is kept: the same "
        "command then goes on."
    )


def policy_of(service: Service, day: date, *, estimate: bool) -> HttpPolicy:
    """Return how a deployment is asked; for an estimate little time is spent."""
    urls = [urlsplit(url) for url in (service.base_url, service.token_url)]
    hosts = tuple(dict.fromkeys(url.netloc for url in urls))
    return HttpPolicy(
        hosts=hosts,
        loopback_http=all(is_loopback(url.hostname or "") for url in urls),
        deadline_s=ESTIMATE_S if estimate else DEADLINE_S,
        attempt_s=ATTEMPT_S,
        connect_s=ESTIMATE_S if estimate else 10.0,
        backoff_s=BACKOFF_S,
        per_host=PER_HOST,
        retry_after=retry_after_milliseconds,
        quota_fault=partial(quota_fault, day),
    )


def _image(content: bytes, order: Order) -> Image:
    """Return an answer decoded; of radar the data mask stands for the scene classification."""
    if not isinstance(order, RadarOrder):
        return decode(content, order)
    power = decode_radar(content, order)
    seen: np.ndarray = np.all([np.isfinite(power[band]) for band in RADAR_BANDS], axis=0)
    return Image({}, seen.astype(np.uint8))


class Client:
    """Asks one deployment; safe among threads, not to be pickled.

    Parameters
    ----------
    service : Service
        The deployment.
    day : date
        Today: says when the quota starts again.
    estimate : bool
        Give up early.
    """

    def __init__(self, service: Service, day: date, *, estimate: bool = False) -> None:
        self._service = service
        self._http = Http(policy_of(service, day, estimate=estimate))
        self._token = SharedToken(self._fetch_token)

    def sign_in(self) -> None:
        """Ask for a token, which no unit pays for."""
        self._token.token()

    def account(self) -> Account | None:
        """Return what is left this month, as the service counts; None where it does not say.

        The address and the form are those of the accounting API that the dashboards use, which is
        not in the published reference: an answer in another form is no fault.

        Raises
        ------
        RemoteError, CredentialsError
            If it does not answer.
        """
        request = Request(
            f"{self._service.base_url}/api/v1/accounting/usage",
            headers={"Accept": "application/json"},
            max_bytes=1 << 16,
            token=self._token,
        )
        try:
            return self._http.fetch(request, _account)
        except RequestRefusedError:
            return None

    def search(self, url: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return one page of the catalogue."""
        request = Request(
            url,
            "POST",
            {"Content-Type": "application/json", "Accept": "application/geo+json"},
            json.dumps(body).encode(),
            content_types=("application/json", "application/geo+json"),
            token=self._token,
        )
        return self._http.fetch(request, _object)

    def image(self, order: Order, note: Note, check: Callable[[Image], None]) -> bytes:
        """Buy one image and return its body, decoded and checked.

        Parameters
        ----------
        order : Order
            What is asked for.
        note : callable
            Hears of every paid answer, also of one that is then not kept.
        check : callable
            Raises SceneError for an image that cannot be right.

        Raises
        ------
        RemoteError, QuotaError, CredentialsError
            As :meth:`habitat.io.net.http.Http.fetch` says.
        """
        request = Request(
            order.url,
            "POST",
            {"Content-Type": "application/json", "Accept": "image/tiff"},
            json.dumps(order.body).encode(),
            content_types=("image/tiff",),
            token=self._token,
        )

        def checked(reply: Reply) -> bytes:
            note(order.key, _spent(reply, order))
            try:
                check(_image(reply.body, order))
            except SceneError as fault:
                raise BadBodyError(str(fault)) from fault
            return reply.body

        return self._http.fetch(request, checked)

    def _fetch_token(self) -> str:
        known = sentinelhub_credentials()
        form = {
            "grant_type": "client_credentials",
            "client_id": known.client_id,
            "client_secret": known.client_secret,
        }
        request = Request(
            self._service.token_url, "POST", {"Content-Type": _FORM}, urlencode(form).encode(),
            content_types=("application/json",),
        )  # fmt: skip
        return self._http.fetch(request, _token)


def _spent(reply: Reply, order: Order) -> Bill:
    """Return what an answer cost: what it says, else the published formula."""
    try:
        units = float(reply.headers.get(_UNITS_HEADER, ""))
    except ValueError:
        units = order.bill.units
    return Bill(units, 1, len(reply.body))


def _account(reply: Reply) -> Account | None:
    try:
        found = json.loads(reply.body)
        units = float(found["processingUnitsMonthly"]["remaining"])
        requests = float(found["requestsMonthly"]["remaining"])
    except (ValueError, TypeError, KeyError):
        return None
    return Account(units, int(requests)) if isfinite(units) else None


def _object(reply: Reply) -> Mapping[str, Any]:
    document = json.loads(reply.body)
    if not isinstance(document, dict):
        raise BadBodyError(f"expected a JSON object, got {type(document).__name__}")
    return document


def _token(reply: Reply) -> str:
    token = _object(reply).get("access_token")
    if not isinstance(token, str) or not token:
        raise BadBodyError("expected an access token, got none")
    return token
