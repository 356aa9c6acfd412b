"""A STAC API over a folder of scenes, with its files by byte ranges; run as its own process.

python stac_server.py FOLDER     prints its port, then serves until stdin closes

The file FOLDER/faults.json says which requests fail: {"call": {"3": "500"}}, by count of the
request, {"from": [3, "500"]} for that and all later ones, or {"seed": 1, "share": 0.2}.
FOLDER/requests.log gets one line per request.
"""

import json
import random
import sys
import threading
import time
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(sys.argv[1])
LOCK = threading.Lock()
COUNT = {"n": 0}
KINDS = ("429", "500", "503", "portal", "empty", "cut", "json")
PAGE = 2
#: Names of bands and places of the catalogue Earth Search.
COMMON = {
    "B01": "coastal", "B02": "blue", "B03": "green", "B04": "red", "B05": "rededge1",
    "B06": "rededge2", "B07": "rededge3", "B08": "nir", "B8A": "nir08", "B11": "swir16",
    "B12": "swir22", "scl": "scl", "SCL": "scl",
}  # fmt: skip


def fault_of(number):
    """Return how a request fails; empty for not at all."""
    path = ROOT / "faults.json"
    faults = json.loads(path.read_text()) if path.exists() else {}
    if number - faults.get("start", 0) in map(int, faults.get("call", {})):
        return faults["call"][str(number - faults.get("start", 0))]
    if "from" in faults and number >= faults["from"][0]:
        return faults["from"][1]
    if "seed" in faults:
        draw = random.Random(f"{faults['seed']}:{number}")
        return draw.choice(KINDS) if draw.random() < faults["share"] else ""
    return ""


def signature():
    """Return what is added to links, from the file FOLDER/signature."""
    path = ROOT / "signature"
    return "?sig=" + path.read_text() if path.exists() else ""


def items():
    """Yield the items of the folder as a catalogue has them: absolute links, common names."""
    for path in sorted(ROOT.rglob("*.json")):
        document = json.loads(path.read_bytes())
        if document.get("type") != "Feature":
            continue
        here = path.parent.relative_to(ROOT).as_posix()
        renamed = {
            COMMON.get(key, key): {
                **asset,
                "href": f"{BASE}/files/{here}/{asset['href']}{signature()}",
            }
            for key, asset in document["assets"].items()
        }
        document["assets"] = renamed
        document["collection"] = "s2"
        document["links"] = [{"rel": "self", "href": f"{BASE}/items/{document['id']}"}]
        yield document


def matches(document, query):
    """Say whether an item is asked for."""
    if "datetime" in query:
        low, high = (datetime.fromisoformat(text) for text in query["datetime"].split("/"))
        when = datetime.fromisoformat(document["properties"]["datetime"])
        if not low <= when <= high:
            return False
    if "bbox" in query and document.get("bbox"):
        west, south, east, north = query["bbox"]
        left, bottom, right, top = document["bbox"]
        return west < right and left < east and south < top and bottom < north
    return True


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_args):
        pass

    def count(self):
        with LOCK:
            number, COUNT["n"] = COUNT["n"], COUNT["n"] + 1
            with (ROOT / "requests.log").open("a") as log:
                log.write(f"{number} {self.command} {self.path} {self.headers.get('Range', '')}\n")
        return number

    def answer(self, status, body, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def failed(self):
        fault = fault_of(self.count())
        if fault in {"429", "500", "503"}:
            self.answer(int(fault), b"busy", Retry_After="0")
        elif fault == "portal":
            self.answer(200, b"<html>", Content_Type="text/html")
        elif fault == "empty":
            self.answer(200, b"", Content_Type="application/json")
        elif fault == "json":
            self.answer(200, b'{"type": "FeatureCollection", "fea', Content_Type="application/json")
        elif fault in {"cut", "slow"}:
            self.send_response(206)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.close_connection = True
            if fault == "slow":
                for _ in range(100):
                    self.wfile.write(b" ")
                    self.wfile.flush()
                    time.sleep(0.05)
        return bool(fault)

    def do_POST(self):
        query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.failed():
            return
        found = [item for item in items() if matches(item, query)]
        at, limit = int(query.get("token", 0)), min(query["limit"], PAGE)
        page = {
            "type": "FeatureCollection",
            "features": found[at : at + limit],
            "numberMatched": len(found),
            "links": [],
        }
        if at + limit < len(found) and not (ROOT / "lose_pages").exists():
            page["links"] = [
                {"rel": "next", "method": "POST", "href": f"{BASE}/search", "merge": True,
                 "body": {"token": at + limit}}
            ]  # fmt: skip
        self.answer(200, json.dumps(page).encode(), Content_Type="application/geo+json")

    def do_GET(self):
        if self.failed():
            return
        if signature() and not self.path.endswith(signature()):
            self.answer(403, b"not signed")
            return
        path = ROOT / self.path.removeprefix("/files/").partition("?")[0]
        if not path.is_file():
            self.answer(404, b"none")
            return
        data = path.read_bytes()
        if "Range" not in self.headers:  # a file of a static catalogue
            self.answer(200, data, Content_Type="application/json")
            return
        low, high = self.headers["Range"].removeprefix("bytes=").split("-")
        part = data[int(low) : int(high) + 1]
        where = f"bytes {low}-{int(low) + len(part) - 1}/{len(data)}"
        tag = f'"{path.stat().st_mtime_ns}"'
        self.answer(206, part, Content_Range=where, ETag=tag, Content_Type="image/tiff")


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    BASE = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    sys.stdin.read()
