"""Reads the histories of workflows, and what their payloads hold."""

from collections.abc import AsyncIterator, Sequence
from typing import TypeVar

from pydantic import ValidationError
from temporalio.api.common.v1 import Payload as RawPayload
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from agents_crds.contract.compression import TooLargeError
from agents_crds.contract.store import PayloadLostError
from agents_operator.temporal.errors import rpc_failure

T = TypeVar("T")


class NoResultError(Exception):
    """There is no result; the message says why, and what to do."""


async def events_of(
    client: Client, workflow_id: str, first_run_id: str, *, wait: bool = False
) -> AsyncIterator[HistoryEvent]:
    """Go through the history of a workflow, over all its executions; with `wait` to its end.

    Raises NoResultError when Temporal no longer has it, and TemporalUnreachableError.
    """
    run_id = first_run_id
    try:
        while run_id:
            handle = client.get_workflow_handle(workflow_id, run_id=run_id)
            run_id = ""
            async for event in handle.fetch_history_events(wait_new_event=wait):
                yield event
                run_id = event.workflow_execution_continued_as_new_event_attributes.new_execution_run_id
    except RPCError as error:
        raise explained(error, workflow_id) from error


async def value(client: Client, payloads: Sequence[RawPayload], kind: type[T]) -> T | None:
    """Read the first payload; None when there is none, it is something else, or it is lost.

    Anybody who may use the Temporal namespace can send whatever they like. Raises StoreError while the store
    is away.
    """
    if not payloads:
        return None
    try:
        # The first one alone: a stranger's signal may have more.
        [found] = await client.data_converter.decode(payloads[:1], [kind])
    except (KeyError, PayloadLostError, RuntimeError, TooLargeError, ValidationError):
        # Of these, Temporal raises a KeyError for an encoding that it does not know, and RuntimeErrors.
        return None
    return found if isinstance(found, kind) else None


def explained(error: RPCError, workflow_id: str) -> Exception:
    """Say what a failed request for a history means."""
    if error.status is RPCStatusCode.NOT_FOUND:
        return NoResultError(
            f"Temporal no longer has workflow {workflow_id}: it keeps them for the retention of its "
            "namespace; what is left of the answer is in status.output of the AgentRun"
        )
    return rpc_failure(error)
