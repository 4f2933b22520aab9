"""The stand-in's model: from the instructions, the tools and the conversation to its next turn. Pure."""

import re

from pydantic import Field, JsonValue

from tests.standin.arguments import fill_arguments, year_variants
from tests.standin.arithmetic import find_expressions
from tests.standin.base import Frozen
from tests.standin.choice import Chosen, FunctionSpec, best_tool, choose_tools, is_named, ordered_tools
from tests.standin.chunks import OutputContent, content_text
from tests.standin.entries import AnyEntry, Usage
from tests.standin.executions import choose_arguments
from tests.standin.offers import Offer
from tests.standin.tasks import (
    Answered,
    agents_of,
    answered_calls,
    current_task,
    images_of,
    request_text,
)
from tests.standin.tools import CompletionArgs
from tests.standin.wording import ATTENTION, answer
from tests.standin.world import World

_NEXT_STEP = re.compile(r"[,.;]?\s*\b(?:and then|then|after that|afterwards|finally)\b", re.IGNORECASE)


class CallTool(Frozen):
    """Ask the caller to run a function."""

    name: str
    arguments: dict[str, JsonValue]


class RunTool(Frozen):
    """Run a function on the server, or ask for a confirmation; info that is given is what it tells."""

    offer: Offer
    arguments: dict[str, JsonValue]
    info: dict[str, JsonValue] | None = None


class HandOff(Frozen):
    agent: str = Field(description="id or name of the agent that takes over")


class Say(Frozen):
    content: OutputContent

    @property
    def text(self) -> str:
        """Give what is said, without what is cited."""
        return content_text(self.content, between="")


Step = CallTool | RunTool | HandOff | Say


class Turn(Frozen):
    """What the model does in one go; a usage of its own replaces the one that the texts' lengths give.

    What it thought before is shown in a chat; a conversation keeps it to itself.
    """

    steps: tuple[Step, ...]
    usage: Usage | None = None
    thought: str = ""


class Colleague(Frozen):
    """An agent to hand off to; people know it by the last part of its name."""

    id: str
    name: str
    description: str

    @property
    def spec(self) -> FunctionSpec:
        """Describe it as if it were a tool."""
        return FunctionSpec(name=label(self.name), description=self.description)


class Prompt(Frozen):
    """Everything the model sees; `world` is what makes it search where nobody says so."""

    instructions: str
    tools: tuple[FunctionSpec, ...]
    offers: tuple[Offer, ...] = ()
    colleagues: tuple[Colleague, ...] = ()
    completion: CompletionArgs = CompletionArgs()
    world: World = World()
    entries: tuple[AnyEntry, ...]

    @property
    def callable(self) -> tuple[FunctionSpec, ...]:
        """List all that can be called, the caller's functions first; with no choice, nothing."""
        if self.completion.tool_choice == "none":
            return ()
        return (*self.tools, *(offer.spec for offer in self.offers))


def label(name: str) -> str:
    """Cut an agent's name to its last part: `team.weather` is spoken of as `weather`."""
    return name.rpartition(".")[2]


def next_turn(prompt: Prompt) -> Turn:
    """Take the first step of the request that is not done: call its tools, or hand off; at last answer.

    No tool is called in two turns of one task, and no agent gets a task twice, so every task ends.
    """
    task = current_task(prompt.entries)
    request = request_text(task)
    answered = answered_calls(task)
    called = {pair.name for pair in answered}
    for clause in _NEXT_STEP.split(request[:ATTENTION]):
        chosen = _chosen(prompt, clause)
        wanted = [each for each in chosen if each.spec.name not in called]
        if wanted:
            return Turn(steps=_calls(prompt, wanted, clause, answered, request))
        colleague = _colleague(prompt, clause, task, answered, is_done=bool(chosen))
        if colleague is not None:
            return Turn(steps=(HandOff(agent=colleague.id),))
    steps = _ordered(prompt, request, answered)
    return Turn(steps=steps or (closing(prompt),))


def closing(prompt: Prompt) -> Say:
    """Answer from what came of the task."""
    task = current_task(prompt.entries)
    form = prompt.completion.response_format
    has_tools = bool(prompt.tools or prompt.offers)
    found = answered_calls(task)
    return Say(content=answer(request_text(task), found, images_of(task), form, has_tools=has_tools))


def _chosen(prompt: Prompt, clause: str) -> tuple[Chosen, ...]:
    """Choose by the words; where they name nothing, by arithmetic to do and by facts to be found."""
    chosen = choose_tools(clause, prompt.callable)
    if chosen or not prompt.callable:
        return chosen
    useful = (offer for offer in prompt.offers if _is_useful(offer, clause, prompt.world))
    return tuple(Chosen(spec=offer.spec, about=clause) for offer in useful)[:1]


def _is_useful(offer: Offer, clause: str, world: World) -> bool:
    match offer.work:
        case "search":
            return bool(world.found(clause, offer.library_ids))
        case "compute":
            return bool(find_expressions(clause))
        case "draw" | "connect":
            return False


def _calls(
    prompt: Prompt, wanted: list[Chosen], clause: str, answered: tuple[Answered, ...], request: str
) -> tuple[Step, ...]:
    results = "\n".join(pair.result for pair in answered)[:ATTENTION]
    texts = (clause, results, request[:ATTENTION])
    return tuple(call for each in wanted for call in _call(prompt, each.spec, each.about, *texts))


def _call(prompt: Prompt, tool: FunctionSpec, *texts: str) -> tuple[Step, ...]:
    """Call a tool once, or once for each year where the text names several and the tool takes one."""
    given = tuple(dict.fromkeys(text for text in texts if text)) or ("",)
    offer = next((offer for offer in prompt.offers if offer.spec is tool), None)
    if offer is not None:
        return (RunTool(offer=offer, arguments=choose_arguments(offer, *given)),)
    years = year_variants(tool.parameters, given[0])
    fillings = [(year, *given) for year in years] or [given]
    return tuple(
        CallTool(name=tool.name, arguments=fill_arguments(tool.parameters, *filling)) for filling in fillings
    )


def _ordered(prompt: Prompt, request: str, answered: tuple[Answered, ...]) -> tuple[Step, ...]:
    """Call what the instructions order, or anything where a call is demanded."""
    called = {pair.name for pair in answered}
    results = "\n".join(pair.result for pair in answered)[:ATTENTION]
    ordered = ordered_tools(prompt.instructions, prompt.callable)
    uncalled = next((tool for tool in ordered if tool.name not in called), None)
    if uncalled is not None:
        return _call(prompt, uncalled, request[:ATTENTION], results)
    if prompt.completion.tool_choice in {"any", "required"} and prompt.callable and not called:
        return _call(prompt, best_tool(request[:ATTENTION], prompt.callable), request[:ATTENTION])
    return ()


def _colleague(
    prompt: Prompt, clause: str, task: tuple[AnyEntry, ...], answered: tuple[Answered, ...], *, is_done: bool
) -> Colleague | None:
    """Find the agent that a step is for, as if each were a tool; none that had the task before.

    A step that somebody took already is only for a colleague whom it names.
    """
    had_it = agents_of(task)
    ids = {agent_id for agent_id, _ in had_it}
    free = [colleague for colleague in prompt.colleagues if colleague.id not in ids]
    took = tuple(FunctionSpec(name=pair.name) for pair in answered)
    is_done = is_done or bool(choose_tools(clause, took))
    is_done = is_done or any(is_named(label(name), clause) for _, name in had_it)
    asked = [each for each in free if not is_done or is_named(each.spec.name, clause)]
    chosen = choose_tools(clause, tuple(colleague.spec for colleague in asked))
    return next((agent for agent in asked if chosen and agent.spec.name == chosen[0].spec.name), None)
