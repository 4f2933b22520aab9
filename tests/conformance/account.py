"""An account at Mistral, called by the clients of the operator and of the worker."""

import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta

import httpx2
from mistralai.client import Mistral
from mistralai.client.utils.logger import NoOpLogger

from agents_crds.contract.names import INSTALLATION_KEY, NAMESPACE_KEY
from agents_crds.contract.run import FunctionResult, ProviderSnapshot
from agents_crds.contract.transcript import InputMessage, TextPart
from agents_operator.mistral import (
    AgentDefinition,
    AgentIdentity,
    CompletionArguments,
    MistralAgent,
    MistralAgents,
    MistralConnections,
    Stamp,
    ToolDefinition,
)
from agents_worker.messages import ConversationRestart, ConversationStart, ModelAnswer
from agents_worker.sessions.remote import RemoteConversations
from agents_worker.sessions.wire import WireEntry
from tests.conformance.ledger import Ledger
from tests.conformance.server import Server

INSTALLATION = "durable-agents-conformance"
RUN_KEY = "durable-agents.dev/conformance"
CONVERSATION_KEY = "durable-agents.dev/conversation"


@dataclass(frozen=True)
class Step:
    """A model's answer, and the history of the conversation right after it."""

    answer: ModelAnswer
    history: tuple[WireEntry, ...]


def conversation_of(answer: ModelAnswer) -> str:
    """Return the id of the conversation that an answer is part of."""
    assert answer.conversation_id is not None
    return answer.conversation_id


def message(text: str) -> InputMessage:
    """Make a message of the user."""
    return InputMessage(role="user", content=(TextPart(text=text),))


@dataclass(frozen=True)
class Account:
    """What tests do in the account; whatever they make there bears the mark of this `run` of them."""

    server: Server
    ledger: Ledger
    http: httpx2.AsyncClient
    agents: MistralAgents
    conversations: RemoteConversations
    sdk: Mistral
    """For what our clients never send."""
    run: str = field(default_factory=lambda: secrets.token_hex(4))

    def identity(self, name: str) -> AgentIdentity:
        """Say whose agents of this name are."""
        return AgentIdentity(INSTALLATION, self.run, name)

    def stamp(self, name: str) -> Stamp:
        """Mark an agent."""
        return Stamp(installation=INSTALLATION, namespace=self.run, name=name, uid=self.run, hash=name)

    def definition(
        self,
        name: str,
        instructions: str | None = None,
        *tools: ToolDefinition,
        description: str | None = None,
        handoffs: tuple[str, ...] | None = None,
        completion: CompletionArguments | None = None,
    ) -> AgentDefinition:
        """Describe an agent that answers the same each time, as far as models do."""
        return AgentDefinition(
            model=self.server.model,
            name=self.identity(name).remote_name,
            description=description,
            instructions=instructions,
            tools=tools,
            completion=completion or CompletionArguments(temperature=0),
            handoffs=handoffs,
        )

    async def create(self, name: str, definition: AgentDefinition) -> MistralAgent:
        """Make an agent."""
        return await self.agents.create(definition, self.stamp(name))

    async def start(
        self, agent: MistralAgent, name: str, text: str = "", messages: tuple[InputMessage, ...] = ()
    ) -> ModelAnswer:
        """Start a conversation with an agent at its version."""
        start = ConversationStart(
            agent_id=agent.id,
            agent_version=agent.version,
            provider=self.provider,
            input=text,
            messages=messages,
            metadata=self.metadata(name),
            repeated=False,
        )
        return await self.conversations.start(start)

    @property
    def provider(self) -> ProviderSnapshot:
        """Name the provider as a run does; nothing of it is used here."""
        return ProviderSnapshot(name="", url=self.server.url, key_path="", queue="")

    def metadata(self, name: str) -> dict[str, str]:
        """Mark a conversation."""
        return {RUN_KEY: self.run, CONVERSATION_KEY: name}

    async def append(self, to: ModelAnswer, results: Mapping[str, str]) -> ModelAnswer:
        """Give the results of calls, by their ids."""
        given = tuple(FunctionResult(tool_call_id=call, text=text) for call, text in results.items())
        return await self.conversations.append(conversation_of(to), given)

    async def say(self, to: ModelAnswer, text: str) -> ModelAnswer:
        """Say something to the model, as people and corrections do."""
        return await self.conversations.append(conversation_of(to), (), messages=(message(text),))

    async def branch(self, step: Step, text: str, name: str, *, version: int) -> ModelAnswer:
        """Branch off after an answer and say something there."""
        restart = ConversationRestart(
            provider=self.provider,
            conversation_id=conversation_of(step.answer),
            from_entry=step.answer.last_entry,
            agent_version=version,
            results=(),
            messages=(message(text),),
            metadata=self.metadata(name),
            repeated=False,
        )
        return await self.conversations.restart(restart)

    async def noted(self, answer: ModelAnswer) -> Step:
        """Read the history after an answer."""
        history = await self.conversations.history(conversation_of(answer))
        assert history is not None
        return Step(answer, history)

    async def delete_all(self) -> None:
        """Delete what was made, newest first; what cannot be reached stays, and `left` tells."""
        authorization = {"authorization": f"Bearer {self.server.key.get_secret_value()}"}
        origin = httpx2.URL(self.server.url)
        for path in reversed(self.ledger.made):
            with suppress(httpx2.TransportError):
                await self.http.delete(origin.copy_with(path=path), headers=authorization)

    async def left(self) -> list[str]:
        """List what bears the mark of this run."""
        conversations = await self.conversations.find({RUN_KEY: self.run})
        marks = {INSTALLATION_KEY: INSTALLATION, NAMESPACE_KEY: self.run}
        listed = await self.sdk.beta.agents.list_pages_async(metadata=marks, page_size=1000)
        agents = listed.result.data if listed else []
        return [one.id for one in conversations] + [
            agent.id for agent in agents if marks.items() <= (agent.metadata or {}).items()
        ]


@asynccontextmanager
async def open_account(server: Server, ledger: Ledger) -> AsyncIterator[Account]:
    """Call the server for the length of the block; every request is entered in the ledger."""
    async with httpx2.AsyncClient(event_hooks=ledger.hooks) as http:
        sdk = Mistral(
            api_key=server.key.get_secret_value(),
            server_url=server.url,
            async_client=http,
            timeout_ms=timedelta(minutes=2) // timedelta(milliseconds=1),
            debug_logger=NoOpLogger(),
        )
        agents = MistralConnections(http).open(server.url, server.key)
        yield Account(server, ledger, http, agents, RemoteConversations(sdk), sdk)
