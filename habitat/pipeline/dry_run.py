"""What a dry run tells."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from habitat.domain.processing_units import Bill
from habitat.pipeline.cost import Estimate
from habitat.pipeline.forecast import Computation, by_stage


@dataclass(frozen=True, slots=True)
class DryRun:
    """What a run would read, buy and compute, and why.

    ``scenes`` is empty and ``tile_stages`` None where no catalogue was reached.
    """

    scenes: Mapping[str, int]
    tiles: int
    tile_stages: int | None
    reasons: tuple[str, ...]
    cost: Estimate = field(default_factory=lambda: Estimate(Bill()))
    computations: tuple[Computation, ...] = ()

    def text(self) -> str:
        """Return it for a person."""
        found = ", ".join(f"{name}: {count}" for name, count in self.scenes.items())
        stages = "unknown" if self.tile_stages is None else self.tile_stages
        bill = self.cost.bill
        return "\n".join(
            [
                f"scenes found: {found or 'unknown'}",
                f"tiles: {self.tiles}, in {stages} tile-stages",
                f"processing units: {bill.units:,.10g}, requests: {bill.requests:,}, "
                f"bytes: {bill.bytes:,}" + "".join(f"\n  {note}" for note in self.cost.notes),
                *self.reasons,
                *by_stage(self.computations),
            ]
        )

    def as_dict(self) -> dict[str, Any]:
        """Return it for a machine."""
        return {
            "processing_units": round(self.cost.bill.units, 6),
            "requests": self.cost.bill.requests,
            "bytes": self.cost.bill.bytes,
            "scenes": dict(self.scenes),
            "tiles": self.tiles,
            "tile_stages": self.tile_stages,
            "reasons": [*self.cost.notes, *self.reasons],
            "computations": [asdict(one) for one in self.computations],
        }
