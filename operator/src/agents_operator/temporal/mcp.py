"""Short workflows in which a worker of a pool asks an MCP server for something."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from temporalio.client import Client
from temporalio.common import WorkerDeploymentVersion, WorkflowIDConflictPolicy

from agents_crds.contract.mcp import (
    DescribeMcpServerInput,
    DescribeMcpServerResult,
    GetMcpPromptInput,
    GetMcpPromptResult,
    McpCatalogue,
    McpFailure,
    McpTarget,
    McpText,
)
from agents_crds.contract.names import (
    DESCRIBE_MCP_SERVER_WORKFLOW,
    GET_MCP_PROMPT_WORKFLOW,
    mcp_workflow_id,
    operator_queue,
    pool_queue,
    worker_deployment,
)
from agents_crds.contract.payload import Payload
from agents_operator.temporal.builds import ask_build

LONGEST_CONNECT = timedelta(seconds=40)
"""Longest `connectTimeout` that the operator's own questions allow a server: a reconcile has 120 s."""
# For a worker to take the question up and to answer it, beside the server's own time.
MARGIN = timedelta(seconds=15)
_DIGEST_LENGTH = 16

R = TypeVar("R", bound=Payload)


@dataclass(frozen=True)
class PoolBuild:
    """The workers that are asked: those of a build of a WorkerPool."""

    namespace: str
    pool: str
    build: str
    connection: str | None = None
    """The TemporalConnection of the pool; None: they work in the operator's own Temporal."""


class McpWorkflows:
    """Questions to MCP servers, as the workers of one installation ask them."""

    def __init__(self, client: Client, installation: str) -> None:
        self._client = client
        self._installation = installation

    async def describe(
        self, workers: PoolBuild, target: McpTarget, *, listen: timedelta
    ) -> McpCatalogue | McpFailure:
        """Ask what a server offers; the worker listens for changes for `listen` afterwards.

        An earlier question that is still open is taken back. Raises NoWorkerError, TemporalUnreachableError.
        """
        question = DescribeMcpServerInput(
            target=_bounded(target),
            namespace=workers.namespace,
            operator_queue=operator_queue(self._installation),
            listen=listen,
        )
        result = await self._ask(
            workers,
            DESCRIBE_MCP_SERVER_WORKFLOW,
            question,
            DescribeMcpServerResult,
            purpose="describe",
            conflict=WorkflowIDConflictPolicy.TERMINATE_EXISTING,
        )
        return result.answer

    async def get_prompt(
        self, workers: PoolBuild, target: McpTarget, prompt: str, arguments: Mapping[str, str]
    ) -> McpText | McpFailure:
        """Ask for a prompt as text; who asks for the same at the same time shares the answer.

        Raises NoWorkerError, TemporalUnreachableError.
        """
        question = GetMcpPromptInput(target=_bounded(target), prompt=prompt, arguments=dict(arguments))
        content = f"{workers.build} {question.model_dump_json()}"
        digest = hashlib.sha256(content.encode(errors="replace")).hexdigest()[:_DIGEST_LENGTH]
        result = await self._ask(
            workers,
            GET_MCP_PROMPT_WORKFLOW,
            question,
            GetMcpPromptResult,
            purpose=f"prompts/{digest}",
            conflict=WorkflowIDConflictPolicy.USE_EXISTING,
        )
        return result.answer

    async def _ask(
        self,
        workers: PoolBuild,
        workflow: str,
        question: DescribeMcpServerInput | GetMcpPromptInput,
        result_type: type[R],
        *,
        purpose: str,
        conflict: WorkflowIDConflictPolicy,
    ) -> R:
        deployment = worker_deployment(self._installation, workers.namespace, workers.pool)
        return await ask_build(
            self._client,
            WorkerDeploymentVersion(deployment, workers.build),
            pool_queue(self._installation, workers.namespace, workers.pool),
            workflow,
            question=(question,),
            answer=result_type,
            id=mcp_workflow_id(self._installation, workers.namespace, question.target.server, purpose),
            conflict=conflict,
            within=2 * question.target.connect_timeout + MARGIN,
        )


def _bounded(target: McpTarget) -> McpTarget:
    return target.model_copy(update={"connect_timeout": min(target.connect_timeout, LONGEST_CONNECT)})
