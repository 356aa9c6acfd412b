"""Which run made which release: lets the same command do nothing the second time."""

import json
from pathlib import Path

from habitat.io.durable import atomic_write_bytes, local_resources


class Journal:
    """A folder of small files, one per run key.

    Parameters
    ----------
    root : Path
        Made when the first run is noted.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def release_id(self, run_key: str) -> str | None:
        """Return the release that a run with this key made, or None."""
        path = self.root / f"{run_key}.json"
        if not path.is_file():
            return None
        try:
            release_id = json.loads(path.read_text("utf-8"))["release"]
        except (ValueError, KeyError, TypeError):
            return None
        return release_id if isinstance(release_id, str) else None

    def note(self, run_key: str, release_id: str) -> None:
        """Note the release that a run made."""
        with local_resources("making", self.root):
            self.root.mkdir(parents=True, exist_ok=True)
        content = json.dumps({"release": release_id}) + "\n"
        atomic_write_bytes(self.root / f"{run_key}.json", content.encode())
