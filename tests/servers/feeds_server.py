"""Loopback Open-Meteo and FIRMS; it shares no code with habitat.

    python tests/servers/feeds_server.py TODAY [KEY]

It prints its port and serves until its standard input closes. GET /_log gives the paths asked for.
"""

import json
import math
import re
import sys
import threading
from datetime import date, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

TODAY = date.fromisoformat(sys.argv[1])
KEY = sys.argv[2] if len(sys.argv) > 2 else "canarykey0123456789abcdef0123456"
UNITS = {
    "temperature_2m": "°C", "relative_humidity_2m": "%", "wind_speed_10m": "km/h",
    "precipitation": "mm", "snow_depth": "m", "wind_direction_10m": "°",
    "shortwave_radiation": "W/m²",
}  # fmt: skip
HEAD = (
    "latitude,longitude,bright_ti4,scan,track,acq_date,acq_time,satellite,instrument,confidence,"
    "version,bright_ti5,frp,daynight"
)
SATELLITES = {"SNPP": "N", "NOAA20": "N20", "NOAA21": "N21"}
LOG = []


def value(name, moment):
    """Dry spring weather with a rain every tenth day."""
    hour, sun = moment.hour + 10, max(0.0, math.sin((moment.hour + 4) * math.pi / 12))
    wet = moment.timetuple().tm_yday % 10 == 0
    return {
        "temperature_2m": round(4 + 8 * sun, 1),
        "relative_humidity_2m": round(85 - 50 * sun),
        "wind_speed_10m": round(8 + 14 * sun + hour % 3, 1),
        "precipitation": 0.8 if wet else 0.0,
        "snow_depth": 0.0,
        "wind_direction_10m": (hour * 15) % 360,
        "shortwave_radiation": round(700 * sun, 1),
    }[name]


@cache
def columns(first, last, names):
    hours = int((last - first).total_seconds() // 3600)
    times = [first + timedelta(hours=n) for n in range(hours)]
    found = {name: [value(name, t) for t in times] for name in names}
    return {"time": [f"{t:%Y-%m-%dT%H:%M}" for t in times]} | found


def place(lat, lon, first, last, names):
    """A little warmer from south to north, so that places are told apart."""
    hourly = dict(columns(first, last, tuple(names)))
    if "temperature_2m" in hourly:
        warmer = (lat - 42) / 10
        hourly["temperature_2m"] = [round(t + warmer, 1) for t in hourly["temperature_2m"]]
    return {
        "latitude": round(lat * 16) / 16,
        "longitude": round(lon * 16) / 16,
        "utc_offset_seconds": 0,
        "timezone": "UTC",
        "hourly_units": {"time": "iso8601"} | {name: UNITS[name] for name in names},
        "hourly": hourly,
    }


def weather(path, query):
    names = query["hourly"].split(",")
    if "archive" in path:
        first, last = (date.fromisoformat(query[k]) for k in ("start_date", "end_date"))
        last += timedelta(days=1)
    else:
        past, ahead = int(query.get("past_days", 0)), int(query.get("forecast_days", 7))
        if past > 92 or ahead > 16:
            return 400, {"error": True, "reason": "Parameter past_days is out of range"}
        first, last = TODAY - timedelta(days=past), TODAY + timedelta(days=ahead)
    span = (datetime.combine(day, datetime.min.time()) for day in (first, last))
    first, last = span
    lats, lons = (list(map(float, query[k].split(","))) for k in ("latitude", "longitude"))
    if len(lats) != len(lons) or query["wind_speed_unit"] != "kmh" or query["timezone"] != "UTC":
        return 400, {"error": True, "reason": "bad request"}
    found = [place(*at, first, last, names) for at in zip(lats, lons, strict=True)]
    return 200, found if len(found) > 1 else found[0]


def geostationary(first, days):
    """One early detection a day far from the others, and one beside them; no instrument."""
    lines = ["latitude,longitude,acq_date,acq_time,satellite,confidence,frp,daynight"]
    for day in (first + timedelta(days=back) for back in range(days)):
        if day <= TODAY:
            for lat, lon in ((42.82, 130.78), (42.70, 130.95)):
                lines.append(f"{lat},{lon},{day},310,H09,60,12.0,D")
    return "\n".join(lines) + "\n"


def hotspots(path):
    found = re.fullmatch(r"/api/area/csv/(\w+)/(\w+)/([-\d.,]+)/(\d+)/(\d{4}-\d\d-\d\d)", path)
    if not found or found[1] != KEY:
        return "Invalid MAP_KEY."
    w, s, e, n = map(float, found[3].split(","))
    first = date.fromisoformat(found[5])
    if found[2] == "GOES_NRT":
        return geostationary(first, int(found[4]))
    satellite = SATELLITES[found[2].split("_")[1]]
    lines = [HEAD]
    for back in range(int(found[4])):
        day = first + timedelta(days=back)
        for lat, lon, frp in ((42.80, 130.78, 31.5), (43.1, 131.4, 4.0)):
            if s <= lat <= n and w <= lon <= e and day <= TODAY:
                lines.append(
                    f"{lat:.5f},{lon:.5f},331.0,0.4,0.4,{day},352,{satellite},VIIRS,n,2.0NRT,"
                    f"290.1,{frp},D"
                )
    return "\n".join(lines) + "\n"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_args):
        pass

    def answer(self, status, body, kind):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        parts = urlsplit(self.path)
        query = {k: v[0] for k, v in parse_qs(parts.query).items()}
        if parts.path == "/_log":
            return self.answer(200, json.dumps(LOG).encode(), "application/json")
        LOG.append(self.path)
        if parts.path.startswith("/api/area/"):
            return self.answer(200, hotspots(parts.path).encode(), "text/csv")
        if parts.path == "/mapserver/mapkey_status/":
            if query.get("MAP_KEY") != KEY:
                return self.answer(200, b"Invalid MAP_KEY.", "text/plain")
            state = {
                "transaction_limit": 5000, "current_transactions": 12,
                "transaction_interval": "10 minutes",
            }  # fmt: skip
            return self.answer(200, json.dumps(state).encode(), "application/json")
        if parts.path in {"/v1/forecast", "/v1/archive"}:
            status, content = weather(parts.path, query)
            return self.answer(status, json.dumps(content).encode(), "application/json")
        return self.answer(404, b"", "text/plain")


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdout.write(f"{server.server_port}\n")
sys.stdout.flush()
sys.stdin.read()
