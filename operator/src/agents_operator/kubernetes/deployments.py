"""Writes of the Deployments that run worker builds."""

from pydantic import BaseModel, ConfigDict, JsonValue
from pydantic.alias_generators import to_camel

from agents_operator.kubernetes.api import APPLY_PATCH, KubernetesApi
from agents_operator.kubernetes.errors import GoneError

FIELD_MANAGER = "durable-agents-operator"
POOL_LABEL = "durable-agents.dev/pool"
BUILD_LABEL = "durable-agents.dev/build"


class _Owner(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)
    uid: str


class _Meta(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, alias_generator=to_camel)
    name: str
    labels: dict[str, str] = {}
    owner_references: tuple[_Owner, ...] = ()


class WorkerDeployment(BaseModel):
    """A Deployment of ours, as far as the operator reads it."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    metadata: _Meta

    @property
    def owners(self) -> tuple[str, ...]:
        """The uids of the objects that it belongs to."""
        return tuple(owner.uid for owner in self.metadata.owner_references)

    @property
    def build(self) -> str:
        """The build that it runs."""
        return self.metadata.labels.get(BUILD_LABEL, "")


class _List(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)
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
        """Apply a Deployment server-side: unchanged fields cost no new version."""
        await self._api.request(
            "PATCH",
            f"{_path(namespace)}/{name}",
            query={"fieldManager": FIELD_MANAGER, "force": "true"},
            body=manifest,
            content_type=APPLY_PATCH,
        )

    async def delete(self, namespace: str, name: str) -> None:
        """Delete a Deployment; nothing happens when it is gone."""
        try:
            await self._api.request("DELETE", f"{_path(namespace)}/{name}")
        except GoneError:
            return


def _path(namespace: str) -> str:
    return f"apis/apps/v1/namespaces/{namespace}/deployments"
