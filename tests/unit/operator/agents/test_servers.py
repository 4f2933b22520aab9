"""The MCPServers whose tools an Agent has, in whatever state they are."""

from datetime import timedelta
from typing import Literal

import pytest

from agents_crds.v1alpha1 import Agent, AgentStatus, Condition, MCPServer, MCPServerStatus, Reason
from agents_operator.agents.servers import resolve_servers
from agents_operator.agents.standing import Shortfall
from agents_operator.engine.world import World
from agents_operator.errors import Waiting
from tests.unit.operator.agents.samples import NOW, agent
from tests.unit.operator.agents.test_tools import mcp, server

RETRY = timedelta(seconds=10)
Status = Literal["True", "False", "Unknown"]


def with_status(stored: MCPServer, *, ready: Status, reason: Reason, is_listed: bool = True) -> MCPServer:
    status = MCPServerStatus(
        tools=stored.status.tools,
        refresh_time=NOW if is_listed else None,
        conditions=(said("Ready", ready, reason),),
    )
    return stored.model_copy(update={"status": status})


def said(type_: str, status: Status, reason: Reason, *, generation: int = 1) -> Condition:
    return Condition(
        type=type_,
        status=status,
        reason=reason.value,
        message="its own words",
        observed_generation=generation,
        last_transition_time=NOW,
    )


def served(stored: Agent, *, generation: int = 1) -> Agent:
    """Give an Agent that was Ready with the spec of that generation."""
    degraded = said("Degraded", "False", Reason.AS_EXPECTED, generation=generation)
    return stored.model_copy(update={"status": AgentStatus(conditions=(degraded,))})


def resolve(stored: Agent, *servers: MCPServer) -> tuple[dict[str, MCPServer], tuple[Shortfall, ...]]:
    world = World()
    for each in servers:
        world.mcp_servers.see(each)
    return resolve_servers(stored, world, retry_interval=RETRY)


MAPS = with_status(server("maps", "find", "route"), ready="True", reason=Reason.AVAILABLE)
DOWN = with_status(server("maps", "find", "route"), ready="False", reason=Reason.SERVER_UNREACHABLE)
GUIDE = agent(tools=[mcp("maps")])


def test_ready_server_is_found() -> None:
    assert resolve(GUIDE, MAPS) == ({"maps": MAPS}, ())


@pytest.mark.parametrize(
    ("seen", "reason", "expected", "words"),
    [
        ((), Reason.MCP_SERVER_NOT_FOUND, False, "names MCPServer maps, which does not exist"),
        (
            (with_status(MAPS, ready="Unknown", reason=Reason.PENDING, is_listed=False),),
            Reason.MCP_SERVER_NOT_READY,
            True,
            "(Pending)",
        ),
        (
            (with_status(MAPS, ready="False", reason=Reason.WORKER_POOL_NOT_READY, is_listed=False),),
            Reason.MCP_SERVER_NOT_READY,
            True,
            "(WorkerPoolNotReady)",
        ),
        (
            (with_status(MAPS, ready="False", reason=Reason.SERVER_TIMED_OUT, is_listed=False),),
            Reason.MCP_SERVER_NOT_READY,
            False,
            "(ServerTimedOut), as `kubectl describe mcpserver maps` tells in full",
        ),
    ],
    ids=["no server", "pending", "no worker yet", "never answered"],
)
@pytest.mark.parametrize("stored", [GUIDE, served(GUIDE)], ids=["new", "served before"])
def test_server_that_never_listed_anything_is_waited_for(
    stored: Agent, seen: tuple[MCPServer, ...], reason: Reason, *, expected: bool, words: str
) -> None:
    with pytest.raises(Waiting) as raised:
        resolve(stored, *seen)
    assert (raised.value.reason, raised.value.condition) == (reason, "ResolvedRefs")
    assert raised.value.expected is expected
    assert words in raised.value.message


def test_server_that_is_down_leaves_the_agent_with_the_last_list() -> None:
    servers, (shortfall,) = resolve(GUIDE, DOWN)
    assert servers == {"maps": DOWN}
    assert shortfall.reason is Reason.MCP_SERVER_NOT_READY
    assert "(ServerUnreachable)" in shortfall.message
    assert "its own words" not in shortfall.message


def test_server_that_is_down_is_told_once_however_often_it_is_named() -> None:
    twice = agent(tools=[mcp("maps", include=["find"]), mcp("maps", include=["route"])])
    assert len(resolve(twice, DOWN)[1]) == 1


def test_unlisted_tool_is_waited_for_with_what_was_meant() -> None:
    wrong = agent(tools=[mcp("maps", include=["find", "rout"])])
    words = (
        r"spec.tools\[0\].mcp.include names rout, which MCPServer maps does not list; did you mean route\?"
    )
    with pytest.raises(Waiting, match=words) as raised:
        resolve(wrong, MAPS)
    assert raised.value.reason is Reason.TOOL_NOT_FOUND
    with pytest.raises(Waiting):
        resolve(served(wrong, generation=0), MAPS)


def test_tool_that_went_leaves_an_agent_that_served_with_it_as_it_is_but_for_the_tool() -> None:
    wanted = served(agent(tools=[mcp("maps", include=["find", "gone"])]))
    servers, (shortfall,) = resolve(wanted, MAPS)
    assert servers == {"maps": MAPS}
    assert shortfall.reason is Reason.TOOL_NOT_FOUND
