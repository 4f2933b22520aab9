"""What is removed of a Worker Deployment in Temporal."""

import logging
from dataclasses import replace
from datetime import timedelta

import pytest
from temporalio.client import Client

from agents_crds.contract.names import PoolIdentity
from agents_operator.engine.world import World
from agents_operator.pools.abandoned import MOST_VERSIONS, BuildSweep, Cleanup, is_plain, plan_cleanup
from agents_operator.pools.temporal_target import TemporalTarget
from agents_operator.temporal.places import Place
from agents_operator.temporal.servers import TemporalServer, TemporalServers
from agents_operator.temporal.worker_deployments import DescribedDeployment, Version
from tests.unit.operator.kubernetes.scripted import ScriptedServer
from tests.unit.operator.objects import NOW


def described(*builds: str, used: str = "", current: str | None = None) -> DescribedDeployment:
    versions = tuple(
        Version(build, build not in used, NOW + timedelta(hours=number))
        for number, build in enumerate(builds)
    )
    return DescribedDeployment("inst/team/gpu", current, versions, b"token")


@pytest.mark.parametrize(
    ("seen", "cleanup"),
    [
        pytest.param(described("a", used="a", current="a"), Cleanup(retire=True), id="has a current build"),
        pytest.param(described("a", "b", used="b"), Cleanup(builds=("a",)), id="one build still drains"),
        pytest.param(described("a", "b"), Cleanup(builds=("a", "b"), whole=True), id="all have drained"),
        pytest.param(described(), Cleanup(whole=True), id="has none"),
    ],
)
def test_what_a_pool_that_is_gone_has_left_drains_and_is_deleted(
    seen: DescribedDeployment, cleanup: Cleanup
) -> None:
    assert plan_cleanup(seen, abandoned=True) == cleanup


def test_pool_that_is_there_keeps_all_but_the_oldest_of_very_many_builds() -> None:
    builds = tuple(f"b{number}" for number in range(MOST_VERSIONS + 3))
    assert plan_cleanup(described(*builds[:-3], current="b0"), abandoned=False) == Cleanup()
    seen = described(*builds, used="b1", current="b1")
    assert plan_cleanup(seen, abandoned=False) == Cleanup(builds=("b0", "b2", "b3"))


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("inst/team/gpu", True),
        ("inst/team/..", False),
        ("inst/../gpu", False),
        ("inst/team/gpu?watch=1", False),
        ("inst/team/gpu\n", False),
    ],
)
def test_name_that_no_pool_can_have_is_not_asked_for(name: str, *, plain: bool) -> None:
    place = PoolIdentity.of_deployment(name)
    assert place is not None
    assert is_plain(place) is plain


async def test_server_that_cannot_be_looked_through_keeps_nobody_from_the_next(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world, logger = World(), logging.getLogger("test")
    client = await Client.connect("127.0.0.1:1", lazy=True)
    target = TemporalTarget("temporal:7233", "agents")
    own = TemporalServer.of(client, "inst", target, retention=None, state_attribute=False)
    servers = TemporalServers(own, world.temporal_connections)
    for namespace in ("blue", "red"):
        servers.connected(replace(own, place=Place(namespace, namespace)))
    async with ScriptedServer() as server:
        sweep = BuildSweep(
            world,
            server.api,
            servers,
            lambda: (None,),
            installation="inst",
            settled=timedelta(minutes=1),
            now=lambda: NOW,
            logger=logger,
        )
        await sweep.sweep()
    titles = ("the operator's own Temporal", "TemporalConnection blue", "TemporalConnection red")
    told = [record.getMessage() for record in caplog.records]
    assert [title in line for title, line in zip(titles, told, strict=True)] == [True] * 3
