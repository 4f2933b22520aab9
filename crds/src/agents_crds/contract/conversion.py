"""How values become payloads in Temporal, and back: one way for operator, workers, tools and tests.

JSON first; then compressed, encoded by the user's own codec and kept in a store, each where it is asked for.
"""

import importlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self
from urllib.parse import unquote, urlsplit

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import (
    DataConverter,
    DefaultFailureConverterWithEncodedAttributes,
    ExternalStorage,
    PayloadCodec,
)

from agents_crds.contract.compression import Codecs, Compression
from agents_crds.contract.environment import WorkerVariable
from agents_crds.contract.store import Bucket, Directory, PayloadStore

PLAIN: DataConverter = pydantic_data_converter
"""All that workers of contract 1 can read."""

STORED_FROM = 131_072
"""Bytes, when compressed and encoded, from which on a payload goes to the store."""


class PayloadVariablesError(Exception):
    """The environment does not say how payloads are kept; the message names the variable."""


@dataclass(frozen=True)
class PayloadSettings:
    """What the environment says of payloads."""

    place: Directory | Bucket | None = None
    """Where large ones go; None leaves them to Temporal's own limits."""
    codec: str | None = None
    """`module:factory` of the user's own codec."""

    @classmethod
    def of_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read the variables `WorkerVariable.PAYLOAD_*`; an empty one is not set.

        Raises PayloadVariablesError.
        """
        given = {name: value for name, value in environment.items() if value}
        return cls(place=_place(given), codec=given.get(WorkerVariable.PAYLOAD_CODEC))

    @property
    def variables(self) -> dict[WorkerVariable, str]:
        """What another process must be told to do the same, but the files with the store's key."""
        told = {WorkerVariable.PAYLOAD_CODEC: self.codec}
        match self.place:
            case Bucket() as bucket:
                told |= {
                    WorkerVariable.PAYLOAD_STORE: str(bucket),
                    WorkerVariable.PAYLOAD_STORE_ENDPOINT: bucket.endpoint,
                    WorkerVariable.PAYLOAD_STORE_REGION: bucket.region,
                }
            case Directory(path):
                told[WorkerVariable.PAYLOAD_STORE] = path.as_uri()
            case None:
                pass
        return {name: value for name, value in told.items() if value}

    def data_converter(self) -> DataConverter:
        """Make the converter; raise PayloadVariablesError for a codec that cannot be had."""
        storage = None
        if self.place:
            storage = ExternalStorage([PayloadStore(self.place)], payload_size_threshold=STORED_FROM)
        if self.codec is None:
            return replace(PLAIN, payload_codec=Compression(), external_storage=storage)
        return replace(
            PLAIN,
            payload_codec=Codecs(Compression(), _load(self.codec)),
            external_storage=storage,
            # Their messages and traces would stay for all to read.
            failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
        )


def store_of(converter: DataConverter) -> PayloadStore | None:
    """Return where a converter puts what is large; None when it has no such place."""
    drivers = converter.external_storage.drivers if converter.external_storage else ()
    return next((driver for driver in drivers if isinstance(driver, PayloadStore)), None)


def plainly(client: Client) -> Client:
    """Return a client on the same connection that sends what workers of contract 1 can read."""
    config = client.config()
    config["data_converter"] = PLAIN
    return Client(**config)


def _place(given: Mapping[str, str]) -> Directory | Bucket | None:
    url = given.get(WorkerVariable.PAYLOAD_STORE)
    others = (
        WorkerVariable.PAYLOAD_STORE_ENDPOINT,
        WorkerVariable.PAYLOAD_STORE_REGION,
        WorkerVariable.PAYLOAD_STORE_ACCESS_KEY_FILE,
        WorkerVariable.PAYLOAD_STORE_SECRET_KEY_FILE,
    )
    if url is None:
        if alone := next((name for name in others if name in given), None):
            raise PayloadVariablesError(f"{alone} needs {WorkerVariable.PAYLOAD_STORE}: name the store there")
        return None
    endpoint, region, access_key, secret_key = (given.get(name) for name in others)
    if (access_key is None) != (secret_key is None):
        raise PayloadVariablesError(f"{others[2]} and {others[3]} come together: set both or neither")
    if endpoint and urlsplit(endpoint).scheme not in {"http", "https"}:
        raise PayloadVariablesError(f"{others[0]} must begin with http:// or https://")
    parts = urlsplit(url)
    match parts.scheme:
        case "file" if not parts.netloc and Path(parts.path).is_absolute():
            return Directory(Path(unquote(parts.path)))
        case "s3" if parts.netloc:
            return Bucket(
                name=parts.netloc,
                prefix=parts.path.strip("/"),
                endpoint=endpoint,
                region=region,
                access_key_file=Path(access_key) if access_key else None,
                secret_key_file=Path(secret_key) if secret_key else None,
            )
        case _:
            raise PayloadVariablesError(
                f"{WorkerVariable.PAYLOAD_STORE} must be s3://BUCKET, s3://BUCKET/PREFIX or file:///DIRECTORY"
            )


def _load(name: str) -> PayloadCodec:
    variable = WorkerVariable.PAYLOAD_CODEC
    module, colon, factory = name.partition(":")
    if not (module and colon and factory):
        raise PayloadVariablesError(f"{variable} must be MODULE:FACTORY, and is {name}")
    try:
        codec = getattr(importlib.import_module(module), factory)()
    except Exception as error:  # the user's code may raise anything
        # Not in the message, which ends up in a status: it may tell a key.
        logging.getLogger(__name__).exception("%s: %s cannot be called", variable, name)
        raise PayloadVariablesError(
            f"{variable}: {name} cannot be called ({type(error).__name__}): the log has the whole of it; the "
            "module must be in the images of operator and workers"
        ) from error
    if not isinstance(codec, PayloadCodec):
        raise PayloadVariablesError(f"{variable}: {name} must return a temporalio.converter.PayloadCodec")
    return codec
