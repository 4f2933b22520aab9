"""No write of the leader's without a Lease that must still be its own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any, TypeVar

import aiohttp
import httpx2
import pytest
from google.protobuf.message import Message
from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceRequest,
    SetWorkerDeploymentCurrentVersionRequest,
)
from temporalio.client import Client
from temporalio.service import ConnectConfig, ServiceClient

from agents_crds.contract.conversion import plainly
from agents_operator.kubernetes.api import KubernetesApi
from agents_operator.leadership import Fence, NotLeadingError, fenced_sockets
from agents_operator.mistral import provider_http
from agents_operator.temporal.fenced import fenced
from tests.unit.operator.kubernetes.scripted import ScriptedServer
from tests.unit.operator.leadership.clock import Clock, EndedError, end

Response = TypeVar("Response", bound=Message)


class Services(ServiceClient):
    """A server that answers everything with nothing, and remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__(ConnectConfig("nowhere:7233", api_key="first"))
        self.asked: list[str] = []
        self.key: str | None = None

    @property
    def worker_service_client(self) -> Any:
        raise NotImplementedError

    def update_rpc_metadata(self, metadata: Mapping[str, str | bytes]) -> None:
        raise NotImplementedError

    def update_api_key(self, api_key: str | None) -> None:
        self.key = api_key

    async def _rpc_call(
        self,
        rpc: str,
        req: Message,
        resp_type: type[Response],
        *,
        service: str,
        retry: bool,
        metadata: Mapping[str, str | bytes],
        timeout: timedelta | None,  # noqa: ASYNC109 -- as the SDK has it
    ) -> Response:
        del req, service, retry, metadata, timeout
        self.asked.append(rpc)
        return resp_type()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def fence(clock: Clock) -> Fence:
    return Fence(end, clock)


def test_who_does_not_lead_passes_no_fence_and_goes_on(fence: Fence) -> None:
    with pytest.raises(NotLeadingError):
        fence.require()
    fence.check()
    assert not fence.leads()


def test_leader_passes_until_its_time_is_over_and_then_ends(fence: Fence, clock: Clock) -> None:
    fence.open(clock() + 10)
    clock.seconds += 9.9
    fence.require()
    assert fence.leads()
    clock.seconds += 0.1
    with pytest.raises(EndedError):
        fence.require()
    with pytest.raises(EndedError):
        fence.check()


def test_lease_that_was_given_back_lets_nothing_pass(fence: Fence, clock: Clock) -> None:
    fence.open(clock() + 10)
    fence.close()
    with pytest.raises(NotLeadingError):
        fence.require()


async def test_kubernetes_is_only_read_without_the_lease(fence: Fence) -> None:
    async with ScriptedServer() as server:
        server.will_answer(200, {})
        api = KubernetesApi(server.session, before_write=fence.require)
        await api.request("GET", "read")
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            with pytest.raises(NotLeadingError):
                await api.request(method, "written")
        assert server.requests == ["GET read"]


async def test_write_that_passed_the_fence_too_early_is_not_sent(fence: Fence, clock: Clock) -> None:
    def stopped_right_afterwards() -> None:
        fence.require()
        clock.seconds += 10

    fence.open(clock() + 10)
    async with ScriptedServer() as server:
        connector = aiohttp.TCPConnector(socket_factory=fenced_sockets(fence))
        async with aiohttp.ClientSession(base_url=server.url, connector=connector) as session:
            api = KubernetesApi(session, before_write=stopped_right_afterwards)
            server.will_answer(200, {})
            await api.request("GET", "read")
            with pytest.raises(EndedError):
                await api.request("PATCH", "written", body={})
    assert server.requests == ["GET read"]


async def test_providers_are_only_read_without_the_lease(fence: Fence) -> None:
    async with ScriptedServer() as server, provider_http(fence.require) as http:
        server.will_answer(200, {})
        assert (await http.get(f"{server.url}read")).status_code == 200
        for method in ("POST", "PATCH", "DELETE"):
            with pytest.raises(NotLeadingError):
                await http.send(httpx2.Request(method, f"{server.url}written"))
        assert server.requests == ["GET read"]


async def test_temporal_is_only_read_without_the_lease(fence: Fence, clock: Clock) -> None:
    services = Services()
    client = fenced(Client(services), fence.require)
    await client.workflow_service.describe_namespace(DescribeNamespaceRequest())
    handle = client.get_workflow_handle("a-run")
    await handle.describe()
    mutations: dict[str, Callable[[], Awaitable[object]]] = {
        "start": lambda: client.start_workflow("Run", id="a-run", task_queue="queue"),
        "start in words of contract 1": lambda: plainly(client).start_workflow(
            "Run", id="a-run", task_queue="queue"
        ),
        "signal": lambda: handle.signal("stop"),
        "cancel": handle.cancel,
        "terminate": handle.terminate,
        "make current": lambda: client.workflow_service.set_worker_deployment_current_version(
            SetWorkerDeploymentCurrentVersionRequest()
        ),
    }
    for mutation in mutations.values():
        with pytest.raises(NotLeadingError):
            await mutation()
    assert services.asked == ["describe_namespace", "describe_workflow_execution"]
    fence.open(clock() + 10)
    await handle.cancel()
    assert services.asked[2:] == ["request_cancel_workflow_execution"]


def test_rotated_api_key_reaches_the_server_behind_the_fence(fence: Fence) -> None:
    services = Services()
    client = fenced(Client(services), fence.require)
    assert client.api_key == "first"
    client.api_key = "second"
    assert (services.key, client.api_key) == ("second", "second")


STOPPED = """
import asyncio, os, sys, time
from agents_operator.leadership import Fence, fenced_loop

def end(why):
    os._exit(7)

fence = Fence(end)

async def main():
    loop = asyncio.get_running_loop()
    # What has passed the fence, and waits for something before it is sent.
    loop.add_reader(sys.stdin.fileno(), lambda: print("SENT", flush=True))
    fence.open(time.monotonic() + 1)
    print("leads", flush=True)
    await asyncio.sleep(60)

with asyncio.Runner(loop_factory=lambda: fenced_loop(fence)) as runner:
    runner.run(main())
"""


def test_process_that_was_stopped_past_its_lease_sends_nothing_when_it_goes_on() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", STOPPED], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as leader:
        assert leader.stdin is not None
        assert leader.stdout is not None
        assert leader.stdout.readline() == "leads\n"
        os.kill(leader.pid, signal.SIGSTOP)
        # It is there to be read first, when the process goes on.
        leader.stdin.write("go")
        leader.stdin.flush()
        time.sleep(1.2)
        os.kill(leader.pid, signal.SIGCONT)
        began = time.monotonic()
        assert leader.stdout.read() == ""
        assert leader.wait() == 7
        assert time.monotonic() - began < 1
