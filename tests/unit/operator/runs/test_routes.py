"""How each tool of a run is called."""

from datetime import timedelta

import pytest

from agents_crds.contract.mcp import McpToolRoute, StreamableHttpTransport
from agents_crds.contract.run import ToolRoute
from agents_operator.engine.world import World
from agents_operator.runs.snapshot import Snapshot, take_snapshot
from tests.unit.operator.objects import Manifest, listed, mcp_server, pool, provider, run, tool
from tests.unit.operator.runs.worlds import INSTALLATION, linked, ready_world, world_of


def taken(world: World) -> Snapshot:
    return take_snapshot(run(spec={"agentRef": {"name": "front"}}), world, installation=INSTALLATION)


def test_each_agent_s_own_functions_are_called_on_its_own_pool_s_queue() -> None:
    offered: Manifest = {
        "contract": 2,
        "tools": [
            tool("get_rate", idempotent=True, timeout="5s"),
            tool("not_asked_for"),
            tool("pay", polling=True),
        ],
    }
    wanted: Manifest = {
        "tools": [
            {"function": {"name": "pay"}},
            {"builtin": {"type": "web_search"}},
            {"function": {"name": "get_rate"}},
        ]
    }
    gpu: Manifest = {"tools": [{"function": {"name": "pay"}}], "workerPoolRef": {"name": "gpu"}}
    snapshot = taken(
        world_of(
            provider(),
            pool(status=offered),
            pool("gpu", status=offered),
            linked("front", "back", spec=wanted),
            linked("back", spec=gpu),
        )
    )
    front, back = snapshot.agents
    assert snapshot.queue == "inst/team/pools/default"
    queue = "inst/team/pools/default"
    assert front.tools == (
        ToolRoute(name="get_rate", queue=queue, idempotent=True, timeout=timedelta(seconds=5)),
        ToolRoute(name="pay", queue=queue, idempotent=False, timeout=timedelta(seconds=30), polling=True),
    )
    assert [route.queue for route in back.tools] == ["inst/team/pools/gpu"]


def test_function_that_the_pool_no_longer_offers_has_no_route() -> None:
    wanted = linked("front", spec={"tools": [{"function": {"name": "gone"}}]})
    assert taken(ready_world(wanted)).agents[0].tools == ()


LISTED: Manifest = {"tools": [listed("find", idempotent=True), listed("re.draw"), listed("drop")]}


@pytest.mark.parametrize(
    ("selection", "names"),
    [
        ({}, ["maps_find", "maps_re_draw_", "maps_drop"]),
        ({"include": ["drop", "find", "unlisted"]}, ["maps_find", "maps_drop"]),
        ({"exclude": ["drop"]}, ["maps_find", "maps_re_draw_"]),
    ],
)
def test_server_s_tools_go_by_the_selection_and_by_their_server_s_name(
    selection: Manifest, names: list[str]
) -> None:
    wanted: Manifest = {"serverRef": {"name": "maps"}, **selection}
    uses = linked("front", spec={"tools": [{"mcp": wanted}]})
    (snapshot,) = taken(ready_world(uses, mcp_server(status=LISTED))).agents
    assert [route.name.rstrip("0123456789abcdef") or route.name for route in snapshot.tools] == [
        name.rstrip("0123456789abcdef") for name in names
    ]


def test_server_s_tools_are_called_on_the_server_s_pool_s_queue() -> None:
    server = mcp_server(
        spec={
            "streamableHttp": {"url": "http://maps:8000/mcp"},
            "callTimeout": "7s",
            "workerPoolRef": {"name": "tools"},
        },
        status=LISTED,
    )
    one: Manifest = {"tools": [{"mcp": {"serverRef": {"name": "maps"}, "include": ["find"]}}]}
    other: Manifest = {"tools": [{"mcp": {"serverRef": {"name": "maps"}, "include": ["re.draw"]}}]}
    world = ready_world(
        server,
        pool("tools", status={"contract": 2}),
        linked("front", "back", spec=one),
        linked("back", spec=other),
    )
    snapshot = taken(world)
    front, back = snapshot.agents
    assert front.tools == (
        ToolRoute(
            name="maps_find",
            queue="inst/team/pools/tools",
            idempotent=True,
            timeout=timedelta(seconds=7),
            mcp=McpToolRoute(server="maps", tool="find"),
        ),
    )
    assert [(route.mcp, route.idempotent) for route in back.tools] == [
        (McpToolRoute(server="maps", tool="re.draw"), False)
    ]
    (route,) = snapshot.servers
    assert route.queue == "inst/team/pools/tools"
    assert route.target.transport == StreamableHttpTransport(url="http://maps:8000/mcp")


def test_secret_of_a_server_goes_by_its_name_and_never_by_its_value() -> None:
    spec: Manifest = {
        "sse": {
            "url": "http://maps:8000/sse",
            "bearerTokenSecretRef": {"name": "maps", "key": "token", "value": "hunter2"},
        }
    }
    uses = linked("front", spec={"tools": [{"mcp": {"serverRef": {"name": "maps"}}}]})
    (route,) = taken(ready_world(uses, mcp_server(spec=spec))).servers
    assert "maps/token" in route.model_dump_json()
    assert "hunter2" not in route.model_dump_json()
