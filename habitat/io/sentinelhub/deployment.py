"""What every source of a Sentinel Hub deployment has: one connection, cache and ledger."""

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from habitat.domain.grid import Grid
from habitat.io.net.download_cache import DownloadCache
from habitat.io.sentinelhub.sentinelhub_client import Client
from habitat.io.sentinelhub.sentinelhub_requests import Service
from habitat.io.sentinelhub.unit_ledger import UnitLedger


@dataclass
class Deployment:
    """One deployment as a project uses it.

    Attributes
    ----------
    service : Service
        Its addresses.
    grid : Grid
        The project's grid.
    folder : Path
        Downloads and the ledger of units; shared by the pipelines of a project.
    today : date
        Of the run: a catalogue search of a past period is asked once a day.
    estimate : bool
        Give up early when the service does not answer.
    """

    service: Service
    grid: Grid
    folder: Path
    today: date
    estimate: bool = False
    _client: Client | None = field(default=None, init=False, repr=False, compare=False)

    def __getstate__(self) -> dict[str, Any]:
        """Leave behind what only the process that buys needs."""
        return {**self.__dict__, "_client": None, "found": {}}

    @property
    def simulated(self) -> bool:
        """Real images."""
        return False

    @property
    def cache(self) -> DownloadCache:
        """Downloads, by content."""
        return DownloadCache(self.folder)

    @property
    def client(self) -> Client:
        """The one connection of this process."""
        if self._client is None:
            self._client = Client(self.service, self.today, estimate=self.estimate)
        return self._client

    def ledger(self) -> UnitLedger:
        """Return the account of what is spent, for one run."""
        return UnitLedger(self.folder / "units.jsonl", self.today)
