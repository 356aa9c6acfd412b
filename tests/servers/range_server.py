"""A file server with byte ranges, for tests; run as its own process.

python range_server.py FOLDER     prints its port, then serves until stdin closes
"""

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(sys.argv[1])
#: Faults by count of the request: {"2": "500"}; in the file faults.json of the folder.
FAULTS = ROOT / "faults.json"
COUNT = {"n": 0}
LOCK = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_args):
        pass

    def fault(self):
        with LOCK:
            number, COUNT["n"] = COUNT["n"], COUNT["n"] + 1
        faults = json.loads(FAULTS.read_text()) if FAULTS.exists() else {}
        return faults.get(str(number))

    def answer(self, status, body, headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def failed(self):
        fault = self.fault()
        if fault in {"429", "500", "503"}:
            self.answer(int(fault), b"", {"Retry-After": "0"})
        elif fault == "portal":
            self.answer(200, b"<html>", {"Content-Type": "text/html"})
        elif fault == "cut":
            self.send_response(206)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.close_connection = True
        return fault is not None

    def do_GET(self):
        if self.failed():
            return
        path = ROOT / self.path.lstrip("/")
        if not path.is_file():
            self.answer(404, b"", {})
            return
        data = path.read_bytes()
        low, high = self.headers["Range"].removeprefix("bytes=").split("-")
        part = data[int(low) : int(high) + 1]
        where = f"bytes {low}-{int(low) + len(part) - 1}/{len(data)}"
        self.answer(206, part, {"Content-Range": where, "ETag": f'"{len(data)}"'})


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    sys.stdin.read()
