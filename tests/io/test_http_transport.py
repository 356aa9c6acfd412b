"""Real sockets: certificates that are not right, and what the environment would slip in."""

import ssl
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from habitat.domain.errors import RemoteError
from habitat.io.net.http import Http
from habitat.io.net.http_policy import HttpPolicy, Request
from habitat.io.net.http_token import SharedToken

#: A certificate that is right carries this name.
HOST = "localhost"


def certificate(folder, *, name=HOST, days=1):
    """Write a certificate that trusts itself, with its key; return the file."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)  # noqa: TID251  # certificates are judged by the real clock
    end = now + timedelta(days=days)
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(end - timedelta(days=3))
        .not_valid_after(end)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )  # fmt: skip
    path = folder / "server.pem"
    path.write_bytes(secret + made.public_bytes(pem))
    return path


@contextmanager
def serving(certificate_file=None):
    """Serve 200 to anybody; give the port and the requests that came through."""
    came = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            came.append(dict(self.headers))
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_args):
            pass

    class Quiet(HTTPServer):
        def handle_error(self, *_args):
            """A client that hangs up is what is tested."""

    server = Quiet(("127.0.0.1", 0), Handler)
    if certificate_file:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate_file)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server.server_port, came
    server.shutdown()
    server.server_close()
    thread.join()


def ask(url, **options):
    host = url.split("/")[2]
    policy = HttpPolicy((host,), attempts=2, backoff_s=0.01, deadline_s=20, **options)
    token = SharedToken(lambda: "our-own-token")
    return Http(policy).fetch(Request(url, token=token), lambda reply: reply.body)


def test_a_certificate_that_is_right_is_taken(tmp_path):
    path = certificate(tmp_path)
    with serving(path) as (port, came):
        assert ask(f"https://{HOST}:{port}/", ca_file=str(path)) == b"ok"
    assert len(came) == 1


@pytest.mark.parametrize(
    ("changes", "trusted", "why"),
    [
        ({}, False, "self-signed|self signed"),
        ({"days": -1}, True, "expired"),
        ({"name": "elsewhere.example"}, True, "localhost"),
    ],
    ids=["unknown", "expired", "other host"],
)
def test_a_wrong_certificate_is_never_passed_over(tmp_path, changes, trusted, why):
    path = certificate(tmp_path, **changes)
    with serving(path) as (port, came), pytest.raises(RemoteError, match=why):
        ask(f"https://{HOST}:{port}/", ca_file=str(path) if trusted else None)
    assert came == []


def test_the_environment_slips_in_neither_a_proxy_nor_another_sign_in(tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with serving() as (port, came):
        assert ask(f"http://127.0.0.1:{port}/", loopback_http=True) == b"ok"
    assert [headers["Authorization"] for headers in came] == ["Bearer our-own-token"]
