"""Reads and writes of the Deployments that run worker builds."""

import re
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field, JsonValue
from pydantic.alias_generators import to_camel

from agents_operator.kubernetes.api import APPLY_PATCH, KubernetesApi
from agents_operator.kubernetes.errors import ApiServerError, GoneError, RejectedError

FIELD_MANAGER = "durable-agents-operator"
SCALING_MANAGER = "durable-agents-autoscaler"
"""Owns `spec.replicas`, and nothing else."""
POOL_LABEL = "durable-agents.dev/pool"
BUILD_LABEL = "durable-agents.dev/build"


def selector(pool: str, build: str) -> str:
    """Select what belongs to a build of a pool."""
    return f"{POOL_LABEL}={pool},{BUILD_LABEL}={build}"


# A server-side apply with an unknown field, or with a value of a wrong type, is answered by a 500 (Kubernetes
# 1.34, sigs.k8s.io/structured-merge-diff), so that only the words tell it from an outage.
_COMPLAINTS = (
    re.compile(r"failed to create typed patch object \(.*?\): \.?(.*)", re.DOTALL),
    re.compile(
        r"failed to convert new object \(.*?\) to proper version: .*?, Kind=Deployment: (.*)", re.DOTALL
    ),
    re.compile(r'Deployment\.apps ".*?" is invalid: \[?(.*?)\]?', re.DOTALL),
)
_TOO_LARGE = 413


class InvalidDeploymentError(RejectedError):
    """It is no valid Deployment; `message` names the fields, and has nothing else."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, alias_generator=to_camel)


class _Owner(_Part):
    uid: str


class _Managed(_Part):
    manager: str = ""
    operation: str = ""
    # Not `fieldsV1` by the rule of the other names.
    fields: JsonValue = Field(default=None, alias="fieldsV1")

    @property
    def has_replicas(self) -> bool:
        match self.fields:
            case {"f:spec": {"f:replicas": _}}:
                return True
            case _:
                return False


class _Meta(_Part):
    name: str
    uid: str = ""
    labels: dict[str, str] = {}
    owner_references: tuple[_Owner, ...] = ()
    creation_timestamp: datetime | None = None
    managed_fields: tuple[_Managed, ...] = ()


class _Spec(_Part):
    replicas: int = 1
    template: dict[str, JsonValue] = {}


class _Condition(_Part):
    type: str
    status: str
    message: str = ""


class _Status(_Part):
    replicas: int = 0
    ready_replicas: int = 0
    conditions: tuple[_Condition, ...] = ()


class WorkerDeployment(_Part):
    """A Deployment of ours, as far as the operator reads it."""

    metadata: _Meta
    spec: _Spec = _Spec()
    status: _Status = _Status()

    @property
    def owners(self) -> tuple[str, ...]:
        """The uids of the objects that it belongs to."""
        return tuple(owner.uid for owner in self.metadata.owner_references)

    @property
    def build(self) -> str:
        """The build that it runs."""
        return self.metadata.labels.get(BUILD_LABEL, "")

    @property
    def serves(self) -> bool:
        """Whether it has a worker that works, or is meant to have none for the time being."""
        return self.status.ready_replicas > 0 or self.spec.replicas == 0

    @property
    def is_scaled_apart(self) -> bool:
        """Whether the number of its pods stays when a manifest without one is applied."""
        return any(
            each.manager == SCALING_MANAGER and each.operation == "Apply" and each.has_replicas
            for each in self.metadata.managed_fields
        )

    @property
    def refused_pods(self) -> str | None:
        """Why its pods cannot be created; None when they can."""
        failed = (each for each in self.status.conditions if each.type == "ReplicaFailure")
        return next((each.message for each in failed if each.status == "True"), None)


class _List(_Part):
    items: tuple[WorkerDeployment, ...]


class Deployments:
    """Deployments of worker pools."""

    def __init__(self, api: KubernetesApi) -> None:
        self._api = api

    async def of_pool(self, namespace: str, pool: str, uid: str) -> tuple[WorkerDeployment, ...]:
        """List the Deployments of a pool: those that have its label and belong to this very one."""
        content = await self._api.request(
            "GET", _path(namespace), query={"labelSelector": f"{POOL_LABEL}={pool}"}
        )
        found = _List.model_validate_json(content).items
        return tuple(deployment for deployment in found if uid in deployment.owners)

    async def apply(self, namespace: str, name: str, manifest: JsonValue) -> None:
        """Apply a Deployment server-side: unchanged fields cost no new version.

        Raises InvalidDeploymentError, or RejectedError and ForbiddenError when a policy is against it.
        """
        try:
            await self._api.request(
                "PATCH",
                f"{_path(namespace)}/{name}",
                query={"fieldManager": FIELD_MANAGER, "force": "true", "fieldValidation": "Strict"},
                body=manifest,
                content_type=APPLY_PATCH,
            )
        except ApiServerError as error:
            complaint = what_is_invalid(error)
            if complaint is None:
                raise
            raise InvalidDeploymentError(error.status, complaint) from error

    async def scale(self, namespace: str, deployment: WorkerDeployment, replicas: int) -> None:
        """Let this very Deployment have that many pods.

        Raises ConflictError or GoneError when it is another one or gone, and RejectedError or ForbiddenError
        when a policy is against it.
        """
        name = deployment.metadata.name
        manifest: JsonValue = {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": name, "namespace": namespace, "uid": deployment.metadata.uid},
            "spec": {"replicas": replicas},
        }
        await self._api.request(
            "PATCH",
            f"{_path(namespace)}/{name}",
            query={"fieldManager": SCALING_MANAGER, "force": "true"},
            body=manifest,
            content_type=APPLY_PATCH,
        )

    async def delete(self, namespace: str, name: str) -> None:
        """Delete a Deployment; nothing happens when it is gone."""
        try:
            await self._api.request("DELETE", f"{_path(namespace)}/{name}")
        except GoneError:
            return


def what_is_invalid(error: ApiServerError) -> str | None:
    """Return what the API server finds wrong with the fields; None when it is against something else.

    A policy's refusal is none of the fields' business, though it is a 422 as well.
    """
    for pattern in _COMPLAINTS:
        if found := pattern.fullmatch(error.message):
            return _explained(found[1])
    return error.message if error.status == _TOO_LARGE else None


def _explained(complaint: str) -> str:
    """Say what it is about where the API server does not."""
    if complaint.startswith("quantities must match"):
        return f"a quantity, as in resources, must be a number with a unit, such as 500m or 1Gi; {complaint}"
    return complaint


def _path(namespace: str) -> str:
    return f"apis/apps/v1/namespaces/{namespace}/deployments"
