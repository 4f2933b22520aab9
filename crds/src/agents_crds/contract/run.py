"""What a run's workflow is given, carries along and gives back."""

from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import Field

from agents_crds.contract.entries import RunEntry
from agents_crds.contract.mcp import McpServerRoute, McpToolRoute
from agents_crds.contract.payload import Payload
from agents_crds.v1alpha1.conditions import Reason
from agents_crds.v1alpha1.fields import JsonSchema

PREVIEW_LIMIT = 40_000
"""Characters of the answer in what a run reports: more than its AgentRun's status holds."""


class ProviderSnapshot(Payload):
    """Where the model is called; the key itself stays in a file that the worker reads."""

    name: str
    url: str
    key_path: str
    """Path of the key below the worker's secrets directory."""
    queue: str


class ToolRoute(Payload):
    """How a tool is called: on which queue, how long, and whether again after its worker died."""

    name: str
    queue: str
    idempotent: bool
    timeout: timedelta
    polling: bool = False
    """Whether to call it again and again with the same result is what it is for."""
    mcp: McpToolRoute | None = None
    """The tool of an MCP server that it is; None for a Python function."""


class AgentSnapshot(Payload):
    """An agent as it was when the run started."""

    name: str
    """Name of the Agent."""
    remote_id: str
    remote_version: int
    provider: ProviderSnapshot
    tools: tuple[ToolRoute, ...]
    output_schema: JsonSchema | None = None
    """What the final answer must fit."""


class Limits(Payload):
    """Bounds of the run."""

    max_turns: int
    timeout: timedelta
    max_total_tokens: int | None = None
    output_retries: int = 2


class Usage(Payload):
    """Tokens, as the provider counted them."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0
    connector_tokens: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
            total_tokens=self.total_tokens + other.total_tokens,
            connector_tokens=self.connector_tokens + other.connector_tokens,
        )


class AgentUsage(Payload):
    """An agent's part in a run."""

    agent: str
    turns: int = 0
    """Model calls that were made to it; one in which it hands off is its own."""
    usage: Usage = Usage()


class TextPart(Payload):
    """A part of a message: words."""

    type: Literal["text"] = "text"
    text: str


class ImagePart(Payload):
    """A part of a message: an image, by its address."""

    type: Literal["image"] = "image"
    url: str


class InputMessage(Payload):
    """A message that a run begins with."""

    role: Literal["user", "assistant"]
    content: tuple[Annotated[TextPart | ImagePart, Field(discriminator="type")], ...]


class RunReference(Payload):
    """The AgentRun that a loop belongs to, for whoever is told about it."""

    namespace: str
    name: str
    uid: str


class FunctionResult(Payload):
    """A tool's answer to one call of the model."""

    tool_call_id: str
    text: str


class LoopState(Payload):
    """What a loop carries over a continue-as-new: everything it needs to go on in the middle."""

    deadline: datetime
    turns: int = 0
    usage: Usage = Usage()
    collected: str = ""
    """Text that the agent wrote so far, for an end without a final answer."""
    conversation_id: str | None = None
    last_entry: str = ""
    """The provider's id of the last entry of its last answer; empty where it gave none."""
    results: tuple[FunctionResult, ...] = ()
    """Tool results that the next model call takes along."""
    denials: tuple[str, ...] = ()
    """Ids of the calls awaiting confirmation that the next model call denies."""
    agent: str = ""
    """The agent that has the floor; empty before the first model call."""
    path: tuple[str, ...] = ()
    """The agents that had the floor, in order; the latest of them where they are many."""
    agents: tuple[AgentUsage, ...] = ()
    entries: tuple[RunEntry, ...] = ()
    """What happened, the latest of it where it is much."""
    entries_omitted: int = 0
    """How many earlier entries are not in `entries`."""
    correction: str | None = None
    """What the next model call tells the model about its last answer."""
    corrections: int = 0
    """How often the model was told that its answer does not fit."""
    last_calls: str = ""
    """Digest of the calls and results of the last turn, but those of polling tools."""
    repeats: int = 0
    """How many turns in a row had these calls and results."""
    throttled: int = 0
    """How often in a row the provider answered the next model call with 429; it may have acted on it."""
    key_failures: int = 0
    """How often in a row the next model call failed for the provider's key; an attempt before may have been
    acted on."""
    key_failing_since: datetime | None = None
    has_store: bool = False
    """Whether the workers put what is too large for Temporal into a store."""


class LoopInput(Payload):
    """Everything the loop needs; it knows nothing of Kubernetes."""

    agent: AgentSnapshot
    """The agent that begins, and whose output schema the answer must fit."""
    input: str
    """The message to it; empty where there are `messages`."""
    limits: Limits
    conversation_metadata: dict[str, str]
    """Stamped on the conversation, and unique to the run: a start whose answer was lost is found by it."""
    messages: tuple[InputMessage, ...] = ()
    handoffs: tuple[AgentSnapshot, ...] = ()
    """Every other agent that the conversation can come to."""
    mcp_servers: tuple[McpServerRoute, ...] = ()
    """The servers of the tools of all these agents."""
    run: RunReference | None = None
    traceparent: str = ""
    """Trace context of the run as W3C writes it; its trace id is also that of every tool call."""


class LoopResult(Payload):
    """How the loop ended."""

    reason: Reason
    message: str
    text: str
    turns: int
    usage: Usage
    conversation_id: str | None
    structured: bool = False
    """Whether `text` is JSON that fits the agent's schema."""
    answered_by: str = ""
    """The agent that had the floor at the end."""
    path: tuple[str, ...] = ()
    agents: tuple[AgentUsage, ...] = ()
    entries: tuple[RunEntry, ...] = ()
    entries_omitted: int = 0
    text_bytes: int | None = None
    """Size of the whole answer in UTF-8, where `text` is only its start."""


class RunInput(Payload):
    """Input of the AgentRun workflow."""

    contract: int
    operator_queue: str
    loop: LoopInput
    state: LoopState | None = None
    """Set after a continue-as-new."""


class AgentIdentity(Payload):
    """An agent of a run, as it is on Mistral's side."""

    name: str
    """Name of the Agent."""
    id: str
    version: int


class RunMemo(Payload):
    """What a run's workflow says about itself to whoever lists it."""

    namespace: str
    name: str
    uid: str
    agent_id: str
    agent_version: int
    agents: tuple[AgentIdentity, ...] = ()
    """Every agent that the run can come to, the one that begins first."""


class RunOutcome(Payload):
    """How the run ended: the result of its workflow, and what it reports."""

    result: LoopResult
    agent_id: str
    agent_version: int
    started_at: datetime
    """Start of the first execution."""
    finished_at: datetime
    agents: tuple[AgentIdentity, ...] = ()
    """Every agent that the run could come to, the one that began first."""

    def preview(self) -> "RunOutcome":
        """Cut the answer to what is reported: whoever takes the report need not read the whole of it."""
        text = self.result.text
        if len(text) <= PREVIEW_LIMIT:
            return self
        size = len(text.encode(errors="replace"))
        result = self.result.model_copy(update={"text": text[:PREVIEW_LIMIT], "text_bytes": size})
        return self.model_copy(update={"result": result})
