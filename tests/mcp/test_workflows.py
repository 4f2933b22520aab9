"""What the operator asks the workers of a pool, and what they tell it, through a real Temporal server."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest_asyncio
from temporalio import activity
from temporalio.client import Client
from temporalio.common import PinnedVersioningOverride, WorkerDeploymentVersion
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import Worker

from agents_crds.contract.mcp import (
    DescribeMcpServerInput,
    DescribeMcpServerResult,
    GetMcpPromptInput,
    GetMcpPromptResult,
    McpCatalogue,
    McpFailure,
    McpServerChanged,
    McpText,
    Transport,
)
from agents_crds.contract.names import (
    DESCRIBE_MCP_SERVER_WORKFLOW,
    GET_MCP_PROMPT_WORKFLOW,
    MCP_SERVER_CHANGED_ACTIVITY,
    mcp_workflow_id,
)
from agents_crds.contract.payload import Payload
from agents_crds.v1alpha1.conditions import Reason
from agents_worker.settings import Settings
from agents_worker.tools.offer import load_tools
from tests.mcp.asking import Asking, http, python, target
from tests.standin.process import free_port
from tests.workflows.bench import OPERATOR_QUEUE, serving, settings_of
from tests.workflows.temporal import temporal_server


class Operator:
    """The operator's side: notes which workflow told of a change, and of what."""

    def __init__(self) -> None:
        self.told = asyncio.Queue[tuple[str | None, McpServerChanged]]()

    @activity.defn(name=MCP_SERVER_CHANGED_ACTIVITY)
    async def changed(self, change: McpServerChanged) -> None:
        await self.told.put((activity.info().workflow_id, change))


class Pool:
    """A pool's workers, asked as the operator asks them."""

    def __init__(self, client: Client, settings: Settings, operator: Operator) -> None:
        self._client = client
        self._settings = settings
        self.operator = operator

    async def ask(self, workflow: str, question: Payload, purpose: str) -> object:
        version = WorkerDeploymentVersion(self._settings.deployment_name, self._settings.build_id)
        async with asyncio.timeout(60):
            while True:
                try:
                    return await self._client.execute_workflow(
                        workflow,
                        question,
                        id=mcp_workflow_id("test", "ns", "server", purpose),
                        task_queue=self._settings.pool_queue,
                        result_type=DescribeMcpServerResult if purpose == "describe" else GetMcpPromptResult,
                        versioning_override=PinnedVersioningOverride(version),
                        execution_timeout=timedelta(seconds=35),
                    )
                except RPCError as error:
                    # As long as its workers have not polled.
                    if error.status != RPCStatusCode.FAILED_PRECONDITION:
                        raise
                await asyncio.sleep(0.05)

    async def describe(self, transport: Transport) -> McpCatalogue | McpFailure:
        question = DescribeMcpServerInput(
            target=target(transport),
            namespace="ns",
            operator_queue=OPERATOR_QUEUE,
            listen=timedelta(minutes=1),
        )
        result = await self.ask(DESCRIBE_MCP_SERVER_WORKFLOW, question, "describe")
        assert isinstance(result, DescribeMcpServerResult)
        return result.answer

    async def prompt(self, transport: Transport, prompt: str, **arguments: str) -> McpText | McpFailure:
        question = GetMcpPromptInput(target=target(transport), prompt=prompt, arguments=arguments)
        result = await self.ask(GET_MCP_PROMPT_WORKFLOW, question, "prompts/1")
        assert isinstance(result, GetMcpPromptResult)
        return result.answer


@pytest_asyncio.fixture
async def pool(secrets: Path) -> AsyncIterator[Pool]:
    operator = Operator()
    async with (
        temporal_server() as client,
        Worker(client, task_queue=OPERATOR_QUEUE, activities=(operator.changed,)),
        serving(client, settings_of(secrets), load_tools(())),
    ):
        yield Pool(client, settings_of(secrets), operator)


async def test_operator_learns_what_a_server_offers_and_of_its_changes(
    pool: Pool, python_http: Transport, asking: Asking
) -> None:
    catalogue = await pool.describe(python_http)
    assert isinstance(catalogue, McpCatalogue)
    assert {"add", "learn"} <= {tool.name for tool in catalogue.tools}
    text = await pool.prompt(python_http, "greet", name="Ada")
    assert isinstance(text, McpText)
    assert text.text.startswith("Greet Ada at ")

    await asyncio.sleep(1)
    await asking.call(python_http, "learn", name="new")
    async with asyncio.timeout(20):
        workflow_id, change = await pool.operator.told.get()
    assert workflow_id == "test/ns/mcp/server/changed"
    assert change == McpServerChanged(namespace="ns", server="server", operator_queue=OPERATOR_QUEUE)


async def test_operator_learns_why_a_server_offers_nothing(pool: Pool, python_http: Transport) -> None:
    gone = await pool.describe(http(free_port()))
    assert isinstance(gone, McpFailure)
    assert gone.reason == Reason.SERVER_UNREACHABLE
    process = await pool.describe(python("tests.mcp.python_server", "stdio"))
    assert isinstance(process, McpFailure)
    assert process.reason == Reason.COMMAND_NOT_ALLOWED
    refused = await pool.prompt(python_http, "greet")
    assert isinstance(refused, McpFailure)
    assert refused.reason == Reason.PROMPT_NOT_FOUND
