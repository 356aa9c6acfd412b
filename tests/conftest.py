"""Shared settings of the tests."""

from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("habitat", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("habitat")

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data():
    """Folder of the real validation data; skips where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"the validation data are not at {SHARED_DATA}")
    return SHARED_DATA
