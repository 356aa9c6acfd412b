"""A whole scene from its overviews: a sixteenth of the pixels, or less, for checks before a run."""

from collections.abc import Sequence

import numpy as np
from rasterio.enums import Resampling

from habitat.domain.bands import SCL_TO_STATE
from habitat.domain.errors import SceneError
from habitat.domain.harmonise import harmonise
from habitat.domain.product_name import SCL
from habitat.domain.resample import Rect
from habitat.domain.scene import Asset, SceneItem
from habitat.io.scenes.scene_files import SceneFiles
from habitat.io.scenes.scene_raster import check_band, read_header, read_rect
from habitat.io.scenes.source import MASK_SCL, ScenePixels

#: Longest side of the sample [px].
SAMPLE_SIDE_PX = 512
_Bounds = tuple[float, float, float, float]


def read_overview(files: SceneFiles, item: SceneItem, bands: Sequence[str]) -> ScenePixels | None:
    """Return a scene thinned to at most 512 px a side, or None where that is not cheap.

    Bands are read from overviews, the scene classification pixel by pixel from its full size:
    overviews of codes may be averages.

    Parameters
    ----------
    files : SceneFiles
        Where the files are.
    item : SceneItem
        With a scene classification.
    bands : sequence of str
        Bands of the item.

    Returns
    -------
    ScenePixels or None
        uint16 ``(y, x)`` by band and the mask; None where there is no classification, the scene
        is small, a band has no fitting overview, or its files cover different ground.

    Raises
    ------
    SceneError
        If a file is damaged.
    """
    if SCL not in item.assets:
        return None
    thinned = _mask(files, item.assets[SCL])
    if thinned is None:
        return None
    mask, ground = thinned
    found = {}
    for name in bands:
        values = _band(files, item.assets[name], ground, mask.shape)
        if values is None:
            return None
        found[name] = values
    return ScenePixels(found, mask, MASK_SCL)


def _mask(files: SceneFiles, asset: Asset) -> tuple[np.ndarray, _Bounds] | None:
    """Return the codes of every n-th pixel and the ground that the file covers.

    None of a small one: its windows are read as fast, with all that a read checks.
    """
    with files.open(asset.href) as file:
        header = read_header(file.dataset, file.label)
        check_band(header, asset.band_index, file.label, mask=True, scaled=True)
        step = -(-max(header.height, header.width) // SAMPLE_SIDE_PX)
        if step == 1:
            return None
        whole = Rect(0, 0, header.height, header.width)
        codes = read_rect(file.dataset, asset.band_index, whole, 0.0, cached=file.version)
    thin = codes[step // 2 :: step, step // 2 :: step]
    if not thin.size or int(thin.max()) >= len(SCL_TO_STATE):
        raise SceneError(
            f"{file.label}: SCL: expected codes from 0 to {len(SCL_TO_STATE) - 1}, got "
            f"{thin.max() if thin.size else 'no pixel'}; it is another layer or damaged"
        )
    return thin.astype(np.uint8), header.bounds


def _band(
    files: SceneFiles, asset: Asset, ground: _Bounds, shape: tuple[int, ...]
) -> np.ndarray | None:
    with files.open(asset.href) as file:
        dataset, index = file.dataset, asset.band_index
        header = read_header(dataset, file.label)
        check_band(header, index, file.label, mask=False, scaled=True)
        sizes = [header.height / factor for factor in (1, *dataset.overviews(index))]
        cheap = any(shape[0] <= size + 1 and size <= 2 * shape[0] for size in sizes)
        if not cheap or not np.allclose(header.bounds, ground, rtol=0.0, atol=header.dx):
            return None
        stored = dataset.read(index, out_shape=shape, resampling=Resampling.nearest)
    return harmonise(stored, offset_dn=asset.offset_dn, scale=asset.scale, nodata=asset.nodata)
