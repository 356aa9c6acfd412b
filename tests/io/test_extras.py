"""Libraries that only some need."""

import pytest

from habitat.domain.errors import ConfigError
from habitat.io.extras import require_extra


def test_a_library_that_is_there_is_no_fault():
    require_extra("json", "any", "a test")


def test_a_library_that_is_missing_is_named_with_the_way_to_get_it():
    with pytest.raises(ConfigError, match=r"s3 thing: .*no_such_library.*habitat-change\[s3\]"):
        require_extra("no_such_library", "s3", "s3 thing")
