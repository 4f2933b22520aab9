"""Answers a conversation: the model takes turns until it waits or has spoken. Pure but for ids."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from pydantic import JsonValue

from tests.standin.agents import Agent, Definition, existing_version
from tests.standin.base import Frozen
from tests.standin.choice import FunctionSpec
from tests.standin.conversations import Conversation, Speaker, waiting_calls
from tests.standin.entries import (
    AnyEntry,
    FunctionCall,
    Handoff,
    MessageOutput,
    OutputEntry,
    ToolExecution,
    Usage,
)
from tests.standin.errors import failed_handoff, not_found
from tests.standin.executions import run
from tests.standin.ids import new_id, new_tool_call_id
from tests.standin.jsonschema import JsonSchema
from tests.standin.model import (
    CallTool,
    Colleague,
    HandOff,
    Prompt,
    RunTool,
    Say,
    Step,
    label,
    next_turn,
)
from tests.standin.offers import Offer, offered, offers_of
from tests.standin.scenario import Scenario, scripted_turn
from tests.standin.tools import CompletionArgs, FunctionTool
from tests.standin.usage import connector_usage, model_usage, total
from tests.standin.world import World

_MAX_TURNS = 64


@dataclass(frozen=True)
class Surroundings:
    """What an answer depends on beside its conversation."""

    agents: Mapping[str, Agent]
    scenario: Scenario
    world: World
    now: datetime


class Answer(Frozen):
    """What the model said, the entries that opened a turn, who answers next, and what it cost."""

    outputs: tuple[OutputEntry, ...]
    openings: tuple[str, ...]
    speaker: Speaker
    usage: Usage


class _Voice(Frozen):
    speaker: Speaker
    definition: Definition


def answer(
    conversation: Conversation,
    allowed: tuple[FunctionCall, ...],
    completion: CompletionArgs | None,
    around: Surroundings,
) -> Answer:
    """Run the calls that were just allowed, then let the model take turns until it waits or has spoken.

    An agent that hands off is followed by its colleague, in one answer. Refuses with 404 when the agent is
    gone, and with 500 (code 3000) when a handoff has no target or turns have no end.
    """
    voice = _voice(conversation, conversation.speaker, around)
    outputs: tuple[OutputEntry, ...] = tuple(_allowed(call, voice, around) for call in allowed)
    openings: tuple[str, ...] = ()
    usages = [connector_usage(outputs)]
    for _ in range(_MAX_TURNS):
        prompt = _prompt(voice, (*conversation.entries, *outputs), completion, around)
        begun = frozenset((*conversation.openings, *openings))
        name, agent_id = voice.definition.name, voice.speaker.agent_id
        turn = scripted_turn(around.scenario, name, agent_id, prompt, begun) or next_turn(prompt)
        said: list[OutputEntry] = []
        for step in turn.steps:
            entry = _entry(step, voice, around)
            said.append(entry)
            if isinstance(entry, Handoff):
                voice = _voice(conversation, _next_speaker(conversation, entry), around)
        outputs += tuple(said)
        openings += (said[0].id or "",)
        usages += [turn.usage or model_usage(prompt, said), connector_usage(said)]
        if waiting_calls(tuple(said)) or isinstance(said[-1], MessageOutput):
            return Answer(outputs=outputs, openings=openings, speaker=voice.speaker, usage=total(usages))
    raise failed_handoff()


def _next_speaker(conversation: Conversation, handoff: Handoff) -> Speaker:
    """Name who takes over; the agent that the conversation began with is again what it was then."""
    begun_by = conversation.opened_with
    return begun_by if handoff.next_agent_id == begun_by.agent_id else Speaker(agent_id=handoff.next_agent_id)


def _voice(conversation: Conversation, speaker: Speaker, around: Surroundings) -> _Voice:
    """Find what a speaker goes by; what the conversation was started with replaces the entry agent's own."""
    replaced = {name: value for name, value in conversation.overrides if value is not None}
    if speaker.agent_id is None:
        definition = Definition(model=speaker.model or "", name="")
    else:
        agent = around.agents.get(speaker.agent_id)
        if agent is None:
            raise not_found("Agent", speaker.agent_id)
        definition = existing_version(agent, speaker.agent_version).definition
    if speaker == conversation.opened_with:
        definition = definition.model_copy(update=replaced)
    return _Voice(speaker=speaker, definition=definition)


def _prompt(
    voice: _Voice, entries: tuple[AnyEntry, ...], completion: CompletionArgs | None, around: Surroundings
) -> Prompt:
    definition = voice.definition
    functions = (tool.function for tool in definition.tools if isinstance(tool, FunctionTool))
    known = (around.agents[agent_id] for agent_id in definition.handoffs or () if agent_id in around.agents)
    return Prompt(
        instructions=definition.instructions or "",
        tools=tuple(
            FunctionSpec(
                name=function.name,
                description=function.description,
                parameters=JsonSchema.model_validate(function.parameters),
            )
            for function in functions
        ),
        offers=offers_of(definition.tools, around.world),
        colleagues=tuple(
            Colleague(id=agent.id, name=agent.current.name, description=agent.current.description or "")
            for agent in known
        ),
        completion=completion or definition.completion_args,
        world=around.world,
        entries=entries,
    )


def _entry(step: Step, voice: _Voice, around: Surroundings) -> OutputEntry:
    match step:
        case CallTool(name=name, arguments=arguments):
            return _call(name, arguments, voice, around)
        case RunTool(offer=Offer(confirm=True) as offer, arguments=arguments):
            call = _call(offer.spec.name, arguments, voice, around)
            return call.model_copy(update={"confirmation_status": "pending"})
        case RunTool(offer=offer, arguments=arguments, info=info):
            return _execution(offer, arguments, info, voice, around)
        case Say(content=content):
            return MessageOutput(
                id=new_id("msg"),
                content=content,
                agent_id=voice.speaker.agent_id,
                model=voice.definition.model,
                created_at=around.now,
                completed_at=around.now,
            )
        case HandOff(agent=wanted):
            target = _target(voice.definition, wanted, around.agents)
            return Handoff(
                id=new_id("handoff"),
                previous_agent_id=voice.speaker.agent_id or "",
                previous_agent_name=voice.definition.name,
                next_agent_id=target.id,
                next_agent_name=target.current.name,
                created_at=around.now,
                completed_at=around.now,
            )


def _call(name: str, arguments: dict[str, JsonValue], voice: _Voice, around: Surroundings) -> FunctionCall:
    return FunctionCall(
        id=new_id("fc"),
        tool_call_id=new_tool_call_id(),
        name=name,
        arguments=json.dumps(arguments, ensure_ascii=False),
        agent_id=voice.speaker.agent_id,
        model=voice.definition.model,
        created_at=around.now,
    )


def _execution(
    offer: Offer,
    arguments: dict[str, JsonValue],
    info: dict[str, JsonValue] | None,
    voice: _Voice,
    around: Surroundings,
) -> ToolExecution:
    return ToolExecution(
        id=new_id("tool_exec"),
        name=offer.tool,
        function=offer.spec.name,
        arguments=json.dumps(arguments, ensure_ascii=False),
        info=run(offer, arguments, around.world, str(uuid4())) if info is None else info,
        agent_id=voice.speaker.agent_id,
        model=voice.definition.model,
        created_at=around.now,
        completed_at=around.now,
    )


def _allowed(call: FunctionCall, voice: _Voice, around: Surroundings) -> ToolExecution:
    """Run what was confirmed; a tool that the agent no longer has runs by the name of the call."""
    arguments = json.loads(call.arguments) if isinstance(call.arguments, str) else call.arguments
    gone = Offer(tool=call.name, work="connect", spec=FunctionSpec(name=call.name))
    offer = offered(offers_of(voice.definition.tools, around.world), call.name) or gone
    return _execution(offer, arguments, None, voice, around)


def _target(definition: Definition, wanted: str, agents: Mapping[str, Agent]) -> Agent:
    """Find a handoff's target by id or name among those that the agent may hand off to."""
    allowed = [agents[agent_id] for agent_id in definition.handoffs or () if agent_id in agents]
    named = (agent for agent in allowed if wanted in {agent.id, agent.current.name})
    target = next(named, next((agent for agent in allowed if label(agent.current.name) == wanted), None))
    if target is None:
        raise failed_handoff()
    return target
