"""What workers are asked about MCP servers, by a real Temporal."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from temporalio.client import Client

from agents_crds.contract.mcp import McpCatalogue, McpTarget, McpText, StreamableHttpTransport
from agents_operator.temporal.builds import NoWorkerError
from agents_operator.temporal.mcp import McpWorkflows, PoolBuild
from tests.unit.operator.mcpservers.answering import BUILD, INSTALLATION, NAMESPACE, ODD, POOL, answering
from tests.workflows.temporal import temporal_server

WORKERS = PoolBuild(NAMESPACE, POOL, BUILD)
TARGET = McpTarget(
    server="maps",
    transport=StreamableHttpTransport(url="http://maps"),
    connect_timeout=timedelta(seconds=10),
    call_timeout=timedelta(seconds=60),
)


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with temporal_server() as client, answering(client):
        yield client


async def prompted(workflows: McpWorkflows, name: str, **arguments: str) -> str:
    for _ in range(50):
        try:
            answer = await workflows.get_prompt(WORKERS, TARGET, name, arguments)
        except NoWorkerError:
            # The server knows the worker's version a moment after its first poll.
            await asyncio.sleep(0.1)
        else:
            assert isinstance(answer, McpText)
            return answer.text
    raise AssertionError("no worker has answered")


async def test_questions_reach_the_workers_of_the_build_and_disturb_no_other(client: Client) -> None:
    workflows = McpWorkflows(client, INSTALLATION)
    await prompted(workflows, "first")
    one, same, other, else_ = await asyncio.gather(
        prompted(workflows, "guide", city="Rome"),
        prompted(workflows, "guide", city="Rome"),
        prompted(workflows, "guide", city="Oslo"),
        prompted(workflows, "map", city="Rome"),
    )
    assert one == same
    assert [text.rsplit(" ", 1)[0] for text in (one, other, else_)] == [
        "guide Rome",
        "guide Oslo",
        "map Rome",
    ]
    listing = await workflows.describe(WORKERS, TARGET, listen=timedelta(minutes=7))
    assert isinstance(listing, McpCatalogue)
    assert listing.server_name == "inst/team/mcp/maps/describe inst/operator 0:07:00"
    with pytest.raises(NoWorkerError, match="none has started yet"):
        await workflows.describe(PoolBuild(NAMESPACE, POOL, "b2"), TARGET, listen=timedelta(minutes=7))
    odd = TARGET.model_copy(update={"server": ODD})
    with pytest.raises(NoWorkerError, match="its answer cannot be read: rebuild its image"):
        await workflows.describe(WORKERS, odd, listen=timedelta(minutes=7))
