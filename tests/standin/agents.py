"""Agents with all their versions, as pure values."""

import base64
from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from pydantic import Field

from tests.standin.base import Frozen
from tests.standin.errors import invalid_value, not_found
from tests.standin.requests import AgentFilter, CreateAgent, Metadata, UpdateAgent
from tests.standin.tools import CompletionArgs, Guardrail, Tool


class Definition(Frozen):
    """What a version holds."""

    model: str
    name: str
    instructions: str | None = None
    tools: tuple[Tool, ...] = ()
    completion_args: CompletionArgs = CompletionArgs()
    guardrails: tuple[Guardrail, ...] | None = None
    description: str | None = None
    handoffs: tuple[str, ...] | None = None
    metadata: Metadata | None = Field(default_factory=dict)
    deployment_chat: bool = False
    version_message: str | None = None


class Version(Frozen):
    number: int
    definition: Definition
    updated_at: datetime


class Alias(Frozen):
    alias: str
    version: int
    created_at: datetime
    updated_at: datetime


class Agent(Frozen):
    """A remote agent: its versions, the one in force, and the names given to versions."""

    id: str
    created_at: datetime
    versions: tuple[Version, ...]
    default: int = 0
    aliases: tuple[Alias, ...] = ()

    @property
    def current(self) -> Definition:
        """Give the definition in force."""
        return self.versions[self.default].definition


class AgentView(Frozen):
    """An agent as the API shows it."""

    id: str
    object: Literal["agent"] = "agent"
    model: str
    name: str
    version: int
    versions: tuple[int, ...]
    created_at: datetime
    updated_at: datetime
    deployment_chat: bool
    source: Literal["api"] = "api"
    instructions: str | None
    tools: tuple[Tool, ...]
    completion_args: CompletionArgs
    guardrails: tuple[Guardrail, ...] | None
    description: str | None
    handoffs: tuple[str, ...] | None
    metadata: Metadata | None
    owner_id: str | None = None
    version_message: str | None


class AgentPage(Frozen):
    object: Literal["list"] = "list"
    data: tuple[AgentView, ...]
    next_page_token: str | None


def created(request: CreateAgent, agent_id: str, now: datetime) -> Agent:
    """Make an agent at version 0."""
    definition = Definition(**dict(request))
    return Agent(
        id=agent_id, created_at=now, versions=(Version(number=0, definition=definition, updated_at=now),)
    )


def updated(agent: Agent, request: UpdateAgent, now: datetime) -> Agent:
    """Add a version with the fields that were sent and put it in force; equal content makes one too.

    A null for model, name or deployment_chat means unchanged; any other null clears the field.
    """
    kept = {"model", "name", "deployment_chat"}
    sent = {name: value for name, value in request if name in request.model_fields_set}
    changes = {name: value for name, value in sent.items() if value is not None or name not in kept}
    definition = agent.current.model_copy(update={"version_message": None, **changes})
    version = Version(number=len(agent.versions), definition=definition, updated_at=now)
    return agent.model_copy(update={"versions": (*agent.versions, version), "default": version.number})


def switched(agent: Agent, version: int) -> Agent:
    """Put an existing version in force."""
    return agent.model_copy(update={"default": existing_version(agent, version).number})


def aliased(agent: Agent, alias: str, version: int, now: datetime) -> Agent:
    """Give a version a name, or move the name to it."""
    existing_version(agent, version)
    created_at = next((known.created_at for known in agent.aliases if known.alias == alias), now)
    others = tuple(known for known in agent.aliases if known.alias != alias)
    new = Alias(alias=alias, version=version, created_at=created_at, updated_at=now)
    return agent.model_copy(update={"aliases": (*others, new)})


def unaliased(agent: Agent, alias: str) -> Agent:
    """Take a name away."""
    remaining = tuple(known for known in agent.aliases if known.alias != alias)
    if len(remaining) == len(agent.aliases):
        raise not_found("Alias", alias)
    return agent.model_copy(update={"aliases": remaining})


def existing_version(agent: Agent, version: int | str | None) -> Version:
    """Find a version by number or alias; None is the one in force. Refuses with 404."""
    match version:
        case None:
            number: int | None = agent.default
        case int():
            number = version
        case str() if version.isdecimal():
            number = int(version)
        case _:
            number = next((known.version for known in agent.aliases if known.alias == version), None)
    if number is None or not 0 <= number < len(agent.versions):
        raise not_found("Agent version", f"{agent.id}@{version}")
    return agent.versions[number]


def view(agent: Agent, version: Version | None = None) -> AgentView:
    """Show an agent at a version, by default the one in force."""
    shown = version or agent.versions[agent.default]
    return AgentView(
        id=agent.id,
        version=shown.number,
        versions=tuple(known.number for known in agent.versions),
        created_at=agent.created_at,
        updated_at=shown.updated_at,
        **dict(shown.definition),
    )


def matches(agent: Agent, wanted: AgentFilter) -> bool:
    """Tell whether a list with this filter shows the agent."""
    current = agent.current
    named = (wanted.name or "").lower() in current.name.lower()
    searched = (wanted.search or "").lower()
    return (
        named
        and (searched in current.name.lower() or searched in agent.id)
        and wanted.id in {None, agent.id}
        and wanted.deployment_chat in {None, current.deployment_chat}
        and (not wanted.sources or "api" in wanted.sources)
        and has_metadata(current.metadata, wanted.metadata)
    )


def has_metadata(metadata: Metadata | None, wanted: Metadata | None) -> bool:
    """Tell whether every wanted pair is there."""
    return (wanted or {}).items() <= (metadata or {}).items()


def page(agents: Iterable[Agent], size: int, token: str | None) -> AgentPage:
    """Cut a page, oldest agents first; a token goes on after the last agent shown, were it deleted since."""
    ordered = sorted(agents, key=_place)
    shown_up_to = _decoded(token) if token else ""
    remaining = [agent for agent in ordered if _place(agent) > shown_up_to]
    cut = remaining[:size]
    more = len(remaining) > size
    next_token = base64.urlsafe_b64encode(_place(cut[-1]).encode()).decode() if more else None
    return AgentPage(data=tuple(view(agent) for agent in cut), next_page_token=next_token)


def _place(agent: Agent) -> str:
    return f"{agent.created_at.isoformat(timespec='microseconds')} {agent.id}"


def _decoded(token: str) -> str:
    try:
        return base64.urlsafe_b64decode(token).decode()
    except ValueError as error:
        raise invalid_value("value_error", ("query", "page_token"), "Invalid page token", token) from error
