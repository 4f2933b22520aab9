"""What a run's history holds of its activities, as far as it is followed: lenient, as builds differ."""

from pydantic import JsonValue

from agents_crds.contract.payload import Payload
from agents_crds.contract.run import FunctionResult, LoopInput, LoopResult, Usage
from agents_crds.contract.transcript import ModelMessage, TranscriptCall
from agents_crds.v1alpha1.conditions import Reason

# The worker's own names.
MODEL_CALLS = frozenset({"start_conversation", "append_results", "restart_conversation", "complete_chat"})
TOOL_CALLS = frozenset({"call_tool", "call_mcp_tool"})
SUMMARY = "summarize"

VERDICTS = frozenset({Reason.STOPPED, Reason.CANCELLED, Reason.TERMINATED, Reason.WORKER_POOL_DELETED})
"""Why the operator terminates a run's workflow."""

_OPEN_CONFIRMATIONS = frozenset({"", "pending"})


class Progress(Payload):
    """How far earlier executions of a workflow got."""

    turns: int = 0
    usage: Usage = Usage()


class Loop(Payload):
    """Input of a run's workflow, or of a child that runs a loop."""

    loop: LoopInput
    state: Progress | None = None


class End(Payload):
    """Result of a run's workflow."""

    result: LoopResult


class Verdict(Payload):
    """How a run has ended whose workflow the operator terminates: the details of the termination."""

    reason: Reason
    message: str


class Entry(Payload):
    """Of a model's answer, of any kind."""

    type: str = ""
    agent_id: str = ""
    text: str = ""
    name: str = ""
    arguments: str = ""
    tool_call_id: str = ""
    confirmation: str = ""
    previous_id: str = ""
    previous_name: str = ""
    next_id: str = ""
    next_name: str = ""

    @property
    def is_open(self) -> bool:
        """Whether a call waits for us."""
        return self.confirmation in _OPEN_CONFIRMATIONS


class Answer(Payload):
    """Of a model call: entries of a conversation, or a message of a Local session."""

    entries: tuple[Entry, ...] = ()
    message: ModelMessage | None = None
    usage: Usage = Usage()
    conversation_id: str | None = None
    repeated: int = 0


class Said(Payload):
    """A message that a model is told; of a transcript, also what came of a call."""

    call_id: str = ""
    text: str = ""
    message: JsonValue = None
    content: JsonValue = None


class ModelRequest(Payload):
    """What a model is told."""

    results: tuple[FunctionResult, ...] = ()
    denials: tuple[str, ...] = ()
    messages: tuple[Said, ...] = ()


class ToolRequest(Payload):
    """A call of a tool; one of an MCP server has no id."""

    name: str = ""
    arguments: str = ""
    tool_call_id: str = ""

    def carries_out(self, call: TranscriptCall) -> bool:
        """Tell whether it is this call's."""
        if self.tool_call_id:
            return self.tool_call_id == call.id
        return (self.name, self.arguments) == (call.name, call.arguments)


class ToolResult(Payload):
    """What a tool answered."""

    text: str = ""


def words(content: JsonValue) -> str:
    """Return the words of a message's content: a text, or chunks."""
    match content:
        case str():
            return content
        case list():
            return "".join(words(each) for each in content)
        case {"type": "text", "text": str(text)}:
            return text
        case {"content": inner}:
            return words(inner)
        case _:
            return ""
