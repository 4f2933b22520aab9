"""What workflows and activities say to each other.

`ToolCall` and `ToolResult` may cross from one build of the worker to another, since a tool is called on the
queue of its own pool; the other messages stay within the build that a run is pinned to.
"""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from agents_crds.contract.payload import Payload
from agents_crds.contract.run import FunctionResult, ProviderSnapshot, Usage

START_CONVERSATION = "start_conversation"
APPEND_RESULTS = "append_results"
CALL_TOOL = "call_tool"
DESCRIBE_TOOLS = "describe_tools"

THROTTLED = "Throttled"
"""Type of the failure of a model call that the provider refused with 429; its one detail is the number of
seconds to wait, None where the provider did not say."""


class KeyWait(Payload):
    """How long to wait for the provider's key.

    The one detail of a model call's failure that lasts until the key is put right; the failure's type is the
    reason of a run that is given up.
    """

    interval: timedelta
    window: timedelta
    least_attempts: int


class Message(Payload):
    """Text that the agent wrote."""

    type: Literal["message"] = "message"
    text: str


class FunctionCall(Payload):
    """A tool that the model wants called."""

    type: Literal["call"] = "call"
    tool_call_id: str
    name: str
    arguments: str
    """As JSON, the way the model wrote it."""


class Handoff(Payload):
    """Another agent took over: a boundary, behind which calls are no longer ours to answer."""

    type: Literal["handoff"] = "handoff"
    agent: str


class Other(Payload):
    """An entry that the loop has no use for."""

    type: Literal["other"] = "other"
    kind: str


Entry = Annotated[Message | FunctionCall | Handoff | Other, Field(discriminator="type")]


class ConversationStart(Payload):
    """Start the run's conversation."""

    agent_id: str
    agent_version: int
    provider: ProviderSnapshot
    input: str
    metadata: dict[str, str]
    repeated: bool
    """Whether an earlier attempt may have reached the provider."""


class ResultsAppend(Payload):
    """Give the conversation the results that the model asked for, or say what is wrong with its answer."""

    provider: ProviderSnapshot
    conversation_id: str
    results: tuple[FunctionResult, ...]
    correction: str | None = None
    """Said to the model after its answer, in place of results; no other message in the conversation is it."""
    repeated: bool
    """Whether an earlier attempt may have reached the provider."""


class ModelAnswer(Payload):
    """What a model call added to the conversation."""

    conversation_id: str
    entries: tuple[Entry, ...]
    usage: Usage
    """Zero where the answer was read back from the conversation's history, which does not tell."""


class ToolCall(Payload):
    """Call a tool."""

    name: str
    arguments: str
    """A JSON object."""


class ToolResult(Payload):
    """A tool's result or failure, as a text for the model."""

    text: str
