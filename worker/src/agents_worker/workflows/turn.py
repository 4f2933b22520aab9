"""A turn of the loop: the model's answer, what follows it, and what its calls brought."""

from collections.abc import Sequence
from dataclasses import dataclass

from agents_crds.contract.run import FunctionResult, LoopInput, LoopState
from agents_crds.contract.transcript import InputMessage, TextPart
from agents_crds.v1alpha1.conditions import Reason
from agents_worker.messages import Entry, FunctionCall, Message, ModelAnswer
from agents_worker.text import (
    CARRIED_LIMIT,
    COLLECTED_LIMIT,
    RESULTS_LIMIT,
    STORED_LIMIT,
    clip,
    share,
    size_of,
)
from agents_worker.workflows.ending import Finish, spent, unfit
from agents_worker.workflows.floor import after_handoff, caller_of, moved, route_of
from agents_worker.workflows.handing_over import handed_over
from agents_worker.workflows.repetition import repeated, stuck, stuck_message, told
from agents_worker.workflows.story import answered, recorded


@dataclass(frozen=True)
class CallTools:
    """The model waits for what becomes of these calls."""

    calls: tuple[FunctionCall, ...]


@dataclass(frozen=True)
class Correct:
    """The model's answer does not fit, and goes back to it with the reason."""

    message: str


def pending_calls(entries: Sequence[Entry]) -> tuple[FunctionCall, ...]:
    """Return the calls that the model waits for."""
    calls = (entry for entry in after_handoff(entries) if isinstance(entry, FunctionCall))
    return tuple(call for call in calls if not call.is_decided)


def written_text(entries: Sequence[Entry]) -> str:
    """Return what the agent that has the floor wrote."""
    return "\n\n".join(
        entry.text for entry in after_handoff(entries) if isinstance(entry, Message) and entry.text
    )


def last_text(entries: Sequence[Entry]) -> str:
    """Return the last message alone: an answer in a given form may follow words that are not in it."""
    messages = [entry.text for entry in after_handoff(entries) if isinstance(entry, Message)]
    return messages[-1] if messages else ""


def advanced(loop: LoopInput, state: LoopState, answer: ModelAnswer) -> LoopState:
    """Take up the answer of a model call."""
    parts = (state.collected, written_text(answer.entries))
    told_of = moved(loop, recorded(loop, state, answer.entries), answer)
    taken_up = {
        "turns": state.turns + 1,
        "usage": state.usage + answer.usage,
        "collected": clip("\n\n".join(part for part in parts if part), COLLECTED_LIMIT),
        "conversation_id": answer.conversation_id,
        "last_entry": answer.last_entry,
        "has_store": answer.has_store,
        "transcript": answer.transcript,
        "context_tokens": answer.usage.total_tokens,
        "repeated_calls": state.repeated_calls + answer.repeated,
    }
    # What the model call took along, and what kept it up.
    done = {
        "results": (),
        "denials": (),
        "say": (),
        "throttled": 0,
        "key_failures": 0,
        "key_failing_since": None,
        "refused_bytes": 0,
        "compactions": 0,
    }
    return told_of.model_copy(update=taken_up | done)


def next_step(loop: LoopInput, answer: ModelAnswer, state: LoopState) -> CallTools | Correct | Finish:
    """Decide what follows an answer, `state` having taken it up already."""
    calls = pending_calls(answer.entries)
    if not calls:
        return _final_step(loop, state, answer)
    # Results that no model call would take along are not worth a tool's side effects.
    limit = spent(loop, state)
    return CallTools(calls) if limit is None else Finish(limit, state.collected)


def _final_step(loop: LoopInput, state: LoopState, answer: ModelAnswer) -> Correct | Finish:
    # Whoever answers in the end, it is the agent that was asked whose schema was promised.
    schema = loop.agent.output_schema
    if schema is None:
        return Finish(Reason.SUCCEEDED, written_text(answer.entries))
    # What checks it takes 0.15 s to import, which agents without a schema do not need.
    from agents_crds.contract.answers import answer_fault  # noqa: PLC0415

    text = last_text(answer.entries)
    fault = answer_fault(schema, text)
    if fault is None:
        return Finish(Reason.SUCCEEDED, text, structured=True)
    allowed = loop.limits.output_retries
    if state.corrections >= allowed or spent(loop, state) is not None:
        return Finish(Reason.OUTPUT_INVALID, text, unfit(loop, state, fault))
    # The number makes it a message like no other in the conversation: that is how it is found there.
    return Correct(
        f"Your answer does not fit the JSON schema of the response format: {fault}. Give it again, as JSON "
        f"that fits the schema and nothing else (correction {state.corrections + 1} of {allowed})."
    )


def corrected(state: LoopState, message: str) -> LoopState:
    """Note what the next model call tells the model about its answer."""
    update = {
        "say": (*state.say, said(message)),
        "corrections": state.corrections + 1,
        "last_calls": "",
        "repeats": 0,
    }
    return state.model_copy(update=update)


def said(text: str) -> InputMessage:
    """Make a message to the agent of a text."""
    return InputMessage(role="user", content=(TextPart(text=text),))


def first_words(loop: LoopInput) -> tuple[InputMessage, ...]:
    """Return what the run says first."""
    return loop.messages or (said(loop.input),)


def after_calls(
    loop: LoopInput, state: LoopState, calls: Sequence[FunctionCall], texts: Sequence[str]
) -> LoopState:
    """Take up what became of a turn's calls: the results of ours, and the denials of those not ours."""
    routes = [route_of(caller_of(loop, state, call).tools, call.name) for call in calls]
    counted = repeated(state, routes, calls, texts)
    replies = _replies(counted, calls, texts)
    results = tuple(
        FunctionResult(tool_call_id=call.tool_call_id, text=text)
        for call, text in zip(calls, replies, strict=True)
        if not call.awaits_confirmation
    )
    denials = tuple(call.tool_call_id for call in calls if call.awaits_confirmation)
    told_of = handed_over(loop, answered(counted, calls, replies), calls)
    return told_of.model_copy(update={"results": results, "denials": denials})


def _replies(state: LoopState, calls: Sequence[FunctionCall], texts: Sequence[str]) -> tuple[str, ...]:
    """Return the texts as they are told; the results among them must fit into one payload together."""
    ours = tuple(text for call, text in zip(calls, texts, strict=True) if not call.awaits_confirmation)
    limit = STORED_LIMIT if state.has_store else RESULTS_LIMIT
    results = iter(told(state, share(ours, limit)))
    return tuple(
        text if call.awaits_confirmation else next(results) for call, text in zip(calls, texts, strict=True)
    )


def going_round(state: LoopState, calls: Sequence[FunctionCall]) -> Finish | None:
    """End a loop whose model only goes round in circles, `state` having taken up its calls already."""
    if not stuck(state):
        return None
    return Finish(Reason.STUCK_IN_LOOP, state.collected, stuck_message(state, calls))


def carried(loop: LoopInput, state: LoopState) -> LoopState | None:
    """Return what a new execution goes on with, the results cut where they are too much for one payload.

    None where the input leaves no room for that. Waiting for smaller results may mean a history that Temporal
    ends, of 50 MB.
    """
    if state.has_store or size_of(loop) + size_of(state) <= CARRIED_LIMIT:
        return state
    bare = state.model_copy(update={"results": _with_texts(state, [""] * len(state.results))})
    room = CARRIED_LIMIT - size_of(loop) - size_of(bare)
    texts = share(tuple(result.text for result in state.results), max(0, room))
    cut = state.model_copy(update={"results": _with_texts(state, texts)})
    return cut if size_of(loop) + size_of(cut) <= CARRIED_LIMIT else None


def _with_texts(state: LoopState, texts: Sequence[str]) -> tuple[FunctionResult, ...]:
    return tuple(
        result.model_copy(update={"text": text}) for result, text in zip(state.results, texts, strict=True)
    )
