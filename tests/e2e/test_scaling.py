"""Pools that follow their work: from zero and back, while runs go on, and while the provider takes none."""

import pytest
from pydantic import JsonValue

from agents_crds.v1alpha1 import WorkerPool
from tests.e2e.cluster import Cluster
from tests.e2e.crowd import Crowd, Sample
from tests.e2e.installation import Installation
from tests.e2e.tenant import PATIENCE, Tenant
from tests.standin.control import APPEND, START, StandIn, rate_limited
from tests.standin.faults import Nothing
from tests.user import eventually

AUTO: JsonValue = {
    "maxReplicas": 4,
    "runsPerWorker": 50,
    "backlogPerWorker": 50,
    "scaleDownAfter": "10s",
    "idleTimeout": "15s",
}
# Of one model call; a run makes two.
SLOW_SECONDS = 15
# Of hundreds of runs, where dozens of processes share two cores.
LONG = 600

pytestmark = pytest.mark.timeout(2400)


def asleep(seen: Sample) -> bool:
    """Tell whether the pool has no pods, nor some on their way."""
    return (seen.pods, seen.ending) == (0, 0)


@pytest.fixture
def crowd(installation: Installation, standin: StandIn, tenant: Tenant) -> Crowd:
    """The runs of a namespace of the test's own."""
    return Crowd(installation, standin, tenant)


def test_pool_wakes_for_200_queued_runs_grows_and_goes_to_sleep_again(
    crowd: Crowd, standin: StandIn, tenant: Tenant, rates_image: str
) -> None:
    tenant.apply_pool(rates_image, autoscaling=AUTO)
    tenant.ready_agent()
    crowd.watch(asleep, timeout=PATIENCE)
    for path in (START, APPEND):
        standin.fail("POST", path, Nothing(), latency=SLOW_SECONDS, times=None)
    crowd.start(200)
    crowd.watch(crowd.all_succeeded, timeout=LONG)
    crowd.watch(asleep, timeout=PATIENCE)
    assert max(seen.ready for seen in crowd.timeline) == 4
    crowd.assert_done_once()
    assert crowd.attempts("call_tool") == (200, 200)


def test_fewer_pods_and_another_image_while_100_runs_go_lose_and_repeat_nothing(
    cluster: Cluster, crowd: Crowd, standin: StandIn, tenant: Tenant, rates_image: str
) -> None:
    tenant.apply_pool(rates_image, replicas=4)
    tenant.ready_agent()
    crowd.watch(lambda seen: seen.ready == 4, timeout=PATIENCE)
    hold = standin.hold("POST", START, contains=tenant.namespace)
    crowd.start(100)
    crowd.watch(lambda _: standin.waiting(hold) == 100, timeout=LONG)
    tenant.kubectl("scale", "workerpool/default", "--replicas=1")
    crowd.watch(lambda seen: (seen.ready, seen.ending) == (1, 3), timeout=PATIENCE)
    before = tenant.get(WorkerPool, "default").status.build
    tenant.apply_pool(next_image(cluster), replicas=1)
    eventually(
        lambda: tenant.get(WorkerPool, "default").status.build,
        lambda build: build != before,
        timeout=PATIENCE,
    )
    # Those that are to end still wait for their calls, while a new run goes to the new build.
    tenant.apply_run("meanwhile")
    crowd.watch(lambda _: standin.waiting(hold) == 101, timeout=PATIENCE)
    assert crowd.timeline[-1].ending == 3
    standin.release(hold)
    crowd.watch(lambda seen: seen.runs == {"Succeeded": 101}, timeout=LONG)
    crowd.watch(lambda seen: (seen.ready, seen.starting, seen.ending) == (1, 0, 0), timeout=PATIENCE)
    crowd.assert_done_once()
    assert crowd.attempts("call_tool") == (101, 101)


def test_pool_sleeps_while_its_provider_takes_no_calls(
    crowd: Crowd, standin: StandIn, tenant: Tenant, rates_image: str
) -> None:
    throttled(crowd, standin, tenant, rates_image, seconds=60, retry_after=60)


@pytest.mark.long
def test_pool_sleeps_through_ten_minutes_of_429(
    crowd: Crowd, standin: StandIn, tenant: Tenant, rates_image: str
) -> None:
    throttled(crowd, standin, tenant, rates_image, seconds=600, retry_after=120)


def throttled(
    crowd: Crowd, standin: StandIn, tenant: Tenant, image: str, *, seconds: float, retry_after: int
) -> None:
    """Answer 429 to everything for a while: the pool sleeps between the attempts, and no run is lost."""
    tenant.apply_pool(image, autoscaling=AUTO)
    tenant.ready_agent()
    # The example gives a run as long as it is held up here.
    tenant.kubectl(
        "patch", "agent/finance", "--type=merge", '--patch={"spec": {"limits": {"timeout": "1h"}}}'
    )
    rules = [standin.fail("POST", path, rate_limited(retry_after), times=None) for path in (START, APPEND)]
    crowd.start(50)
    crowd.watch(lambda seen: asleep(seen) and seen.runs == {"Waiting": 50}, timeout=LONG)
    crowd.watch(lambda seen: seen.at >= seconds, timeout=seconds + PATIENCE)
    for rule in rules:
        standin.remove_faults(rule)
    # The last one has been told just now when to come back, and must not wait for others that wake the pool.
    crowd.watch(crowd.all_succeeded, timeout=retry_after + 90)
    crowd.watch(asleep, timeout=PATIENCE)
    crowd.assert_done_once()


def next_image(cluster: Cluster) -> str:
    """The same tools in an image of another name, which is another build."""
    return cluster.build_example("python-tool", cluster.images["worker"], f"{cluster.target.tag}-e2e-next")
