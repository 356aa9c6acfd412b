"""A folder in S3-compatible object storage, asked with total deadlines and explicit credentials.

Nothing is taken from a user's configuration files of the service, which may name code to run.
"""

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import botocore.session
from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from boto3.session import Session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from habitat.domain.errors import CredentialsError, HabitatError, InputError, RemoteError
from habitat.io.secrets import mask
from habitat.io.settings import S3Access

URL = re.compile(
    r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?P<prefix>(?:/[A-Za-z0-9_][A-Za-z0-9._-]*)*)/?"
)
#: Of each request; the library waits longer from one to the next.
ATTEMPTS = 4
_CHUNK = 1 << 20
_REFUSED = {"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken"}
_NOT_THERE = {"NoSuchKey", "404", "NotFound"}
_CHANGED = {"PreconditionFailed", "ConditionalRequestConflict"}
_NO_CONDITIONS = {"NotImplemented", "501"}
#: One file a time; above 64 MB in parts.
_TRANSFER = TransferConfig(multipart_threshold=64 << 20, use_threads=False)


class NoConditionsError(RemoteError):
    """The service knows no conditional writes."""


class ChangedMeanwhileError(RemoteError):
    """The object is not the one that was read."""


class ObjectStore:
    """Objects under ``s3://bucket/prefix``.

    Parameters
    ----------
    url : str
        Bucket and prefix.
    access : S3Access
        Endpoint and credentials.

    Raises
    ------
    InputError
        If the URL is not one of a bucket and a plain prefix.
    """

    def __init__(self, url: str, access: S3Access) -> None:
        found = URL.fullmatch(url)
        if not found:
            raise InputError(
                f"{url}: expected s3://bucket/prefix of letters, digits, '.', '_' and '-'"
            )
        self.url, self._bucket = url.rstrip("/"), found["bucket"]
        self._prefix = found["prefix"].strip("/")
        self._client = _client(access)

    def _key(self, name: str) -> str:
        return f"{self._prefix}/{name}" if self._prefix else name

    def read(self, name: str, max_bytes: int) -> tuple[bytes, str] | None:
        """Return content and tag of a small object, None where there is none.

        Raises
        ------
        InputError
            If it is larger than ``max_bytes``.
        """
        with self._asking("reading", name):
            found = self._found(name)
            if found is None:
                return None
            content: bytes = found["Body"].read(max_bytes + 1)
        if len(content) > max_bytes:
            raise InputError(f"{self.url}/{name}: expected at most {max_bytes:,} bytes")
        return content, found["ETag"]

    def sha256(self, name: str) -> str | None:
        """Return the SHA-256 of all bytes of an object, read anew, None where there is none."""
        digest = hashlib.sha256()
        with self._asking("reading", name):
            found = self._found(name)
            if found is None:
                return None
            for chunk in found["Body"].iter_chunks(_CHUNK):
                digest.update(chunk)
        return digest.hexdigest()

    def _found(self, name: str) -> Any:
        try:
            return self._client.get_object(Bucket=self._bucket, Key=self._key(name))
        except ClientError as fault:
            if fault.response["Error"]["Code"] in _NOT_THERE:
                return None
            raise

    def put_file(self, name: str, path: Path) -> None:
        """Write an object from a file."""
        with self._asking("writing", name):
            self._client.upload_file(str(path), self._bucket, self._key(name), Config=_TRANSFER)

    def swap(self, name: str, content: bytes, tag: str | None) -> None:
        """Write a small object if it is still the one with a tag; None: if there is none yet.

        Raises
        ------
        ChangedMeanwhileError
            If it is not.
        NoConditionsError
            If the service cannot say.
        """
        condition = {"IfMatch": tag} if tag else {"IfNoneMatch": "*"}
        with self._asking("writing", name):
            self._client.put_object(
                Bucket=self._bucket, Key=self._key(name), Body=content, **condition
            )

    def put(self, name: str, content: bytes) -> None:
        """Write a small object, whatever is there."""
        with self._asking("writing", name):
            self._client.put_object(Bucket=self._bucket, Key=self._key(name), Body=content)

    def remove(self, name: str) -> None:
        """Remove an object; one that is not there is no error."""
        with self._asking("removing", name):
            self._client.delete_object(Bucket=self._bucket, Key=self._key(name))

    def written(self, folder: str) -> Iterator[tuple[str, datetime]]:
        """Yield the objects below a folder: name, relative to it, and time of writing, UTC."""
        below = self._key(folder) + "/" if folder else self._key("")
        with self._asking("listing", folder):
            pages = self._client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self._bucket, Prefix=below):
                for entry in page.get("Contents", ()):
                    yield entry["Key"].removeprefix(below), entry["LastModified"]

    @contextmanager
    def _asking(self, doing: str, name: str) -> Iterator[None]:
        try:
            yield
        except ClientError as fault:
            raise _told(f"{doing} {self.url}/{name}", fault) from None
        except (BotoCoreError, Boto3Error, OSError) as fault:
            if isinstance(fault.__context__, ClientError):  # of a file that was sent
                raise _told(f"{doing} {self.url}/{name}", fault.__context__) from None
            raise RemoteError(
                f"{doing} {self.url}/{name}: {mask(str(fault))}. Run the same command again."
            ) from None


def _told(doing: str, fault: ClientError) -> HabitatError:
    """Return the error that a refusal of the service stands for."""
    code = fault.response["Error"]["Code"]
    text = f"{doing}: {mask(str(fault))}"
    if code in _REFUSED or code in {"401", "403"}:
        return CredentialsError(f"{text}. Check the S3 key and what it may do in the bucket.")
    if code in _CHANGED:
        return ChangedMeanwhileError(text)
    if code in _NO_CONDITIONS:
        return NoConditionsError(text)
    return RemoteError(f"{text}. Check the bucket, and run the same command again.")


def _client(access: S3Access) -> Any:
    bare = botocore.session.Session()
    for variable in ("config_file", "credentials_file"):
        bare.set_config_variable(variable, os.devnull)
    return Session(botocore_session=bare).client(
        "s3",
        endpoint_url=access.endpoint or None,
        region_name=access.region,
        aws_access_key_id=access.key_id,
        aws_secret_access_key=access.secret,
        config=Config(
            signature_version="s3v4",
            connect_timeout=10,
            read_timeout=60,
            retries={"total_max_attempts": ATTEMPTS, "mode": "standard"},
            s3={"addressing_style": "path"} if access.endpoint else {},
            # every object is read back and hashed, and not every service knows these headers
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )
