"""How an earlier run ended, as Temporal keeps it: what another run goes on from."""

from pydantic import ValidationError
from temporalio import activity
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from agents_crds.contract.run import RunOutcome
from agents_worker.messages import LOAD_TRANSCRIPT, EndedRun, TranscriptRequest


class Transcripts:
    """The results of the workflows of the worker's Temporal namespace."""

    def __init__(self, client: Client) -> None:
        self._client = client

    @activity.defn(name=LOAD_TRANSCRIPT)
    async def load_transcript(self, request: TranscriptRequest) -> EndedRun:
        """Read how a run ended; not found where it has no outcome, or Temporal keeps it no more."""
        handle = self._client.get_workflow_handle(request.workflow_id, result_type=RunOutcome)
        try:
            if (await handle.describe()).status is not WorkflowExecutionStatus.COMPLETED:
                return EndedRun(found=False)
            outcome: RunOutcome = await handle.result()
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return EndedRun(found=False)
            raise
        except ValidationError:
            return EndedRun(found=False)
        result = outcome.result
        return EndedRun(found=True, transcript=result.transcript, last_entry=result.last_entry)
