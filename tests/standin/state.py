"""The stand-in's state: what it holds, and the file that keeps it across restarts."""

import asyncio
from contextlib import suppress
from pathlib import Path

from pydantic import Field, JsonValue

from tests.standin.agents import Agent
from tests.standin.base import Frozen
from tests.standin.conversations import Conversation
from tests.standin.counters import Counters, Tally
from tests.standin.scenario import Scenario
from tests.standin.world import World


class Chat(Frozen):
    """The last answer in a transcript, which goes by the beginning of the user's first message."""

    topic: str
    model: str
    request: dict[str, JsonValue]
    answer: dict[str, JsonValue]


class Snapshot(Frozen):
    """Everything that survives a restart. Keys do not: they come from the command line."""

    agents: tuple[Agent, ...] = ()
    conversations: tuple[Conversation, ...] = ()
    chats: tuple[Chat, ...] = ()
    windows: dict[str, int] = Field(default_factory=dict)
    world: World = World()
    counters: Counters = Field(default_factory=Counters)


class State:
    """The objects by id, changed only between two awaits, so that every request sees whole values."""

    def __init__(self, snapshot: Snapshot, keys: frozenset[str], scenario: Scenario) -> None:
        self.keys = keys
        self.scenario = scenario
        self.epoch = 0
        self.changed = asyncio.Event()
        self.replace(snapshot)

    def replace(self, snapshot: Snapshot) -> None:
        """Forget everything and hold `snapshot`; requests on their way belong to the epoch before."""
        self.drop_requests()
        self.agents = {agent.id: agent for agent in snapshot.agents}
        self.conversations = {conversation.id: conversation for conversation in snapshot.conversations}
        self.chats = {chat.topic: chat for chat in snapshot.chats}
        self.windows = dict(snapshot.windows)
        self.world = snapshot.world
        self.answering: set[str] = set()
        self.tally = Tally(snapshot.counters)
        self.changed.set()

    def drop_requests(self) -> None:
        """Begin a new epoch with the same objects: a request that has had no effect yet will have none."""
        self.epoch += 1

    def put_agent(self, agent: Agent) -> None:
        """Hold an agent's new value."""
        self.agents[agent.id] = agent
        self.changed.set()

    def drop_agent(self, agent_id: str) -> None:
        """Forget an agent."""
        del self.agents[agent_id]
        self.changed.set()

    def put_conversation(self, conversation: Conversation) -> None:
        """Hold a conversation's new value."""
        self.conversations[conversation.id] = conversation
        self.changed.set()

    def drop_conversation(self, conversation_id: str) -> None:
        """Forget a conversation."""
        del self.conversations[conversation_id]
        self.changed.set()

    def put_chat(self, chat: Chat) -> None:
        """Hold the last answer of a transcript."""
        self.chats[chat.topic] = chat
        self.changed.set()

    def set_window(self, model: str, tokens: int) -> None:
        """Serve a model with a window of this size."""
        self.windows[model] = tokens
        self.changed.set()

    def set_world(self, world: World) -> None:
        """Hold what there is to be found from now on."""
        self.world = world
        self.changed.set()

    def snapshot(self) -> Snapshot:
        """Take everything as it is now."""
        return Snapshot(
            agents=tuple(self.agents.values()),
            conversations=tuple(self.conversations.values()),
            chats=tuple(self.chats.values()),
            windows=self.windows,
            world=self.world,
            counters=self.tally.counters(),
        )


def read_snapshot(path: Path | None) -> Snapshot:
    """Read the state file; a missing one is an empty state."""
    if path is None or not path.exists():
        return Snapshot()
    return Snapshot.model_validate_json(path.read_bytes())


def write_snapshot(path: Path, snapshot: Snapshot) -> None:
    """Replace the state file in one step."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text(snapshot.model_dump_json(by_alias=True), encoding="utf-8")
    partial.replace(path)


async def keep_written(path: Path, state: State, ending: asyncio.Event, *, interval: float = 0.3) -> None:
    """Write the state after changes, at most once in `interval` seconds, and a last time when it ends.

    To end it, set `ending` and then `state.changed`.
    """
    while state.changed.is_set() or not ending.is_set():
        await state.changed.wait()
        with suppress(TimeoutError):
            await asyncio.wait_for(ending.wait(), interval)
        state.changed.clear()
        await asyncio.to_thread(write_snapshot, path, state.snapshot())
