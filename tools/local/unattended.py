"""Agents whose counterpart, at a server elsewhere, would be left without an operator."""

from collections.abc import Iterable
from typing import Literal

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from tools.local.kubectl import Kubectl
from tools.local.provider import is_local


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, alias_generator=to_camel, validate_by_name=True)


class Metadata(_Frozen):
    """How an object is named."""

    namespace: str
    name: str


class ProviderRef(_Frozen):
    """The ModelProvider that an Agent is to live at."""

    name: str


class AgentSpec(_Frozen):
    """The part of an Agent's spec that decides what becomes of its counterpart."""

    provider_ref: ProviderRef
    deletion_policy: Literal["Delete", "Retain"]


class Remote(_Frozen):
    """Where an Agent's counterpart was made."""

    provider: str | None = None


class AgentStatus(_Frozen):
    """The part of an Agent's status that tells of its counterpart."""

    remote: Remote = Remote()


class Agent(_Frozen):
    """An Agent."""

    metadata: Metadata
    spec: AgentSpec
    status: AgentStatus = AgentStatus()


class ProviderSpec(_Frozen):
    """Where a provider is."""

    url: str


class ModelProvider(_Frozen):
    """A ModelProvider."""

    metadata: Metadata
    spec: ProviderSpec


class Objects(_Frozen):
    """What `kubectl get --output=json` prints for both kinds."""

    items: tuple[Agent | ModelProvider, ...]


def observe_unattended(kubectl: Kubectl) -> list[Metadata]:
    """Find them in the cluster."""
    found = kubectl("get", "modelproviders,agents", "--all-namespaces", "--output=json")
    return unattended(Objects.model_validate_json(found).items)


def unattended(objects: Iterable[Agent | ModelProvider]) -> list[Metadata]:
    """The Agents whose counterpart, at a server elsewhere, nobody wants once the platform is down.

    Those are not the ones to be retained, nor those at a server of this machine.
    """
    known = list(objects)
    elsewhere = {
        each.metadata for each in known if isinstance(each, ModelProvider) and not is_local(each.spec.url)
    }
    return [
        each.metadata
        for each in known
        if isinstance(each, Agent)
        and each.spec.deletion_policy == "Delete"
        and not elsewhere.isdisjoint(_providers(each))
    ]


def _providers(agent: Agent) -> list[Metadata]:
    """The provider it names and the one it was made at; they differ for a moment after an edit."""
    names = (agent.spec.provider_ref.name, agent.status.remote.provider)
    return [Metadata(namespace=agent.metadata.namespace, name=name) for name in names if name]
