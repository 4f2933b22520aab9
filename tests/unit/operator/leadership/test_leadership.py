"""Replicas and their Lease, on a real API server; it lasts 3 s, and its holder goes without renewal for 2."""

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import NoReturn

import aiohttp
import pytest
from pydantic import JsonValue

from agents_operator.kubernetes.api import MERGE_PATCH, KubernetesApi
from agents_operator.kubernetes.errors import ForbiddenError
from agents_operator.leadership import Fence, Leadership, Leases, Terms
from tests.unit.operator.kubernetes.scripted import ScriptedServer, failure
from tests.unit.operator.leadership.clock import EndedError
from tests.wire import Wire
from tools.local.control_plane import ControlPlane
from tools.local.kubeconfig import read_kubeconfig

LASTS, DEADLINE, PAUSE = 3.0, 2.0, 0.4
# For requests, on a machine that does something else too.
MARGIN = 1.5
NAME = "durable-agents-tests"


@dataclass
class Replica:
    """One process, as far as its Lease goes; its end is noted."""

    identity: str
    api: KubernetesApi
    namespace: str
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    led: asyncio.Event = field(default_factory=asyncio.Event)
    why: str = ""

    def __post_init__(self) -> None:
        self.fence = Fence(self.end)
        self.leadership = Leadership(
            Leases(self.api, self.namespace, NAME),
            self.fence,
            self.end,
            identity=self.identity,
            terms=Terms(int(LASTS)),
            logger=logging.getLogger("tests"),
        )
        self.task = asyncio.create_task(self._run())

    def end(self, why: str) -> NoReturn:
        self.why = why
        self.ended.set()
        raise EndedError(why)

    async def _run(self) -> None:
        async with self.leadership.held():
            self.led.set()
            await self.ended.wait()

    async def stop(self) -> None:
        """Ask it to end, as SIGTERM does."""
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    async def leads(self, *, within: float) -> float:
        """Wait until it leads; return after how many seconds."""
        began = time.monotonic()
        async with asyncio.timeout(within):
            await self.led.wait()
        return time.monotonic() - began

    async def ends(self, *, within: float) -> float:
        """Wait until it has ended because of its Lease; return after how many seconds."""
        began = time.monotonic()
        async with asyncio.timeout(within):
            await self.ended.wait()
        return time.monotonic() - began


Start = Callable[..., Replica]


@pytest.fixture
def namespace(namespaces: Iterator[str]) -> str:
    return next(namespaces)


@pytest.fixture
async def lease(session: aiohttp.ClientSession, namespace: str) -> "ByHand":
    api = KubernetesApi(session)
    body: JsonValue = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
    await api.request("POST", "api/v1/namespaces", body=body)
    return ByHand(api, f"apis/coordination.k8s.io/v1/namespaces/{namespace}/leases/{NAME}")


@dataclass
class ByHand:
    """The Lease, as an administrator sees and changes it."""

    api: KubernetesApi
    path: str

    async def spec(self) -> dict[str, JsonValue]:
        spec: dict[str, JsonValue] = json.loads(await self.api.request("GET", self.path))["spec"]
        return spec

    async def patch(self, body: JsonValue) -> None:
        await self.api.request("PATCH", self.path, body=body, content_type=MERGE_PATCH)

    async def delete(self) -> None:
        await self.api.request("DELETE", self.path)


@pytest.fixture
async def start(lease: ByHand, namespace: str) -> AsyncIterator[Start]:
    replicas: list[Replica] = []

    def start(identity: str, api: KubernetesApi = lease.api) -> Replica:
        replicas.append(Replica(identity, api, namespace))
        return replicas[-1]

    yield start
    for replica in replicas:
        await replica.stop()


@pytest.fixture
async def cut_off(control_plane: ControlPlane) -> AsyncIterator[tuple[Wire, KubernetesApi]]:
    """A way to the API server that can be cut."""
    token = read_kubeconfig(control_plane.kubeconfig().read_text()).token
    headers = {"Authorization": f"Bearer {token}"}
    with Wire(control_plane.ports.apiserver) as wire:
        connector = aiohttp.TCPConnector(ssl=False)
        url = f"https://127.0.0.1:{wire.port}/"
        async with aiohttp.ClientSession(base_url=url, connector=connector, headers=headers) as session:
            yield wire, KubernetesApi(session)


async def test_first_leads_and_the_second_stands_by_and_says_who_leads(start: Start, lease: ByHand) -> None:
    first = start("one")
    assert first.leadership.undecided
    await first.leads(within=MARGIN)
    assert (first.leadership.undecided, first.leadership.standing) == ("", "")
    second = start("two")
    await asyncio.sleep(LASTS + MARGIN)
    assert not second.led.is_set()
    assert (second.leadership.undecided, second.leadership.standing) == ("", "standby, one leads")
    assert not first.ended.is_set()
    assert (await lease.spec())["holderIdentity"] == "one"


async def test_of_ten_that_start_at_once_one_leads(start: Start) -> None:
    replicas = [start(f"replica-{number}") for number in range(10)]
    await asyncio.sleep(MARGIN)
    assert sum(replica.led.is_set() for replica in replicas) == 1
    assert not any(replica.ended.is_set() for replica in replicas)


async def test_leader_that_ends_lets_the_next_one_lead_at_once(start: Start, lease: ByHand) -> None:
    first = start("one")
    await first.leads(within=MARGIN)
    second = start("two")
    await asyncio.sleep(PAUSE)
    await first.stop()
    assert not first.fence.leads()
    assert await second.leads(within=LASTS) < PAUSE + MARGIN
    assert (await lease.spec())["leaseTransitions"] == 1


async def test_leader_that_is_heard_of_no_more_is_followed_when_its_lease_has_run_out(start: Start) -> None:
    first = start("one")
    await first.leads(within=MARGIN)
    second = start("two")
    await asyncio.sleep(PAUSE)
    killed(first)
    waited = await second.leads(within=LASTS + PAUSE + MARGIN)
    assert waited > LASTS - PAUSE - 0.1


async def test_leader_that_was_restarted_leads_again_at_once(start: Start) -> None:
    first = start("one")
    await first.leads(within=MARGIN)
    killed(first)
    await start("one").leads(within=MARGIN)


async def test_leader_whose_name_another_process_has_too_ends(start: Start) -> None:
    first, twin = start("one"), None
    await first.leads(within=MARGIN)
    twin = start("one")
    await twin.leads(within=MARGIN)
    await first.ends(within=PAUSE + MARGIN)
    assert first.why == f"Lease {NAME} is one's now"
    assert not twin.ended.is_set()


async def test_leader_whose_lease_is_another_ones_ends(start: Start, lease: ByHand) -> None:
    first = start("one")
    await first.leads(within=MARGIN)
    await lease.patch({"spec": {"holderIdentity": "thief"}})
    await first.ends(within=PAUSE + MARGIN)
    assert first.why == f"Lease {NAME} is thief's now"
    await first.stop()
    assert (await lease.spec())["holderIdentity"] == "thief"


async def test_leader_makes_a_lease_anew_that_somebody_deleted(start: Start, lease: ByHand) -> None:
    first = start("one")
    await first.leads(within=MARGIN)
    second = start("two")
    await asyncio.sleep(PAUSE)
    await lease.delete()
    await asyncio.sleep(LASTS)
    assert (await lease.spec())["holderIdentity"] == "one"
    assert not first.ended.is_set()
    assert not second.led.is_set()


async def test_lease_that_somebody_labelled_is_kept_with_its_label(start: Start, lease: ByHand) -> None:
    first = start("one")
    await first.leads(within=MARGIN)
    await lease.patch({"metadata": {"labels": {"seen-by": "somebody"}}})
    await asyncio.sleep(LASTS)
    assert not first.ended.is_set()
    stored = json.loads(await lease.api.request("GET", lease.path))
    assert stored["metadata"]["labels"] == {"seen-by": "somebody"}


async def test_leader_that_is_cut_off_ends_before_another_one_leads(
    start: Start, cut_off: tuple[Wire, KubernetesApi]
) -> None:
    wire, api = cut_off
    first = start("one", api)
    await first.leads(within=MARGIN)
    second = start("two")
    await asyncio.sleep(PAUSE)
    wire.cut()
    assert await first.ends(within=DEADLINE + MARGIN) < DEADLINE + 0.2
    assert not second.led.is_set()
    await second.leads(within=LASTS + MARGIN)
    # What it had sent arrives when another one has led for a while.
    wire.mend()
    await asyncio.sleep(PAUSE)
    assert not second.ended.is_set()


async def test_leader_that_was_cut_off_for_a_moment_goes_on(
    start: Start, cut_off: tuple[Wire, KubernetesApi]
) -> None:
    wire, api = cut_off
    first = start("one", api)
    await first.leads(within=MARGIN)
    for _ in range(3):
        wire.cut()
        await asyncio.sleep(DEADLINE / 2)
        wire.mend()
        await asyncio.sleep(PAUSE * 2)
    assert not first.ended.is_set()


async def test_replica_that_is_cut_off_says_what_it_waits_for_and_comes_later(
    start: Start, cut_off: tuple[Wire, KubernetesApi]
) -> None:
    wire, api = cut_off
    wire.cut()
    first = start("one", api)
    await asyncio.sleep(DEADLINE)
    assert first.leadership.undecided == f"waiting for Lease {NAME}: TimeoutError"
    wire.mend()
    await first.leads(within=LASTS + MARGIN)


async def test_replica_without_the_right_says_so() -> None:
    async with ScriptedServer() as server:
        server.will_answer(403, failure('leases.coordination.k8s.io "l" is forbidden'))
        replica = Replica("one", server.api, "system")
        with contextlib.suppress(TimeoutError):
            await replica.leads(within=PAUSE / 2)
        await replica.stop()
    assert "is forbidden; files/permissions.yaml of the Helm chart lists" in replica.leadership.undecided
    assert ForbiddenError.__name__ not in replica.leadership.undecided


def killed(replica: Replica) -> None:
    """Let a replica be heard of no more: what it has taken it keeps, and it renews nothing."""
    for task in asyncio.all_tasks():
        if task.get_name() == "lease":
            task.cancel()
    replica.led.clear()
