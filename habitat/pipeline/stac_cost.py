"""What imagery of a zone costs at a STAC catalogue: nothing but requests and bytes."""

from collections.abc import Sequence

from habitat.domain.bands import S2_BANDS
from habitat.domain.processing_units import Bill
from habitat.io.stac.remote_file import BLOCK_BYTES
from habitat.io.vector.aoi import tiles_inside
from habitat.pipeline.context import PlanContext

#: Pixel size of the scene classification [m], and bytes of a stored pixel of it and of a band.
_SCL_M, _SCL_BYTES, _BAND_BYTES = 20, 1, 2


def bill_of_date(ctx: PlanContext, bands: Sequence[str]) -> Bill:
    """Return an upper bound of what one look at the zone downloads.

    The tiles that touch the AOI, as if the files were not compressed; a band comes in its own pixel
    size, so the grid's does not matter. Requests are pieces of a file, and one more per tile and
    file for its header.
    """
    tile_m2 = (ctx.grid.tile_px * ctx.grid.pixel_m) ** 2
    files = [tile_m2 // S2_BANDS[name].resolution_m ** 2 * _BAND_BYTES for name in bands]
    files.append(tile_m2 // _SCL_M**2 * _SCL_BYTES)
    requests = sum(-(-size // BLOCK_BYTES) + 1 for size in files)
    tiles = len(list(tiles_inside(ctx.aoi, ctx.grid)))
    return Bill(requests=requests, bytes=sum(files)).times(tiles)
