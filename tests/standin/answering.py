"""Answers a conversation: the model takes turns until it waits or has spoken. Pure but for ids."""

import json
import math
from collections.abc import Mapping
from datetime import datetime

from tests.standin.agents import Agent, Definition, existing_version
from tests.standin.base import Frozen
from tests.standin.choice import FunctionSpec
from tests.standin.conversations import Conversation, Speaker
from tests.standin.entries import (
    AnyEntry,
    FunctionCall,
    FunctionResult,
    Handoff,
    MessageInput,
    MessageOutput,
    OutputEntry,
    Usage,
    content_text,
)
from tests.standin.errors import failed_handoff, not_found
from tests.standin.ids import new_id, new_tool_call_id
from tests.standin.jsonschema import JsonSchema
from tests.standin.model import (
    CallTool,
    Colleague,
    HandOff,
    Prompt,
    Say,
    Step,
    current_task,
    next_turn,
    turns_taken,
)
from tests.standin.scenario import Scenario, scripted_turn
from tests.standin.tools import CompletionArgs, FunctionTool

_MAX_HANDOFFS = 16
_CHARACTERS_PER_TOKEN = 4


class Answer(Frozen):
    """What the model said, who answers next, and what it cost."""

    outputs: tuple[OutputEntry, ...]
    speaker: Speaker
    usage: Usage


class _Voice(Frozen):
    speaker: Speaker
    definition: Definition


def answer(
    conversation: Conversation,
    agents: Mapping[str, Agent],
    scenario: Scenario,
    completion: CompletionArgs | None,
    now: datetime,
) -> Answer:
    """Let the model answer; an agent that hands off is followed by its colleague, in one answer.

    Refuses with 404 when the agent is gone, and with 500 (code 3000) when a handoff has no target or no end.
    """
    voice = _voice(conversation, conversation.speaker, agents)
    outputs: tuple[OutputEntry, ...] = ()
    usage = Usage()
    for _ in range(_MAX_HANDOFFS):
        prompt = _prompt(voice, agents, (*conversation.entries, *outputs), completion)
        taken = turns_taken(current_task(prompt.entries), voice.speaker.agent_id)
        turn = scripted_turn(scenario, voice.definition.name, prompt, taken) or next_turn(prompt)
        said: list[OutputEntry] = []
        for step in turn.steps:
            entry = _entry(step, voice, agents, now)
            said.append(entry)
            if isinstance(entry, Handoff):
                voice = _voice(conversation, Speaker(agent_id=entry.next_agent_id), agents)
        outputs += tuple(said)
        usage = _sum(usage, turn.usage or _measured(prompt, said))
        if not isinstance(turn.steps[-1], HandOff):
            return Answer(outputs=outputs, speaker=voice.speaker, usage=usage)
    raise failed_handoff()


def _voice(conversation: Conversation, speaker: Speaker, agents: Mapping[str, Agent]) -> _Voice:
    """Find what a speaker goes by; what the conversation was started with replaces the entry agent's own."""
    replaced = {name: value for name, value in conversation.overrides if value is not None}
    if speaker.agent_id is None:
        definition = Definition(model=speaker.model or "", name="")
    else:
        agent = agents.get(speaker.agent_id)
        if agent is None:
            raise not_found("Agent", speaker.agent_id)
        definition = existing_version(agent, speaker.agent_version).definition
    if speaker == conversation.opened_with:
        definition = definition.model_copy(update=replaced)
    return _Voice(speaker=speaker, definition=definition)


def _prompt(
    voice: _Voice,
    agents: Mapping[str, Agent],
    entries: tuple[AnyEntry, ...],
    completion: CompletionArgs | None,
) -> Prompt:
    definition = voice.definition
    functions = (tool.function for tool in definition.tools if isinstance(tool, FunctionTool))
    known = (agents[agent_id] for agent_id in definition.handoffs or () if agent_id in agents)
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
        colleagues=tuple(
            Colleague(id=agent.id, name=agent.current.name, description=agent.current.description or "")
            for agent in known
        ),
        completion=completion or definition.completion_args,
        entries=entries,
    )


def _entry(step: Step, voice: _Voice, agents: Mapping[str, Agent], now: datetime) -> OutputEntry:
    agent_id, model = voice.speaker.agent_id, voice.definition.model
    match step:
        case CallTool(name=name, arguments=arguments):
            return FunctionCall(
                id=new_id("fc"),
                tool_call_id=new_tool_call_id(),
                name=name,
                arguments=json.dumps(arguments, ensure_ascii=False),
                agent_id=agent_id,
                model=model,
                created_at=now,
            )
        case Say(text=text):
            return MessageOutput(
                id=new_id("msg"),
                content=text,
                agent_id=agent_id,
                model=model,
                created_at=now,
                completed_at=now,
            )
        case HandOff(agent=wanted):
            target = _target(voice.definition, wanted, agents)
            return Handoff(
                id=new_id("handoff"),
                previous_agent_id=agent_id or "",
                previous_agent_name=voice.definition.name,
                next_agent_id=target.id,
                next_agent_name=target.current.name,
                created_at=now,
                completed_at=now,
            )


def _target(definition: Definition, wanted: str, agents: Mapping[str, Agent]) -> Agent:
    """Find a handoff's target by id or name among those that the agent may hand off to."""
    allowed = (agents[agent_id] for agent_id in definition.handoffs or () if agent_id in agents)
    target = next((agent for agent in allowed if wanted in {agent.id, agent.current.name}), None)
    if target is None:
        raise failed_handoff()
    return target


def _measured(prompt: Prompt, said: list[OutputEntry]) -> Usage:
    """Count tokens by the lengths of the texts, four characters to a token."""
    tools = "".join(tool.model_dump_json(exclude_defaults=True) for tool in prompt.tools)
    read = _tokens(prompt.instructions + tools + "".join(map(_entry_text, prompt.entries)))
    written = _tokens("".join(map(_entry_text, said)))
    return Usage(prompt_tokens=read, completion_tokens=written, total_tokens=read + written)


def _tokens(text: str) -> int:
    return math.ceil(len(text) / _CHARACTERS_PER_TOKEN)


def _entry_text(entry: AnyEntry) -> str:
    match entry:
        case MessageInput(content=content) | MessageOutput(content=content):
            return content_text(content)
        case FunctionCall(name=name, arguments=arguments):
            return name + str(arguments)
        case FunctionResult(result=result):
            return result
        case _:
            return ""


def _sum(one: Usage, other: Usage) -> Usage:
    return Usage(
        prompt_tokens=one.prompt_tokens + other.prompt_tokens,
        completion_tokens=one.completion_tokens + other.completion_tokens,
        total_tokens=one.total_tokens + other.total_tokens,
    )
