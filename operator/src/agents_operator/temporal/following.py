"""Follows a run by the history of its workflow, as it goes or as it went: no worker is needed."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from typing import TypeVar

from temporalio.api.common.v1 import Payload as RawPayload
from temporalio.api.enums.v1 import EventType, WorkflowTaskFailedCause
from temporalio.api.failure.v1 import Failure
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client, WorkflowExecutionDescription
from temporalio.exceptions import FailureError
from temporalio.service import RPCError

from agents_crds.contract.names import (
    ADD_INPUT_UPDATE,
    AGENT_LOOP_WORKFLOW,
    AGENT_RUN_WORKFLOW,
    REPORT_ACTIVITY,
    STOP_SIGNAL,
    USER_INPUT_SIGNAL,
)
from agents_crds.contract.run import LoopResult, UserInput
from agents_crds.v1alpha1 import Reason
from agents_operator.temporal.connection import RPC_TIMEOUT
from agents_operator.temporal.course import Course
from agents_operator.temporal.happenings import Happening, Shutdown, Waits
from agents_operator.temporal.histories import NoResultError, events_of, explained, value
from agents_operator.temporal.messages import (
    MODEL_CALLS,
    SUMMARY,
    TOOL_CALLS,
    Answer,
    End,
    Loop,
    ModelRequest,
    ToolRequest,
    ToolResult,
    Verdict,
)

T = TypeVar("T")
_LOOPS = frozenset({AGENT_RUN_WORKFLOW, AGENT_LOOP_WORKFLOW})
_LOST = "it can no longer be read"


async def happenings(
    client: Client, workflow_id: str, first_run_id: str | None = None
) -> AsyncIterator[Happening]:
    """Tell everything from the start of a run to its end, which is waited for.

    Raises NoResultError when Temporal no longer has its workflow or that is no run, TemporalUnreachableError,
    and StoreError while the store that has some of it is away.
    """
    run_id = first_run_id or await _first_run(client, workflow_id)
    while run_id:
        reader = _Reader(client, workflow_id, run_id)
        async for event in events_of(client, workflow_id, run_id, wait=True):
            for happening in await reader.read(event):
                yield happening
        run_id = reader.reset_to


async def _first_run(client: Client, workflow_id: str) -> str:
    found = await _describe(client, workflow_id)
    return found.raw_description.workflow_execution_info.first_run_id or found.run_id


async def _describe(client: Client, workflow_id: str) -> WorkflowExecutionDescription:
    try:
        return await client.get_workflow_handle(workflow_id).describe(rpc_timeout=RPC_TIMEOUT)
    except RPCError as error:
        raise explained(error, workflow_id) from error


@dataclass(frozen=True)
class _Activity:
    """One that is under way; of a model call, `summary` is the agent."""

    name: str
    summary: RawPayload
    tool: ToolRequest | None = None

    @property
    def title(self) -> str:
        """Its name for people."""
        if self.tool is not None:
            return self.tool.name
        return "the model call" if self.name in MODEL_CALLS else self.name


class _Reader:
    """Reads the events of a run in order."""

    def __init__(self, client: Client, workflow_id: str, run_id: str) -> None:
        self.reset_to = ""
        """The execution that goes on instead of one that was terminated for it."""
        self._client = client
        self._workflow_id = workflow_id
        self._run_id = run_id
        self._course = Course()
        self._activities: dict[int, _Activity] = {}
        self._outcome: LoopResult | None = None

    async def read(self, event: HistoryEvent) -> Sequence[Happening]:
        """Return what an event tells."""
        self._course.at = event.event_time.ToDatetime(tzinfo=UTC)
        reader = _READERS.get(event.event_type)
        return () if reader is None else await reader(self, event)

    async def started(self, event: HistoryEvent) -> Sequence[Happening]:
        attributes = event.workflow_execution_started_event_attributes
        # Each execution counts its events anew.
        self._activities.clear()
        if attributes.workflow_type.name not in _LOOPS:
            raise NoResultError(
                f"workflow {self._workflow_id} is of type {attributes.workflow_type.name}, which runs no "
                f"agent itself: follow its children of type {AGENT_LOOP_WORKFLOW}"
            )
        given = await self._value(attributes.input.payloads, Loop)
        if given is None:
            raise NoResultError(
                f"the input of workflow {self._workflow_id} cannot be read: its codec is not the operator's, "
                "it was deleted from the payload store, or a newer release wrote it"
            )
        return self._course.begin(given)

    async def scheduled(self, event: HistoryEvent) -> Sequence[Happening]:
        attributes = event.activity_task_scheduled_event_attributes
        payloads = attributes.input.payloads
        activity = _Activity(attributes.activity_type.name, event.user_metadata.summary)
        self._activities[event.event_id] = activity
        match activity.name:
            case name if name in MODEL_CALLS and self._course.asks_what_is_told:
                request = await self._value(payloads, ModelRequest)
                return () if request is None else self._course.ask(request)
            case name if name in TOOL_CALLS:
                call = await self._value(payloads, ToolRequest) or ToolRequest()
                self._activities[event.event_id] = replace(activity, tool=call)
                self._course.carry_out(call)
            case name if name == REPORT_ACTIVITY:
                end = await self._value(payloads, End)
                self._outcome = None if end is None else end.result
        return ()

    async def attempted(self, event: HistoryEvent) -> Sequence[Happening]:
        attributes = event.activity_task_started_event_attributes
        if attributes.attempt == 1:
            return ()
        what = self._activities[attributes.scheduled_event_id].title
        why = await self._why(attributes.last_failure)
        return (self._course.trouble(f"{what} took {attributes.attempt} attempts; the last failure: {why}"),)

    async def completed(self, event: HistoryEvent) -> Sequence[Happening]:
        attributes = event.activity_task_completed_event_attributes
        payloads = attributes.result.payloads
        match self._activities.pop(attributes.scheduled_event_id):
            case _Activity(tool=ToolRequest() as call):
                result = await self._value(payloads, ToolResult)
                return (self._course.brought(call, _LOST if result is None else result.text),)
            case _Activity(name=name, summary=summary) if name in MODEL_CALLS:
                answer = await self._value(payloads, Answer)
                lost = () if answer else (self._course.trouble(f"the model's answer: {_LOST}"),)
                floor = await self._text(summary)
                return (*lost, *self._course.answered(floor, answer or Answer()))
            case _Activity(name=name) if name == SUMMARY:
                return (self._course.trouble("the transcript is long: its oldest turns were summarised"),)
            case _:
                return ()

    async def failed(self, event: HistoryEvent) -> Sequence[Happening]:
        attributes = event.activity_task_failed_event_attributes
        return await self._failure(attributes.scheduled_event_id, attributes.failure)

    async def timed_out(self, event: HistoryEvent) -> Sequence[Happening]:
        attributes = event.activity_task_timed_out_event_attributes
        return await self._failure(attributes.scheduled_event_id, attributes.failure)

    async def withdrawn(self, event: HistoryEvent) -> Sequence[Happening]:
        attributes = event.activity_task_canceled_event_attributes
        tool = self._activities.pop(attributes.scheduled_event_id).tool
        return () if tool is None else (self._course.brought(tool, "it was cancelled", failed=True),)

    async def timer(self, event: HistoryEvent) -> Sequence[Happening]:
        """Tell of a wait; the timer of the run's own limit has no summary."""
        summary = await self._text(event.user_metadata.summary)
        limit = event.timer_started_event_attributes.start_to_fire_timeout.ToTimedelta()
        course = self._course
        return (
            (Waits(at=course.at, turn=course.turn, text=summary, until=course.at + limit),) if summary else ()
        )

    async def signalled(self, event: HistoryEvent) -> Sequence[Happening]:
        attributes = event.workflow_execution_signaled_event_attributes
        match attributes.signal_name:
            case name if name == USER_INPUT_SIGNAL:
                return self._heard(await self._value(attributes.input.payloads, UserInput))
            case name if name == STOP_SIGNAL:
                return (Shutdown(at=self._course.at, turn=self._course.turn, how="Stop"),)
            case _:
                return ()

    async def updated(self, event: HistoryEvent) -> Sequence[Happening]:
        given = event.workflow_execution_update_accepted_event_attributes.accepted_request.input
        if given.name != ADD_INPUT_UPDATE:
            return ()
        return self._heard(await self._value(given.args.payloads, UserInput))

    async def cancel_requested(self, _: HistoryEvent) -> Sequence[Happening]:
        return (Shutdown(at=self._course.at, turn=self._course.turn, how="Cancel"),)

    async def task_failed(self, event: HistoryEvent) -> Sequence[Happening]:
        attributes = event.workflow_task_failed_event_attributes
        if attributes.cause == WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW:
            return (self._course.trouble("the workflow was reset to this step in Temporal"),)
        why = await self._why(attributes.failure)
        return (self._course.trouble(f"a step of the workflow failed, and is tried again: {why}"),)

    async def continued(self, event: HistoryEvent) -> Sequence[Happening]:
        self._run_id = event.workflow_execution_continued_as_new_event_attributes.new_execution_run_id
        return ()

    async def finished(self, event: HistoryEvent) -> Sequence[Happening]:
        payloads = event.workflow_execution_completed_event_attributes.result.payloads
        end = await self._value(payloads, End)
        result = end.result if end else await self._value(payloads, LoopResult)
        if result is None:
            return (self._course.end(Reason.WORKFLOW_FAILED, "its result is not of this release"),)
        return (self._course.end(result.reason, result.message, result),)

    async def broken(self, event: HistoryEvent) -> Sequence[Happening]:
        why = await self._why(event.workflow_execution_failed_event_attributes.failure)
        return (self._course.end(Reason.WORKFLOW_FAILED, why),)

    async def cancelled(self, _: HistoryEvent) -> Sequence[Happening]:
        result = self._outcome
        message = result.message if result else "The workflow was cancelled"
        return (self._course.end(Reason.CANCELLED, message, result),)

    async def terminated(self, event: HistoryEvent) -> Sequence[Happening]:
        latest = await _describe(self._client, self._workflow_id)
        if latest.run_id != self._run_id:
            self.reset_to = latest.run_id
            return (self._course.trouble("the workflow was reset in Temporal, and is told from its start"),)
        attributes = event.workflow_execution_terminated_event_attributes
        verdict = await self._value(attributes.details.payloads, Verdict)
        if verdict is not None:
            return (self._course.end(verdict.reason, verdict.message),)
        why = attributes.reason or "the workflow was terminated in Temporal"
        return (self._course.end(Reason.TERMINATED, why),)

    async def expired(self, _: HistoryEvent) -> Sequence[Happening]:
        return (self._course.end(Reason.TIMED_OUT, "no worker took the workflow up in time"),)

    def _heard(self, said: UserInput | None) -> Sequence[Happening]:
        return () if said is None else self._course.heard(said)

    async def _failure(self, scheduled: int, failure: Failure) -> Sequence[Happening]:
        activity, why = self._activities.pop(scheduled), await self._why(failure)
        if activity.tool is not None:
            return (self._course.brought(activity.tool, why, failed=True),)
        return (self._course.trouble(f"{activity.title} failed: {why}"),)

    async def _why(self, failure: Failure) -> str:
        # A codec hides the message, too.
        error = await self._client.data_converter.decode_failure(failure)
        return error.message if isinstance(error, FailureError) else str(error)

    async def _text(self, payload: RawPayload) -> str:
        return (await self._value([payload], str) or "") if payload.ByteSize() else ""

    async def _value(self, payloads: Sequence[RawPayload], kind: type[T]) -> T | None:
        return await value(self._client, payloads, kind)


_READERS: dict[EventType.ValueType, Callable[[_Reader, HistoryEvent], Awaitable[Sequence[Happening]]]] = {
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED: _Reader.started,
    EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED: _Reader.scheduled,
    EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED: _Reader.attempted,
    EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED: _Reader.completed,
    EventType.EVENT_TYPE_ACTIVITY_TASK_FAILED: _Reader.failed,
    EventType.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT: _Reader.timed_out,
    EventType.EVENT_TYPE_ACTIVITY_TASK_CANCELED: _Reader.withdrawn,
    EventType.EVENT_TYPE_TIMER_STARTED: _Reader.timer,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED: _Reader.signalled,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED: _Reader.updated,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED: _Reader.cancel_requested,
    EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED: _Reader.task_failed,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW: _Reader.continued,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED: _Reader.finished,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED: _Reader.broken,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED: _Reader.cancelled,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED: _Reader.terminated,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT: _Reader.expired,
}
