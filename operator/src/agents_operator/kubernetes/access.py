"""What the operator may do, as the API server says when it is asked about oneself."""

import asyncio
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, JsonValue

from agents_crds.v1alpha1 import GROUP
from agents_operator.kubernetes.api import KubernetesApi
from agents_operator.kubernetes.errors import ForbiddenError
from agents_operator.kubernetes.resources import (
    AGENT_RUNS,
    AGENTS,
    MCP_SERVERS,
    MODEL_PROVIDERS,
    TEMPORAL_CONNECTIONS,
    WORKER_POOLS,
)

API_VERSION = "authorization.k8s.io/v1"
KIND = "SelfSubjectAccessReview"
PATH = f"apis/{API_VERSION}/selfsubjectaccessreviews"


@dataclass(frozen=True)
class Right:
    """One verb on one of our kinds."""

    verb: str
    plural: str


TO_WATCH = tuple(
    Right(verb, resource.plural)
    for verb in ("list", "watch")
    for resource in (AGENTS, AGENT_RUNS, MCP_SERVERS, MODEL_PROVIDERS, TEMPORAL_CONNECTIONS, WORKER_POOLS)
)


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)
    allowed: bool


class _Review(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)
    status: _Answer


class Access:
    """The operator's rights to watch."""

    def __init__(self, api: KubernetesApi) -> None:
        self._api = api

    async def missing(self, namespace: str | None) -> tuple[Right, ...]:
        """Name those that it lacks in a namespace, or in all at once (None); a request for each right."""
        allowed = await asyncio.gather(*(self._is_allowed(right, namespace) for right in TO_WATCH))
        return tuple(right for right, is_allowed in zip(TO_WATCH, allowed, strict=True) if not is_allowed)

    async def _is_allowed(self, right: Right, namespace: str | None) -> bool:
        attributes: dict[str, JsonValue] = {"group": GROUP, "resource": right.plural, "verb": right.verb}
        if namespace is not None:
            attributes["namespace"] = namespace
        review: JsonValue = {
            "apiVersion": API_VERSION,
            "kind": KIND,
            "spec": {"resourceAttributes": attributes},
        }
        try:
            content = await self._api.request("POST", PATH, body=review)
        except ForbiddenError:
            # Everybody may ask, unless the cluster has taken that away: then only trying tells.
            return True
        return _Review.model_validate_json(content).status.allowed
