"""Reads and writes of this project's kinds: every write is tested on the version that was read."""

import json
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import aiohttp
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from agents_crds.v1alpha1 import Status
from agents_operator.kubernetes.errors import (
    ApiServerError,
    ConflictError,
    ForbiddenError,
    GoneError,
    RejectedError,
)
from agents_operator.kubernetes.resources import M, Resource, is_name

TIMEOUT = aiohttp.ClientTimeout(total=10, connect=5)
PAGE = 500
JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"


class _Details(BaseModel):
    model_config = ConfigDict(extra="ignore")
    name: str = ""
    causes: tuple[JsonValue, ...] = ()


class _Failure(BaseModel):
    """A metav1.Status."""

    model_config = ConfigDict(extra="ignore")
    message: str = ""
    details: _Details | None = None


class _PageMeta(BaseModel):
    model_config = ConfigDict(extra="ignore")
    next_token: str = Field(default="", alias="continue")


class _Page(BaseModel):
    model_config = ConfigDict(extra="ignore")
    metadata: _PageMeta
    items: tuple[Any, ...]


class KubernetesApi:
    """The API server, as seen by whoever `session` authenticates."""

    def __init__(
        self, session: aiohttp.ClientSession, *, before_write: Callable[[], None] = lambda: None
    ) -> None:
        """`before_write` is called right before every request that may change something."""
        self._session = session
        self._before_write = before_write

    async def get(self, resource: Resource[M], namespace: str, name: str) -> M | None:
        """Read one object; None when there is none of that name, such as one that is no name at all."""
        if not (is_name(namespace) and is_name(name)):
            return None
        try:
            return _parsed(resource, await self.request("GET", resource.path(namespace, name)))
        except GoneError:
            return None

    async def pages(
        self, resource: Resource[M], *, namespace: str | None = None, field_selector: str = ""
    ) -> AsyncIterator[tuple[M, ...]]:
        """List objects page by page, of one namespace or of all; what does not fit its model is left out."""
        path = resource.everywhere if namespace is None else resource.path(namespace)
        token = ""
        while True:
            query = {"limit": str(PAGE), "fieldSelector": field_selector, "continue": token}
            page = _Page.model_validate(_json(await self.request("GET", path, query=query)))
            yield tuple(_parseable(resource, page.items))
            token = page.metadata.next_token
            if not token:
                return

    async def write_status(self, resource: Resource[M], stored: M, status: Status) -> M:
        """Replace the status of this very object in the version that was read; return what is stored now.

        Raises ConflictError, GoneError, or RejectedError when the API server refuses a value.
        """
        operations: list[JsonValue] = [
            {"op": "test", "path": "/metadata/uid", "value": stored.metadata.uid},
            # Setting the version instead of testing it makes a stale write a 409 and not a 422.
            {"op": "replace", "path": "/metadata/resourceVersion", "value": stored.metadata.resource_version},
            {"op": "add", "path": "/status", "value": status.manifest()},
        ]
        path = resource.path(stored.metadata.namespace, stored.metadata.name) + "/status"
        return _parsed(resource, await self.request("PATCH", path, body=operations, content_type=JSON_PATCH))

    async def merge_status(self, resource: Resource[M], stored: M, status: Status) -> None:
        """Merge into the status of this very object, and leave alone what the model does not know."""
        change: JsonValue = {
            "metadata": {"uid": stored.metadata.uid, "resourceVersion": stored.metadata.resource_version},
            "status": status.manifest(),
        }
        path = resource.path(stored.metadata.namespace, stored.metadata.name) + "/status"
        await self.request("PATCH", path, body=change, content_type=MERGE_PATCH)

    async def write_finalizers(self, resource: Resource[M], stored: M, finalizers: tuple[str, ...]) -> M:
        """Replace the finalizers of this very object in the version that was read."""
        metadata: dict[str, JsonValue] = {
            "uid": stored.metadata.uid,
            "resourceVersion": stored.metadata.resource_version,
            "finalizers": list(finalizers),
        }
        path = resource.path(stored.metadata.namespace, stored.metadata.name)
        return _parsed(
            resource,
            await self.request("PATCH", path, body={"metadata": metadata}, content_type=MERGE_PATCH),
        )

    async def delete_all(self, resource: Resource[M], namespace: str, *, field_selector: str) -> None:
        """Delete the selected objects of a namespace in one request."""
        await self.request("DELETE", resource.path(namespace), query={"fieldSelector": field_selector})

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: JsonValue | None = None,
        content_type: str = "application/json",
    ) -> bytes:
        """Send one request and return the body; raise an ApiServerError for anything but a 2xx."""
        if method != "GET":
            self._before_write()
        async with self._session.request(
            method,
            path,
            params={key: value for key, value in (query or {}).items() if value},
            json=body,
            headers={"Content-Type": content_type},
            timeout=TIMEOUT,
        ) as response:
            content = await response.read()
            if response.status >= 300:
                raise _error(response.status, content)
            return content


def _json(content: bytes) -> object:
    """Read JSON as deep as an API server stores it: pydantic's own reader gives up after 200 levels."""
    return json.loads(content)


def _parsed(resource: Resource[M], content: bytes) -> M:
    return resource.model.model_validate(_json(content))


def _parseable(resource: Resource[M], items: Iterable[object]) -> Iterator[M]:
    """Skip what another release stored and no longer parses: one such object must not hide the others."""
    for item in items:
        with suppress(ValidationError):
            yield resource.model.model_validate(item)


def _error(status: int, content: bytes) -> ApiServerError:
    try:
        failure = _Failure.model_validate_json(content)
    except ValueError:
        failure = _Failure(message=content[:200].decode(errors="replace"))
    match status:
        case 404:
            return GoneError(status, failure.message)
        case 409:
            return ConflictError(status, failure.message)
        case 422 if _is_failed_test(failure):
            return ConflictError(status, failure.message)
        case 403:
            return ForbiddenError(status, failure.message)
        case 400 | 413 | 422:
            return RejectedError(status, failure.message)
        case _:
            return ApiServerError(status, failure.message)


def _is_failed_test(failure: _Failure) -> bool:
    """Tell a JSON patch whose test failed from an object that is invalid: both are 422.

    Only the former has empty details. Source: `applyJSPatch` in k8s.io/apiserver/pkg/endpoints/handlers.
    """
    return failure.details == _Details()
