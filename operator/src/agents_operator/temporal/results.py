"""The whole result of a run and of each of its calls, from the workflow's history: no worker is needed."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from pydantic import JsonValue, ValidationError
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType
from temporalio.api.failure.v1 import Failure
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError

from agents_crds.contract.run import RunInput, RunOutcome
from agents_operator.temporal.connection import RPC_TIMEOUT
from agents_operator.temporal.histories import NoResultError, events_of, explained


class EndedFromOutsideError(NoResultError):
    """The workflow has no result of its own: somebody ended it."""


@dataclass(frozen=True)
class Call:
    """An activity of a run that is over."""

    activity: str
    """Its type, as `start_conversation` or `call_tool`."""
    request: JsonValue
    result: JsonValue = None
    failure: str | None = None


class Results:
    """The results of the workflows of one Temporal namespace. Every method raises NoResultError."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def outcome(self, workflow_id: str) -> RunOutcome:
        """Return how a run ended, with the whole of its answer; raises EndedFromOutsideError as well."""
        handle = self._client.get_workflow_handle(workflow_id, result_type=RunOutcome)
        try:
            status = (await handle.describe(rpc_timeout=RPC_TIMEOUT)).status
            if status is not WorkflowExecutionStatus.COMPLETED:
                raise _without_result(status)
            outcome: RunOutcome = await handle.result(rpc_timeout=RPC_TIMEOUT)
        except RPCError as error:
            raise explained(error, workflow_id) from error
        except ValidationError as error:
            raise NoResultError(
                "the result is not of this release: use the operator that the run was started by"
            ) from error
        return outcome

    async def begun(self, workflow_id: str, first_run_id: str) -> RunInput:
        """Return what a run was started with."""
        handle = self._client.get_workflow_handle(workflow_id, run_id=first_run_id)
        try:
            async for event in handle.fetch_history_events(page_size=1):
                started = event.workflow_execution_started_event_attributes
                [run_input] = await self._client.data_converter.decode(started.input.payloads, [RunInput])
                found: RunInput = run_input
                return found
        except RPCError as error:
            raise explained(error, workflow_id) from error
        raise NoResultError(f"the history of workflow {workflow_id} is empty")

    async def calls(self, workflow_id: str, first_run_id: str) -> AsyncIterator[Call]:
        """Go through the calls of a run that have ended, in the order of their ends."""
        scheduled: dict[int, HistoryEvent] = {}
        async for event in events_of(self._client, workflow_id, first_run_id):
            match event.event_type:
                case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
                    # Each execution counts its events anew.
                    scheduled.clear()
                case EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
                    scheduled[event.event_id] = event
                case EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
                    done = event.activity_task_completed_event_attributes
                    begun = scheduled.pop(done.scheduled_event_id)
                    yield await self._call(begun, result=done.result.payloads)
                case EventType.EVENT_TYPE_ACTIVITY_TASK_FAILED:
                    failed = event.activity_task_failed_event_attributes
                    why = await self._explained(failed.failure)
                    yield await self._call(scheduled.pop(failed.scheduled_event_id), failure=why)
                case EventType.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT:
                    late = event.activity_task_timed_out_event_attributes
                    why = await self._explained(late.failure)
                    yield await self._call(scheduled.pop(late.scheduled_event_id), failure=why)
                case EventType.EVENT_TYPE_ACTIVITY_TASK_CANCELED:
                    left = event.activity_task_canceled_event_attributes
                    yield await self._call(scheduled.pop(left.scheduled_event_id), failure="cancelled")
                case _:
                    continue

    async def _call(
        self, begun: HistoryEvent, *, result: Sequence[Payload] = (), failure: str | None = None
    ) -> Call:
        attributes = begun.activity_task_scheduled_event_attributes
        return Call(
            activity=attributes.activity_type.name,
            request=await self._value(attributes.input.payloads),
            result=await self._value(result),
            failure=failure,
        )

    async def _explained(self, failure: Failure) -> str:
        # A codec hides the message, too.
        return str(await self._client.data_converter.decode_failure(failure))

    async def _value(self, payloads: Sequence[Payload]) -> JsonValue:
        values: list[JsonValue] = await self._client.data_converter.decode(payloads)
        return values[0] if values else None


def _without_result(status: WorkflowExecutionStatus | None) -> NoResultError:
    if status is WorkflowExecutionStatus.RUNNING:
        return NoResultError("the run goes on: wait until it has finished")
    ended = status.name.lower().replace("_", " ") if status else "lost"
    return EndedFromOutsideError(
        f"the workflow was {ended} before it had a result: --calls shows what its calls brought"
    )
