"""The API server as the runner sees it: lists and watches that never end, and one status to write."""

import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Literal, TypeVar

import httpx2
from pydantic import JsonValue

from tools.local.kubeconfig import read_kubeconfig
from tools.local.pods.model import Deployment, DeploymentStatus, Model, Secret

_RETRY_SECONDS = 0.5
_WATCH_SECONDS = 240
_MERGE_PATCH = "application/merge-patch+json"

DEPLOYMENTS = "/apis/apps/v1/deployments"
SECRETS = "/api/v1/secrets"

Watched = TypeVar("Watched", Deployment, Secret)


@dataclass(frozen=True)
class Snapshot(Generic[Watched]):
    """All objects there are; what is not in it is gone."""

    objects: tuple[Watched, ...]


@dataclass(frozen=True)
class Changed(Generic[Watched]):
    """An object was made or changed."""

    object: Watched


@dataclass(frozen=True)
class Deleted(Generic[Watched]):
    """An object is gone."""

    object: Watched


Event = Snapshot[Watched] | Changed[Watched] | Deleted[Watched]


class _ListMetadata(Model):
    resource_version: str


class _List(Model):
    metadata: _ListMetadata
    items: tuple[JsonValue, ...]


class _WatchEvent(Model):
    type: Literal["ADDED", "MODIFIED", "DELETED", "ERROR", "BOOKMARK"]
    object: JsonValue


def connect(kubeconfig: Path) -> httpx2.Client:
    """A client of the API server that a local kubeconfig names."""
    server = read_kubeconfig(kubeconfig.read_text())
    return httpx2.Client(
        base_url=server.address,
        headers={"Authorization": f"Bearer {server.token}"},
        verify=ssl.create_default_context(cadata=server.authority),
        timeout=httpx2.Timeout(10),
        trust_env=False,
    )


def follow(
    client: httpx2.Client, path: str, kind: type[Watched], *, label: str | None = None
) -> Iterator[Event[Watched]]:
    """Everything that happens to the objects at `path`, for ever; an outage ends in a new Snapshot."""
    selector = {"labelSelector": label} if label else {}
    while True:
        try:
            listed = _List.model_validate_json(client.get(path, params=selector).raise_for_status().content)
            yield Snapshot(tuple(kind.model_validate(item) for item in listed.items))
            yield from _watch(client, path, kind, selector, listed.metadata.resource_version)
        except httpx2.HTTPError:
            time.sleep(_RETRY_SECONDS)


def _watch(
    client: httpx2.Client, path: str, kind: type[Watched], selector: dict[str, str], version: str
) -> Iterator[Event[Watched]]:
    query = selector | {"watch": "true", "resourceVersion": version, "timeoutSeconds": str(_WATCH_SECONDS)}
    timeout = httpx2.Timeout(10, read=_WATCH_SECONDS + 10)
    with client.stream("GET", path, params=query, timeout=timeout) as response:
        response.raise_for_status()
        for line in response.iter_lines():
            event = _WatchEvent.model_validate_json(line)
            match event.type:
                case "ADDED" | "MODIFIED":
                    yield Changed(kind.model_validate(event.object))
                case "DELETED":
                    yield Deleted(kind.model_validate(event.object))
                case "ERROR":
                    return
                case "BOOKMARK":
                    pass


def write_status(
    client: httpx2.Client, deployment: Deployment, status: DeploymentStatus
) -> Deployment | None:
    """Replace the status of `deployment` and return it as stored; None when it is gone."""
    namespace, name = deployment.key
    response = client.patch(
        f"/apis/apps/v1/namespaces/{namespace}/deployments/{name}/status",
        content=f'{{"status": {status.model_dump_json(by_alias=True)}}}',
        headers={"Content-Type": _MERGE_PATCH},
    )
    if response.status_code == 404:
        return None
    return Deployment.model_validate_json(response.raise_for_status().content)
