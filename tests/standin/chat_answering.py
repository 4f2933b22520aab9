"""Answers a chat from what was asked alone, so that whoever asks again is told the same. Pure."""

import hashlib
import json
import math
import re
import string
from typing import Literal

from tests.standin.base import Frozen
from tests.standin.chat_messages import (
    AssistantMessage,
    Message,
    SystemMessage,
    UserMessage,
    entries_of,
    instructions_of,
    read_text,
    text_of,
)
from tests.standin.chat_requests import Asked, NamedChoice
from tests.standin.choice import FunctionSpec
from tests.standin.entries import Usage
from tests.standin.errors import invalid_request
from tests.standin.jsonschema import JsonSchema
from tests.standin.model import CallTool, HandOff, Prompt, RunTool, Say, Turn, next_turn
from tests.standin.scenario import Scenario, Script, turn_of
from tests.standin.summaries import asks_for_summary, summary
from tests.standin.tasks import current_task, request_text
from tests.standin.tools import CompletionArgs

_ALPHANUMERIC = string.ascii_lowercase + string.digits
_CHARACTERS_PER_TOKEN = 4
_SCRIPTED = re.compile(r"([a-z0-9]{3})(\d{4})\d{2}$")


class Called(Frozen):
    """A call, under an id of nine alphanumerics."""

    id: str
    name: str
    arguments: str


class Said(Frozen):
    """What the model says."""

    text: str
    thought: str
    calls: tuple[Called, ...]
    finish: Literal["stop", "length", "tool_calls"]
    usage: Usage


def prompt_tokens(asked: Asked) -> int:
    """Count what the model reads."""
    tools = "".join(function.model_dump_json() for function in asked.functions)
    return _tokens(tools + "".join(map(read_text, asked.messages)))


def reply(asked: Asked, read: int, scenario: Scenario) -> Said:
    """Let the model say what comes next, after `read` tokens: by the first script that fits, else by itself.

    Refuses with 400 a scripted step that only a conversation has.
    """
    prompt = _prompt(asked)
    script = _script(asked, scenario)
    number = turns_taken(script, scenario, asked.messages) if script else 0
    request = request_text(current_task(prompt.entries))
    scripted = turn_of(script, number, prompt, request) if script else None
    if script and scripted:
        return _said(asked, read, scripted, f"{_mark(script)}{number:04}")
    if not asked.functions and asks_for_summary(prompt.instructions, request):
        texts = tuple(text_of(message) for message in asked.messages if message.role != "system")
        return _said(asked, read, Turn(steps=(Say(content=summary(texts)),)), None)
    return _said(asked, read, next_turn(prompt), None)


def turns_taken(script: Script, scenario: Scenario, messages: tuple[Message, ...]) -> int:
    """Count the turns of a script that were taken, in what is left of a transcript.

    An id that a script gave tells its turn, however much before it was cut away; where none is, each of the
    assistant's messages since the script's input is a turn, but for those of other scripts.
    """
    others = {_mark(other) for other in scenario.scripts if other is not script}
    begin = next((place for place, each in enumerate(messages) if _has(each, script.input)), 0)
    taken = 0
    for message in messages[begin:]:
        if isinstance(message, AssistantMessage):
            given = [found for call in message.calls if (found := _SCRIPTED.search(call.id))]
            own = next((int(found[2]) for found in given if found[1] == _mark(script)), None)
            if own is not None:
                taken = own + 1
            elif not any(found[1] in others for found in given):
                taken += 1
    return taken


def _script(asked: Asked, scenario: Scenario) -> Script | None:
    fitting = (script for script in scenario.scripts if script.agent in {"", asked.model})
    return next((s for s in fitting if any(_has(message, s.input) for message in asked.messages)), None)


def _has(message: Message, part: str) -> bool:
    return isinstance(message, SystemMessage | UserMessage) and part in text_of(message)


def _prompt(asked: Asked) -> Prompt:
    wanted = asked.choice.function.name if isinstance(asked.choice, NamedChoice) else None
    functions = (each for each in asked.functions if wanted in {None, each.name})
    choice = "required" if isinstance(asked.choice, NamedChoice) else asked.choice
    return Prompt(
        instructions=instructions_of(asked.messages),
        tools=tuple(
            FunctionSpec(
                name=function.name,
                description=function.description,
                parameters=JsonSchema.model_validate(function.parameters),
            )
            for function in functions
        ),
        completion=CompletionArgs(tool_choice=choice, response_format=asked.form),
        entries=entries_of(asked.messages),
    )


def _said(asked: Asked, read: int, turn: Turn, mark: str | None) -> Said:
    """Put a turn in words; without the mark of a script its calls get ids from what was asked."""
    texts: list[str] = []
    calls: list[Called] = []
    for step in turn.steps:
        match step:
            case Say():
                texts.append(step.text)
            case CallTool(name=name, arguments=arguments) if asked.parallel or not calls:
                given = json.dumps(arguments, ensure_ascii=False)
                calls.append(Called(id=_call_id(asked, mark, len(calls)), name=name, arguments=given))
            case CallTool():
                continue
            case RunTool() | HandOff():
                raise invalid_request(
                    "A chat's script can only call functions and say texts: mend the scenario"
                )
    text = "".join(texts)
    longest = math.inf if asked.max_tokens is None else asked.max_tokens * _CHARACTERS_PER_TOKEN
    is_cut = len(text) > longest
    text = text[: int(longest)] if is_cut else text
    finish: Literal["stop", "length", "tool_calls"] = "length" if is_cut else "stop"
    spoken = "".join(call.name + call.arguments for call in calls)
    written = _tokens(turn.thought + text + spoken) * asked.number
    usage = Usage(prompt_tokens=read, completion_tokens=written, total_tokens=read + written)
    return Said(
        text=text,
        thought=turn.thought,
        calls=tuple(calls),
        finish="tool_calls" if calls else finish,
        usage=turn.usage or usage,
    )


def _mark(script: Script) -> str:
    """Mark the ids of a script's calls: three characters, before the numbers of turn and call."""
    return _short(f"{script.agent}\n{script.input}", 3)


def _call_id(asked: Asked, mark: str | None, place: int) -> str:
    if mark is not None:
        return f"{mark}{place:02}"
    return _short(f"{place}\n{asked.model_dump_json()}", 9)


def _short(text: str, length: int) -> str:
    number = int.from_bytes(hashlib.sha256(text.encode()).digest())
    places = (number // len(_ALPHANUMERIC) ** place for place in range(length))
    return "".join(_ALPHANUMERIC[place % len(_ALPHANUMERIC)] for place in places)


def _tokens(text: str) -> int:
    return math.ceil(len(text) / _CHARACTERS_PER_TOKEN)
