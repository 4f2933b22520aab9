"""What workflows and activities say to each other.

`ToolCall`, `McpToolCall` and `ToolResult` may cross from one build of the worker to another, since a tool is
called on the queue of its own pool; the other messages stay within the build that a run is pinned to.
"""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, JsonValue

from agents_crds.contract.entries import Content
from agents_crds.contract.mcp import McpTarget
from agents_crds.contract.payload import Payload
from agents_crds.contract.run import FunctionResult, ProviderSnapshot, RunReference, Usage
from agents_crds.contract.transcript import InputMessage, TranscriptMessage

START_CONVERSATION = "start_conversation"
APPEND_RESULTS = "append_results"
OPEN_CONVERSATION = "open_conversation"
RESTART_CONVERSATION = "restart_conversation"
LOAD_TRANSCRIPT = "load_transcript"
CALL_TOOL = "call_tool"
CALL_MCP_TOOL = "call_mcp_tool"
DESCRIBE_TOOLS = "describe_tools"
DESCRIBE_MCP_SERVER = "describe_mcp_server"
GET_MCP_PROMPT = "get_mcp_prompt"

THROTTLED = "Throttled"
"""Type of the failure of a model call that the provider refused with 429; its first detail is the number of
seconds to wait, None where the provider did not say."""


class Origin(Payload):
    """Where a call comes from: nothing depends on it but what is told of the call in logs and traces."""

    run: RunReference | None = None
    agent: str = ""
    """Name of the Agent that has the floor."""
    model: str = ""
    """The model that it asks for; empty where only the provider knows."""
    traceparent: str = ""
    """Place of the loop in its trace."""


class KeyWait(Payload):
    """How long to wait for the provider's key.

    The first detail of a model call's failure that lasts until the key is put right; the failure's type is
    the reason of a run that is given up.
    """

    interval: timedelta
    window: timedelta
    least_attempts: int


class Repeats(Payload):
    """How often a call of a Local session was made again before it failed: the last detail of its failure."""

    repeated_calls: int


class Message(Payload):
    """Something that an agent wrote."""

    type: Literal["message"] = "message"
    agent_id: str = ""
    """The agent's id at the provider, here and below; empty where the provider does not say it."""
    text: str
    """All its words."""
    content: tuple[Content, ...] = ()
    """Its parts in order, where they are more than words; long ones are cut."""


class FunctionCall(Payload):
    """A tool that the model wants called."""

    type: Literal["call"] = "call"
    agent_id: str = ""
    tool_call_id: str
    name: str
    arguments: str
    """As JSON, the way the model wrote it."""
    confirmation: str = ""
    """What became of the provider's question whether to run its own tool; empty for a tool of ours."""
    handoff: str = ""
    """The agent of a Local session that has the conversation after this call; empty for any other call."""

    @property
    def is_decided(self) -> bool:
        """Whether the provider goes on with it by itself."""
        return self.confirmation in DECIDED

    @property
    def awaits_confirmation(self) -> bool:
        """Whether the provider waits to be told if it may run its tool."""
        return bool(self.confirmation) and not self.is_decided


DECIDED = frozenset({"allowed", "denied"})
"""The confirmations of calls that wait for nothing any more."""


class Execution(Payload):
    """A tool that the provider ran itself."""

    type: Literal["execution"] = "execution"
    agent_id: str = ""
    name: str
    arguments: str
    info: dict[str, JsonValue]
    """What the tool tells about it; long texts are cut."""


class Handoff(Payload):
    """Another agent took over: a boundary, behind which calls are no longer ours to answer."""

    type: Literal["handoff"] = "handoff"
    previous_id: str = ""
    previous_name: str = ""
    next_id: str = ""
    next_name: str = ""


class Other(Payload):
    """An entry of a kind that the loop does not know."""

    type: Literal["other"] = "other"
    agent_id: str = ""
    kind: str


Entry = Annotated[Message | FunctionCall | Execution | Handoff | Other, Field(discriminator="type")]


class ConversationStart(Payload):
    """Start the run's conversation."""

    agent_id: str
    agent_version: int
    provider: ProviderSnapshot
    input: str
    metadata: dict[str, str]
    repeated: bool
    """Whether an earlier attempt may have reached the provider."""
    messages: tuple[InputMessage, ...] = ()
    """In place of `input`."""
    origin: Origin = Origin()


class ResultsAppend(Payload):
    """Give the conversation what the model asked for, or say something to it."""

    provider: ProviderSnapshot
    conversation_id: str
    results: tuple[FunctionResult, ...]
    denials: tuple[str, ...] = ()
    """Ids of the calls awaiting confirmation that must not be run."""
    messages: tuple[InputMessage, ...] = ()
    """Said to the agent, after results where there are any."""
    after: str = ""
    """Id of the conversation's last entry; empty where the provider gave none."""
    repeated: bool
    """Whether an earlier attempt may have reached the provider."""
    origin: Origin = Origin()


class ConversationOpening(Payload):
    """Look at the conversation that a run is to go on with."""

    provider: ProviderSnapshot
    conversation_id: str
    until: str = ""
    """Id of the entry that it is gone on from; empty for the last one."""
    fork: bool = False
    """Whether to branch off there."""
    origin: Origin = Origin()


class OpenedConversation(Payload):
    """How the conversation stands that a run goes on with."""

    last_entry: str
    """Id of the entry that it goes on from; empty where the provider gave none."""
    waiting: tuple[str, ...] = ()
    """Ids of the calls up to there that wait for a result."""
    unconfirmed: tuple[str, ...] = ()
    """Ids of the calls up to there that wait for a confirmation."""


class ConversationRestart(Payload):
    """Branch off from a conversation, which stays as it is."""

    provider: ProviderSnapshot
    conversation_id: str
    from_entry: str
    agent_version: int
    results: tuple[FunctionResult, ...]
    messages: tuple[InputMessage, ...]
    metadata: dict[str, str]
    """Stamped on the new conversation, and unique to the run."""
    repeated: bool
    """Whether an earlier attempt may have reached the provider."""
    origin: Origin = Origin()


class TranscriptRequest(Payload):
    """Look at how a run ended."""

    workflow_id: str


class EndedRun(Payload):
    """Where a run ended that another one goes on from."""

    found: bool
    """Whether Temporal still has how it ended."""
    transcript: tuple[TranscriptMessage, ...] = ()
    """All that was said, of a Local session."""
    last_entry: str = ""
    """The provider's id of the last entry of its last answer; empty where that is not known."""


class ModelAnswer(Payload):
    """What a model call added to the conversation."""

    conversation_id: str | None
    """None of a Local session."""
    entries: tuple[Entry, ...]
    usage: Usage
    """Zero where the answer was read back from the conversation's history, which does not tell."""
    last_entry: str = ""
    """The provider's id of the last of the entries; empty where it gave none."""
    has_store: bool = False
    """Whether the worker puts what is too large for Temporal into a store."""
    transcript: tuple[TranscriptMessage, ...] = ()
    """All that was said up to and with this answer, of a Local session."""
    repeated: int = 0
    """Attempts of a Local session's call that were sent and never answered."""
    model: str = ""
    """The model that answered; empty where the provider does not say it."""


class ToolCall(Payload):
    """Call a tool."""

    name: str
    arguments: str
    """A JSON object."""
    tool_call_id: str = ""
    """The model's id of the call: with the run's uid the same for every attempt, and no other call's."""
    agent: str = ""
    """The agent that makes the call."""
    run: RunReference | None = None
    traceparent: str = ""
    """Place of the loop in its trace; for the tool itself, that of the call."""


class McpToolCall(Payload):
    """Call a tool of an MCP server."""

    target: McpTarget
    tool: str
    """Its name on the server."""
    name: str
    """Its name as the model knows it."""
    arguments: str
    """A JSON object."""
    tool_call_id: str = ""
    agent: str = ""
    """The agent that makes the call."""
    run: RunReference | None = None
    traceparent: str = ""
    """Place of the loop in its trace; for the server, that of the call."""


class ToolResult(Payload):
    """A tool's result or failure, as a text for the model."""

    text: str
    failed: str = ""
    """What kind of failure it is; empty for a result."""
