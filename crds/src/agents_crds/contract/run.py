"""What a run's workflow is given, carries along and gives back."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal

from agents_crds.contract.entries import RunEntry
from agents_crds.contract.mcp import McpServerRoute, McpToolRoute
from agents_crds.contract.payload import Payload
from agents_crds.contract.transcript import InputMessage, LocalAgent, TranscriptMessage
from agents_crds.v1alpha1.conditions import Reason
from agents_crds.v1alpha1.fields import JsonSchema

PREVIEW_LIMIT = 40_000
"""Characters of the answer in what a run reports: more than its AgentRun's status holds."""


class ProviderSnapshot(Payload):
    """Where the model is called; the key itself stays in a file that the worker reads."""

    name: str
    url: str
    key_path: str
    """Path of the key below the worker's secrets directory; empty where the server needs none."""
    queue: str
    protocol: Literal["Mistral", "ChatCompletions"] = "Mistral"


class ToolRoute(Payload):
    """How a tool is called: on which queue, how long, and whether again after its worker died."""

    name: str
    queue: str
    idempotent: bool
    timeout: timedelta
    polling: bool = False  # it is there to be called again and again with the same result
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
    local: LocalAgent | None = None
    """What it is, of a Local session; None where the provider keeps it, with its conversation."""
    model: str = ""  # empty where only the provider knows


class Limits(Payload):
    """Bounds of the run."""

    max_turns: int
    timeout: timedelta
    max_total_tokens: int | None = None
    output_retries: int = 2
    wait_for_input: timedelta | None = None
    """Longest wait for a person's answer; None where the model cannot ask."""


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


def with_part(parts: Iterable[AgentUsage], agent: str, usage: Usage, *, turns: int) -> tuple[AgentUsage, ...]:
    """Add turns and their tokens to an agent's part."""
    known = {part.agent: part for part in parts}
    before = known.get(agent, AgentUsage(agent=agent))
    known[agent] = AgentUsage(agent=agent, turns=before.turns + turns, usage=before.usage + usage)
    return tuple(known.values())


class RunReference(Payload):
    """The AgentRun that a loop belongs to, for whoever is told about it."""

    namespace: str
    name: str
    uid: str


class UserInput(Payload):
    """Something that a person says to the agent while the run goes: the argument of USER_INPUT_SIGNAL."""

    id: str
    """Its idempotency key."""
    text: str


class Continuation(Payload):
    """The run whose conversation a loop goes on with."""

    workflow_id: str
    conversation_id: str | None
    """The conversation at the provider; None of a Local session, whose transcript is in the result."""
    agent: str
    """The agent that had the floor at the end of it."""
    fork: bool
    """Whether to branch off, and leave the conversation as it is."""


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
    corrections: int = 0
    """How often the model was told that its answer does not fit."""
    last_calls: str = ""
    """Digest of the calls and results of the last turn, but those of polling tools."""
    repeats: int = 0
    """How many turns in a row had these calls and results."""
    throttled: int = 0
    """How often in a row the provider answered the next model call with 429; it may have acted on it."""
    key_failures: int = 0
    """How often in a row the next call failed for the provider's key; one before may have been acted on."""
    key_failing_since: datetime | None = None
    has_store: bool = False
    """Whether the workers put what is too large for Temporal into a store."""
    transcript: tuple[TranscriptMessage, ...] = ()
    """All that was said, of a Local session."""
    context_tokens: int = 0
    """Tokens of the last call of a Local session, as the provider counted them; 0 where it was not told."""
    refused_bytes: int = 0
    """Bytes of what the model call to a Local session was refused for, as too long for the model; else 0."""
    compactions: int = 0
    """How often in a row what was said was shortened, without an answer of the model to it."""
    forgotten: tuple[str, ...] = ()
    """Digests of the ids of calls that a summary stands for: no later call gets such an id."""
    opened: bool = False
    """Whether the conversation that the loop continues was found."""
    say: tuple[InputMessage, ...] = ()
    """What the next model call tells the model, beside results; what is wrong with its answer, too."""
    inbox: tuple[UserInput, ...] = ()
    """What people said that the model was not told yet."""
    telling: tuple[str, ...] = ()
    """Ids of what people said that the next model call tells the model."""
    told: tuple[str, ...] = ()
    """Ids of what people said that the model was told."""
    repeated_calls: int = 0
    """Model calls of a Local session that were made again since their answer was lost."""


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
    continues: Continuation | None = None
    run: RunReference | None = None
    traceparent: str = ""
    """Place of the loop in a trace, as W3C writes it: all that it does is told below it."""
    state_attribute: bool = False
    """Whether Temporal knows STATE_ATTRIBUTE: a workflow that sets an unknown search attribute hangs."""


class LoopResult(Payload):
    """How the loop ended."""

    reason: Reason
    message: str
    text: str
    turns: int
    usage: Usage
    conversation_id: str | None
    last_entry: str = ""
    """The provider's id of the last entry of its last answer; empty where it gave none."""
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
    transcript: tuple[TranscriptMessage, ...] = ()
    """All that was said, of a Local session; not in what is reported."""
    told: tuple[str, ...] = ()
    """Ids of what people said that the model was told."""
    repeated_calls: int = 0


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
    conversation_id: str | None = None
    """The conversation that the run goes on with, unless it branches off from it."""


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
        update: dict[str, object] = {"transcript": ()}
        if len(text) > PREVIEW_LIMIT:
            update |= {"text": text[:PREVIEW_LIMIT], "text_bytes": len(text.encode(errors="replace"))}
        return self.model_copy(update={"result": self.result.model_copy(update=update)})
