"""How a loop goes on with the conversation of a run that has ended."""

from collections.abc import Sequence
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError

from agents_crds.contract.run import Continuation, FunctionResult, LoopInput, LoopState
from agents_crds.contract.transcript import (
    InputMessage,
    ModelMessage,
    ResultMessage,
    SaidMessage,
    TranscriptMessage,
)
from agents_crds.v1alpha1.conditions import Reason
from agents_worker.messages import (
    LOAD_TRANSCRIPT,
    ConversationOpening,
    EndedRun,
    ModelAnswer,
    OpenedConversation,
    TranscriptRequest,
)
from agents_worker.workflows.calls import ask_provider, call_model, raise_if_cancelled
from agents_worker.workflows.completions import complete
from agents_worker.workflows.floor import agents_of
from agents_worker.workflows.refusals import KeyFailed, ModelFailed, Throttled
from agents_worker.workflows.transcript import spoken
from agents_worker.workflows.turn import first_words

NO_RESULT = (
    "[The run that made this call ended before you were told its result; the call may have been carried out]"
)
_LOAD = timedelta(seconds=30)
_UNTIL_LOADED = RetryPolicy(maximum_interval=timedelta(seconds=30), maximum_attempts=20)


async def open_or_call(
    loop: LoopInput, state: LoopState
) -> LoopState | ModelAnswer | Throttled | KeyFailed | ModelFailed:
    """Make the next model call; before the first one, find what the loop goes on with."""
    if loop.continues is None or state.opened:
        return await (call_model if loop.agent.local is None else complete)(loop, state)
    if loop.agent.local is not None:
        return await _open_transcript(loop, loop.continues, state)
    return await _open_conversation(loop, loop.continues, state)


async def _open_conversation(
    loop: LoopInput, continues: Continuation, state: LoopState
) -> LoopState | Throttled | KeyFailed | ModelFailed:
    if continues.conversation_id is None:
        return _not_found("it had no conversation at the provider")
    # Whatever was said since in the conversation is no part of a branch.
    ended = await _load(continues) if continues.fork else EndedRun(found=False)
    if isinstance(ended, ModelFailed):
        return ended
    opening = ConversationOpening(
        provider=loop.agent.provider,
        conversation_id=continues.conversation_id,
        until=ended.last_entry,
        fork=continues.fork,
    )
    opened = await ask_provider(loop, state, opening, OpenedConversation)
    if not isinstance(opened, OpenedConversation):
        return opened
    return opened_at(loop, continues, state, opened)


def opened_at(
    loop: LoopInput, continues: Continuation, state: LoopState, opened: OpenedConversation
) -> LoopState:
    """Say what the next model call tells an agent whose conversation stands like that.

    Calls that still wait have to be answered first, and Mistral allows no message after results: there, what
    is said is a note on the last of them.
    """
    messages = (*first_words(loop), *state.say)
    results = tuple(FunctionResult(tool_call_id=call, text=NO_RESULT) for call in opened.waiting)
    if results:
        last = results[-1].model_copy(update={"text": noted(NO_RESULT, messages)})
        results, messages = (*results[:-1], last), ()
    return state.model_copy(
        update={
            "opened": True,
            "conversation_id": None if continues.fork else continues.conversation_id,
            "last_entry": opened.last_entry,
            "agent": continues.agent,
            "results": results,
            "denials": opened.unconfirmed,
            "say": messages,
            "throttled": 0,
            "key_failures": 0,
            "key_failing_since": None,
        }
    )


async def _open_transcript(
    loop: LoopInput, continues: Continuation, state: LoopState
) -> LoopState | ModelFailed:
    match await _load(continues):
        case ModelFailed() as failed:
            return failed
        case EndedRun(found=False):
            return _not_found("it ended without an outcome, or Temporal keeps that no more")
        case EndedRun(transcript=()):
            return _not_found("it ended before its model had answered")
        case EndedRun(transcript=transcript):
            known = (agent.name for agent in agents_of(loop))
            update = {
                "opened": True,
                "transcript": gone_on(transcript, (*first_words(loop), *state.say)),
                "agent": continues.agent if continues.agent in known else loop.agent.name,
                "say": (),
            }
            return state.model_copy(update=update)


def gone_on(
    transcript: Sequence[TranscriptMessage], messages: Sequence[InputMessage]
) -> tuple[TranscriptMessage, ...]:
    """Add messages to a transcript that another run ended with.

    Every call has a result then, and behind results there is a note, since Mistral allows no message there.
    """
    answered = {message.call_id for message in transcript if isinstance(message, ResultMessage)}
    missing = tuple(
        ResultMessage(call_id=call.id, name=call.name, text=NO_RESULT)
        for message in transcript
        if isinstance(message, ModelMessage)
        for call in message.calls
        if call.id not in answered
    )
    match (*transcript, *missing):
        case (*before, ResultMessage() as last):
            return (*before, last.model_copy(update={"text": noted(last.text, messages)}))
        case whole:
            return (*whole, *(SaidMessage(message=message) for message in messages))


def noted(text: str, messages: Sequence[InputMessage]) -> str:
    """Add messages to a tool's result."""
    words = "\n\n".join(spoken(message) for message in messages)
    return f"{text}\n\n[The user says now: {words}]"


async def _load(continues: Continuation) -> EndedRun | ModelFailed:
    try:
        ended: EndedRun = await workflow.execute_activity(
            LOAD_TRANSCRIPT,
            TranscriptRequest(workflow_id=continues.workflow_id),
            result_type=EndedRun,
            start_to_close_timeout=_LOAD,
            retry_policy=_UNTIL_LOADED,
            summary=continues.workflow_id,
        )
    except ActivityError as error:
        raise_if_cancelled(error)
        return ModelFailed(
            Reason.WORKFLOW_FAILED,
            f"The worker could not read how the run of spec.continueFrom ended: {error.cause}",
        )
    return ended


def _not_found(why: str) -> ModelFailed:
    return ModelFailed(
        Reason.CONVERSATION_NOT_FOUND,
        f"The run of spec.continueFrom cannot be gone on with: {why}. Start a new run without it",
    )
