from datetime import timedelta

import pytest
from pydantic import JsonValue

from agents_crds.contract.mcp import McpFailure
from agents_crds.v1alpha1 import MCPServer, Reason, WorkerPool
from agents_operator.errors import Stalled, Waiting
from agents_operator.mcpservers.plan import Ask, Keep, failed, plan_server
from agents_operator.temporal.mcp import PoolBuild
from tests.unit.operator.objects import NOW, Manifest, condition, mcp_server, pool

RETRY = timedelta(seconds=10)
SERVING: Manifest = {"build": "b1", "contract": 2}
ABLE = pool(status=SERVING, commands=("npx",))
STDIO: Manifest = {"stdio": {"command": "npx"}}


def listed_server(
    ago: timedelta, *, generation: int = 1, spec: Manifest | None = None, tools: JsonValue = None
) -> MCPServer:
    """A server that was listed a while ago, and whose spec is now of that generation."""
    ready: Manifest = {**condition("Ready", "True", "Available"), "observedGeneration": 1}
    refreshed = (NOW - ago).strftime("%Y-%m-%dT%H:%M:%SZ")
    return mcp_server(
        spec=spec,
        status={"refreshTime": refreshed, "conditions": [ready], "tools": tools or []},
        generation=generation,
    )


def plan(server: MCPServer, pool: WorkerPool | None) -> Ask | Keep:
    return plan_server(server, pool, retry_interval=RETRY, now=NOW)


@pytest.mark.parametrize("server", [mcp_server(), mcp_server(spec=STDIO)], ids=["address", "command"])
def test_workers_of_the_current_build_ask_the_server(server: MCPServer) -> None:
    assert plan(server, ABLE) == Ask(PoolBuild("team", "default", "b1"))


@pytest.mark.parametrize(
    ("pool", "reason", "remedy"),
    [
        (None, Reason.WORKER_POOL_NOT_FOUND, "no WorkerPool default in namespace team: create it"),
        (pool(), Reason.WORKER_POOL_NOT_READY, "its own conditions say why"),
        (pool(status={"build": "b1", "contract": 1}), Reason.WORKER_TOO_OLD, "rebuild its image"),
        (pool(status={"build": "b1"}), Reason.WORKER_TOO_OLD, "speak 1"),
        (pool(status=SERVING, replicas=0), Reason.WORKER_POOL_NOT_READY, "set its spec.replicas to 1"),
    ],
)
def test_pool_that_cannot_ask_is_named_with_what_to_do(
    pool: WorkerPool | None, reason: Reason, remedy: str
) -> None:
    with pytest.raises((Waiting, Stalled), match=remedy) as early:
        plan(mcp_server(), pool)
    assert isinstance(early.value, Waiting | Stalled)
    assert early.value.reason is reason


def test_command_that_the_pool_does_not_allow_stalls_with_the_field_to_change() -> None:
    with pytest.raises(Stalled, match=r"add it to spec\.stdio\.allowedCommands of the WorkerPool") as stalled:
        plan(mcp_server(spec=STDIO), pool(status=SERVING, commands=("npx -y", "uvx")))
    assert stalled.value.reason is Reason.COMMAND_NOT_ALLOWED


def test_what_was_listed_holds_while_the_pool_has_no_workers() -> None:
    idle = pool(status=SERVING, replicas=0)
    assert plan(listed_server(timedelta(days=3)), idle) == Keep(timedelta(minutes=5))
    with pytest.raises(Waiting):
        plan(listed_server(timedelta(days=3), generation=2), idle)


def test_server_that_keeps_telling_of_changes_is_not_asked_all_the_time() -> None:
    assert plan(listed_server(timedelta(seconds=1)), ABLE) == Keep(timedelta(seconds=4))
    assert isinstance(plan(listed_server(timedelta(seconds=5)), ABLE), Ask)


def test_large_lists_are_written_no_more_often_than_etcd_can_bear() -> None:
    often: Manifest = {"streamableHttp": {"url": "http://maps"}, "interval": "1s"}
    schema: Manifest = {"type": "object", "description": "x" * 99_910}
    tools: list[JsonValue] = [{"name": f"tool-{number}", "inputSchema": schema} for number in range(3)]
    for ago, expected in ((10, Keep), (31, Ask)):
        server = listed_server(timedelta(seconds=ago), spec=often, tools=tools)
        assert isinstance(plan(server, ABLE), expected)


def test_edited_server_is_asked_at_once() -> None:
    assert isinstance(plan(listed_server(timedelta(seconds=1), generation=2), ABLE), Ask)


def test_short_interval_is_kept_to() -> None:
    often: Manifest = {"streamableHttp": {"url": "http://maps"}, "interval": "1s"}
    assert isinstance(plan(listed_server(timedelta(seconds=1), spec=often), ABLE), Ask)


def pause(reason: Reason, since: timedelta | None, known: Reason | None = None) -> timedelta:
    """Return when a server is asked again that has failed for a while for the reason `known`, or the same."""
    moment = NOW - (since or timedelta())
    ready = condition("Ready", "False", (known or reason).value, since=moment.strftime("%Y-%m-%dT%H:%M:%SZ"))
    server = mcp_server(status={"conditions": [] if since is None else [ready]})
    return failed(server, McpFailure(reason=reason, message="no"), retry_interval=RETRY, now=NOW).after


def test_server_that_is_down_is_asked_ever_later_up_to_its_interval() -> None:
    down = Reason.SERVER_UNREACHABLE
    assert pause(down, None) == RETRY
    assert pause(down, timedelta(seconds=5)) == RETRY
    assert pause(down, timedelta(seconds=40)) == timedelta(seconds=40)
    assert pause(down, timedelta(days=1)) == timedelta(minutes=5)


def test_server_that_fails_for_another_reason_is_asked_soon() -> None:
    assert pause(Reason.SERVER_UNREACHABLE, timedelta(hours=1), Reason.WORKER_POOL_NOT_READY) == RETRY


def test_secret_that_its_pods_may_get_soon_is_looked_for_often() -> None:
    assert pause(Reason.SECRET_NOT_FOUND, timedelta(minutes=2)) == RETRY
    assert pause(Reason.SECRET_NOT_FOUND, timedelta(hours=1)) == timedelta(minutes=5)


def test_failure_says_that_the_last_list_is_kept_if_there_is_one() -> None:
    failure = McpFailure(reason=Reason.SERVER_TIMED_OUT, message="it did not answer")
    for server, said in (
        (mcp_server(), "it did not answer"),
        (listed_server(timedelta(hours=1)), "it did not answer; what it listed before is kept"),
    ):
        assert failed(server, failure, retry_interval=RETRY, now=NOW).message == said
