from datetime import date

import geopandas
import pytest
import shapely

from habitat.domain.errors import GridMismatchError, InputError
from habitat.io.vector.burn_scars_file import read_burn_scars

BOX = shapely.box(0, 0, 1000, 1000)


def write(path, crs="EPSG:32652", **columns):
    given = {"burn_id": ["b1", "b2"], "date_lo": ["2025-03-10", None],
             "date_hi": ["2025-03-20", "2025-03-20"]}  # fmt: skip
    table = geopandas.GeoDataFrame(given | columns, geometry=[BOX, BOX], crs=crs)
    table.to_file(path, layer="burns", driver="GPKG")
    return path


def test_scars_with_both_dates_are_read(tmp_path):
    (scar,) = read_burn_scars(write(tmp_path / "cells.gpkg"), epsg=32652)
    assert (scar.burn_id, scar.date_lo) == ("b1", date(2025, 3, 10))
    assert scar.date_hi == date(2025, 3, 20)
    assert scar.outline.area == 1e6


def test_another_crs_or_no_geopackage_is_refused(tmp_path):
    with pytest.raises(GridMismatchError, match="EPSG:32652"):
        read_burn_scars(write(tmp_path / "a.gpkg", crs="EPSG:32651"), epsg=32652)
    (tmp_path / "b.gpkg").write_text("no", "utf-8")
    with pytest.raises(InputError, match="GeoPackage"):
        read_burn_scars(tmp_path / "b.gpkg", epsg=32652)


def test_a_release_without_burns_has_no_scars(tmp_path):
    table = geopandas.GeoDataFrame({"cell_id": ["c"]}, geometry=[BOX], crs="EPSG:32652")
    table.to_file(tmp_path / "cells.gpkg", layer="cells", driver="GPKG")
    assert read_burn_scars(tmp_path / "cells.gpkg", epsg=32652) == ()
