"""Scripts that direct the stand-in's model: per agent or request, what it does turn by turn."""

from collections.abc import Set as AbstractSet
from pathlib import Path

import yaml
from pydantic import Field, JsonValue

from tests.standin.arguments import fill_arguments
from tests.standin.base import Frozen
from tests.standin.choice import FunctionSpec
from tests.standin.chunks import OutputContent, TextChunk, ToolFileChunk, ToolReferenceChunk
from tests.standin.entries import Usage
from tests.standin.executions import choose_arguments
from tests.standin.model import (
    CallTool,
    HandOff,
    Prompt,
    RunTool,
    Say,
    Step,
    Turn,
    closing,
)
from tests.standin.offers import Offer, offered
from tests.standin.tasks import answered_calls, current_task, request_text, turns_taken
from tests.standin.wording import ATTENTION

_TURN = "{turn}"


class ScriptedCall(Frozen):
    """A call; without arguments they are filled from the request, as the model does.

    What is no function of the caller's but of a tool of the server is run there.
    """

    call: str
    arguments: dict[str, JsonValue] | None = None


class ScriptedExecution(Frozen):
    """A tool of the server that runs, whether the agent has it or not; `info` replaces what it would tell."""

    execute: str = Field(description="the tool or connector, or a function of one that the agent has")
    function: str | None = None
    arguments: dict[str, JsonValue] | None = None
    info: dict[str, JsonValue] | None = None
    confirm: bool | None = Field(default=None, description="whether it waits for a confirmation")


class ScriptedHandoff(Frozen):
    handoff: str = Field(description="id or name of the agent that takes over")


class ScriptedText(Frozen):
    """An answer; `{input}` and `{results}` stand for the request and what the tools returned."""

    text: str
    references: tuple[ToolReferenceChunk, ...] = ()
    files: tuple[ToolFileChunk, ...] = ()


ScriptedStep = ScriptedCall | ScriptedExecution | ScriptedHandoff | ScriptedText


class ScriptedTurn(Frozen):
    """What the model does in one go, or in several that are alike.

    `{turn}` stands in arguments, texts and thoughts for the number of the turn in the script, from 0; an
    argument that is nothing else is a number.
    """

    thought: str = Field(default="", description="what a chat shows of the model's reasoning")
    steps: tuple[ScriptedStep, ...] = Field(min_length=1)
    repeat: int = Field(default=1, ge=1)
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class Script(Frozen):
    """Turns for the agent of this name and the requests that contain `input`; empty matches all.

    A chat knows no agents: there, `agent` is the model, and `input` a part of any message of the system or
    the user, from which on turns are counted.
    """

    agent: str = ""
    input: str = ""
    turns: tuple[ScriptedTurn, ...] = Field(min_length=1)


class Scenario(Frozen):
    """The first script that matches directs a task; without one the model decides."""

    scripts: tuple[Script, ...] = ()


def load_scenario(path: Path) -> Scenario:
    """Read a scenario from YAML or JSON."""
    return Scenario.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))


def scripted_turn(
    scenario: Scenario, agent_name: str, agent_id: str | None, prompt: Prompt, openings: AbstractSet[str]
) -> Turn | None:
    """Give the agent's next turn of a script; None without a script, an answer after its end.

    `openings` are the ids of the entries that open a turn: the agent's own in this task are counted.
    """
    task = current_task(prompt.entries)
    request = request_text(task)
    scripts = (s for s in scenario.scripts if s.agent in {"", agent_name} and s.input in request)
    script = next(scripts, None)
    if script is None:
        return None
    taken = turns_taken(task, agent_id, openings)
    return turn_of(script, taken, prompt, request) or Turn(steps=(closing(prompt),))


def turn_of(script: Script, number: int, prompt: Prompt, request: str) -> Turn | None:
    """Give a script's turn by its number, from 0; None after its end."""
    turns = [turn for turn in script.turns for _ in range(turn.repeat)]
    if number >= len(turns):
        return None
    turn = turns[number]
    steps = tuple(_step(step, prompt, request, number) for step in turn.steps)
    return Turn(steps=steps, usage=_usage(turn), thought=_numbered(turn.thought, number))


def _step(step: ScriptedStep, prompt: Prompt, request: str, number: int) -> Step:
    match step:
        case ScriptedCall(call=name, arguments=arguments):
            return _call(name, _arguments(arguments, number), prompt, request)
        case ScriptedExecution(arguments=arguments):
            numbered = step.model_copy(update={"arguments": _arguments(arguments, number)})
            return _execution(numbered, prompt, request)
        case ScriptedHandoff(handoff=agent):
            return HandOff(agent=agent)
        case ScriptedText():
            return Say(content=_content(step, prompt, request, number))


def _arguments(arguments: dict[str, JsonValue] | None, number: int) -> dict[str, JsonValue] | None:
    """Write a turn's number where arguments ask for it; only their own texts are looked at."""
    if arguments is None:
        return None
    return {name: _argument(value, number) for name, value in arguments.items()}


def _argument(value: JsonValue, number: int) -> JsonValue:
    if value == _TURN:
        return number
    return _numbered(value, number) if isinstance(value, str) else value


def _numbered(text: str, number: int) -> str:
    return text.replace(_TURN, str(number))


def _call(
    name: str, arguments: dict[str, JsonValue] | None, prompt: Prompt, request: str
) -> CallTool | RunTool:
    tool = next((tool for tool in prompt.tools if tool.name == name), None)
    offer = offered(prompt.offers, name)
    if tool is None and offer is not None:
        return _execution(ScriptedExecution(execute=name, arguments=arguments), prompt, request)
    if arguments is None:
        arguments = fill_arguments(tool.parameters, request[:ATTENTION]) if tool else {}
    return CallTool(name=name, arguments=arguments)


def _execution(step: ScriptedExecution, prompt: Prompt, request: str) -> RunTool:
    function = FunctionSpec(name=step.function or step.execute)
    made_up = Offer(tool=step.execute, work="connect", spec=function)
    offer = offered(prompt.offers, step.function or step.execute) or made_up
    if step.confirm is not None:
        offer = offer.model_copy(update={"confirm": step.confirm})
    arguments = step.arguments
    if arguments is None:
        arguments = choose_arguments(offer, request[:ATTENTION])
    return RunTool(offer=offer, arguments=arguments, info=step.info)


def _content(step: ScriptedText, prompt: Prompt, request: str, number: int) -> OutputContent:
    results = "; ".join(pair.result for pair in answered_calls(current_task(prompt.entries)) if pair.result)
    text = _numbered(step.text, number).replace("{input}", request).replace("{results}", results)
    return (TextChunk(text=text), *step.references, *step.files) if step.references or step.files else text


def _usage(turn: ScriptedTurn) -> Usage | None:
    if turn.prompt_tokens is None and turn.completion_tokens is None:
        return None
    prompt, completion = turn.prompt_tokens or 0, turn.completion_tokens or 0
    return Usage(prompt_tokens=prompt, completion_tokens=completion, total_tokens=prompt + completion)
