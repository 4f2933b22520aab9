"""AgentRun: one execution of an Agent, and its outcome."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from agents_crds.v1alpha1.base import ApiModel, Rule, Transition
from agents_crds.v1alpha1.conditions import ConditionType
from agents_crds.v1alpha1.conversation import ContinueFrom, ToldInput, UserInput
from agents_crds.v1alpha1.fields import (
    AgentRef,
    Flag,
    Time,
    Timeout,
    WholeNumber,
)
from agents_crds.v1alpha1.limits import PATH_LIMIT, USER_INPUT_LIMIT
from agents_crds.v1alpha1.messages import InputSource, Message
from agents_crds.v1alpha1.meta import NAME_LIMIT, Conditions, Status, StoredObject, pending
from agents_crds.v1alpha1.output import Label, Output
from agents_crds.v1alpha1.text import Format, ListMap
from agents_crds.v1alpha1.whole import Whole


def _frozen(field: str) -> Transition:
    """Forbid an optional field to change; a rule on the field itself would not see it come or go."""
    here, before = f"self.{field}", f"oldSelf.{field}"
    return Transition(
        cel=f"has({here}) == has({before}) && (!has({here}) || {here} == {before})",
        message=f"spec.{field} is frozen: create a new AgentRun",
        path=f".{field}",
    )


class RunLimits(ApiModel):
    """Bounds of this run, where they are lower than the Agent's."""

    max_turns: Annotated[int, Whole(ge=1, le=1000)] | None = None
    """Most model calls."""

    timeout: Timeout | None = None
    """Longest time from the start to the end, between 1s and 720h."""

    max_total_tokens: Annotated[int, Whole(ge=1, le=1_000_000_000_000)] | None = None
    """Tokens after which no model is called; the last call may exceed it."""

    output_retries: Annotated[int, Whole(ge=0, le=10)] | None = None
    """How often an answer that does not fit the Agent's `outputSchema` goes back to the model."""

    wait_for_input: Timeout | None = None
    """Longest time that the agent waits for a person's answer, where the Agent lets it ask at all."""


class AgentRunSpec(ApiModel):
    """What to run. Frozen, but for `userInputs`, `shutdown`, `startingDeadlineSeconds` and
    `ttlSecondsAfterFinished`."""

    agent_ref: AgentRef
    """The Agent to run, in the same namespace."""

    input: Annotated[str, Field(min_length=1, max_length=65536)] | None = None
    """The message to the agent."""

    messages: Annotated[tuple[Message, ...], Field(min_length=1, max_length=32)] | None = None
    """Instead of `input`: several messages, also with images."""

    input_from: InputSource | None = None
    """Instead of `input`: where the message comes from."""

    continue_from: ContinueFrom | None = None
    """The finished run whose conversation this one goes on with."""

    user_inputs: Annotated[tuple[UserInput, ...], Field(max_length=USER_INPUT_LIMIT), ListMap("id")] = ()
    """What people say to the agent while the run goes; more is added, nothing changed or taken back."""

    shutdown: Literal["Stop", "Cancel", "Terminate"] | None = None
    """How to end the run early: after the step in flight; at once; without its workers. Only onwards."""

    limits: RunLimits | None = None
    """Bounds of this run, where they are lower than the Agent's."""

    starting_deadline_seconds: Annotated[int, Whole(ge=1, le=315_360_000)] | None = None
    """Seconds from creation in which the run must start, or it fails; absent means it may wait for ever."""

    ttl_seconds_after_finished: Annotated[int, Whole(ge=0, le=315_360_000)] | None = None
    """Seconds after which the finished run is deleted; absent means never. Editable until it finishes."""

    rules: ClassVar = (
        Rule(
            cel="[has(self.input), has(self.messages), has(self.inputFrom)].filter(set, set).size() == 1",
            message="exactly one of input, messages and inputFrom",
            holds=lambda spec: (
                sum(way is not None for way in (spec.input, spec.messages, spec.input_from)) == 1
            ),
        ),
    )
    transitions: ClassVar = (
        Transition(
            cel="self.agentRef == oldSelf.agentRef",
            message="spec.agentRef is frozen: create a new AgentRun",
            path=".agentRef",
        ),
        _frozen("input"),
        _frozen("messages"),
        _frozen("inputFrom"),
        _frozen("continueFrom"),
        _frozen("limits"),
        Transition(
            cel="!has(oldSelf.userInputs) || (has(self.userInputs) && "
            "oldSelf.userInputs.all(said, self.userInputs.exists(one, one.id == said.id)))",
            message="spec.userInputs can only be added to",
            path=".userInputs",
        ),
        Transition(
            cel="!has(oldSelf.shutdown) || (has(self.shutdown) && (self.shutdown == oldSelf.shutdown || "
            "oldSelf.shutdown == 'Stop' || self.shutdown == 'Terminate'))",
            message="spec.shutdown goes from Stop to Cancel to Terminate, and never back",
            path=".shutdown",
        ),
    )


class Usage(ApiModel):
    """Tokens, as the provider counted them."""

    prompt_tokens: Annotated[int, Whole(ge=0)] = 0
    """Tokens read."""

    completion_tokens: Annotated[int, Whole(ge=0)] = 0
    """Tokens written."""

    total_tokens: Annotated[int, Whole(ge=0)] = 0
    """All tokens."""

    connector_tokens: Annotated[int, Whole(ge=0)] = 0
    """Tokens that the provider's own tools and connectors used."""


class AgentVersion(ApiModel):
    """The agent on Mistral's side that the run uses."""

    id: Annotated[str, Field(max_length=256)]
    """Its id; empty of a Local session, which has none."""

    version: WholeNumber
    """Its version, the same for the whole run."""


class AgentInRun(ApiModel):
    """An agent that the run can come to, and its part in it."""

    name: Annotated[str, Field(max_length=63)]
    """Name of the Agent."""

    id: Annotated[str, Field(max_length=256)]
    """Id of the agent on Mistral's side; empty of a Local session, which has none."""

    turns: Annotated[int, Whole(ge=0)] | None = None
    """Model calls that were made to it; one in which it hands off is its own."""

    usage: Usage | None = None
    """Tokens of these model calls."""


class Progress(ApiModel):
    """What a run that goes was seen to do; a short while old."""

    step: Literal["CallingModel", "CallingTools", "Waiting", "WaitingForInput"]
    """What it does: Waiting is for a provider that refuses calls for a time."""

    agent: Label
    """The agent that has the conversation."""

    until: Time | None = None
    """When it goes on at the latest, where it waits."""


class AgentRunStatus(Status):
    """What the operator observed."""

    finished: Flag | None = None
    """True once the run ended for any reason."""

    workflow_id: Annotated[str, Field(max_length=1000)] | None = None
    """Id of the Temporal workflow; a run has one workflow, ever."""

    workflow_run_id: Annotated[str, Field(max_length=64)] | None = None
    """Run id of the Temporal workflow's first execution."""

    temporal_connection: Annotated[str, Field(max_length=63)] | None = None
    """The TemporalConnection by which the workflow was started; absent, the operator's own."""

    agent: AgentVersion | None = None
    """The agent on Mistral's side that the run begins with."""

    agents: Annotated[tuple[AgentInRun, ...], Field(max_length=32), ListMap("name")] = ()
    """Every agent that the run can come to, the one that it begins with first; at the end, 4 KB of them."""

    path: Annotated[tuple[Label, ...], Field(max_length=PATH_LIMIT)] = ()
    """The agents that had the conversation, in order; the latest 100 of them, of 2 KB at most."""

    answered_by: Label | None = None
    """The agent that had the conversation at the end."""

    conversation_id: Annotated[str, Field(max_length=256)] | None = None
    """The conversation on Mistral's side."""

    start_time: Time | None = None
    """When the workflow started."""

    completion_time: Time | None = None
    """When the workflow ended."""

    duration: Annotated[str, Field(max_length=32)] | None = None
    """Time from start to end, for people."""

    turns: Annotated[int, Whole(ge=0)] | None = None
    """Model calls that were answered; of a run that goes, as far as was seen."""

    usage: Usage | None = None
    """Tokens of the whole run; of one that goes, as far as was seen."""

    repeated_calls: Annotated[int, Whole(ge=0)] | None = None
    """Model calls that were made again as no answer came, of which each may have been paid for."""

    progress: Progress | None = None
    """What the run does, for one that goes on for more than a few seconds."""

    user_inputs: Annotated[tuple[ToldInput, ...], Field(max_length=USER_INPUT_LIMIT), ListMap("id")] = ()
    """What became of `spec.userInputs`."""

    output: Output | None = None
    """What the agent answered."""

    expires: (
        Annotated[
            str,
            Field(max_length=17),
            Format(
                r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}Z$",
                "must be a minute in UTC, as 2026-01-31T09:05Z",
            ),
        ]
        | None
    ) = None
    """The minute (UTC) after which the finished run is deleted."""

    conditions: Conditions = ()
    """Succeeded: Unknown while the run goes, then True or False with the reason. InputRequired: see there."""


class AgentRun(StoredObject):
    """AgentRun is one execution of an Agent: a Temporal workflow, and its outcome in the status."""

    spec: AgentRunSpec
    """What to run."""

    status: AgentRunStatus = AgentRunStatus(conditions=pending(ConditionType.SUCCEEDED))
    """What the operator observed."""

    rules: ClassVar = (NAME_LIMIT,)
    transitions: ClassVar = (
        Transition(
            cel="!has(oldSelf.status) || !has(oldSelf.status.finished) || !oldSelf.status.finished || "
            "(has(self.spec.ttlSecondsAfterFinished) == has(oldSelf.spec.ttlSecondsAfterFinished) && "
            "(!has(self.spec.ttlSecondsAfterFinished) || "
            "self.spec.ttlSecondsAfterFinished == oldSelf.spec.ttlSecondsAfterFinished))",
            message="spec.ttlSecondsAfterFinished is frozen once the run is finished: delete the run instead",
            path=".spec.ttlSecondsAfterFinished",
        ),
        Transition(
            cel="!has(oldSelf.status) || !has(oldSelf.status.finished) || !oldSelf.status.finished || "
            "(has(self.spec.userInputs) ? self.spec.userInputs.size() : 0) == "
            "(has(oldSelf.spec.userInputs) ? oldSelf.spec.userInputs.size() : 0)",
            message="the run is finished and hears nothing more: continue it by spec.continueFrom of another",
            path=".spec.userInputs",
        ),
    )
