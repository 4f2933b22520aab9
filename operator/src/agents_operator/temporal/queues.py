"""The workflows that the workers of a pool are there for: those on its task queue."""

from dataclasses import dataclass

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from agents_crds.contract.names import (
    AGENT_LOOP_WORKFLOW,
    AGENT_RUN_WORKFLOW,
    DESCRIBE_MCP_SERVER_WORKFLOW,
    DESCRIBE_TOOLS_WORKFLOW,
    GET_MCP_PROMPT_WORKFLOW,
    MCP_SERVER_CHANGED_WORKFLOW,
    RunIdentity,
    pool_queue,
)
from agents_operator.temporal.connection import RPC_TIMEOUT
from agents_operator.temporal.errors import rpc_failure
from agents_operator.temporal.messages import Verdict

_QUESTIONS = (
    DESCRIBE_TOOLS_WORKFLOW,
    DESCRIBE_MCP_SERVER_WORKFLOW,
    GET_MCP_PROMPT_WORKFLOW,
    MCP_SERVER_CHANGED_WORKFLOW,
)


@dataclass(frozen=True)
class OpenOnQueue:
    """The open workflows of a task queue, but for the operator's own questions."""

    runs: tuple[RunIdentity, ...] = ()
    """Those of AgentRuns."""
    loops: tuple[str, ...] = ()
    """Ids of those in which an agent works for a workflow of a user's own."""
    others: tuple[str, ...] = ()
    """Ids of the users' own."""

    @property
    def is_empty(self) -> bool:
        """Whether there is none."""
        return not (self.runs or self.loops or self.others)


class QueueWorkflows:
    """The workflows of one Temporal namespace, by their queues."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def open_on(self, installation: str, namespace: str, pool: str) -> OpenOnQueue:
        """List those of a pool that are open; raises TemporalUnreachableError, also in the middle."""
        queue = pool_queue(installation, namespace, pool)
        questions = ", ".join(f"'{name}'" for name in _QUESTIONS)
        query = f"TaskQueue = '{queue}' AND ExecutionStatus = 'Running' AND WorkflowType NOT IN ({questions})"
        runs: list[RunIdentity] = []
        loops: list[str] = []
        others: list[str] = []
        try:
            async for found in self._client.list_workflows(query, rpc_timeout=RPC_TIMEOUT):
                # Whoever may start workflows can give them any id; runs are of their pool's own namespace.
                match RunIdentity.of_workflow(found.id):
                    case RunIdentity(installation=whose, namespace=where) as identity if (
                        found.workflow_type == AGENT_RUN_WORKFLOW
                        and (whose, where) == (installation, namespace)
                    ):
                        runs.append(identity)
                    case _ if found.workflow_type == AGENT_LOOP_WORKFLOW:
                        loops.append(found.id)
                    case _:
                        others.append(found.id)
        except RPCError as error:
            raise rpc_failure(error) from error
        return OpenOnQueue(tuple(runs), tuple(loops), tuple(others))

    async def terminate(self, workflow_id: str, verdict: Verdict) -> None:
        """End a workflow without its workers; nothing happens when it is closed."""
        try:
            await self._client.get_workflow_handle(workflow_id).terminate(
                verdict, reason=verdict.message, rpc_timeout=RPC_TIMEOUT
            )
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise rpc_failure(error) from error
