"""Scripts that direct the stand-in's model: per agent or request, what it does turn by turn."""

from pathlib import Path

import yaml
from pydantic import Field, JsonValue

from tests.standin.arguments import fill_arguments
from tests.standin.base import Frozen
from tests.standin.entries import Usage
from tests.standin.model import (
    ATTENTION,
    CallTool,
    HandOff,
    Prompt,
    Say,
    Step,
    Turn,
    answer_text,
    answered_calls,
    current_task,
    request_text,
)


class ScriptedCall(Frozen):
    """A call; without arguments they are filled from the request, as the model does."""

    call: str
    arguments: dict[str, JsonValue] | None = None


class ScriptedHandoff(Frozen):
    handoff: str = Field(description="id or name of the agent that takes over")


class ScriptedText(Frozen):
    """An answer; `{input}` and `{results}` stand for the request and what the tools returned."""

    text: str


ScriptedStep = ScriptedCall | ScriptedHandoff | ScriptedText


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


def scripted_turn(scenario: Scenario, agent_name: str, prompt: Prompt, taken: int) -> Turn | None:
    """Give the turn a script asks for after `taken` turns; None without a script, an answer after its end."""
    task = current_task(prompt.entries)
    request = request_text(task)
    scripts = (s for s in scenario.scripts if s.agent in {"", agent_name} and s.input in request)
    script = next(scripts, None)
    if script is None:
        return None
    turns = [turn for turn in script.turns for _ in range(turn.repeat)]
    if taken >= len(turns):
        return Turn(steps=(Say(text=answer_text(prompt, request, answered_calls(task))),))
    steps = tuple(_step(step, prompt, request) for step in turns[taken].steps)
    return Turn(steps=steps, usage=_usage(turns[taken]))


def _step(step: ScriptedStep, prompt: Prompt, request: str) -> Step:
    match step:
        case ScriptedCall(call=name, arguments=None):
            tool = next((tool for tool in prompt.tools if tool.name == name), None)
            return CallTool(
                name=name, arguments=fill_arguments(tool.parameters, request[:ATTENTION]) if tool else {}
            )
        case ScriptedCall(call=name, arguments=arguments):
            return CallTool(name=name, arguments=arguments or {})
        case ScriptedHandoff(handoff=agent):
            return HandOff(agent=agent)
        case ScriptedText(text=text):
            results = "; ".join(pair.result for pair in answered_calls(current_task(prompt.entries)))
            return Say(text=text.replace("{input}", request).replace("{results}", results))


def _usage(turn: ScriptedTurn) -> Usage | None:
    if turn.prompt_tokens is None and turn.completion_tokens is None:
        return None
    prompt, completion = turn.prompt_tokens or 0, turn.completion_tokens or 0
    return Usage(prompt_tokens=prompt, completion_tokens=completion, total_tokens=prompt + completion)
