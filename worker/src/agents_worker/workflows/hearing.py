"""What the model is told of a person's words, and of its questions to one."""

from collections.abc import Sequence
from datetime import timedelta

from agents_crds.contract.asking import meanwhile
from agents_crds.contract.names import ASK_USER
from agents_crds.contract.run import LoopInput, LoopState, UserInput
from agents_crds.contract.transcript import ResultMessage
from agents_crds.v1alpha1.fields import format_duration
from agents_worker.messages import FunctionCall
from agents_worker.workflows.calls import may_have_been_sent
from agents_worker.workflows.floor import caller_of, route_of
from agents_worker.workflows.turn import said

NO_QUESTION = f"{ASK_USER} was not called: give it one argument, the text of the `question`"


def is_question(loop: LoopInput, state: LoopState, call: FunctionCall) -> bool:
    """Tell whether a call asks a person; an agent's own tool of that name does not."""
    return (
        call.name == ASK_USER
        and not call.awaits_confirmation
        and loop.limits.wait_for_input is not None
        and route_of(caller_of(loop, state, call).tools, call.name) is None
    )


def reply(answer: Sequence[UserInput], limit: timedelta, *, stopped: bool) -> str:
    """Return what comes of a question: the answer, or why there is none."""
    if answer:
        return "\n\n".join(each.text for each in answer)
    if stopped:
        return "Nobody answered before the run was stopped"
    return (
        f"Nobody answered within {format_duration(limit)}. Go on without an answer as well as you can, and "
        "say in your final answer what you assumed"
    )


def can_hear(state: LoopState) -> bool:
    """Tell whether the next model call can take more along; one that may have been made already cannot."""
    # A provider that waits for decisions alone takes no message beside them.
    return not may_have_been_sent(state) and (bool(state.results) or not state.denials)


def heard(state: LoopState, inputs: Sequence[UserInput]) -> LoopState:
    """Let the next model call tell what people said: beside results as a note on the last one.

    Mistral allows no user message after results.
    """
    if not inputs:
        return state
    notes = "".join(f"\n\n{meanwhile(each.text)}" for each in inputs)
    match state.results, state.transcript:
        case (*others, last), _:
            noted = last.model_copy(update={"text": f"{last.text}{notes}"})
            return state.model_copy(update={"results": (*others, noted)})
        case _, (*before, ResultMessage() as told):
            # A run that is gone on with ended there.
            note = told.model_copy(update={"text": f"{told.text}{notes}"})
            return state.model_copy(update={"transcript": (*before, note)})
        case _:
            return state.model_copy(update={"say": (*state.say, *(said(each.text) for each in inputs))})
