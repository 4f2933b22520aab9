"""Agent: a model with instructions and tools, kept in step with its counterpart on Mistral's side."""

from datetime import timedelta
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from agents_crds.v1alpha1.base import ApiModel, Rule
from agents_crds.v1alpha1.conditions import ConditionType
from agents_crds.v1alpha1.conversation import ConversationPolicy
from agents_crds.v1alpha1.fields import (
    AgentRef,
    Flag,
    Fraction,
    JsonSchema,
    ProviderRef,
    Timeout,
    WholeNumber,
    WorkerPoolRef,
)
from agents_crds.v1alpha1.instructions import INSTRUCTIONS_LIMIT, Instructions, InstructionsSource
from agents_crds.v1alpha1.meta import NAME_LIMIT, Conditions, Status, StoredObject, pending
from agents_crds.v1alpha1.text import Format
from agents_crds.v1alpha1.tools import Tool
from agents_crds.v1alpha1.whole import Whole


class Handoff(ApiModel):
    """An Agent that this one may give the conversation to."""

    agent_ref: AgentRef
    """The Agent, at the same ModelProvider."""


class RemoteRef(ApiModel):
    """Somebody else's agent at the provider."""

    id: Annotated[
        str,
        Field(max_length=256),
        Format(r"^[!-~]+$", "must be the id of an agent at the provider, as in ag_0123456789abcdef"),
    ]
    """Its id."""


class Completion(ApiModel):
    """How the model writes its answers; what is left out is the provider's default."""

    temperature: Annotated[Fraction, Field(ge=0, le=1)] | None = None
    """Randomness of the answer, from 0 to 1."""

    top_p: Annotated[Fraction, Field(ge=0, le=1)] | None = None
    """Share of the probability mass that is sampled from."""

    max_tokens: Annotated[int, Whole(ge=1, le=10_000_000)] | None = None
    """Most tokens of one answer."""

    random_seed: Annotated[int, Whole(ge=0, le=2_147_483_647)] | None = None
    """Seed that makes sampling repeatable."""

    presence_penalty: Annotated[Fraction, Field(ge=-2, le=2)] | None = None
    """Penalty on words that occurred, from -2 to 2."""

    frequency_penalty: Annotated[Fraction, Field(ge=-2, le=2)] | None = None
    """Penalty on words by how often they occurred, from -2 to 2."""

    stop: (
        Annotated[tuple[Annotated[str, Field(min_length=1, max_length=256)], ...], Field(max_length=16)]
        | None
    ) = None
    """Texts at which the answer ends."""

    tool_choice: Literal["auto", "none", "any", "required"] | None = None
    """Whether the model may, must not or must call a tool."""


class AgentLimits(ApiModel):
    """Bounds of one run; a run may lower them."""

    max_turns: Annotated[int, Whole(ge=1, le=1000)] = 10
    """Most model calls of one run."""

    timeout: Timeout = timedelta(hours=1)
    """Longest time from the start of a run to its end, between 1s and 720h."""

    max_total_tokens: Annotated[int, Whole(ge=1, le=1_000_000_000_000)] | None = None
    """Tokens of one run after which no model is called; the last call may exceed it. Absent: no bound."""

    output_retries: Annotated[int, Whole(ge=0, le=10)] = 2
    """How often an answer that does not fit `outputSchema` goes back to the model."""

    wait_for_input: Timeout | None = None
    """Lets the model ask people, by the tool `ask_user`: longest time that it waits for an answer."""


class AgentSpec(ApiModel):
    """What the agent is."""

    model: (
        Annotated[
            str,
            Field(max_length=128),
            Format(r"^[!-~]+$", "must name a model, without spaces, as in mistral-medium-latest"),
        ]
        | None
    ) = None
    """Name of the model, as the provider knows it."""

    remote: RemoteRef | None = None
    """Instead of `model`: somebody else's agent at the provider, used as it is, never changed or deleted."""

    description: Annotated[str, Field(min_length=1, max_length=1024)] | None = None
    """What the agent is for, in a sentence."""

    instructions: Annotated[str, Field(min_length=1, max_length=INSTRUCTIONS_LIMIT)] | None = None
    """The system prompt."""

    instructions_from: InstructionsSource | None = None
    """Instead of `instructions`: where the system prompt comes from."""

    tools: Annotated[tuple[Tool, ...], Field(max_length=128)] = ()
    """What the model may call."""

    handoffs: Annotated[tuple[Handoff, ...], Field(max_length=31)] = ()
    """Agents that this one may give the conversation to; cycles are allowed."""

    completion: Completion = Completion()
    """How the model writes its answers."""

    output_schema: JsonSchema | None = None
    """JSON schema (2020-12) that the final answer of a run must fit; it is then in `status.output.json`."""

    limits: AgentLimits = AgentLimits()
    """Bounds of one run."""

    session: Literal["Remote", "Local"] = "Remote"
    """Who keeps the conversation: the provider, with an agent of its own, or the run by chat completions."""

    context_window: Annotated[int, Whole(ge=1_000, le=100_000_000)] | None = None
    """Tokens that the model takes, of a Local session: a longer conversation is summarised before."""

    conversation: ConversationPolicy = ConversationPolicy()
    """What becomes of the conversations at the provider, of Remote sessions."""

    provider_ref: ProviderRef = ProviderRef()
    """The ModelProvider that serves the model."""

    worker_pool_ref: WorkerPoolRef = WorkerPoolRef()
    """The WorkerPool that runs the agent and its tools."""

    deletion_policy: Literal["Delete", "Retain"] = "Delete"
    """Whether the agent on Mistral's side is deleted with this object, or kept to be adopted again."""

    suspend: Flag = False
    """Start no new run, and leave the agent on Mistral's side as it is."""

    rules: ClassVar = (
        Rule(
            cel="has(self.model) != has(self.remote)",
            message="exactly one of model and remote",
            holds=lambda spec: (spec.model is None) != (spec.remote is None),
        ),
        Rule(
            cel="!(has(self.instructions) && has(self.instructionsFrom))",
            message="at most one of instructions and instructionsFrom",
            holds=lambda spec: spec.instructions is None or spec.instructions_from is None,
        ),
        Rule(
            cel="!has(self.remote) || self.session == 'Remote'",
            message="remote needs session Remote: somebody else's agent keeps its conversations itself",
            holds=lambda spec: spec.remote is None or spec.session == "Remote",
        ),
        Rule(
            cel="!has(self.contextWindow) || self.session == 'Local'",
            message="contextWindow needs session Local: of a Remote one, the provider keeps the conversation",
            holds=lambda spec: spec.context_window is None or spec.session == "Local",
        ),
    )


class LinkedAgent(ApiModel):
    """An agent that the remote agent hands off to."""

    name: Annotated[str, Field(max_length=63)]
    """Name of the Agent."""

    id: Annotated[str, Field(max_length=256)]
    """Id of its remote agent."""


class RemoteAgent(ApiModel):
    """The agent on Mistral's side, as it was last seen."""

    id: Annotated[str, Field(max_length=256)] | None = None
    """Its id; absent until it was created or found."""

    version: WholeNumber | None = None
    """Its version; each update makes one."""

    hash: Annotated[str, Field(max_length=64)] | None = None
    """Hash of the definition that was last sent."""

    provider: Annotated[str, Field(max_length=253)] | None = None
    """Name of the ModelProvider it lives at."""

    url: Annotated[str, Field(max_length=2048)] | None = None
    """Address of that ModelProvider when it was made or found; at another address it is not looked for."""

    handoffs: Annotated[tuple[LinkedAgent, ...], Field(max_length=31)] = ()
    """The agents that it hands off to, as last sent."""

    external: Flag | None = None
    """Whether it is somebody else's, named by `spec.remote`: it is never changed or deleted."""

    create_pending: Flag | None = None
    """A create request may be under way: before another one is sent, the agent is searched for."""


class AgentStatus(Status):
    """What the operator observed."""

    remote: RemoteAgent | None = None
    """The agent on Mistral's side."""

    instructions: Instructions | None = None
    """The system prompt, where it comes from `spec.instructionsFrom`."""

    conditions: Conditions = ()
    """Accepted, ResolvedRefs, Ready and Degraded."""


class Agent(StoredObject):
    """Agent is a model with instructions and tools, kept in step with its counterpart on Mistral's side."""

    spec: AgentSpec
    """What the agent is."""

    status: AgentStatus = AgentStatus(
        conditions=pending(ConditionType.ACCEPTED, ConditionType.RESOLVED_REFS, ConditionType.READY)
    )
    """What the operator observed."""

    rules: ClassVar = (NAME_LIMIT,)
