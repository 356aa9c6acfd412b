"""Faults injected into real runs: kills, failing disks, races, damaged and hostile files."""

import sys
from pathlib import Path

_TESTS = Path(__file__).resolve().parents[1]
for _name in ("", "whole", "io"):  # the makers of small projects and scenes
    if str(_TESTS / _name) not in sys.path:
        sys.path.append(str(_TESTS / _name))
