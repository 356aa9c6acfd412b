"""A local S3 service that can be told to fail, for tests."""

import threading

import boto3
import requests
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

BUCKET = "releases-of-tests"


class Quiet(WSGIRequestHandler):
    def log(self, *_):
        pass


class Service:
    """A local S3 service that can be told to fail, and that counts what is written."""

    def __init__(self):
        self._app = DomainDispatcherApplication(create_backend_app)
        self.puts, self.fails, self.lost = [], None, None
        self.removed, self.keeps = [], None
        self.server = make_server("127.0.0.1", 0, self, threaded=True, request_handler=Quiet)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.client = boto3.client(
            "s3",
            endpoint_url=self.url,
            aws_access_key_id="id",
            aws_secret_access_key="a-secret-key",
            region_name="us-east-1",
        )
        requests.post(f"{self.url}/moto-api/reset", timeout=10)
        self.client.create_bucket(Bucket=BUCKET)
        self.puts.clear()

    def __call__(self, environ, start_response):
        name = environ["PATH_INFO"].removeprefix(f"/{BUCKET}/")
        if environ["REQUEST_METHOD"] == "PUT":
            self.puts.append(name)
            if self.fails is not None and self.fails(name, len(self.puts)):
                environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
                start_response("500 Internal Server Error", [("Content-Length", "0")])
                return [b""]
            if self.lost is not None and self.lost(name):
                environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
                start_response("200 OK", [("ETag", '"00"'), ("Content-Length", "0")])
                return [b""]
        if environ["REQUEST_METHOD"] == "DELETE":
            if self.keeps is not None and self.keeps(name, len(self.removed) + 1):
                start_response("500 Internal Server Error", [("Content-Length", "0")])
                return [b""]
            self.removed.append(name)
        return self._app(environ, start_response)

    def objects(self):
        """Return the bytes of every object."""
        listed = self.client.list_objects_v2(Bucket=BUCKET).get("Contents", [])
        return {of["Key"]: self.get(of["Key"]) for of in listed}

    def get(self, key):
        return self.client.get_object(Bucket=BUCKET, Key=key)["Body"].read()

    def current(self):
        return self.get("zone/tiny/CURRENT").decode().strip()
