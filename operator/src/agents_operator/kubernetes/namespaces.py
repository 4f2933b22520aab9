"""Reads of namespaces."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from agents_operator.kubernetes.api import KubernetesApi
from agents_operator.kubernetes.errors import ForbiddenError, GoneError


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, alias_generator=to_camel)


class _Meta(_Part):
    deletion_timestamp: datetime | None = None


class _Namespace(_Part):
    metadata: _Meta


class Namespaces:
    """The namespaces that the operator serves."""

    def __init__(self, api: KubernetesApi) -> None:
        self._api = api

    async def is_going(self, name: str) -> bool:
        """Tell whether a namespace is being deleted; where the operator may not know, it is not."""
        try:
            content = await self._api.request("GET", f"api/v1/namespaces/{name}")
        except GoneError:
            return True
        except ForbiddenError:
            return False
        return _Namespace.model_validate_json(content).metadata.deletion_timestamp is not None
