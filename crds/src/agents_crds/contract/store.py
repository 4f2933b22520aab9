"""Where payloads go that are too large for Temporal: a directory, or a bucket of an S3-compatible store."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from temporalio.api.common.v1 import Payload
from temporalio.converter import (
    StorageDriver,
    StorageDriverClaim,
    StorageDriverRetrieveContext,
    StorageDriverStoreContext,
)

from agents_crds.contract.compression import LARGEST_PAYLOAD, TooLargeError

if TYPE_CHECKING:
    from obstore import GetResult
    from obstore.store import LocalStore, S3Config, S3Credential, S3Store

DRIVER = "durable-agents.dev/store"
"""Name of the driver in the references that stand in a history."""

# What is stored or read within a workflow task must end before Temporal gives the task up, after 10 s.
_CONNECT = timedelta(seconds=2)
_RETRY = timedelta(seconds=5)
_REQUEST = timedelta(seconds=30)
# A new key is used within this.
_CREDENTIALS = timedelta(minutes=1)
_REASON_LIMIT = 300
_PROBE = "durable-agents-probe"
_NOT_IN_A_KEY = re.compile(r"[^A-Za-z0-9_/-]")


class StoreError(Exception):
    """The store cannot be reached, refuses us, or lacks a payload: the same request may succeed later."""


class PayloadLostError(StoreError):
    """The store is there, holds other payloads, and not this one: only who deleted it can bring it back."""


@dataclass(frozen=True)
class Directory:
    """A directory that operator and workers share."""

    path: Path

    def __str__(self) -> str:
        return str(self.path)

    def open(self) -> "LocalStore":
        """Make it where it is missing; raise StoreError."""
        from obstore.store import LocalStore  # noqa: PLC0415  # 13 MB for those who have a store

        with _explaining(self):
            return LocalStore(self.path, mkdir=True)


@dataclass(frozen=True)
class Bucket:
    """A bucket of an S3-compatible store, or what is below a prefix in it."""

    name: str
    prefix: str = ""
    endpoint: str | None = None
    """None: Amazon's."""
    region: str | None = None
    access_key_file: Path | None = None
    secret_key_file: Path | None = None
    """Files with the key, read again every minute; without them, what the AWS_* variables tell."""

    def __str__(self) -> str:
        return f"s3://{self.name}/{self.prefix}".rstrip("/")

    def open(self) -> "S3Store":
        """Connect when it is first used."""
        from obstore.store import S3Store  # noqa: PLC0415  # as above

        return S3Store(
            self.name,
            prefix=self.prefix or None,
            config=self._config,
            client_options={
                "allow_http": bool(self.endpoint and self.endpoint.startswith("http://")),
                "connect_timeout": _CONNECT,
                "timeout": _REQUEST,
            },
            retry_config={"max_retries": 3, "retry_timeout": _RETRY},
            credential_provider=self._credentials if self.access_key_file else None,
        )

    @property
    def _config(self) -> "S3Config":
        # Only some stores serve each bucket under a host name of its own; all know it by its path.
        config: S3Config = {"virtual_hosted_style_request": False}
        if self.endpoint:
            config["endpoint"] = self.endpoint
        if self.region:
            config["region"] = self.region
        return config

    def _credentials(self) -> "S3Credential":
        return {
            "access_key_id": _read(self.access_key_file),
            "secret_access_key": _read(self.secret_key_file),
            "expires_at": datetime.now(UTC) + _CREDENTIALS,
        }


def _read(file: Path | None) -> str:
    return file.read_text().strip() if file else ""


class PayloadStore(StorageDriver):
    """Keeps payloads by the workflow that they belong to and their SHA-256; deletes none."""

    def __init__(self, place: Directory | Bucket) -> None:
        self._place = place
        self._opened: LocalStore | S3Store | None = None

    def name(self) -> str:
        """Return what references call it, wherever it is."""
        return DRIVER

    async def check(self) -> None:
        """Raise StoreError when nothing can be stored."""
        with _explaining(self._place):
            await self._store.put_async(_PROBE, b"may be deleted")

    async def store(
        self, context: StorageDriverStoreContext, payloads: Sequence[Payload]
    ) -> list[StorageDriverClaim]:
        """Keep each payload, once for each workflow; raise StoreError."""
        folder = folder_of(context)
        return [await self._keep(folder, payload.SerializeToString()) for payload in payloads]

    async def retrieve(
        self,
        context: StorageDriverRetrieveContext,  # noqa: ARG002  # says nothing
        claims: Sequence[StorageDriverClaim],
    ) -> list[Payload]:
        """Return what was kept; raise StoreError, PayloadLostError among them."""
        return [await self._fetch(claim.claim_data["key"], claim.claim_data["sha256"]) for claim in claims]

    async def _keep(self, folder: str, content: bytes) -> StorageDriverClaim:
        if len(content) > LARGEST_PAYLOAD:
            raise TooLargeError(f"a payload of {len(content)} bytes: {LARGEST_PAYLOAD} can be stored")
        digest = hashlib.sha256(content).hexdigest()
        key = f"{folder}/{digest}"
        with _explaining(self._place):
            if not await self._has(key):
                await self._store.put_async(key, content)
        return StorageDriverClaim({"key": key, "sha256": digest})

    async def _has(self, key: str) -> bool:
        try:
            await self._store.head_async(key)
        except FileNotFoundError:
            return False
        return True

    async def _fetch(self, key: str, digest: str) -> Payload:
        with _explaining(self._place):
            found = await self._found(key)
            if found.meta["size"] > LARGEST_PAYLOAD:
                raise TooLargeError(f"{key} has {found.meta['size']} bytes: {LARGEST_PAYLOAD} can be read")
            content = bytes(await found.bytes_async())
        if hashlib.sha256(content).hexdigest() != digest:
            raise StoreError(f"the payload store {self._place} has something else at {key} than was kept")
        return Payload.FromString(content)

    async def _found(self, key: str) -> "GetResult":
        try:
            return await self._store.get_async(key)
        except FileNotFoundError:
            if await self._is_empty():
                # As a volume that is not mounted, or another bucket than before.
                raise
        raise PayloadLostError(f"the payload store {self._place} no longer has {key}, as if it was deleted")

    async def _is_empty(self) -> bool:
        async for _ in self._store.list(chunk_size=1):
            return False
        return True

    @property
    def _store(self) -> "LocalStore | S3Store":
        if self._opened is None:
            self._opened = self._place.open()
        return self._opened


def folder_of(context: StorageDriverStoreContext) -> str:
    """Name where the payloads of a workflow lie: by namespace and workflow id."""
    target = context.target
    if target is None:
        return "others"
    return _NOT_IN_A_KEY.sub("_", f"{target.namespace}/{target.id or 'others'}").replace("//", "/").strip("/")


@contextmanager
def _explaining(place: Directory | Bucket) -> Iterator[None]:
    from obstore.exceptions import BaseError  # noqa: PLC0415  # as above

    try:
        yield
    except FileNotFoundError as error:
        raise StoreError(
            f"the payload store {place} is not there, or lacks what a history refers to: make it, bring back "
            f"what was deleted there, or configure the one that has it ({_first_words(error)})"
        ) from None
    except (BaseError, OSError, ValueError) as error:
        raise StoreError(f"the payload store {place} cannot be used: {_first_words(error)}") from None


def _first_words(error: Exception) -> str:
    """Shorten what the library says: it adds all that it knows of the request."""
    words = " ".join(str(error).split("\n\nDebug source")[0].split())
    return words[:_REASON_LIMIT]
