"""Tool calls as the activity that Temporal runs."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from temporalio.client import Client
from temporalio.testing import ActivityEnvironment

from agents_crds.contract.cut import json_size
from agents_crds.contract.mcp import Transport
from agents_worker.activities.mcp import McpCalls
from agents_worker.messages import McpToolCall
from agents_worker.text import RESULTS_LIMIT
from tests.mcp.asking import http, target
from tests.mcp.web import Request, result, serving, streamable
from tests.workflows.bench import settings_of


@pytest_asyncio.fixture
async def calls(secrets: Path) -> AsyncIterator[McpCalls]:
    client = await Client.connect("127.0.0.1:1", lazy=True)
    async with McpCalls(client, settings_of(secrets)) as calls:
        yield calls


def call(transport: Transport, tool: str, **arguments: object) -> McpToolCall:
    return McpToolCall(target=target(transport), tool=tool, name=f"s_{tool}", arguments=json.dumps(arguments))


async def test_call_beats_while_it_goes_on(calls: McpCalls, python_http: Transport) -> None:
    environment, beats = ActivityEnvironment(), list[object]()
    environment.on_heartbeat = lambda *details: beats.append(details)
    answer = await environment.run(calls.call_mcp_tool, call(python_http, "sleep", seconds=0.2))
    assert answer.text == "slept"
    assert beats


async def test_call_that_is_cancelled_ends_at_once(calls: McpCalls, python_http: Transport) -> None:
    environment = ActivityEnvironment()
    running = asyncio.create_task(
        environment.run(calls.call_mcp_tool, call(python_http, "sleep", seconds=60))
    )
    await asyncio.sleep(1)
    environment.cancel()
    async with asyncio.timeout(8):
        with pytest.raises(asyncio.CancelledError):
            await running


async def test_result_is_cut_to_what_a_payload_holds(calls: McpCalls) -> None:
    content = {"content": [{"type": "text", "text": "x" * 3_000_000}]}

    def long(request: Request) -> bytes:
        return result(request, content)

    async with serving(streamable({"tools/call": long})) as port:
        answer = await ActivityEnvironment().run(calls.call_mcp_tool, call(http(port), "long"))
    assert json_size(answer.text) <= RESULTS_LIMIT
    assert answer.text.endswith("is more than can be kept]")


async def test_many_calls_at_once_are_each_answered(calls: McpCalls, python_http: Transport) -> None:
    environment = ActivityEnvironment()
    answers = await asyncio.gather(
        *(environment.run(calls.call_mcp_tool, call(python_http, "add", a=i, b=1)) for i in range(50))
    )
    assert [answer.text for answer in answers] == [str(i + 1) for i in range(50)]
