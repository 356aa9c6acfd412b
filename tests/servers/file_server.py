"""A server of whole files, and of a STAC search over them; run as its own process.

python file_server.py FOLDER     prints its port, then serves until stdin closes

POST /search answers with items.json of the folder. The file faults.json says what becomes of a
path: "404", "500", or "cut" (the declared length and half of the bytes), once or always:
{"/a.gpkg": ["cut"]} is a fault of the first request alone, {"/a.gpkg": "404"} of all.
"""

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(sys.argv[1])
ASKED: dict[str, int] = {}
LOCK = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_args):
        pass

    def fault(self):
        with LOCK:
            number = ASKED[self.path] = ASKED.get(self.path, -1) + 1
            with (ROOT / "requests.log").open("a") as log:
                log.write(f"{self.path}\n")
        path = ROOT / "faults.json"
        faults = (json.loads(path.read_text()) if path.exists() else {}).get(self.path, [])
        if isinstance(faults, str):
            return faults
        return faults[number] if number < len(faults) else None

    def answer(self, status, body, kind="application/octet-stream"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        path, fault = ROOT / self.path.lstrip("/"), self.fault()
        if fault == "cut":
            body = path.read_bytes()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2])
            self.close_connection = True
        elif fault or not path.is_file():
            self.answer(int(fault or 404), b"")
        else:
            kind = "application/json" if path.suffix == ".json" else "application/octet-stream"
            self.answer(200, path.read_bytes(), kind)

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        if fault := self.fault():
            self.answer(int(fault), b"")
        else:
            self.answer(200, (ROOT / "items.json").read_bytes(), "application/geo+json")


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    sys.stdin.read()
