from pathlib import Path

import pytest
from pydantic import ValidationError

from habitat.domain.errors import NotBuiltError
from habitat.domain.grid import Grid
from habitat.io.stac.stac_search import Catalogue
from habitat.pipeline.config_sources import StacConfig
from habitat.pipeline.stac import stac_source

GRID = Grid(32652, 20)


def source(access="online", **keys):
    return stac_source(StacConfig(kind="stac", **keys), GRID, Path("downloads"), access)


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"preset": "earth-search", "url": "https://a.example", "collection": "s2"},
        {"url": "https://a.example"},
        {"url": "http://a.example", "collection": "s2"},
        {"url": "https://user:word@a.example", "collection": "s2"},
        {"url": "https://a.example/?token=x", "collection": "s2"},
        {"preset": "elsewhere"},
        {"preset": "earth-search", "max_cloud": 101},
    ],
)
def test_a_catalogue_is_said_in_one_way_without_secrets(keys):
    with pytest.raises(ValidationError):
        StacConfig(kind="stac", **keys)


def test_the_address_of_a_file_is_a_static_catalogue_and_needs_no_collection():
    found = source(url="https://a.example/s2/catalog.json")
    assert found.catalogue == Catalogue("https://a.example/s2/catalog.json", "")
    assert found.policy.hosts == ("a.example",)


def test_a_preset_knows_its_hosts_and_may_get_another_collection():
    found = source(preset="earth-search", collection="sentinel-2-c1-l2a", hosts=["a.example"])
    assert found.catalogue == Catalogue(
        "https://earth-search.aws.element84.com/v1", "sentinel-2-c1-l2a"
    )
    assert "a.example" in found.policy.hosts
    assert "sentinel-cogs.s3.us-west-2.amazonaws.com" in found.policy.hosts
    assert not found.policy.loopback_http
    assert not found.token_url
    assert source(preset="planetary-computer").token_url.startswith("https://")


def test_offline_is_a_matter_of_the_cache():
    assert source("offline", preset="earth-search").cache.offline
    assert not source("plan", preset="earth-search").cache.offline


def test_a_catalogue_of_jpeg_2000_is_not_built():
    with pytest.raises(NotBuiltError, match="planetary-computer"):
        source(preset="cdse")
