"""Draw the polygon files of this folder from open boundary data.

    python aoi/make_zone.py BOUNDARIES [OUT]

BOUNDARIES holds ``countries_land_osm_10m.gpkg`` and
``land_of_the_leopard_osm_generalised.geojson``; README.md says where they come from and how each
polygon is drawn. Nothing of the package is needed, and the package does not need this script.
"""

import json
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from pyproj import Geod, Transformer
from shapely.geometry.base import BaseGeometry

REGION = (128.8, 42.0, 132.2, 44.6)
PARK_EXTENT = (129 + 5 / 60, 42 + 31 / 60, 131.3, 44 + 14 / 60)
ZONE_KM2 = 14_000.0
PARK_KM2 = 14_100.0
TUMEN_MOUTH = (130.54, 42.27, 130.72, 42.46)
SLIVER_M = 300.0
ISLET_KM2 = 0.001
ENCLOSED_KM2 = 20.0  # Chinese land east of the extent, between the belt and the Russian park
BORDER_TOLERANCE_DEG = 6.5e-4
DEMO_XY = (
    (668_100, 4_754_300),
    (674_500, 4_752_200),
    (681_300, 4_753_900),
    (685_200, 4_759_600),
    (685_700, 4_768_900),
    (683_900, 4_776_800),
    (677_800, 4_780_900),
    (670_300, 4_779_700),
    (666_300, 4_773_100),
    (667_400, 4_764_800),
    (666_000, 4_758_700),
)

_GEOD = Geod(ellps="WGS84")
_TO_UTM = Transformer.from_crs(4326, 32652, always_xy=True)
_OSM = "© OpenStreetMap contributors"

COUNTRY_NOTE = "land with inland water, without sea; simplified; not an official boundary"
LEOPARD_NOTE = (
    "OSM relation 10367273, generalised by hand, cut at the border; not an official boundary"
)
PARK_NOTE = (
    "APPROXIMATE, not an official boundary: no open polygon of the park was found. Belt of "
    "Chinese land along the border with Russia inside the published extent, as wide as gives the "
    "published 14,100 km2"
)
ZONE_NOTE = (
    "working zone, not an official boundary: Land of the Leopard and a belt of Chinese land along "
    "the border with Russia, as wide as gives 14,000 km2"
)
DEMO_NOTE = "made-up polygon across the border, for the demonstration; not an official boundary"


def km2(geometry: BaseGeometry) -> float:
    """Return the area on the ellipsoid, edges straight in longitude and latitude."""
    fine = shapely.segmentize(geometry, 0.01)
    return abs(float(_GEOD.geometry_area_perimeter(fine)[0])) / 1e6


def _project(geometry: BaseGeometry, *, back: bool = False) -> BaseGeometry:
    direction = "INVERSE" if back else "FORWARD"

    def move(xy: np.ndarray) -> np.ndarray:
        return np.column_stack(_TO_UTM.transform(xy[:, 0], xy[:, 1], direction=direction))

    return shapely.transform(geometry, move)


def _polygons(geometry: BaseGeometry, *, min_km2: float) -> BaseGeometry:
    """Return the polygons of a geometry, as one MultiPolygon, without parts and holes too small."""
    parts = shapely.get_parts(shapely.get_parts(geometry))
    keep = []
    for part in parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON]:
        if km2(part) > min_km2:
            holes = [ring for ring in part.interiors if km2(shapely.Polygon(ring)) > min_km2]
            keep.append(shapely.Polygon(part.exterior, holes))
    return shapely.MultiPolygon(keep)


def _close(geometry: BaseGeometry, distance_m: float) -> BaseGeometry:
    """Fill gaps narrower than twice a distance."""
    grown = _project(geometry).buffer(distance_m, join_style="mitre")
    return _project(grown.buffer(-distance_m, join_style="mitre"), back=True)


def countries(source: Path) -> dict[str, BaseGeometry]:
    """Return the land of the three countries without overlaps and gaps.

    Each country of the source was simplified alone and has lakes and wide rivers cut out along
    tile edges. So: faces of all lines together; a face of no country that is closed in by land
    goes to the neighbour with the longest common edge; then the three are simplified together.
    """
    box = shapely.box(*REGION)
    land = gpd.read_file(source).set_index("A3").geometry
    parts = {name: shapely.intersection(land[name], box) for name in ("CHN", "PRK", "RUS")}
    mouth = shapely.box(*TUMEN_MOUTH)
    banks = shapely.intersection(shapely.union_all([parts["PRK"], parts["RUS"]]), mouth)
    river = shapely.intersection(_close(banks, SLIVER_M), mouth)
    edges = [part.boundary for part in parts.values()] + [river.boundary]
    faces = shapely.get_parts(shapely.polygonize([shapely.union_all(edges, grid_size=1e-6)]))
    owner = _owners(faces, parts, shapely.union_all([*parts.values(), river]))
    merged = [
        _polygons(shapely.union_all(faces[owner == name]), min_km2=ISLET_KM2) for name in parts
    ]
    simple = shapely.coverage_simplify(merged, BORDER_TOLERANCE_DEG)
    return dict(zip(parts, shapely.set_precision(simple, 1e-6), strict=True))


def _owners(faces: np.ndarray, parts: dict[str, BaseGeometry], land: BaseGeometry) -> np.ndarray:
    """Return the country of each face; empty for the sea."""
    inside = shapely.point_on_surface(faces)
    owner = np.full(len(faces), "", dtype="U3")
    for name, part in parts.items():
        owner[shapely.contains(part, inside)] = name
    filled = shapely.union_all(shapely.polygons(shapely.get_exterior_ring(shapely.get_parts(land))))
    merged = {name: shapely.union_all(faces[owner == name]) for name in parts}
    for i in np.flatnonzero((owner == "") & shapely.contains(filled, inside)):
        shared = {n: shapely.length(faces[i].boundary & m.boundary) for n, m in merged.items()}
        owner[i] = max(shared, key=lambda name: shared[name])
    return owner


def _belt(
    line: BaseGeometry, land: BaseGeometry, core: BaseGeometry, km2_wanted: float
) -> BaseGeometry:
    """Return ``core`` with the belt of land along a line whose width gives the wanted area.

    What the two enclose is filled, if it is small.
    """
    narrow, wide = 1_000.0, 150_000.0
    for _ in range(20):
        width = (narrow + wide) / 2
        near = _project(shapely.simplify(line.buffer(width), 100), back=True)
        belt = _polygons(shapely.intersection(land, near), min_km2=1.0)
        both = shapely.union_all([belt, core], grid_size=1e-6)
        whole = _polygons(both, min_km2=ENCLOSED_KM2)
        narrow, wide = (narrow, width) if km2(whole) > km2_wanted else (width, wide)
    return whole


def draw(boundaries: Path) -> dict[str, list[tuple[str, BaseGeometry, str]]]:
    """Return the features of each file: name, geometry, note."""
    land = countries(boundaries / "countries_land_osm_10m.gpkg")
    china, russia = land["CHN"], land["RUS"]
    border = shapely.line_merge(shapely.intersection(china.boundary, russia.boundary))
    leopard = gpd.read_file(boundaries / "land_of_the_leopard_osm_generalised.geojson").geometry
    leopard_ru = _polygons(shapely.intersection(leopard.iloc[0], russia), min_km2=0.1)

    line = shapely.simplify(_project(border), 200)
    land_cn = shapely.intersection(china, shapely.box(*PARK_EXTENT))
    strip = shapely.intersection(land_cn, _project(line.buffer(3_000), back=True))
    seam = _close(shapely.union_all([leopard_ru, strip]), SLIVER_M)
    both = shapely.union_all([china, russia])
    core = shapely.intersection(seam, both)
    zone = shapely.intersection(_belt(line, land_cn, core, ZONE_KM2), both)
    park = shapely.intersection(_belt(line, land_cn, shapely.MultiPolygon(), PARK_KM2), china)
    demo = _project(shapely.Polygon(DEMO_XY), back=True)
    return {
        "countries": [(code, land[code], COUNTRY_NOTE) for code in sorted(land)],
        "land-of-the-leopard": [("Land of the Leopard National Park", leopard_ru, LEOPARD_NOTE)],
        "northeast-china-park": [
            ("Northeast China Tiger and Leopard National Park", park, PARK_NOTE)
        ],
        "border-zone": [("border zone", zone, ZONE_NOTE)],
        "demo": [("demo", demo, DEMO_NOTE)],
    }


def write(path: Path, features: list[tuple[str, BaseGeometry, str]]) -> None:
    """Write one GeoJSON file, to six decimals, rings as RFC 7946 wants them."""
    rows = []
    for name, geometry, note in features:
        rounded = shapely.set_precision(geometry, 1e-6)
        shape = shapely.normalize(shapely.orient_polygons(rounded, exterior_cw=False))
        shape = shapely.orient_polygons(shape, exterior_cw=False)
        properties = {"name": name, "source": _OSM, "licence": "ODbL 1.0", "note": note}
        if len(features) > 1:
            properties["iso3"] = name
        coordinates = json.loads(shapely.to_geojson(shape))
        rows.append({"type": "Feature", "properties": properties, "geometry": coordinates})
    head = '{"type": "FeatureCollection", "features": [\n'
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    path.write_text(head + lines + "\n]}\n", encoding="utf-8")


def main() -> None:
    """Draw and write every file."""
    source = Path(sys.argv[1])
    out = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(__file__).parent  # noqa: PLR2004  # argv
    for name, features in draw(source).items():
        write(out / f"{name}.geojson", features)


if __name__ == "__main__":
    main()
