"""The loop's decisions, as functions of values."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from agents_crds.contract.answers import answer_fault
from agents_crds.contract.run import FunctionResult, LoopInput, LoopResult, LoopState, ToolRoute
from agents_crds.v1alpha1.conditions import Reason
from agents_crds.v1alpha1.fields import format_duration
from agents_worker.messages import Entry, FunctionCall, Handoff, KeyWait, Message, ModelAnswer
from agents_worker.text import COLLECTED_LIMIT, RESULTS_LIMIT, clip, share
from agents_worker.workflows.repetition import repeated, stuck, stuck_message, told

_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 30.0


@dataclass(frozen=True)
class CallTools:
    """The model waits for these results."""

    calls: tuple[FunctionCall, ...]


@dataclass(frozen=True)
class Correct:
    """The model's answer does not fit, and goes back to it with the reason."""

    message: str


@dataclass(frozen=True)
class Finish:
    """The loop is over."""

    reason: Reason
    text: str
    message: str = ""
    """Why, where the reason alone does not tell."""
    structured: bool = False
    """Whether `text` is JSON that fits the agent's schema."""


def after_handoff(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """Return what came after the last handoff.

    A handoff is a hard boundary: the provider itself answered the calls before it, and refuses ours.
    """
    handoffs = [position for position, entry in enumerate(entries) if isinstance(entry, Handoff)]
    return tuple(entries[handoffs[-1] + 1 :] if handoffs else entries)


def pending_calls(entries: Sequence[Entry]) -> tuple[FunctionCall, ...]:
    """Return the calls that the model waits for."""
    return tuple(entry for entry in after_handoff(entries) if isinstance(entry, FunctionCall))


def written_text(entries: Sequence[Entry]) -> str:
    """Return what the agent that has the floor wrote."""
    return "\n\n".join(
        entry.text for entry in after_handoff(entries) if isinstance(entry, Message) and entry.text
    )


def last_text(entries: Sequence[Entry]) -> str:
    """Return the last message alone: an answer in a given form may follow words that are not in it."""
    messages = [entry.text for entry in after_handoff(entries) if isinstance(entry, Message)]
    return messages[-1] if messages else ""


def advanced(state: LoopState, answer: ModelAnswer) -> LoopState:
    """Take up the answer of a model call."""
    parts = (state.collected, written_text(answer.entries))
    return LoopState(
        deadline=state.deadline,
        turns=state.turns + 1,
        usage=state.usage + answer.usage,
        collected=clip("\n\n".join(part for part in parts if part), COLLECTED_LIMIT),
        conversation_id=answer.conversation_id,
        corrections=state.corrections,
        last_calls=state.last_calls,
        repeats=state.repeats,
    )


def next_step(loop: LoopInput, answer: ModelAnswer, state: LoopState) -> CallTools | Correct | Finish:
    """Decide what follows an answer, `state` having taken it up already."""
    calls = pending_calls(answer.entries)
    if not calls:
        return _final_step(loop, state, answer)
    # Results that no model call would take along are not worth a tool's side effects.
    spent = _spent(loop, state)
    return CallTools(calls) if spent is None else Finish(spent, state.collected)


def _final_step(loop: LoopInput, state: LoopState, answer: ModelAnswer) -> Correct | Finish:
    schema = loop.agent.output_schema
    if schema is None:
        return Finish(Reason.SUCCEEDED, written_text(answer.entries))
    text = last_text(answer.entries)
    fault = answer_fault(schema, text)
    if fault is None:
        return Finish(Reason.SUCCEEDED, text, structured=True)
    allowed = loop.limits.output_retries
    if state.corrections >= allowed or _spent(loop, state) is not None:
        return Finish(Reason.OUTPUT_INVALID, text, _unfit(loop, state, fault))
    # The number makes it a message like no other in the conversation: that is how it is found there.
    return Correct(
        f"Your answer does not fit the JSON schema of the response format: {fault}. Give it again, as JSON "
        f"that fits the schema and nothing else (correction {state.corrections + 1} of {allowed})."
    )


def _spent(loop: LoopInput, state: LoopState) -> Reason | None:
    """Name the limit that leaves no room for another model call."""
    budget = loop.limits.max_total_tokens
    if budget is not None and state.usage.total_tokens >= budget:
        return Reason.BUDGET_EXCEEDED
    return Reason.MAX_TURNS_REACHED if state.turns >= loop.limits.max_turns else None


def corrected(state: LoopState, message: str) -> LoopState:
    """Note what the next model call tells the model about its answer."""
    update = {"correction": message, "corrections": state.corrections + 1, "last_calls": "", "repeats": 0}
    return state.model_copy(update=update)


def after_tools(
    loop: LoopInput, state: LoopState, calls: Sequence[FunctionCall], texts: Sequence[str]
) -> LoopState | Finish:
    """Take up the results of a turn's calls, unless the model only goes round in circles."""
    counted = repeated(state, loop.agent.tools, calls, texts)
    if stuck(counted):
        return Finish(Reason.STUCK_IN_LOOP, state.collected, stuck_message(counted, calls))
    return with_results(counted, calls, texts)


def with_results(state: LoopState, calls: Sequence[FunctionCall], texts: Sequence[str]) -> LoopState:
    """Take up the results of a turn's calls, which together must fit into one payload."""
    results = (
        FunctionResult(tool_call_id=call.tool_call_id, text=text)
        for call, text in zip(calls, told(state, share(tuple(texts), RESULTS_LIMIT)), strict=True)
    )
    return state.model_copy(update={"results": tuple(results)})


def throttled(state: LoopState) -> LoopState:
    """Note that the provider refused the next model call with 429."""
    # The key was accepted.
    update = {"throttled": state.throttled + 1, "key_failures": 0, "key_failing_since": None}
    return state.model_copy(update=update)


def throttle_pause(state: LoopState, retry_after: timedelta | None, jitter: float) -> timedelta:
    """Return how long to wait after a 429: what the provider said, else ever longer up to 30 s.

    `jitter` between 0 and 1 adds up to a fifth, so that throttled runs do not come back together.
    """
    backoff = min(_FIRST_PAUSE * 2.0 ** min(state.throttled, 10), _LONGEST_PAUSE)
    seconds = backoff if retry_after is None else max(retry_after.total_seconds(), _FIRST_PAUSE)
    return timedelta(seconds=seconds * (1 + jitter / 5))


def key_failed(state: LoopState, now: datetime) -> LoopState:
    """Note that the next model call failed for the provider's key."""
    since = state.key_failing_since or now
    return state.model_copy(update={"key_failures": state.key_failures + 1, "key_failing_since": since})


def key_given_up(state: LoopState, wait: KeyWait, now: datetime) -> bool:
    """Tell whether the key had its time to be put right."""
    waited = now - (state.key_failing_since or now)
    return waited >= wait.window and state.key_failures >= wait.least_attempts


def route_of(routes: Sequence[ToolRoute], name: str) -> ToolRoute | None:
    """Find how a tool is called; None when the agent was not given it."""
    return next((route for route in routes if route.name == name), None)


def not_given(routes: Sequence[ToolRoute], name: str) -> str:
    """Tell the model that it has no such tool."""
    known = ", ".join(route.name for route in routes) or "none"
    return f"There is no tool {name}. Your tools: {known}"


def too_slow(route: ToolRoute) -> str:
    """Tell the model that a tool took too long."""
    return f"{route.name} did not finish within {format_duration(route.timeout)} and was given up. {_DOUBT}"


def interrupted(route: ToolRoute) -> str:
    """Tell the model that a tool's worker went away."""
    return f"The call of {route.name} was interrupted, because its worker stopped. {_DOUBT}"


def broken(route: ToolRoute, why: str) -> str:
    """Tell the model that a tool's call failed around the tool itself."""
    return f"The call of {route.name} failed in its worker: {why}. {_DOUBT}"


_DOUBT = "It may or may not have taken effect: find out before you call it again"


def ended(loop: LoopInput, state: LoopState, finish: Finish) -> LoopResult:
    """Sum up a loop that came to an end of its own."""
    result = _result(state, finish.reason, _message(loop, state, finish), finish.text)
    return result.model_copy(update={"structured": finish.structured})


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
    )


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
        case Reason.STUCK_IN_LOOP | Reason.OUTPUT_INVALID:
            return finish.message
        case Reason.CANCELLED:
            return "The workflow was cancelled"
        case _:
            return "The agent gave a final answer"


def _unfit(loop: LoopInput, state: LoopState, fault: str) -> str:
    match _spent(loop, state):
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
