"""Somebody who asks something of the API server, and how it answers; nothing that is asked is stored."""

import json
from dataclasses import dataclass

import httpx2
from pydantic import JsonValue

from agents_crds.generate.manifest import KINDS
from agents_crds.v1alpha1 import API_VERSION

MERGE_PATCH = "application/merge-patch+json"

SPECS: dict[str, JsonValue] = {
    "agents": {"model": "m", "instructions": "Be brief."},
    "agentruns": {"agentRef": {"name": "finance"}, "input": "Hello."},
    "mcpservers": {"streamableHttp": {"url": "http://tools:8000/mcp"}},
    "modelproviders": {"apiKeySecretRef": {"name": "mistral", "key": "api-key"}},
    "temporalconnections": {"address": "temporal.example.com:7233"},
    "workerpools": {"template": {"spec": {"containers": [{"name": "worker", "image": "worker:1"}]}}},
}
_KIND_OF = {kind.plural: kind.name for kind in KINDS}


@dataclass(frozen=True)
class Answer:
    """How the API server answered."""

    code: int
    message: str

    @property
    def allowed(self) -> bool:
        """Whether it did what was asked; raises AssertionError when the answer is about something else."""
        assert self.code in {200, 201, 403}, self
        return self.code != 403


@dataclass(frozen=True)
class Person:
    """A user or a service account."""

    name: str
    _client: httpx2.Client

    def lists(self, plural: str, namespace: str) -> Answer:
        """Ask for all objects of a kind."""
        return self._ask("GET", path(plural, namespace))

    def creates(self, plural: str, namespace: str, spec: JsonValue = None) -> Answer:
        """Ask for a new object."""
        return self._ask("POST", path(plural, namespace), manifest(plural, spec))

    def patches(
        self, plural: str, namespace: str, change: JsonValue, *, name: str = "present", part: str = ""
    ) -> Answer:
        """Ask for a change of an object that is there, or of a part of it, like `/status`."""
        return self._ask("PATCH", f"{path(plural, namespace)}/{name}{part}", change)

    def deletes(self, plural: str, namespace: str) -> Answer:
        """Ask for the deletion of the object that is there."""
        return self._ask("DELETE", f"{path(plural, namespace)}/present")

    def deletes_all(self, plural: str, namespace: str) -> Answer:
        """Ask for the deletion of all objects of a kind."""
        return self._ask("DELETE", path(plural, namespace))

    def _ask(self, method: str, target: str, body: JsonValue = None) -> Answer:
        response = self._client.request(
            method,
            target,
            content=None if body is None else json.dumps(body),
            params={} if method == "GET" else {"dryRun": "All"},
            headers={
                "Impersonate-User": self.name,
                "Content-Type": MERGE_PATCH if method == "PATCH" else "application/json",
            },
        )
        return Answer(response.status_code, response.json().get("message", ""))


def pool_spec(container: dict[str, JsonValue] | None = None, **pod: JsonValue) -> JsonValue:
    """Return the spec of a WorkerPool with these fields in its container and in its pod."""
    worker: JsonValue = {"name": "worker", "image": "worker:1", **(container or {})}
    return {"template": {"spec": {"containers": [worker], **pod}}}


KEYED_TEMPORAL: JsonValue = {
    "address": "temporal.example.com:7233",
    "apiKeySecretRef": {"name": "s", "key": "api-key"},
}


def server_spec(**http: JsonValue) -> JsonValue:
    """Return the spec of an MCPServer with these fields beside its address."""
    return {"streamableHttp": {"url": "http://tools:8000/mcp", **http}}


def from_secret(name: str, secret: str) -> JsonValue:
    """Return a header or a variable that comes from a Secret."""
    return {"name": name, "valueFrom": {"secretKeyRef": {"name": secret, "key": "k"}}}


def path(plural: str, namespace: str) -> str:
    """Path of a namespace's objects."""
    return f"/apis/{API_VERSION}/namespaces/{namespace}/{plural}"


def manifest(plural: str, spec: JsonValue = None) -> dict[str, JsonValue]:
    """Return an object of this project's; without a spec, a small one."""
    return {
        "apiVersion": API_VERSION,
        "kind": _KIND_OF[plural],
        "metadata": {"name": "new"},
        "spec": SPECS[plural] if spec is None else spec,
    }
