"""Who is woken when MCPServers and the pools that call them come, change and go."""

import pytest

from tests.unit.operator.engine.woken import Change, Woken
from tests.unit.operator.objects import Manifest, agent, condition, listed, mcp_server, pool, run

READY: Manifest = {"conditions": [condition("Ready", "True", "Available")]}
NOT_READY: Manifest = {"conditions": [condition("Ready", "False", "ServerUnreachable")]}
AT_MAPS: Manifest = {"streamableHttp": {"url": "http://maps:8000/mcp"}}
MAPS_TOOLS: Manifest = {"tools": [{"mcp": {"serverRef": {"name": "maps"}}}]}
MAPS_PROMPT: Manifest = {"instructionsFrom": {"mcpPrompt": {"serverRef": {"name": "maps"}, "name": "guide"}}}
REFRESHED: Manifest = {"refreshTime": "2026-03-01T12:00:00Z", **READY}
REFRESHED_LATER: Manifest = {"refreshTime": "2026-03-01T12:05:00Z", **READY}
USERS = (agent("guide", MAPS_TOOLS), agent("prompted", MAPS_PROMPT), agent("other"))
"""An Agent with tools of an MCPServer, one with its instructions, and one with nothing of it."""


CASES = (
    Change(
        "pool with servers comes",
        (mcp_server(), mcp_server("elsewhere", {**AT_MAPS, "workerPoolRef": {"name": "other"}})),
        pool(),
        {"pool default", "mcp server maps"},
    ),
    Change(
        "pool of a server allows another command",
        (mcp_server(), pool()),
        pool(commands=("npx",), resourceVersion="2", generation=2),
        {"pool default", "mcp server maps"},
    ),
    Change(
        "pool of a server is scaled down to nothing",
        (mcp_server(), pool()),
        pool(replicas=0, resourceVersion="2", generation=2),
        {"pool default", "mcp server maps"},
    ),
    Change(
        "pool of a server is scaled",
        (mcp_server(), pool()),
        pool(replicas=2, resourceVersion="2", generation=2),
        {"pool default"},
    ),
    Change(
        "pool of a server has another build",
        (mcp_server(), pool()),
        pool(status={"build": "b1"}, resourceVersion="2"),
        {"mcp server maps"},
    ),
    Change(
        "mcp server comes",
        (*USERS, run("guided", {"agentRef": {"name": "guide"}}), pool(), pool("gpu")),
        mcp_server(),
        {"mcp server maps", "agent guide", "agent prompted", "run guided", "pool default"},
    ),
    Change(
        "mcp server lists another tool",
        (*USERS, mcp_server(status=READY), pool()),
        mcp_server(status={"tools": [listed("find")], **READY}, resourceVersion="2"),
        {"agent guide", "agent prompted"},
    ),
    Change(
        "mcp server gets ready",
        (*USERS, mcp_server(status=NOT_READY), pool()),
        mcp_server(status=READY, resourceVersion="2"),
        {"agent guide", "agent prompted"},
    ),
    Change(
        "mcp server is listed again, and the same",
        (*USERS, mcp_server(status=REFRESHED), pool()),
        mcp_server(status=REFRESHED_LATER, resourceVersion="2"),
        {"agent prompted"},
    ),
    Change(
        "mcp server goes over to another pool",
        (mcp_server(), pool(), pool("gpu"), pool("third")),
        mcp_server(spec={**AT_MAPS, "workerPoolRef": {"name": "gpu"}}, resourceVersion="2", generation=2),
        {"mcp server maps", "pool default", "pool gpu"},
    ),
    Change(
        "mcp server's label changes",
        (*USERS, mcp_server(), pool()),
        mcp_server(resourceVersion="2", labels={"team": "blue"}),
        set(),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
async def test_change_wakes_those_that_depend_on_it(case: Change) -> None:
    woken = await Woken.knowing(*case.known)
    woken.see(case.then)
    assert await woken.woken() == case.woken


async def test_pool_that_goes_wakes_the_servers_that_it_called() -> None:
    woken = Woken()
    woken.see(mcp_server())
    woken.see(pool())
    await woken.woken()
    woken.forget(pool())
    assert await woken.woken() == {"mcp server maps"}


async def test_server_that_goes_wakes_its_users_and_the_pool_that_mounts_its_secrets() -> None:
    woken = await Woken.knowing(*USERS, mcp_server(), pool())
    woken.forget(mcp_server())
    assert await woken.woken() == {"agent guide", "agent prompted", "pool default"}
