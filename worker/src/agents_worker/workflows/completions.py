"""The model calls of a Local session, on the provider's queue."""

from agents_crds.contract.run import LoopInput, LoopState
from agents_crds.v1alpha1.conditions import Reason
from agents_worker.chat_messages import ChatAnswer
from agents_worker.messages import ModelAnswer
from agents_worker.text import size_of
from agents_worker.workflows.calls import ask_provider
from agents_worker.workflows.compaction import (
    MOST_COMPACTIONS,
    Plan,
    payload_limit,
    planned,
    room_for,
    shortened,
    summarized,
    summary_request,
    tried,
)
from agents_worker.workflows.ending import over_budget
from agents_worker.workflows.local import answer_of, begun, pending, request_of
from agents_worker.workflows.refusals import ModelFailed, Refusal, counted

Outcome = LoopState | ModelAnswer | Refusal


async def complete(loop: LoopInput, state: LoopState) -> Outcome:
    """Make the next model call, or first shorten what it would tell: then, a state is returned."""
    spent = over_budget(loop, state) if state.compactions else None
    if spent is not None:
        return ModelFailed(Reason.BUDGET_EXCEEDED, spent)
    room = room_for(loop, state)
    if room is not None:
        state = begun(loop, state)
        plan = planned(loop, state, room) if state.compactions < MOST_COMPACTIONS else None
        if plan is not None:
            return await _shorten(loop, state, plan)
        if state.refused_bytes or _size(loop, state) > payload_limit(loop, state):
            return _too_long(state)
    messages = (*state.transcript, *pending(loop, state))
    match await ask_provider(loop, state, request_of(loop, state, messages), ChatAnswer):
        case ChatAnswer() as chat:
            return answer_of(loop, state, messages, chat)
        case ModelFailed(reason=Reason.CONTEXT_EXCEEDED) as refused:
            return counted(state, refused).model_copy(update={"refused_bytes": size_of(messages)})
        case failed:
            return failed


async def _shorten(loop: LoopInput, state: LoopState, plan: Plan) -> LoopState | Refusal:
    if not plan.summarize:
        return shortened(state, plan)
    match await ask_provider(loop, state, summary_request(loop, state, plan), ChatAnswer):
        case ChatAnswer() as chat:
            return summarized(loop, state, plan, chat)
        case ModelFailed(reason=Reason.CONTEXT_EXCEEDED) as refused:
            return tried(counted(state, refused), plan.room)
        case failed:
            return failed


def _size(loop: LoopInput, state: LoopState) -> int:
    return size_of(state.transcript) + size_of(pending(loop, state))


def _too_long(state: LoopState) -> ModelFailed:
    also = f", also when shortened {state.compactions} times" if state.compactions else ""
    return ModelFailed(
        Reason.CONTEXT_EXCEEDED,
        f"The conversation is longer than the model takes{also}, and nothing in it can be left out: shorten "
        "the input, the instructions or what the tools return, lower completion.maxTokens, or use a model "
        "with a larger window",
    )
