"""Counts of every request and every side effect, so that tests can prove that nothing was done twice."""

from collections import Counter
from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from tests.standin.base import Frozen
from tests.standin.entries import AnyEntry, FunctionResult, Handoff, ToolExecution, Usage
from tests.standin.requests import ToolConfirmation

AgentEffect = Literal["created", "updated", "switched", "deleted"]
ConversationEffect = Literal["created", "appends", "restarts", "deleted"]


class AgentCounts(Frozen):
    name: str = ""
    created: int = 0
    updated: int = 0
    switched: int = 0
    deleted: int = 0


class ConversationCounts(Frozen):
    """What happened to one conversation.

    Function results and confirmations are counted by tool_call_id, executions by the tool's name.
    """

    agent_id: str | None = None
    created: int = 0
    appends: int = 0
    restarts: int = 0
    deleted: int = 0
    function_results: dict[str, int] = Field(default_factory=dict)
    confirmations: dict[str, int] = Field(default_factory=dict)
    executions: dict[str, int] = Field(default_factory=dict)
    handoffs: int = 0
    turns: int = 0
    total_tokens: int = 0


class ChatCounts(Frozen):
    """How often the model answered in one transcript: by model, and by the request's digest."""

    models: dict[str, int] = Field(default_factory=dict)
    requests: dict[str, int] = Field(default_factory=dict)
    longest: int = Field(default=0, description="messages in the longest request")
    total_tokens: int = 0

    @property
    def calls(self) -> int:
        """Count the answers."""
        return sum(self.requests.values())

    @property
    def repeated(self) -> int:
        """Count the answers to requests that had been answered before."""
        return self.calls - len(self.requests)


class Counters(Frozen):
    """All counts since the state was new. Requests and responses are keyed `METHOD route [status]`.

    Chats are keyed by the beginning of the user's first message, of 200 characters.
    """

    requests: dict[str, int] = Field(default_factory=dict)
    responses: dict[str, int] = Field(default_factory=dict)
    agents: dict[str, AgentCounts] = Field(default_factory=dict)
    conversations: dict[str, ConversationCounts] = Field(default_factory=dict)
    chats: dict[str, ChatCounts] = Field(default_factory=dict)

    @property
    def agents_created(self) -> int:
        """Count the agents ever made."""
        return sum(counts.created for counts in self.agents.values())

    @property
    def agents_updated(self) -> int:
        """Count the versions ever added."""
        return sum(counts.updated for counts in self.agents.values())

    @property
    def agents_deleted(self) -> int:
        """Count the agents ever deleted."""
        return sum(counts.deleted for counts in self.agents.values())

    @property
    def conversations_created(self) -> int:
        """Count the conversations ever started."""
        return sum(counts.created for counts in self.conversations.values())

    @property
    def appends(self) -> int:
        """Count the appends that were carried out."""
        return sum(counts.appends for counts in self.conversations.values())

    @property
    def function_results(self) -> int:
        """Count the function results that were taken in."""
        return sum(sum(counts.function_results.values()) for counts in self.conversations.values())

    @property
    def confirmations(self) -> int:
        """Count the confirmations that were taken in, allowing or denying."""
        return sum(sum(counts.confirmations.values()) for counts in self.conversations.values())

    @property
    def executions(self) -> int:
        """Count the runs of tools on the server."""
        return sum(sum(counts.executions.values()) for counts in self.conversations.values())

    @property
    def handoffs(self) -> int:
        """Count the handoffs."""
        return sum(counts.handoffs for counts in self.conversations.values())

    @property
    def chat_calls(self) -> int:
        """Count the chats that the model answered, whether or not the answer arrived."""
        return sum(counts.calls for counts in self.chats.values())

    @property
    def chat_models(self) -> dict[str, int]:
        """Count them by model."""
        counted: Counter[str] = Counter()
        for counts in self.chats.values():
            counted.update(counts.models)
        return dict(counted)


class Tally:
    """Keeps the counters; each method is called where its side effect happens."""

    def __init__(self, counters: Counters) -> None:
        self._requests = Counter(counters.requests)
        self._responses = Counter(counters.responses)
        self._agents = dict(counters.agents)
        self._conversations = dict(counters.conversations)
        self._chats = dict(counters.chats)

    def counters(self) -> Counters:
        """Take the counts as they are now."""
        return Counters(
            requests=dict(self._requests),
            responses=dict(self._responses),
            agents=dict(self._agents),
            conversations=dict(self._conversations),
            chats=dict(self._chats),
        )

    def request(self, route: str) -> None:
        """Count a request that arrived, whatever becomes of it."""
        self._requests[route] += 1

    def response(self, route: str, outcome: int | str) -> None:
        """Count an answer by its status, or `cut` where there was none."""
        self._responses[f"{route} {outcome}"] += 1

    def agent(self, agent_id: str, name: str, effect: AgentEffect) -> None:
        """Count what happened to an agent."""
        known = self._agents.get(agent_id, AgentCounts())
        changes = {"name": name, effect: getattr(known, effect) + 1}
        self._agents[agent_id] = known.model_copy(update=changes)

    def conversation(self, conversation_id: str, agent_id: str | None, effect: ConversationEffect) -> None:
        """Count what happened to a conversation."""
        known = self._conversations.get(conversation_id, ConversationCounts(agent_id=agent_id))
        self._conversations[conversation_id] = known.model_copy(update={effect: getattr(known, effect) + 1})

    def turn(
        self,
        conversation_id: str,
        entries: tuple[AnyEntry, ...],
        confirmations: tuple[ToolConfirmation, ...],
        usage: Usage,
    ) -> None:
        """Count what a conversation took in and what came of it, by the entries that it grew by."""
        known = self._conversations[conversation_id]
        results = (entry.tool_call_id for entry in entries if isinstance(entry, FunctionResult))
        ran = (entry.name for entry in entries if isinstance(entry, ToolExecution))
        changes = {
            "function_results": _more(known.function_results, results),
            "confirmations": _more(known.confirmations, (each.tool_call_id for each in confirmations)),
            "executions": _more(known.executions, ran),
            "handoffs": known.handoffs + sum(isinstance(entry, Handoff) for entry in entries),
            "turns": known.turns + 1,
            "total_tokens": known.total_tokens + usage.total_tokens,
        }
        self._conversations[conversation_id] = known.model_copy(update=changes)

    def chat(self, topic: str, model: str, digest: str, messages: int, usage: Usage) -> None:
        """Count an answer in a transcript."""
        known = self._chats.get(topic, ChatCounts())
        self._chats[topic] = ChatCounts(
            models=_more(known.models, [model]),
            requests=_more(known.requests, [digest]),
            longest=max(known.longest, messages),
            total_tokens=known.total_tokens + usage.total_tokens,
        )


def _more(counts: dict[str, int], keys: Iterable[str]) -> dict[str, int]:
    counted = Counter(counts)
    counted.update(keys)
    return dict(counted)
