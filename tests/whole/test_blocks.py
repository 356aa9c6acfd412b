"""What lies outside the AOI is neither read nor computed."""

import tiny

from habitat.io.file_cache import BlockCache
from habitat.io.scenes import scene_raster
from habitat.pipeline import tiles

#: Corners of an AOI well inside the north-western of four tiles [m from the south-west corner].
ONE_TILE = [(200, 1500), (1000, 1480), (1020, 2300), (230, 2290), (200, 1500)]


class Noted(BlockCache):
    """A cache that remembers what was asked of it."""

    def __init__(self) -> None:
        super().__init__(1 << 20)
        self.asked = set()

    def get(self, key, decode):
        self.asked.add(key[-2:])
        return super().get(key, decode)


def test_blocks_outside_the_area_are_neither_read_nor_computed(tmp_path, monkeypatch):
    tiny.write_project(tmp_path, days=())
    corners = [[tiny.EAST + x, tiny.NORTH + y] for x, y in ONE_TILE]
    tiny.write_aoi(tmp_path, {"type": "Polygon", "coordinates": [corners]})
    for day in tiny.DAYS:  # blocks of 64 px that end where the tiles end
        tiny.write_scene(tmp_path, day, tiled=True, blockxsize=64, blockysize=64)
    cache, computed = Noted(), []
    plain = tiles.covered_window
    monkeypatch.setattr(scene_raster, "_CACHE", cache)
    monkeypatch.setattr(
        tiles, "covered_window", lambda *place: computed.append(place[2]) or plain(*place)
    )
    # the offset is looked for all over a scene, before the run
    monkeypatch.setattr("habitat.io.scenes.folder.offset_reason", lambda *_: None)
    assert tiny.run_it(tmp_path) == 0
    assert cache.asked == {(0, 0)}
    assert len(set(computed)) == 1
