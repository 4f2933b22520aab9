"""ConfigMaps: those of the operator's own namespace, and the texts that objects of ours name."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, JsonValue

from agents_crds.v1alpha1.fields import ConfigMapKeyRef
from agents_operator.kubernetes.api import MERGE_PATCH, KubernetesApi
from agents_operator.kubernetes.errors import ConflictError, ForbiddenError, GoneError

LISTED = 10


class _ConfigMap(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)
    data: dict[str, str] = {}


class ConfigMaps:
    """ConfigMaps in one namespace: small facts that outlive the operator."""

    def __init__(self, api: KubernetesApi, namespace: str) -> None:
        self.namespace = namespace
        self._api = api
        self._path = f"api/v1/namespaces/{namespace}/configmaps"

    async def read(self, name: str, key: str) -> str | None:
        """Return one value; None when there is none."""
        return (await self.read_all(name)).get(key)

    async def read_all(self, name: str) -> Mapping[str, str]:
        """Return all values of a ConfigMap; none when it does not exist."""
        try:
            content = await self._api.request("GET", f"{self._path}/{name}")
        except GoneError:
            return {}
        return _ConfigMap.model_validate_json(content).data

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


class TextNotFoundError(Exception):
    """A ConfigMap does not hold the text that it is named for; the message says what is missing."""


@dataclass(frozen=True)
class Texts:
    """What a ConfigMap holds."""

    name: str
    """Of the ConfigMap, with its namespace."""
    by_key: Mapping[str, str]

    def text(self, key: str) -> str:
        """Return the text of a key; raise TextNotFoundError when it is missing or blank."""
        text = self.by_key.get(key)
        if text is None:
            raise TextNotFoundError(f"{self.name} has no text under key {key}, {_keys(self.by_key)}")
        if not text.strip():
            raise TextNotFoundError(f"key {key} of {self.name} is empty")
        return text


class ConfigMapReader:
    """The ConfigMaps that objects of ours name."""

    def __init__(self, api: KubernetesApi) -> None:
        self._api = api

    async def read(self, namespace: str, ref: ConfigMapKeyRef) -> str:
        """Return the text of a key; raise TextNotFoundError when it is missing or blank."""
        return (await self.read_all(namespace, ref.name)).text(ref.key)

    async def read_all(self, namespace: str, name: str) -> Texts:
        """Return everything that a ConfigMap holds; raise TextNotFoundError when it cannot be read."""
        found = f"ConfigMap {name} in namespace {namespace}"
        try:
            content = await self._api.request("GET", f"api/v1/namespaces/{namespace}/configmaps/{name}")
        except GoneError as error:
            raise TextNotFoundError(f"there is no {found}") from error
        except ForbiddenError as error:
            raise TextNotFoundError(
                f"the operator may not read {found}: its role needs get on configmaps there"
            ) from error
        return Texts(found, _ConfigMap.model_validate_json(content).data)


def _keys(texts: Mapping[str, str]) -> str:
    keys = sorted(texts)
    if not keys:
        return "nor under any other"
    more = f" and {len(keys) - LISTED} more" if len(keys) > LISTED else ""
    return f"but under {', '.join(keys[:LISTED])}{more}"
