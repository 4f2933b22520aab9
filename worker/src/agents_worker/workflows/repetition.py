"""Whether the model goes round in circles.

A turn repeats the one before it when both made the same calls with the same results: the same tools,
arguments that are equal as JSON, and word for word the same texts back. Neither the order of the calls counts
nor how often each was made in the turn, and neither polling tools nor questions to a person count at all.
A turn that differs in any of it, or that has only calls that do not count, ends the repetition: what
alternates is left to the other limits.
"""

import hashlib
import json
from collections.abc import Sequence

from agents_crds.contract.names import ASK_USER
from agents_crds.contract.run import LoopState, ToolRoute
from agents_worker.messages import FunctionCall

TOLD_AFTER = 3
"""Turns in a row with the same calls and results after which the model is told, once."""
STOPPED_AFTER = TOLD_AFTER + 2
"""Turns in a row after which the run ends."""

_DIGEST_LENGTH = 32


def repeated(
    state: LoopState,
    routes: Sequence[ToolRoute | None],
    calls: Sequence[FunctionCall],
    texts: Sequence[str],
) -> LoopState:
    """Count a turn's calls in, each with its route and what came back; a denial is as good as a result."""
    digest = turn_digest(routes, calls, texts)
    repeats = state.repeats + 1 if digest and digest == state.last_calls else int(bool(digest))
    return state.model_copy(update={"last_calls": digest, "repeats": repeats})


def turn_digest(
    routes: Sequence[ToolRoute | None], calls: Sequence[FunctionCall], texts: Sequence[str]
) -> str:
    """Say in 32 characters what was called and came back; empty when nothing was that counts."""
    made = {
        json.dumps((call.name, _canonical(call.arguments), text))
        for route, call, text in zip(routes, calls, texts, strict=True)
        if not (call.name == ASK_USER if route is None else route.polling)
    }
    return hashlib.sha256("\n".join(sorted(made)).encode()).hexdigest()[:_DIGEST_LENGTH] if made else ""


def told(state: LoopState, texts: Sequence[str]) -> tuple[str, ...]:
    """Add to the last result, once, that it is the same again."""
    if state.repeats != TOLD_AFTER or not texts:
        return tuple(texts)
    return (*texts[:-1], f"{texts[-1]}\n\n{_NOTE}")


_NOTE = (
    f"[Note: you have now made exactly the same calls {TOLD_AFTER} times in a row, and got exactly the same "
    "results. Do not make them again. Use what you have, do something else, or give your final answer.]"
)


def stuck(state: LoopState) -> bool:
    """Tell whether the model goes on although it was told."""
    return state.repeats >= STOPPED_AFTER


def stuck_message(state: LoopState, calls: Sequence[FunctionCall]) -> str:
    """Tell people what the model repeated, and what to do about it."""
    names = ", ".join(sorted({call.name for call in calls}))
    if all(call.awaits_confirmation for call in calls):
        return (
            f"The model called {names} with the same arguments {state.repeats} times in a row, although each "
            "call waits for a confirmation and is denied. Let the tool need none at the provider, or take it "
            "from the agent"
        )
    return (
        f"The model called {names} with the same arguments and the same results {state.repeats} times in a "
        "row, also after it was told. Let the instructions say what to do instead, or mark a tool that is "
        "meant to be called until its result changes with @tool(polling=True)"
    )


def _canonical(arguments: str) -> str:
    try:
        return json.dumps(json.loads(arguments), sort_keys=True)
    except (ValueError, RecursionError):
        return arguments
