"""Why a loop ends, and what it says then."""

from dataclasses import dataclass

from agents_crds.contract.run import LoopInput, LoopResult, LoopState
from agents_crds.v1alpha1.conditions import Reason
from agents_crds.v1alpha1.fields import format_duration
from agents_worker.text import CARRIED_LIMIT, ENTRIES_LIMIT, STORED_LIMIT, size_of
from agents_worker.workflows.transcript import left_behind


@dataclass(frozen=True)
class Finish:
    """The loop is over."""

    reason: Reason
    text: str
    message: str = ""
    """Why, where the reason alone does not tell."""
    structured: bool = False
    """Whether `text` is JSON that fits the agent's schema."""


def spent(loop: LoopInput, state: LoopState) -> Reason | None:
    """Name the limit that leaves no room for another model call."""
    budget = loop.limits.max_total_tokens
    if budget is not None and state.usage.total_tokens >= budget:
        return Reason.BUDGET_EXCEEDED
    return Reason.MAX_TURNS_REACHED if state.turns >= loop.limits.max_turns else None


def over_budget(loop: LoopInput, state: LoopState) -> str | None:
    """Say that no model is called any more; None where the budget allows it."""
    if spent(loop, state) != Reason.BUDGET_EXCEEDED:
        return None
    return _message(loop, state, Finish(Reason.BUDGET_EXCEEDED, ""))


def ended(loop: LoopInput, state: LoopState, finish: Finish) -> LoopResult:
    """Sum up a loop that came to an end of its own."""
    result = _result(state, finish.reason, _message(loop, state, finish), finish.text)
    return result.model_copy(update={"structured": finish.structured})


def stopped(loop: LoopInput, state: LoopState) -> LoopResult:
    """Sum up a loop that people ended after a step."""
    message = f"Stopped after {state.turns} model calls: the output is what was written until then"
    return ended(loop, state, Finish(Reason.STOPPED, state.collected, message))


def failed(state: LoopState, reason: Reason, message: str) -> LoopResult:
    """Sum up a loop that could not go on."""
    return _result(state, reason, message, state.collected)


def _result(state: LoopState, reason: Reason, message: str, text: str) -> LoopResult:
    return LoopResult(
        reason=reason,
        message=message,
        text=text,
        turns=state.turns,
        usage=state.usage,
        conversation_id=state.conversation_id,
        last_entry=state.last_entry,
        answered_by=state.agent,
        path=state.path,
        agents=state.agents,
        entries=state.entries,
        entries_omitted=state.entries_omitted,
        transcript=left_behind(state, _room_beside(state, text)),
        repeated_calls=state.repeated_calls,
    )


def _room_beside(state: LoopState, text: str) -> int:
    """Return what a result has room for beside its text and what happened."""
    limit = STORED_LIMIT if state.has_store else CARRIED_LIMIT
    return max(0, limit - size_of(text) - ENTRIES_LIMIT)


def _message(loop: LoopInput, state: LoopState, finish: Finish) -> str:
    match finish.reason:
        case Reason.MAX_TURNS_REACHED:
            return f"No final answer after {state.turns} model calls, the most that limits.maxTurns allows"
        case Reason.TIMED_OUT:
            limit = format_duration(loop.limits.timeout)
            return f"No final answer within {limit}, the most that limits.timeout allows{_held_up(state)}"
        case Reason.BUDGET_EXCEEDED:
            return (
                f"No final answer after {state.usage.total_tokens} tokens: limits.maxTotalTokens is "
                f"{loop.limits.max_total_tokens}, and no model is called beyond it"
            )
        case Reason.STUCK_IN_LOOP | Reason.OUTPUT_INVALID | Reason.STOPPED:
            return finish.message
        case Reason.CANCELLED:
            return "The workflow was cancelled"
        case _:
            return "The agent gave a final answer"


def unfit(loop: LoopInput, state: LoopState, fault: str) -> str:
    """Say what is wrong with an answer, and why it does not go back to the model."""
    match spent(loop, state):
        case Reason.BUDGET_EXCEEDED if state.corrections < loop.limits.output_retries:
            why = "limits.maxTotalTokens left nothing for another correction"
        case Reason.MAX_TURNS_REACHED if state.corrections < loop.limits.output_retries:
            why = "limits.maxTurns left no turn for another correction"
        case _:
            why = f"the model was told {state.corrections} times, as limits.outputRetries allows"
    return f"The answer does not fit spec.outputSchema: {fault} ({why})"


def _held_up(state: LoopState) -> str:
    if state.key_failures:
        return ": the provider's key was missing or refused"
    return ": the provider was limiting the rate (429)" if state.throttled else ""
