"""Requests to a real API server, all on one connection."""

import base64
import json
import ssl
from dataclasses import dataclass
from pathlib import Path

import httpx2
import yaml
from pydantic import JsonValue

from agents_crds.generate.manifest import Kind
from agents_crds.v1alpha1 import API_VERSION

STRICT = {"fieldValidation": "Strict"}
DRY_RUN = STRICT | {"dryRun": "All"}
JSON_PATCH = "application/json-patch+json"


@dataclass(frozen=True)
class Answer:
    """How the API server answered."""

    code: int
    content: bytes
    warnings: tuple[str, ...]

    @property
    def accepted(self) -> bool:
        """Whether the object is valid; raises AssertionError when the answer is about something else."""
        assert self.code in {200, 201, 400, 422}, self.content
        return self.code in {200, 201}


class ApiServer:
    """The API server, as `client` reaches it."""

    def __init__(self, client: httpx2.Client) -> None:
        self._client = client

    def create(self, kind: Kind, manifest: JsonValue, *, namespace: str, dry_run: bool) -> Answer:
        """Create an object, or ask whether it could be."""
        return self.send("POST", path(kind, namespace), manifest, params=DRY_RUN if dry_run else STRICT)

    def write_status(
        self, kind: Kind, name: str, status: JsonValue, *, namespace: str, dry_run: bool
    ) -> Answer:
        """Replace an object's status, or ask whether it could be."""
        target = f"{path(kind, namespace)}/{name}/status"
        operations: JsonValue = [{"op": "add", "path": "/status", "value": status}]
        params = DRY_RUN if dry_run else STRICT
        return self.send("PATCH", target, operations, params=params, content_type=JSON_PATCH)

    def send(
        self,
        method: str,
        target: str,
        body: JsonValue = None,
        *,
        params: dict[str, str] | None = None,
        content_type: str = "application/json",
    ) -> Answer:
        """Send one request."""
        response = self._client.request(
            method,
            target,
            content=None if body is None else json.dumps(body),
            params=params,
            headers={"Content-Type": content_type},
        )
        return Answer(response.status_code, response.content, tuple(response.headers.get_list("warning")))


def path(kind: Kind, namespace: str) -> str:
    """Path of a namespace's objects."""
    return f"/apis/{API_VERSION}/namespaces/{namespace}/{kind.plural}"


def client(kubeconfig: Path) -> httpx2.Client:
    """A client for the one user of a kubeconfig."""
    config = yaml.safe_load(kubeconfig.read_text())
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
    return httpx2.Client(
        base_url=cluster["server"],
        headers={"Authorization": f"Bearer {user['token']}"},
        verify=ssl.create_default_context(cadata=authority),
        trust_env=False,
    )
