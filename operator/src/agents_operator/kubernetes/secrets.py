"""Reads of Secrets, one key at a time."""

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
        try:
            content = await self._api.request("GET", f"api/v1/namespaces/{namespace}/secrets/{ref.name}")
        except GoneError:
            return None
        encoded = _Secret.model_validate_json(content).data.get(ref.key)
        if encoded is None:
            return None
        # What is not text cannot be a key; whoever uses it says so.
        return SecretStr(base64.b64decode(encoded).decode(errors="replace").strip())
