"""ConfigMaps of the operator's own namespace: small facts that outlive it."""

from pydantic import BaseModel, ConfigDict, JsonValue

from agents_operator.kubernetes.api import MERGE_PATCH, KubernetesApi
from agents_operator.kubernetes.errors import ConflictError, GoneError


class _ConfigMap(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)
    data: dict[str, str] = {}


class ConfigMaps:
    """ConfigMaps in one namespace."""

    def __init__(self, api: KubernetesApi, namespace: str) -> None:
        self.namespace = namespace
        self._api = api
        self._path = f"api/v1/namespaces/{namespace}/configmaps"

    async def read(self, name: str, key: str) -> str | None:
        """Return one value; None when there is none."""
        try:
            content = await self._api.request("GET", f"{self._path}/{name}")
        except GoneError:
            return None
        return _ConfigMap.model_validate_json(content).data.get(key)

    async def create(self, name: str, key: str, value: str) -> None:
        """Create a ConfigMap with one value; raise ConflictError when it exists."""
        await self._api.request("POST", self._path, body=_manifest(name, key, value))

    async def put(self, name: str, key: str, value: str) -> None:
        """Set one value, whether the ConfigMap exists or not."""
        try:
            await self.create(name, key, value)
        except ConflictError:
            change: JsonValue = {"data": {key: value}}
            await self._api.request("PATCH", f"{self._path}/{name}", body=change, content_type=MERGE_PATCH)


def _manifest(name: str, key: str, value: str) -> JsonValue:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {key: value}}
