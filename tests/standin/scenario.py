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
    steps: tuple[ScriptedStep, ...] = Field(min_length=1)
    repeat: int = Field(default=1, ge=1)
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class Script(Frozen):
    """Turns for the agent of this name and the requests that contain `input`; empty matches all."""

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
    turns = [turn for turn in script.turns for _ in range(turn.repeat)]
    taken = turns_taken(task, agent_id, openings)
    if taken >= len(turns):
        return Turn(steps=(closing(prompt),))
    steps = tuple(_step(step, prompt, request) for step in turns[taken].steps)
    return Turn(steps=steps, usage=_usage(turns[taken]))


def _step(step: ScriptedStep, prompt: Prompt, request: str) -> Step:
    match step:
        case ScriptedCall(call=name, arguments=arguments):
            return _call(name, arguments, prompt, request)
        case ScriptedExecution():
            return _execution(step, prompt, request)
        case ScriptedHandoff(handoff=agent):
            return HandOff(agent=agent)
        case ScriptedText():
            return Say(content=_content(step, prompt, request))


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


def _content(step: ScriptedText, prompt: Prompt, request: str) -> OutputContent:
    results = "; ".join(pair.result for pair in answered_calls(current_task(prompt.entries)) if pair.result)
    text = step.text.replace("{input}", request).replace("{results}", results)
    return (TextChunk(text=text), *step.references, *step.files) if step.references or step.files else text


def _usage(turn: ScriptedTurn) -> Usage | None:
    if turn.prompt_tokens is None and turn.completion_tokens is None:
        return None
    prompt, completion = turn.prompt_tokens or 0, turn.completion_tokens or 0
    return Usage(prompt_tokens=prompt, completion_tokens=completion, total_tokens=prompt + completion)
