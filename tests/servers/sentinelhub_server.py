"""A loopback Sentinel Hub: token endpoint, catalogue, Process API; pixels from scenes on disk.

    python tests/servers/sentinelhub_server.py SCENES

It prints its port and serves until its standard input closes. It shares no code with habitat, so
that a misunderstanding cannot cancel out. Beside the protocol:

    GET  /_log      every request so far: path, status, units, body
    POST /_faults   {"process": {"3": ["429ms", "500"]}}: what the calls of a path meet, by the
                    number of the call from 1 ("*" for every call); each fault serves once
    POST /_account  {"secret", "quota", "token_seconds"}: resets the log as well
"""

import contextlib
import hashlib
import json
import re
import sys
import threading
import time
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import rasterio
from rasterio.io import MemoryFile
from rasterio.transform import Affine, from_bounds
from rasterio.vrt import WarpedVRT
from rasterio.warp import transform_bounds

CLIENT, SECRET = "loopback-client", "canary-secret-7f3a"
QUOTA_CODE = "ACCESS_INSUFFICIENT_PROCESSING_UNITS"


BUSY = {"reason": "Too Many Requests", "code": "RATE_LIMIT_EXCEEDED"}
#: Faults that are an error of the service: status, error, headers.
REFUSALS: dict[str, tuple[int, dict, dict]] = {
    "429ms": (429, BUSY, {"Retry-After": "40"}),
    "429none": (429, BUSY, {}),
    "429date": (429, BUSY, {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}),
    "quota": (
        403,
        {
            "reason": "Forbidden",
            "message": "Insufficient processing units or requests available in your account.",
            "code": QUOTA_CODE,
        },
        {},
    ),
    "forbidden": (
        403,
        {"reason": "Forbidden", "code": "COMMON_INSUFFICIENT_PERMISSIONS"},
        {},
    ),
    "400": (400, {"reason": "Bad Request", "message": "Illegal request"}, {}),
    "401": (401, {"reason": "Unauthorized"}, {}),
    "500": (500, {"reason": "Internal Server Error"}, {}),
    "502": (502, {"reason": "Bad Gateway"}, {}),
    "503": (503, {"reason": "Service Unavailable"}, {}),
}
#: Faults that are another body than an image: status, body, headers.
BODIES: dict[str, tuple[int, bytes, dict]] = {
    "html": (200, b"<html><body>maintenance</body></html>", {"content-type": "text/html"}),
    "empty": (200, b"", {"content-type": "image/tiff"}),
    "json": (200, b'{"error": {"status": 500}}', {"content-type": "application/json"}),
    "redirect": (302, b"", {"location": "http://127.0.0.1:9/elsewhere"}),
}


def without_offset(image: np.ndarray) -> np.ndarray:
    lower = np.maximum(image[:-2].astype(np.int32) - 1000, 0)
    return np.concatenate([np.where(image[-1] == 1, lower, 0), image[-2:]]).astype(image.dtype)


#: Faults of an image that is complete and wrong.
SPOILED = {
    "blank": np.zeros_like,
    "size": lambda image: image[:, :-1],
    "bands": lambda image: image[:-1],
    "dtype": lambda image: image.astype(np.float32),
    "harmonised": without_offset,
}


class Scene:
    """One item on disk, as a product of the archive."""

    def __init__(self, path: Path, document: dict) -> None:
        p = document["properties"]
        self.folder, self.time = path.parent, p["datetime"]
        stem = document["id"]
        mission = "S2A" if p.get("platform", "").lower().endswith("a") else "S2B"
        digits = re.sub(r"\D", "", p["datetime"])[:14]
        take = p.get("s2:datatake_id", "")
        found = re.search(r"\d{8}T\d{6}", take)
        take = found[0] if found else f"{digits[:8]}T{digits[8:]}"
        baseline = p.get("s2:processing_baseline", "05.10").replace(".", "")
        tile = (p.get("grid:code") or "MGRS-52TDM").removeprefix("MGRS-")
        made = int(hashlib.sha256(stem.encode()).hexdigest(), 16) % 86400
        clock = time.strftime("%H%M%S", time.gmtime(made))
        self.name = f"{mission}_MSIL2A_{take}_N{baseline}_R046_T{tile}_{take[:8]}T{clock}.SAFE"
        self.baseline, self.tile = baseline, tile
        self.bands: dict[str, tuple[Path, int]] = {}
        for key, asset in document["assets"].items():
            inner = asset.get("bands") or asset.get("eo:bands") or [{"name": key}]
            for index, band in enumerate(inner, start=1):
                self.bands[band["name"].upper()] = (self.folder / asset["href"], index)
        with rasterio.open(self.bands["SCL"][0]) as dataset:
            self.bounds = transform_bounds(dataset.crs, "EPSG:4326", *dataset.bounds, densify_pts=9)

    def feature(self) -> dict:
        w, s, e, n = self.bounds
        ring = [[w, s], [e, s], [e, n], [w, n], [w, s]]
        return {
            "stac_version": "1.0.0",
            "type": "Feature",
            "id": self.name,
            "bbox": list(self.bounds),
            "geometry": {"type": "Polygon", "coordinates": [ring]},
            "collection": "sentinel-2-l2a",
            "properties": {"datetime": self.time, "eo:cloud_cover": 12.5},
        }

    def read(self, band: str, vrt: dict, *, bilinear: bool = False) -> np.ndarray:
        path, index = self.bands[band]
        with rasterio.open(path) as dataset:
            if bilinear and 2 * dataset.res[0] == vrt["transform"].a:
                return self.halved(dataset, index, vrt)
            with WarpedVRT(dataset, **vrt) as warped:
                return warped.read(index)

    @staticmethod
    def halved(dataset, index: int, vrt: dict) -> np.ndarray:
        """Bilinear halfway between pixels of half the size: the mean of the four."""
        height, width = vrt["height"], vrt["width"]
        fine = vrt | {
            "transform": vrt["transform"] * Affine.scale(0.5),
            "height": 2 * height,
            "width": 2 * width,
        }
        with WarpedVRT(dataset, **fine) as warped:
            four = warped.read(index).reshape(height, 2, width, 2).astype(np.int64)
        return (four.sum(axis=(1, 3)) + 2) // 4


class Radar:
    """One item of Sentinel-1 on disk, as a product of the archive."""

    tile, baseline = "", "0"

    def __init__(self, path: Path, document: dict) -> None:
        p = document["properties"]
        self.time, self.state = p["datetime"], p["sat:orbit_state"]
        start = re.sub(r"\D", "", self.time)[:14]
        start = f"{start[:8]}T{start[8:]}"
        number = int(hashlib.sha256(document["id"].encode()).hexdigest(), 16) % 10**6
        self.name = f"S1A_IW_GRDH_1SDV_{start}_{start}_{number:06d}_0696F1_3C2B"
        self.files = {k.upper(): path.parent / a["href"] for k, a in document["assets"].items()}
        with rasterio.open(self.files["VV"]) as dataset:
            self.bounds = transform_bounds(dataset.crs, "EPSG:4326", *dataset.bounds, densify_pts=9)

    def feature(self) -> dict:
        found = Scene.feature(self)
        found["properties"] = {"datetime": self.time, "sat:orbit_state": self.state}
        return found | {"collection": "sentinel-1-grd"}

    def read(self, band: str, vrt: dict) -> np.ndarray:
        with rasterio.open(self.files[band]) as dataset, WarpedVRT(dataset, **vrt) as warped:
            return warped.read(1)


COLLECTIONS = {"sentinel-2-l2a": Scene, "sentinel-1-grd": Radar}


def load(folder: Path) -> list[Scene | Radar]:
    scenes = []
    for path in sorted(folder.rglob("*.json")):
        document = json.loads(path.read_text())
        if document.get("type") == "Feature" and "datetime" in document["properties"]:
            kind = Radar if "sat:orbit_state" in document["properties"] else Scene
            scenes.append(kind(path, document))
    return sorted(scenes, key=lambda s: (s.time, s.name))


class World:
    """All that the requests share."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.lock = folder, threading.Lock()
        self.scenes = load(folder)
        self.reset({})

    def reset(self, account: dict) -> None:
        self.secret = account.get("secret", SECRET)
        self.quota = float(account.get("quota", 1e12))
        #: None: no accounting API; else its answer, {} for what is left
        self.accounting = account.get("accounting")
        self.token_seconds = float(account.get("token_seconds", 600))
        self.page = int(account.get("page", 100))
        if account.get("reload"):
            self.scenes = load(self.folder)
        self.tokens: dict[str, float] = {}
        self.log: list[dict] = []
        self.calls: dict[str, int] = {}
        self.faults: dict[str, dict[str, list[str]]] = {}
        self.spent = 0.0

    def fault(self, name: str) -> str | None:
        with self.lock:
            number = self.calls[name] = self.calls.get(name, 0) + 1
            planned = self.faults.get(name, {})
            for key in (str(number), "*"):
                if planned.get(key):
                    if key == "*":
                        return planned[key][0]
                    # the same call again is the next number, so hand the rest on to it
                    first, *rest = planned.pop(key)
                    if rest:
                        planned[str(number + 1)] = rest + planned.get(str(number + 1), [])
                    return first
        return None


def units(body: dict, bands: int, dtype: str) -> float:
    area = max(body["output"]["width"] * body["output"]["height"] / 512**2, 0.01)
    return max(0.005, area * bands / 3 * (2 if dtype == "FLOAT32" else 1))


class Handler(BaseHTTPRequestHandler):
    world: World
    protocol_version = "HTTP/1.1"

    def log_message(self, *args) -> None:
        pass

    def do_GET(self) -> None:
        if self.path == "/_log":
            with self.world.lock:
                self.answer(200, {"log": self.world.log, "spent": self.world.spent})
        elif self.path == "/api/v1/accounting/usage" and self.world.accounting is not None:
            if self.authorised():
                left = self.world.quota - self.world.spent
                self.answer(
                    200,
                    self.world.accounting
                    or {
                        "processingUnitsMonthly": {"remaining": str(left)},
                        "requestsMonthly": {"remaining": "9990"},
                    },
                )
        else:
            self.answer(404, {"error": {"status": 404, "reason": "Not Found"}})

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("content-length", 0)))
        path = urlsplit(self.path).path
        if path == "/_faults":
            self.world.faults = {
                k: {n: list(v) for n, v in d.items()} for k, d in json.loads(raw).items()
            }
            self.world.calls = {}
            return self.answer(200, {})
        if path == "/_account":
            with self.world.lock:
                self.world.reset(json.loads(raw))
            return self.answer(200, {})
        routes = {
            "/token": ("token", self.token),
            "/api/v1/catalog/1.0.0/search": ("search", self.search),
            "/api/v1/process": ("process", self.process),
        }
        if path not in routes:
            return self.answer(404, {"error": {"status": 404, "reason": "Not Found"}})
        name, handle = routes[path]
        self.entry = {"path": name, "status": 0, "units": 0.0}
        with self.world.lock:
            self.world.log.append(self.entry)
        self.kind = self.world.fault(name)
        if self.early():
            return None
        return handle(raw)

    # -- faults that need no answer of the service

    def early(self) -> bool:
        kind = self.kind
        if kind in REFUSALS:
            status, error, headers = REFUSALS[kind]
            self.answer(status, {"error": {"status": status, **error}}, headers)
        elif kind in BODIES:
            self.send(*BODIES[kind])
        elif kind == "reset":
            self.entry["status"] = -1
            self.close_connection = True
            self.connection.close()
        elif kind == "drip":
            self.drip()
        else:
            return False
        return True

    def drip(self) -> None:
        self.entry["status"] = 200
        self.send_response(200)
        self.send_header("content-type", "image/tiff")
        self.send_header("content-length", "100000")
        self.end_headers()
        self.close_connection = True
        with contextlib.suppress(OSError):
            for _ in range(600):
                self.wfile.write(b"I")
                self.wfile.flush()
                time.sleep(0.05)

    # -- the service

    def token(self, raw: bytes) -> None:
        form = {k: v[0] for k, v in parse_qs(raw.decode()).items()}
        if form.get("grant_type") != "client_credentials":
            return self.answer(400, {"error": "unsupported_grant_type"})
        if form.get("client_id") != CLIENT or form.get("client_secret") != self.world.secret:
            return self.answer(
                401,
                {
                    "error": "invalid_client",
                    "error_description": "Invalid client or Invalid client credentials",
                },
            )
        token = f"token-{hashlib.sha256(str(time.time_ns()).encode()).hexdigest()}"
        self.world.tokens[token] = time.monotonic() + self.world.token_seconds
        return self.answer(
            200,
            {
                "access_token": token,
                "expires_in": int(self.world.token_seconds),
                "token_type": "Bearer",
            },
        )

    def authorised(self) -> bool:
        token = self.headers.get("authorization", "").removeprefix("Bearer ")
        if self.world.tokens.get(token, 0) > time.monotonic():
            return True
        self.answer(
            401,
            {
                "error": {
                    "status": 401,
                    "reason": "Unauthorized",
                    "message": "You are not authorized! Please provide a valid token.",
                }
            },
        )
        return False

    def search(self, raw: bytes) -> None:
        if not self.authorised():
            return None
        body = json.loads(raw)
        self.entry["body"] = body
        (kind,) = [k for k in COLLECTIONS if [k] == body["collections"]] or [""]
        if not kind or not 1 <= body.get("limit", 10) <= 100:
            return self.answer(400, {"code": 400, "description": "bad search"})
        start, end = (datetime.fromisoformat(t) for t in body["datetime"].split("/"))
        w, s, e, n = body["bbox"]
        found = [
            scene.feature()
            for scene in self.world.scenes
            if isinstance(scene, COLLECTIONS[kind])
            and start <= datetime.fromisoformat(scene.time) <= end
            and scene.bounds[0] < e
            and w < scene.bounds[2]
            and scene.bounds[1] < n
            and s < scene.bounds[3]
        ]
        at, limit = body.get("next", 0), min(body.get("limit", 10), self.world.page)
        page = found[at : at + limit]
        context = {"limit": limit, "returned": len(page)}
        if at + limit < len(found):
            context["next"] = at + limit
        if self.kind == "short":  # says more than it gives
            page = page[:-1]
        elif self.kind == "none":
            page, context = [], {"limit": limit, "returned": 0}
        elif self.kind == "endless":
            context["next"] = at
        elif self.kind == "twice":
            page = page + page[:1]
            context["returned"] = len(page)
        return self.answer(200, {"type": "FeatureCollection", "features": page, "context": context})

    def process(self, raw: bytes) -> None:
        if not self.authorised():
            return None
        body = json.loads(raw)
        self.entry["body"] = body
        data, out = body["input"]["data"][0], body["output"]
        known = data["type"] in COLLECTIONS
        if not known or max(out["width"], out["height"]) > 2500:
            return self.answer(
                400, {"error": {"status": 400, "reason": "Bad Request", "message": "too large"}}
            )
        bands = json.loads(re.search(r"bands: (\[[^\]]*\])", body["evalscript"])[1])
        dtype = re.search(r'sampleType: "(\w+)"', body["evalscript"])[1]
        price = units(body, len(bands) - ("dataMask" in bands), dtype)
        price *= 2.5 if data.get("processing", {}).get("backCoeff") == "GAMMA0_TERRAIN" else 1
        if self.world.spent + price > self.world.quota:
            self.kind = "quota"
            self.early()
            return None
        image = self.backscatter(body) if dtype == "FLOAT32" else self.image(body, bands, dtype)
        if self.kind in SPOILED:
            image = SPOILED[self.kind](image)
        self.world.spent += price
        self.entry["units"] = price
        headers = {"content-type": "image/tiff", "x-processingunits-spent": repr(price)}
        content = tiff(image, body)
        if self.kind == "truncated":
            headers["content-length"] = str(len(content))
            content = content[: len(content) // 2]
            self.close_connection = True
        if self.kind == "cut":  # no length: only decoding can tell
            headers["connection"] = "close"
            content = content[: len(content) // 2]
        if self.kind == "unbilled":
            headers.pop("x-processingunits-spent")
        return self.send(200, content, headers, sized=self.kind not in {"truncated", "cut"})

    def backscatter(self, body: dict) -> np.ndarray:
        data, out = body["input"]["data"][0], body["output"]
        asked, how = data["dataFilter"], data["processing"]
        assert (asked["acquisitionMode"], asked["polarization"]) == ("IW", "DV")
        assert how["orthorectify"] is True
        assert how["demInstance"] == "COPERNICUS"
        span, bounds = asked["timeRange"], body["input"]["bounds"]
        start, end = (datetime.fromisoformat(span[key]) for key in ("from", "to"))
        shape = (out["height"], out["width"])
        vrt = {
            "crs": f"EPSG:{bounds['properties']['crs'].rsplit('/', 1)[1]}",
            "transform": from_bounds(*bounds["bbox"], *reversed(shape)),
            "height": shape[0], "width": shape[1], "nodata": np.nan,
        }  # fmt: skip
        made = np.zeros((3, *shape), np.float32)
        for scene in self.world.scenes:
            inside = isinstance(scene, Radar) and start <= datetime.fromisoformat(scene.time) <= end
            if inside and scene.state.upper() == asked["orbitDirection"]:
                vv, vh = scene.read("VV", vrt), scene.read("VH", vrt)
                new = np.isfinite(vv) & np.isfinite(vh) & (made[2] == 0)
                made[0][new], made[1][new], made[2][new] = vv[new], vh[new], 1
        return made

    def image(self, body: dict, bands: list[str], dtype: str) -> np.ndarray:
        data, out = body["input"]["data"][0], body["output"]
        span = data["dataFilter"]["timeRange"]
        start, end = datetime.fromisoformat(span["from"]), datetime.fromisoformat(span["to"])
        harmonise = data.get("processing", {}).get("harmonizeValues", True)
        bilinear = data.get("processing", {}).get("downsampling") == "BILINEAR"
        bounds = body["input"]["bounds"]
        epsg = int(bounds["properties"]["crs"].rsplit("/", 1)[1])
        shape = (out["height"], out["width"])
        vrt = {
            "crs": f"EPSG:{epsg}",
            "transform": from_bounds(*bounds["bbox"], *reversed(shape)),
            "height": shape[0],
            "width": shape[1],
            "resampling": rasterio.enums.Resampling.nearest,
        }
        made = np.zeros((len(bands), *shape), "uint8" if dtype == "UINT8" else "uint16")
        done = np.zeros(shape, bool)
        seen = [s for s in self.world.scenes if isinstance(s, Scene)]
        inside = [s for s in seen if start <= datetime.fromisoformat(s.time) <= end]
        for scene in sorted(inside, key=lambda s: (s.tile, -int(s.baseline), s.name)):
            scl = scene.read("SCL", vrt)
            new = (scl != 0) & ~done
            for at, band in enumerate(bands):
                if band == "dataMask":
                    values = np.ones(shape, made.dtype)
                elif band == "SCL":
                    values = scl
                else:
                    values = scene.read(band, vrt, bilinear=bilinear)
                    if harmonise and scene.baseline >= "0400":
                        values = np.maximum(values.astype(np.int32) - 1000, 0)
                made[at][new] = values[new]
            done |= new
        return made

    def answer(self, status: int, document: dict, headers: dict | None = None) -> None:
        content = json.dumps(document).encode()
        self.send(status, content, {"content-type": "application/json", **(headers or {})})

    def send(self, status: int, content: bytes, headers: dict, *, sized: bool = True) -> None:
        if hasattr(self, "entry"):
            self.entry["status"] = status
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if sized:
            self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def tiff(image: np.ndarray, body: dict) -> bytes:
    bounds = body["input"]["bounds"]
    count, rows, columns = image.shape
    width, height = body["output"]["width"], body["output"]["height"]  # also of a spoiled image
    with MemoryFile() as memory:
        with memory.open(
            driver="GTiff", count=count, height=rows, width=columns, dtype=image.dtype,
            crs="EPSG:" + bounds["properties"]["crs"].rsplit("/", 1)[1], compress="deflate",
            transform=from_bounds(*bounds["bbox"], width, height),
        ) as dataset:  # fmt: skip
            dataset.write(image)
        return memory.read()


def main() -> None:
    Handler.world = World(Path(sys.argv[1]))
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)  # noqa: T201  # how the caller learns the port
    sys.stdin.read()


if __name__ == "__main__":
    main()
