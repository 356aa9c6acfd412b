"""A webhook and a mail server on loopback that note what they take, with faults on demand."""

import json
import socketserver
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Taken:
    """What a receiver took: every delivery, and one per id."""

    deliveries: list = field(default_factory=list)
    by_id: dict = field(default_factory=dict)
    faults: list = field(default_factory=list)
    headers: list = field(default_factory=list)
    pings: int = 0
    conflicts: int = 0
    down: bool = False

    def take(self, key, content):
        self.deliveries.append(key)
        self.conflicts += self.by_id.setdefault(key, content) != content

    def fault(self):
        if self.down:
            return "drop"
        return self.faults.pop(0) if self.faults else None


class _Hook(BaseHTTPRequestHandler):
    def do_POST(self):
        taken = self.server.taken
        body = self.rfile.read(int(self.headers["Content-Length"]))
        fault = taken.fault()
        if fault == "drop":
            self.close_connection = True
            return
        taken.headers.append(dict(self.headers))
        if fault is None or fault == "lost answer":
            taken.take(self.headers["Idempotency-Key"], json.loads(body))
        if fault == "lost answer":
            self.close_connection = True
            return
        self.send_response(fault or 204)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self):
        self.server.taken.pings += 1
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class _Mail(socketserver.StreamRequestHandler):
    def say(self, line):
        self.wfile.write(line.encode() + b"\r\n")

    def handle(self):
        taken, fault = self.server.taken, self.server.taken.fault()
        if fault == "drop":
            return
        self.say("220 here")
        for raw in self.rfile:
            word = raw.decode().strip().partition(" ")[0].upper()
            if word == "DATA":
                self.data(taken, fault)
                if fault == "lost answer":
                    return
            elif word == "QUIT":
                self.say("221 bye")
                return
            elif word == "RCPT" and (fault == "refuse" or b"gone@" in raw):
                self.say("550 no such user")
            elif word == "AUTH":
                self.say("535 no" if fault == "login" else "235 welcome")
            else:
                self.say("250-here\r\n250 AUTH PLAIN" if word == "EHLO" else "250 ok")

    def data(self, taken, fault):
        self.say("354 go on")
        lines = []
        for raw in self.rfile:
            if raw == b".\r\n":
                break
            lines.append(raw)
        if fault in {"busy", "spam"}:
            self.say("451 later" if fault == "busy" else "554 no")
            return
        mail = message_from_bytes(b"".join(lines), policy=policy.default)
        taken.take(mail["Message-ID"], (mail["Subject"], mail.get_content(), mail["Date"]))
        if fault != "lost answer":
            self.say("250 taken")


class _MailServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


@contextmanager
def receiver(kind):
    """Serve on a free port of loopback; yield the port and what was taken."""
    made = {
        "webhook": lambda: ThreadingHTTPServer(("127.0.0.1", 0), _Hook),
        "mail": lambda: _MailServer(("127.0.0.1", 0), _Mail),
    }
    server = made[kind]()
    server.taken = Taken()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_address[1], server.taken
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
