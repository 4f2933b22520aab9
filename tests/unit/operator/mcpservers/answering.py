"""A worker whose answers for MCP servers are made up, on a real Temporal."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pydantic import JsonValue
from temporalio import workflow
from temporalio.client import Client
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.worker import Worker, WorkerDeploymentConfig

from agents_crds.contract.mcp import (
    DescribeMcpServerInput,
    DescribeMcpServerResult,
    GetMcpPromptInput,
    GetMcpPromptResult,
    McpCatalogue,
    McpText,
)
from agents_crds.contract.names import (
    DESCRIBE_MCP_SERVER_WORKFLOW,
    GET_MCP_PROMPT_WORKFLOW,
    pool_queue,
    worker_deployment,
)

INSTALLATION, NAMESPACE, POOL, BUILD = "inst", "team", "default", "b1"
ODD = "odd"


@workflow.defn(name=DESCRIBE_MCP_SERVER_WORKFLOW)
class Describe:
    """Tells what it was asked, as the name of the server; of an odd one what nobody can read."""

    @workflow.run
    async def run(self, asked: DescribeMcpServerInput) -> DescribeMcpServerResult | JsonValue:
        if asked.target.server == ODD:
            return {"answer": {"type": "failure", "reason": "OfTheFuture", "message": ""}}
        said = f"{workflow.info().workflow_id} {asked.operator_queue} {asked.listen}"
        return DescribeMcpServerResult(answer=McpCatalogue(server_name=said, tools=(), prompts=()))


@workflow.defn(name=GET_MCP_PROMPT_WORKFLOW)
class GetPrompt:
    """Says the prompt's name and its arguments after a while."""

    @workflow.run
    async def run(self, asked: GetMcpPromptInput) -> GetMcpPromptResult:
        await asyncio.sleep(0.3)
        text = " ".join((asked.prompt, *asked.arguments.values(), workflow.info().run_id))
        return GetMcpPromptResult(answer=McpText(text=text))


@asynccontextmanager
async def answering(client: Client) -> AsyncIterator[None]:
    """Serve the pool's queue for the length of the block."""
    version = WorkerDeploymentVersion(worker_deployment(INSTALLATION, NAMESPACE, POOL), BUILD)
    async with Worker(
        client,
        task_queue=pool_queue(INSTALLATION, NAMESPACE, POOL),
        workflows=[Describe, GetPrompt],
        deployment_config=WorkerDeploymentConfig(
            version=version,
            use_worker_versioning=True,
            default_versioning_behavior=VersioningBehavior.PINNED,
        ),
    ):
        yield
