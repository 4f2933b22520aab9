"""The whole result of a run and of each of its calls, from the workflow's history: no worker is needed."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from pydantic import JsonValue
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode

from agents_crds.contract.run import RunOutcome
from agents_operator.temporal.connection import RPC_TIMEOUT
from agents_operator.temporal.errors import rpc_failure


class NoResultError(Exception):
    """There is no result; the message says why, and what to do."""


@dataclass(frozen=True)
class Call:
    """An activity of a run that is over."""

    activity: str
    """Its type: `start_conversation`, `append_results`, `call_tool`, `call_mcp_tool` or `report`."""
    request: JsonValue
    result: JsonValue = None
    failure: str | None = None


class Results:
    """The results of the workflows of one Temporal namespace. Every method raises NoResultError."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def outcome(self, workflow_id: str) -> RunOutcome:
        """Return how a run ended, with the whole of its answer."""
        handle = self._client.get_workflow_handle(workflow_id, result_type=RunOutcome)
        try:
            status = (await handle.describe(rpc_timeout=RPC_TIMEOUT)).status
            if status is not WorkflowExecutionStatus.COMPLETED:
                raise NoResultError(_without_result(status))
            outcome: RunOutcome = await handle.result()
        except RPCError as error:
            raise _explained(error, workflow_id) from error
        return outcome

    async def calls(self, workflow_id: str, first_run_id: str) -> AsyncIterator[Call]:
        """Go through the calls of a run that have ended, in the order of their ends."""
        run_id = first_run_id
        try:
            while run_id:
                handle = self._client.get_workflow_handle(workflow_id, run_id=run_id)
                run_id = ""
                async for found in self._calls_of(handle):
                    match found:
                        case Call():
                            yield found
                        case str():
                            run_id = found
        except RPCError as error:
            raise _explained(error, workflow_id) from error

    async def _calls_of(self, handle: WorkflowHandle[object, object]) -> AsyncIterator[Call | str]:
        """Yield the calls of one execution, and then the run id of the one that goes on, if there is one."""
        scheduled: dict[int, HistoryEvent] = {}
        async for event in handle.fetch_history_events():
            match event.event_type:
                case EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
                    scheduled[event.event_id] = event
                case EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
                    done = event.activity_task_completed_event_attributes
                    begun = scheduled.pop(done.scheduled_event_id)
                    yield await self._call(begun, result=done.result.payloads)
                case EventType.EVENT_TYPE_ACTIVITY_TASK_FAILED:
                    failed = event.activity_task_failed_event_attributes
                    message = failed.failure.message
                    yield await self._call(scheduled.pop(failed.scheduled_event_id), failure=message)
                case EventType.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT:
                    late = event.activity_task_timed_out_event_attributes
                    message = late.failure.message
                    yield await self._call(scheduled.pop(late.scheduled_event_id), failure=message)
                case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW:
                    yield event.workflow_execution_continued_as_new_event_attributes.new_execution_run_id
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

    async def _value(self, payloads: Sequence[Payload]) -> JsonValue:
        values: list[JsonValue] = await self._client.data_converter.decode(payloads)
        return values[0] if values else None


def _without_result(status: WorkflowExecutionStatus | None) -> str:
    if status is WorkflowExecutionStatus.RUNNING:
        return "the run goes on: wait until it has finished"
    ended = status.name.lower().replace("_", " ") if status else "lost"
    return f"the workflow was {ended} before it had a result: --calls shows what its calls brought"


def _explained(error: RPCError, workflow_id: str) -> Exception:
    if error.status is RPCStatusCode.NOT_FOUND:
        return NoResultError(
            f"Temporal no longer has workflow {workflow_id}: it keeps them for the retention of its "
            "namespace; what is left of the answer is in status.output of the AgentRun"
        )
    return rpc_failure(error)
