"""Reads of Secrets."""

import base64

from pydantic import BaseModel, ConfigDict, SecretStr

from agents_crds.v1alpha1.fields import SecretKeyRef
from agents_operator.kubernetes.api import KubernetesApi
from agents_operator.kubernetes.errors import GoneError


class _Secret(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)
    data: dict[str, str] = {}


class Secrets:
    """The Secrets that objects of ours name."""

    def __init__(self, api: KubernetesApi) -> None:
        self._api = api

    async def read(self, namespace: str, ref: SecretKeyRef) -> SecretStr | None:
        """Return the value without surrounding white space; None when the Secret or the key is missing."""
        return (await self.read_all(namespace, ref.name)).get(ref.key)

    async def read_all(self, namespace: str, name: str) -> dict[str, SecretStr]:
        """Return the values of a Secret by their keys, none when there is no Secret of that name."""
        try:
            content = await self._api.request("GET", f"api/v1/namespaces/{namespace}/secrets/{name}")
        except GoneError:
            return {}
        data = _Secret.model_validate_json(content).data
        return {key: _text(encoded) for key, encoded in data.items()}


def _text(encoded: str) -> SecretStr:
    # What is not text cannot be a key; whoever uses it says so.
    return SecretStr(base64.b64decode(encoded).decode(errors="replace").strip())
