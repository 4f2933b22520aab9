"""Remote agents over the SDK: one request a call, never repeated here, each with a deadline."""

from collections.abc import Awaitable
from contextlib import suppress
from datetime import timedelta

from mistralai.client import Mistral, models
from mistralai.client.beta_agents import BetaAgents
from mistralai.client.models_ import Models
from mistralai.client.types import UNSET
from pydantic import BaseModel, SecretStr, TypeAdapter

from agents_operator.mistral.errors import NotFoundError, ProviderRejectedError
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
from agents_operator.mistral.requests import Requests, UnreadableError

DEADLINE = timedelta(seconds=60)
"""Longest time of one call, however slowly its answer drips in."""

CHECK_TIMEOUT = timedelta(seconds=10)
"""Longest silence while a key is checked: providers that are not there must not hold up those that are."""

PAGE = 1000

MOST_PAGES = 50
"""Most pages that are read of one listing: a server may name a next page without end."""

_SENT_TOOL: TypeAdapter[models.CreateAgentRequestTool] = TypeAdapter(models.CreateAgentRequestTool)


class MistralAgents:
    """The agents of one account; every method raises a ProviderError when it is not done."""

    def __init__(self, client: Mistral, key: SecretStr, *, deadline: timedelta = DEADLINE) -> None:
        # Loads the SDK's modules before the first request, which they would hold up for a second.
        self._agents: BetaAgents = client.beta.agents
        self._models: Models = client.models
        self._requests = Requests(key, deadline)

    async def check_key(self) -> str:
        """Ask for the models, the cheapest request that needs a valid key, and say what was seen."""
        with suppress(UnreadableError):
            await self._requests.send(
                self._models.list_async(timeout_ms=CHECK_TIMEOUT // timedelta(milliseconds=1))
            )
        return "accepts the key"

    async def get(self, agent_id: str) -> MistralAgent | None:
        """Read an agent at its current version; None when there is none."""
        try:
            return await self._requests.parsed(MistralAgent, self._agents.get_async(agent_id=agent_id))
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
        return await self._requests.parsed(MistralAgent, request, model=definition.model)

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
        return await self._requests.parsed(MistralAgent, request, model=definition.model)

    async def delete(self, agent_id: str) -> None:
        """Delete an agent; nothing happens when there is none."""
        try:
            await self._requests.send(self._agents.delete_async(agent_id=agent_id))
        except (NotFoundError, UnreadableError):
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
            page = await self._requests.parsed(AgentPage, _result(request))
            found.extend(agent for agent in page.data if agent.stamp.belongs_to(identity))
            if not page.next_page_token or page.next_page_token == token:
                return tuple(found)
            token = page.next_page_token
        raise ProviderRejectedError(
            f"lists agents on more than {MOST_PAGES} pages: remove agents that nobody needs from the "
            "account, or correct spec.url if this is not Mistral's API"
        )


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
