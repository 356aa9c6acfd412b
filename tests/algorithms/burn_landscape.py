"""A landscape of cured grass, reed, shrub and leaf-off oak with known fires.

End members (reflectance of green, NIR, SWIR1, SWIR2) are assumed values for a temperate border
zone in early spring; char fades with an e-fold of 25 days into soil and green shoots.
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter

from habitat.algorithms.burn.candidates import candidates
from habitat.algorithms.burn.evidence import evidence
from habitat.algorithms.burn.inputs import (
    HALO_PX,
    BurnParams,
    CoverKinds,
    FireYear,
    Looks,
    Place,
)
from habitat.algorithms.burn.objects import resolve
from habitat.algorithms.burn.scars import FireRecord, scars
from habitat.algorithms.burn.statistics import Tile, class_statistics, combine
from habitat.domain.grid import Window
from habitat.domain.hotspots import Hotspots

CONIFER, OAK, SHRUB, MEADOW, CROP, REED, WATER, BUILT = 1, 2, 5, 6, 7, 8, 9, 10
KINDS = CoverKinds(
    forest=(1, 2, 3, 4), shrub=(5,), grass=(6, 8), crop=(7, 12), water=(9,), built=(10,), bare=(11,)
)
ENDMEMBERS = {  # green, NIR, SWIR1, SWIR2
    CONIFER: (0.04, 0.21, 0.10, 0.045),
    OAK: (0.06, 0.19, 0.23, 0.145),
    SHRUB: (0.07, 0.21, 0.26, 0.165),
    MEADOW: (0.09, 0.235, 0.325, 0.215),
    CROP: (0.10, 0.22, 0.32, 0.24),
    REED: (0.085, 0.24, 0.31, 0.20),
    WATER: (0.06, 0.06, 0.03, 0.02),
    BUILT: (0.11, 0.20, 0.24, 0.21),
}
PLOUGHED, FLOODED = (0.08, 0.15, 0.22, 0.18), (0.06, 0.06, 0.03, 0.02)
SNOW, CHAR = (0.82, 0.70, 0.10, 0.06), (0.035, 0.065, 0.12, 0.12)
SHOOTS, SOIL, LEAVES = (0.07, 0.38, 0.20, 0.09), (0.09, 0.22, 0.30, 0.24), (0.06, 0.42, 0.17, 0.075)
COMBUSTION = {CONIFER: 0.55, OAK: 0.6, SHRUB: 0.75, MEADOW: 0.9, REED: 0.95}
FADE_DAYS = 25.0

DAY0 = 19_540  # 2023-07-02
FIRE_YEAR = FireYear(19_539, 19_904, ((19_631, 19_874),))  # season 2023-10-01 to 2024-05-31
APRIL = 19_814  # 2024-04-01
PIXEL_M = 20
ORIGIN = (-200_000, 20_000)  # row, col of the scene on the grid


@dataclass(frozen=True)
class Scene:
    """A scene: looks, and the truth."""

    looks: Looks
    fire_day: np.ndarray  # int32 (y, x), 0 unburned
    hotspots: Hotspots
    params: BurnParams

    @property
    def window(self):
        return Window(*ORIGIN, *self.fire_day.shape)


def smooth(rng, shape, sigma):
    noise = gaussian_filter(rng.standard_normal(shape), sigma, mode="wrap")
    return (noise - noise.mean()) / noise.std()


def cover_map(rng, shape, grass_share=0.45):
    """Patches of eight covers."""
    field, other = smooth(rng, shape, 14), smooth(rng, shape, 10)
    rank = np.argsort(np.argsort(field, axis=None)).reshape(shape) / field.size
    cover = np.full(shape, OAK, np.uint8)
    cover[rank < grass_share] = MEADOW
    cover[(rank < grass_share) & (other > 0.4)] = REED
    rest = 1 - grass_share
    cover[rank > 1 - 0.15 * rest] = CONIFER
    cover[(rank > grass_share) & (rank < grass_share + 0.2 * rest)] = SHRUB
    cover[(other < -1.4)] = CROP
    cover[(other > 1.9)] = WATER
    cover[(other > 1.75) & (other <= 1.9)] = BUILT
    return cover


def fires(rng, cover, n_fires, share=None):
    """Day of the fire of each pixel, and the centre and day of each fire."""
    shape = cover.shape
    burnable = np.isin(cover, list(COMBUSTION))
    fire_day = np.zeros(shape, np.int32)
    centres = []
    yy, xx = np.mgrid[: shape[0], : shape[1]]
    wobble = smooth(rng, shape, 6)
    if share is not None:  # one huge fire over this share of the grass
        grass = np.isin(cover, [MEADOW, REED])
        field = smooth(rng, shape, 40)
        burned = grass & (field < np.quantile(field[grass], share))
        fire_day[burned] = APRIL + 3
        rows, cols = np.nonzero(burned)
        pick = rng.choice(len(rows), 40, replace=False)
        return fire_day, [(r, c, APRIL + 3) for r, c in zip(rows[pick], cols[pick], strict=True)]
    for _ in range(n_fires):
        y, x = rng.integers(10, shape[0] - 10), rng.integers(10, shape[1] - 10)
        day = APRIL + int(rng.integers(-12, 25))
        radius = rng.uniform(6, 22)
        disc = np.hypot(yy - y, xx - x) < radius * (1 + 0.25 * wobble)
        burned = disc & burnable & (fire_day == 0)
        if burned.sum() > 40:
            fire_day[burned] = day
            rows, cols = np.nonzero(burned)
            centre = np.hypot(rows - y, cols - x).argmin()
            centres.append((rows[centre], cols[centre], day))
    return fire_day, centres


def hotspots_of(rng, shape, centres, known, n_false):
    rows = [(r, c, d) for r, c, d in centres[: int(known * len(centres))]]
    rows += [
        (rng.integers(shape[0]), rng.integers(shape[1]), APRIL + int(rng.integers(-12, 25)))
        for _ in range(n_false)
    ]
    if not rows:
        return Hotspots.empty()
    place = np.array(rows, dtype=np.float64)
    noise = rng.normal(0, 150, (len(rows), 2))
    time = (place[:, 2] * 86_400 + 17 * 3_600).astype("int64").astype("datetime64[s]")
    return Hotspots(
        (ORIGIN[1] + place[:, 1] + 0.5) * PIXEL_M + noise[:, 0],
        -(ORIGIN[0] + place[:, 0] + 0.5) * PIXEL_M + noise[:, 1],
        time,
        rng.uniform(2, 60, len(rows)).astype(np.float32),
    )


def look_days():
    autumn = DAY0 + np.arange(40, 250, 10)
    spring = np.arange(APRIL - 30, APRIL + 75, 5)
    return np.concatenate([autumn, spring]).astype(np.int32)


def mix(share, a, b):
    return [s * share + t * (1 - share) for s, t in zip(a, b, strict=True)]


def surface(cover, day, char, gain):
    """Reflectance (green, NIR, SWIR1, SWIR2) of the ground of one day."""
    table = np.zeros((4, 256))
    for code, spectrum in ENDMEMBERS.items():
        table[:, code] = spectrum
    bands = list(table[:, cover])
    if day < APRIL - 150:  # autumn: browning
        green = leaves = np.clip((DAY0 + 110 - day) / 30, 0, 1)
    else:  # grass greens from mid April, oak flushes in early May
        green = np.clip((day - (APRIL + 15)) / 50, 0, 1)
        leaves = np.clip((day - (APRIL + 32)) / 25, 0, 1)
    leafy = np.isin(cover, [OAK, SHRUB]) * leaves * 0.95
    grassy = np.isin(cover, [MEADOW, REED]) * green * 0.8
    bands = mix(leafy, LEAVES, bands)
    bands = mix(grassy, SHOOTS, bands)
    fade, burned = char
    # As the char fades, soil and then shoots show, earlier than on unburned ground.
    early = np.clip(green * 1.4 + 0.15 * (1 - fade), 0, 0.8)
    healing = mix(early, SHOOTS, mix(0.5, SOIL, bands))
    scar = mix(fade, CHAR, healing)
    bands = mix(burned, scar, bands)
    return [b * gain for b in bands]


def scene(seed=0, size=240, *, n_fires=24, share=None, known=21 / 24, n_false=6, cloud=0.35):
    """Return a scene of ``size`` × ``size`` pixels."""
    rng = np.random.default_rng(seed)
    shape = (size, size)
    cover = cover_map(rng, shape, grass_share=0.45 if share is None else 0.8)
    fire_day, centres = fires(rng, cover, n_fires, share)
    hotspots = hotspots_of(rng, shape, centres, known, n_false)
    days = look_days()
    combustion = np.zeros(256)
    combustion[list(COMBUSTION)] = list(COMBUSTION.values())
    burned_share = np.clip(combustion[cover] + 0.1 * rng.standard_normal(shape), 0.2, 1)
    texture = 1 + 0.08 * smooth(rng, shape, 1.0)
    colour = [1 + 0.03 * rng.standard_normal(shape) for _ in range(4)]
    ploughing = smooth(rng, shape, 4) * 12 + APRIL + 10
    snowy = smooth(rng, shape, 8)
    stacks = np.zeros((4, len(days), *shape), np.uint16)
    state = np.ones((len(days), *shape), np.uint8)
    for t, day in enumerate(days.tolist()):
        age = day - fire_day
        burned = (fire_day > 0) & (age > 0)
        fade = np.where(burned, np.exp(-np.maximum(age, 0) / FADE_DAYS), 0.0)
        bands = surface(cover, day, (fade, burned * burned_share), texture)
        ploughed = (cover == CROP) & (day > ploughing) & (day > APRIL - 30)
        bands = [np.where(ploughed, p, b) for p, b in zip(PLOUGHED, bands, strict=True)]
        snow = np.clip((snowy - 1.2 - (day - (APRIL - 30)) / 8) * 2, 0, 1) * (day > APRIL - 60)
        bands = mix(snow, SNOW, bands)
        if APRIL - 130 < day < APRIL - 31:  # winter
            state[t] = 4
        moisture, haze = rng.normal(0, 0.03), abs(rng.normal(0, 0.008))
        bands = [b * (1 - moisture * k) for b, k in zip(bands, (0.2, 0.2, 1, 1.4), strict=True)]
        bands = [b + haze * k for b, k in zip(bands, (1, 0.5, 0.2, 0.1), strict=True)]
        sky = smooth(rng, shape, 18)
        clouds = sky > np.quantile(sky, 1 - rng.beta(1, 1 / cloud - 1))
        state[t][clouds] = 2
        state[t][np.roll(clouds, (8, 5), (0, 1)) & ~clouds] = 3
        shadow = smooth(rng, shape, 5) > 2.6  # cloud shadow that no mask has found
        bands = [np.where(shadow, b * 0.42, b) for b in bands]
        for k in range(4):
            noise = 1 + 0.02 * rng.standard_normal(shape)
            dn = np.where(clouds, 0.5, bands[k]) * colour[k] * noise * 1e4
            stacks[k, t] = np.clip(dn, 1, 20_000).astype(np.uint16)
    bands = dict(zip(("B03", "B8A", "B11", "B12"), stacks, strict=True))
    return Scene(Looks(days, bands, state, cover), fire_day, hotspots, BurnParams())


def cut(looks, window, part):
    """Return the looks of a padded window; outside the scene there is no data."""
    top, left = part.row - window.row, part.col - window.col
    pad = max(part.height, part.width)

    def piece(stack, fill):
        widths = [(0, 0)] * (stack.ndim - 2) + [(pad, pad), (pad, pad)]
        padded = np.pad(stack, widths, constant_values=fill)
        return padded[
            ..., top + pad : top + pad + part.height, left + pad : left + pad + part.width
        ]

    return Looks(
        looks.days,
        {name: piece(stack, 0) for name, stack in looks.bands.items()},
        piece(looks.state, 0),
        piece(looks.cover, 255),
    )


def run(scene, row_cuts=(), col_cuts=(), fire_year=FIRE_YEAR):
    """Run all stages over the tiles; return the layers of the whole, objects, and tile layers."""
    size_y, size_x = scene.fire_day.shape
    params, window = scene.params, scene.window
    tiles = []
    for r0, r1 in zip([0, *row_cuts], [*row_cuts, size_y], strict=True):
        for c0, c1 in zip([0, *col_cuts], [*col_cuts, size_x], strict=True):
            core = Window(window.row + r0, window.col + c0, r1 - r0, c1 - c0)
            looks = cut(scene.looks, window, core.pad(HALO_PX))
            place = Place(core.pad(HALO_PX), core, PIXEL_M)
            tiles.append((looks, Tile(place, looks.cover, evidence(looks, KINDS, params))))
    partials = [class_statistics(t, scene.hotspots, fire_year, params) for _, t in tiles]
    statistics = combine(partials, params)
    found = [candidates(looks, t, statistics, scene.hotspots, params) for looks, t in tiles]
    objects = resolve([f.facts for f in found], scene.hotspots, params, pixel_m=PIXEL_M)
    record = FireRecord(fire_year, scene.hotspots)
    layers = [
        scars(looks, tile, f, part, record, params)
        for (looks, tile), f, part in zip(tiles, found, objects.tiles, strict=True)
    ]
    whole = {}
    for name in layers[0].__dataclass_fields__:
        first = getattr(layers[0], name)
        out = np.zeros(scene.fire_day.shape, first.dtype)
        for (_, tile), layer in zip(tiles, layers, strict=True):
            out[tile.place.core.slices_in(window)] = getattr(layer, name)
        whole[name] = out
    covers = [tile.cover[tile.place.slices] for _, tile in tiles]
    return whole, objects, list(zip(layers, covers, strict=True))


def errors(mapped, truth, where):
    """Return Dice, omission and commission."""
    both = (mapped & truth & where).sum()
    n_mapped, n_truth = (mapped & where).sum(), (truth & where).sum()
    return 2 * both / (n_mapped + n_truth), 1 - both / n_truth, 1 - both / max(n_mapped, 1)


def first_clear_within(scene, days):
    """Return where the first clear look after the fire came within ``days``."""
    clear = scene.looks.state == 1
    age = scene.looks.days[:, None, None] - scene.fire_day
    return (clear & (age > 0) & (age <= days)).any(axis=0)
