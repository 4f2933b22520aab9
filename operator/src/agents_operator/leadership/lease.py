"""The Lease, as the API server keeps it: every write is tested on the version that was read."""

from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict, Field, JsonValue
from pydantic.alias_generators import to_camel

from agents_operator.kubernetes.api import MERGE_PATCH, KubernetesApi
from agents_operator.kubernetes.errors import GoneError

API_VERSION = "coordination.k8s.io/v1"


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, alias_generator=to_camel, validate_by_name=True)


class _Metadata(_Part):
    uid: str
    resource_version: str


class _Spec(_Part):
    holder_identity: str | None = None
    lease_duration_seconds: int | None = None
    acquire_time: str | None = None
    lease_transitions: int | None = None


class Lease(_Part):
    """Who holds it; what wall clocks say in it is for people, and nobody decides by it."""

    metadata: _Metadata
    spec: _Spec = Field(default_factory=_Spec)

    @property
    def holder(self) -> str:
        """Name of the holder; empty when it is free."""
        return self.spec.holder_identity or ""

    @property
    def version(self) -> tuple[str, str]:
        """Differs after every write, and after it was deleted and made anew."""
        return self.metadata.uid, self.metadata.resource_version

    @property
    def term(self) -> tuple[str, str | None]:
        """Differs when it was taken again, also under the same name."""
        return self.holder, self.spec.acquire_time


class Leases:
    """The one Lease of an installation."""

    def __init__(self, api: KubernetesApi, namespace: str, name: str) -> None:
        self.name = name
        self._api = api
        self._path = f"apis/{API_VERSION}/namespaces/{namespace}/leases"

    async def read(self) -> Lease | None:
        """Return it; None when there is none."""
        try:
            return Lease.model_validate_json(await self._api.request("GET", f"{self._path}/{self.name}"))
        except GoneError:
            return None

    async def create(self, holder: str, duration: int) -> Lease:
        """Make it, held; raise ConflictError when somebody was faster."""
        body: JsonValue = {
            "apiVersion": API_VERSION,
            "kind": "Lease",
            "metadata": {"name": self.name},
            "spec": {**_held(holder, duration), "acquireTime": _now(), "leaseTransitions": 0},
        }
        return Lease.model_validate_json(await self._api.request("POST", self._path, body=body))

    async def take(self, lease: Lease, holder: str, duration: int) -> Lease:
        """Begin a new term; raise ConflictError or GoneError when it is not what it was."""
        transitions = (lease.spec.lease_transitions or 0) + (lease.holder != holder)
        return await self._patch(
            lease, {**_held(holder, duration), "acquireTime": _now(), "leaseTransitions": transitions}
        )

    async def renew(self, lease: Lease, holder: str, duration: int) -> Lease:
        """Go on with the term; raise ConflictError or GoneError when it is not what it was."""
        return await self._patch(lease, _held(holder, duration))

    async def release(self, lease: Lease) -> None:
        """Let the next one take it at once."""
        await self._patch(lease, {"holderIdentity": None, "renewTime": _now()})

    async def _patch(self, lease: Lease, spec: dict[str, JsonValue]) -> Lease:
        metadata: JsonValue = {"uid": lease.metadata.uid, "resourceVersion": lease.metadata.resource_version}
        path = f"{self._path}/{self.name}"
        body: JsonValue = {"metadata": metadata, "spec": spec}
        content = await self._api.request("PATCH", path, body=body, content_type=MERGE_PATCH)
        return Lease.model_validate_json(content)


def _held(holder: str, duration: int) -> dict[str, JsonValue]:
    return {"holderIdentity": holder, "leaseDurationSeconds": duration, "renewTime": _now()}


def _now() -> str:
    """Write this moment as a MicroTime."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
