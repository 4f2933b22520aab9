"""Remote agents over the SDK: one request a call, never repeated here, each with a deadline."""

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import httpx2
from mistralai.client import Mistral, errors, models
from mistralai.client.beta_agents import BetaAgents
from mistralai.client.models_ import Models
from mistralai.client.types import UNSET
from pydantic import BaseModel, SecretStr, TypeAdapter, ValidationError

from agents_operator.mistral.classify import provider_error
from agents_operator.mistral.errors import (
    NotFoundError,
    ProviderError,
    ProviderRejectedError,
    ProviderUnreachableError,
)
from agents_operator.mistral.model import (
    AgentDefinition,
    AgentIdentity,
    AgentPage,
    CompletionArguments,
    FunctionDefinition,
    MistralAgent,
    ProviderTool,
    Stamp,
    ToolDefinition,
)

DEADLINE = timedelta(seconds=60)
"""Longest time of one call, however slowly its answer drips in."""

CHECK_TIMEOUT = timedelta(seconds=10)
"""Longest silence while a key is checked: providers that are not there must not hold up those that are."""

PAGE = 1000

MOST_PAGES = 50
"""Most pages that are read of one listing: a server may name a next page without end."""

_SENT_TOOL: TypeAdapter[models.CreateAgentRequestTool] = TypeAdapter(models.CreateAgentRequestTool)

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)


class MistralAgents:
    """The agents of one account; every method raises a ProviderError when it is not done."""

    def __init__(self, client: Mistral, key: SecretStr, *, deadline: timedelta = DEADLINE) -> None:
        # Loads the SDK's modules before the first request, which they would hold up for a second.
        self._agents: BetaAgents = client.beta.agents
        self._models: Models = client.models
        self._key = key
        self._deadline = deadline.total_seconds()

    async def check_key(self) -> None:
        """Ask for the models: the cheapest request that needs a valid key."""
        try:
            await self._send(self._models.list_async(timeout_ms=CHECK_TIMEOUT // timedelta(milliseconds=1)))
        except _UnreadableError:
            return

    async def get(self, agent_id: str) -> MistralAgent | None:
        """Read an agent at its current version; None when there is none."""
        try:
            return await self._parsed(MistralAgent, self._agents.get_async(agent_id=agent_id))
        except NotFoundError:
            return None

    async def search(self, identity: AgentIdentity) -> tuple[MistralAgent, ...]:
        """List all agents of this identity, by the marks on them.

        What the server's filters match is not documented, so both of them are tried and neither is trusted.
        """
        return await self._list(identity, metadata=dict(identity.metadata), name=None) or await self._list(
            identity, metadata=None, name=identity.remote_name
        )

    async def create(self, definition: AgentDefinition, stamp: Stamp) -> MistralAgent:
        """Make an agent, which may be there even if this fails as unreachable."""
        request = self._agents.create_async(
            model=definition.model,
            name=definition.name,
            description=definition.description,
            instructions=definition.instructions,
            tools=[_tool(tool) for tool in definition.tools],
            completion_args=_completion(definition.completion),
            handoffs=definition.handoffs or UNSET,
            metadata=stamp.pairs(),
        )
        return await self._parsed(MistralAgent, request, model=definition.model)

    async def update(self, agent_id: str, definition: AgentDefinition, stamp: Stamp) -> MistralAgent:
        """Make a version that is this definition in every field a manifest decides.

        Guardrails have no field in a manifest and stay. Metadata and completion arguments are sent whole,
        nulls included, because it is not documented whether they are merged. Handoffs are cleared by null:
        the API refuses an empty list of them, and no null for tools.
        """
        request = self._agents.update_async(
            agent_id=agent_id,
            model=definition.model,
            name=definition.name,
            description=definition.description,
            instructions=definition.instructions,
            tools=[_tool(tool) for tool in definition.tools],
            completion_args=_completion(definition.completion),
            handoffs=definition.handoffs or None,
            metadata=stamp.pairs(),
        )
        return await self._parsed(MistralAgent, request, model=definition.model)

    async def delete(self, agent_id: str) -> None:
        """Delete an agent; nothing happens when there is none."""
        try:
            await self._send(self._agents.delete_async(agent_id=agent_id))
        except (NotFoundError, _UnreadableError):
            return

    async def _list(
        self, identity: AgentIdentity, *, metadata: dict[str, str] | None, name: str | None
    ) -> tuple[MistralAgent, ...]:
        found: list[MistralAgent] = []
        token: str | None = None
        for _ in range(MOST_PAGES):
            # `metadata` must be passed: the SDK sends garbage where it is left out.
            request = self._agents.list_pages_async(
                metadata=metadata, name=name, page_token=token, page_size=PAGE
            )
            page = await self._parsed(AgentPage, _result(request))
            found.extend(agent for agent in page.data if agent.stamp.belongs_to(identity))
            if not page.next_page_token or page.next_page_token == token:
                return tuple(found)
            token = page.next_page_token
        raise ProviderRejectedError(
            f"lists agents on more than {MOST_PAGES} pages: remove agents that nobody needs from the "
            "account, or correct spec.url if this is not Mistral's API"
        )

    async def _parsed(self, shape: type[M], request: Awaitable[BaseModel], *, model: str | None = None) -> M:
        """Read an answer; one that only the SDK cannot read is a success: its side effect happened."""
        try:
            try:
                answer = await self._send(request, model=model)
            except _UnreadableError as unread:
                return shape.model_validate_json(unread.body)
            return shape.model_validate(answer.model_dump(mode="json", by_alias=True))
        except ValidationError as error:
            raise ProviderUnreachableError("gave an answer that cannot be read") from error

    async def _send(self, request: Awaitable[T], *, model: str | None = None) -> T:
        try:
            async with asyncio.timeout(self._deadline):
                return await request
        except errors.MistralError as error:
            raise self._explained(error, model) from error
        except (TimeoutError, httpx2.TimeoutException) as error:
            raise ProviderUnreachableError("did not answer in time") from error
        except httpx2.InvalidURL as error:
            raise ProviderRejectedError(f"has an impossible address: {error}: correct spec.url") from error
        except (httpx2.RequestError, errors.NoResponseError) as error:
            said = str(error) or type(error).__name__
            raise ProviderUnreachableError(f"could not be reached: {said}") from error

    def _explained(self, error: errors.MistralError, model: str | None) -> ProviderError:
        if 200 <= error.status_code < 300 and "json" in error.headers.get("content-type", "json"):
            return _UnreadableError(error.body)
        body = error.body.replace(self._key.get_secret_value(), "…")
        return provider_error(error.status_code, error.headers, body, now=datetime.now(UTC), model=model)


class _UnreadableError(ProviderError):
    """A success, in a form that the SDK does not expect."""

    def __init__(self, body: str) -> None:
        super().__init__("gave an unexpected answer")
        self.body = body


async def _result(request: Awaitable[models.AgentsAPIV1AgentsListPagesResponse | None]) -> BaseModel:
    response = await request
    return response.result if response else models.AgentListPage(data=[])


def _tool(tool: ToolDefinition) -> models.CreateAgentRequestTool:
    match tool:
        case FunctionDefinition():
            return models.FunctionTool(
                function=models.Function(
                    name=tool.name, description=tool.description, parameters=tool.parameters
                )
            )
        case ProviderTool():
            return _SENT_TOOL.validate_python(tool.model_dump(exclude_none=True))


def _completion(arguments: CompletionArguments) -> models.CompletionArgs:
    return models.CompletionArgs.model_validate(arguments.model_dump(mode="json"))
