"""The stand-in's model: from the instructions, the tools and the conversation to its next turn. Pure."""

import json
import re
from itertools import takewhile

from pydantic import Field, JsonValue

from tests.standin.arguments import fill_answer, fill_arguments, year_variants
from tests.standin.base import Frozen
from tests.standin.choice import FunctionSpec, best_tool, choose_tools, ordered_tools
from tests.standin.entries import (
    AnyEntry,
    ForeignEntry,
    FunctionCall,
    FunctionResult,
    Handoff,
    MessageInput,
    MessageOutput,
    ToolExecution,
    Usage,
    content_text,
)
from tests.standin.jsonschema import JsonSchema
from tests.standin.tools import CompletionArgs

_NEXT_STEP = re.compile(r"[,.;]?\s*\b(?:and then|then|after that|afterwards|finally)\b", re.IGNORECASE)

_FORM = re.compile(r"\bJSON schema\b", re.IGNORECASE)

ATTENTION = 4000  # characters of a request and of results that are searched for tools and arguments


class CallTool(Frozen):
    name: str
    arguments: dict[str, JsonValue]


class HandOff(Frozen):
    agent: str = Field(description="id or name of the agent that takes over")


class Say(Frozen):
    text: str


Step = CallTool | HandOff | Say


class Turn(Frozen):
    """What the model does in one go; a usage of its own replaces the one that the texts' lengths give."""

    steps: tuple[Step, ...]
    usage: Usage | None = None


class Colleague(Frozen):
    """An agent to hand off to."""

    id: str
    name: str
    description: str


class Prompt(Frozen):
    """Everything the model sees."""

    instructions: str
    tools: tuple[FunctionSpec, ...]
    colleagues: tuple[Colleague, ...] = ()
    completion: CompletionArgs = CompletionArgs()
    entries: tuple[AnyEntry, ...]


class Answered(Frozen):
    """A call of the current task with its result."""

    call: FunctionCall
    result: str


def next_turn(prompt: Prompt) -> Turn:
    """Call the tools that the request asks for and that were not called yet; else hand off; else answer.

    No tool is called in two turns of one task, and no agent gets a task twice, so every task ends.
    """
    task = current_task(prompt.entries)
    request = request_text(task)
    answered = answered_calls(task)
    calls = _wanted_calls(prompt, request, answered)
    if calls:
        return Turn(steps=calls)
    colleague = None if answered else _colleague(prompt, request, task)
    if colleague is not None:
        return Turn(steps=(HandOff(agent=colleague.id),))
    return Turn(steps=(Say(text=answer_text(prompt, request, answered)),))


def current_task(entries: tuple[AnyEntry, ...]) -> tuple[AnyEntry, ...]:
    """Cut a conversation to what follows the caller's last request, this included.

    A message about the form of an answer is no request of its own: the task is still the one of that answer.
    """
    start = max((i for i, entry in enumerate(entries) if isinstance(entry, MessageInput)), default=0)
    while start > 0 and isinstance(entries[start - 1], MessageInput):
        start -= 1
    if start > 0 and _is_about_form(entries[start]):
        return (*current_task(entries[:start]), *entries[start:])
    return entries[start:]


def _is_about_form(entry: AnyEntry) -> bool:
    return isinstance(entry, MessageInput) and bool(_FORM.search(content_text(entry.content)))


def request_text(task: tuple[AnyEntry, ...]) -> str:
    """Join what the caller asks for."""
    asked = takewhile(lambda entry: isinstance(entry, MessageInput), task)
    return "\n".join(content_text(entry.content) for entry in asked if isinstance(entry, MessageInput))


def answered_calls(task: tuple[AnyEntry, ...]) -> tuple[Answered, ...]:
    """Pair the task's calls with their results, in the order of the calls."""
    results = {entry.tool_call_id: entry.result for entry in task if isinstance(entry, FunctionResult)}
    calls = (entry for entry in task if isinstance(entry, FunctionCall) and entry.tool_call_id in results)
    return tuple(Answered(call=call, result=results[call.tool_call_id]) for call in calls)


def turns_taken(task: tuple[AnyEntry, ...], agent_id: str | None) -> int:
    """Count the turns that an agent took in a task: runs of its entries between those of others."""
    speakers = [_speaker(entry) for entry in task]
    starts = [now for before, now in zip([None, *speakers], speakers, strict=False) if now != before]
    return starts.count((agent_id,))


def _speaker(entry: AnyEntry) -> tuple[str | None] | None:
    """Tell whose entry it is: None for the caller's, a tuple with the agent's id or None for the model's."""
    match entry:
        case MessageInput() | FunctionResult():
            return None
        case Handoff() | ForeignEntry():
            return ("",)
        case MessageOutput() | FunctionCall() | ToolExecution():
            return (entry.agent_id,)


def _wanted_calls(prompt: Prompt, request: str, answered: tuple[Answered, ...]) -> tuple[CallTool, ...]:
    """Take the first step of the request that has uncalled tools; what the instructions order comes last."""
    choice = prompt.completion.tool_choice
    called = {pair.call.name for pair in answered}
    if choice == "none" or not prompt.tools:
        return ()
    request = request[:ATTENTION]
    results = "\n".join(pair.result for pair in answered)[:ATTENTION]
    for clause in _NEXT_STEP.split(request):
        wanted = [tool for tool in choose_tools(clause, prompt.tools) if tool.spec.name not in called]
        if wanted:
            return tuple(
                call for tool in wanted for call in _calls(tool.spec, tool.about, clause, results, request)
            )
    ordered = [tool for tool in ordered_tools(prompt.instructions, prompt.tools) if tool.name not in called]
    if ordered:
        return _calls(ordered[0], request, results)
    if choice in {"any", "required"} and not called:
        return _calls(best_tool(request, prompt.tools), request)
    return ()


def _calls(tool: FunctionSpec, *texts: str) -> tuple[CallTool, ...]:
    """Call a tool once, or once for each year where the text names several and the tool takes one."""
    given = tuple(dict.fromkeys(text for text in texts if text))
    years = year_variants(tool.parameters, given[0]) if given else ()
    fillings = [(year, *given) for year in years] or [given or ("",)]
    return tuple(
        CallTool(name=tool.name, arguments=fill_arguments(tool.parameters, *filling)) for filling in fillings
    )


def _colleague(prompt: Prompt, request: str, task: tuple[AnyEntry, ...]) -> Colleague | None:
    """Find the agent that the request is for, as if each were a tool; none that had the task before."""
    handoffs = [entry for entry in task if isinstance(entry, Handoff)]
    had_it = {agent for entry in handoffs for agent in (entry.previous_agent_id, entry.next_agent_id)}
    free = [colleague for colleague in prompt.colleagues if colleague.id not in had_it]
    specs = tuple(FunctionSpec(name=agent.name, description=agent.description) for agent in free)
    chosen = choose_tools(request[:ATTENTION], specs)
    return next((agent for agent in free if chosen and agent.name == chosen[0].spec.name), None)


def answer_text(prompt: Prompt, request: str, answered: tuple[Answered, ...]) -> str:
    """Say what the tools returned, word for word; as JSON where the prompt asks for it."""
    form = prompt.completion.response_format
    if form is not None and form.json_schema is not None:
        schema = JsonSchema.model_validate(form.json_schema.schema_definition)
        texts = [text[:ATTENTION] for text in (*(pair.result for pair in answered), request)]
        return json.dumps(fill_answer(schema, *texts))
    if form is not None and form.type == "json_object":
        return json.dumps({pair.call.name: pair.result for pair in answered} or {"answer": request})
    if answered:
        return "Here is what I found: " + "; ".join(map(_finding, answered)) + "."
    reason = "none of my tools fits" if prompt.tools else "I have no tools"
    return f'You asked: "{request.strip()}". I answer directly, because {reason}.'


def _finding(pair: Answered) -> str:
    return f"{pair.call.name}({_shown(pair.call.arguments)}) returned {pair.result}"


def _shown(arguments: str | dict[str, JsonValue]) -> str:
    try:
        given = json.loads(arguments) if isinstance(arguments, str) else arguments
    except ValueError:
        return str(arguments)
    pairs = given.items() if isinstance(given, dict) else ()
    return ", ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in pairs)
