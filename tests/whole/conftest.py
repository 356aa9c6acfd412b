"""What tests of whole runs share."""

import logging
import shutil

import pytest


@pytest.fixture(autouse=True)
def _log_handlers():
    """Take the command's log handler away again: it writes to the captured stderr of one test."""
    root = logging.getLogger()
    before = root.handlers[:]
    yield
    root.handlers = before


@pytest.fixture
def project(published, tmp_path, capfd):
    """A copy of the project that the module has published, to be spoilt."""
    folder = tmp_path / "project"
    shutil.copytree(published, folder, symlinks=True)
    capfd.readouterr()
    return folder
