"""The numbers of worker pods, as a real API server has them."""

import json

import pytest
from temporalio.service import RPCError, RPCStatusCode

from agents_crds.v1alpha1.workerpool import BuildStatus
from agents_operator.temporal.errors import TemporalUnreachableError
from agents_operator.temporal.load import OpenRuns
from tests.unit.operator.autoscaling.scaling import INTERVAL, Scaling
from tests.unit.operator.bench import Bench
from tests.unit.operator.objects import Manifest, agent, condition, run
from tools.local.control_plane import ControlPlane
from tools.local.kubectl import Kubectl


@pytest.fixture
async def scaling(bench: Bench) -> Scaling:
    """A pool that follows its work, with one worker."""
    scaling = Scaling(bench)
    await scaling.edit(autoscaling={})
    await scaling.make("b1", replicas=1)
    await scaling.work("b1", pods=1)
    await scaling.begin()
    return scaling


@pytest.fixture
def kubectl(control_plane: ControlPlane) -> Kubectl:
    return control_plane.kubectl()


async def test_pool_gets_the_workers_that_its_runs_need_and_says_why(scaling: Scaling) -> None:
    scaling.told.every, scaling.told.backlogs = OpenRuns(160, 40), {"b1": 7}
    assert await scaling.look() == INTERVAL
    assert await scaling.replicas() == {"b1": 3}
    status = (await scaling.pool()).status
    assert status.builds == (
        BuildStatus(
            name="b1",
            phase="Current",
            replicas=3,
            ready_replicas=1,
            executing_runs=120,
            waiting_runs=40,
            backlog=7,
        ),
    )
    assert (status.replicas, status.ready_replicas) == (1, 1)
    assert status.selector == "durable-agents.dev/pool=default"
    said = await scaling.scaling()
    assert (said.desired_replicas, said.executing_runs, said.waiting_runs, said.backlog) == (3, 120, 40, 7)
    assert (said.reason, said.message) == ("Executing", "120 executing runs, 50 for each worker")
    assert said.last_scale_time == scaling.now.replace(microsecond=0)


async def test_what_others_say_of_the_pool_stays(scaling: Scaling) -> None:
    before = (await scaling.pool()).status
    await scaling.look()
    after = (await scaling.pool()).status
    assert (after.build, after.contract, after.tools) == (before.build, before.contract, before.tools)
    assert after.conditions == before.conditions


async def test_each_change_is_told_once(scaling: Scaling) -> None:
    scaling.told.every = OpenRuns(120)
    for _ in range(3):
        await scaling.look(after=5)
    scaling.told.every = OpenRuns(10)
    for _ in range(3):
        await scaling.look(after=60)
    assert sorted(await scaling.events()) == [
        ("ScaledDown", "build b1: 3 to 1 worker pods: 10 executing runs, 50 for each worker"),
        ("ScaledUp", "build b1: 1 to 3 worker pods: 120 executing runs, 50 for each worker"),
    ]


async def test_numbers_alone_are_written_every_15_seconds(scaling: Scaling) -> None:
    await scaling.look()
    versions = set()
    for executing in range(1, 4):
        scaling.told.every = OpenRuns(executing)
        await scaling.look(after=4)
        versions.add((await scaling.pool()).metadata.resource_version)
    # The first of them was a decision: the worker is needed again.
    assert len(versions) == 1
    scaling.told.every = OpenRuns(9)
    await scaling.look(after=8)
    assert (await scaling.scaling()).executing_runs == 9


async def test_look_that_finds_nothing_new_writes_nothing(scaling: Scaling) -> None:
    scaling.told.every = OpenRuns(10)
    await scaling.look()
    pool, deployments = await scaling.pool(), await scaling.deployments()
    await scaling.look(after=60)
    assert await scaling.pool() == pool
    assert await scaling.deployments() == deployments


async def test_pool_without_work_sleeps_and_is_looked_at_less_often(scaling: Scaling) -> None:
    await scaling.look()
    assert await scaling.replicas() == {"b1": 1}
    assert not (await scaling.pool()).is_asleep
    assert await scaling.look(after=300) == INTERVAL
    assert (await scaling.pool()).is_asleep
    assert await scaling.look(after=5) == INTERVAL
    assert await scaling.replicas() == {"b1": 0}
    await scaling.work("b1", pods=0)
    assert await scaling.look(after=5) == 3 * INTERVAL
    assert (await scaling.pool()).status.ready_replicas == 0
    assert ((await scaling.scaling()).reason, (await scaling.scaling()).message) == ("Idle", "no work")


async def test_pool_that_falls_asleep_answers_what_it_was_asked_before(scaling: Scaling) -> None:
    await scaling.look()
    await scaling.look(after=300)
    assert (await scaling.pool()).is_asleep
    scaling.told.backlogs = {"b1": 1}
    await scaling.look(after=5)
    assert await scaling.replicas() == {"b1": 1}
    assert not (await scaling.pool()).is_asleep


async def test_pool_whose_runs_all_wait_sleeps_and_is_looked_at_as_often(scaling: Scaling) -> None:
    scaling.told.every = OpenRuns(7, 7)
    await scaling.look()
    await scaling.look(after=300)
    await scaling.look(after=5)
    await scaling.work("b1", pods=0)
    assert await scaling.look(after=5) == INTERVAL
    assert await scaling.replicas() == {"b1": 0}
    scaling.told.backlogs = {"b1": 1}
    await scaling.look(after=5)
    assert await scaling.replicas() == {"b1": 1}


@pytest.mark.parametrize(
    ("failure", "why"),
    [
        (TemporalUnreachableError("it cannot be reached"), "it cannot be reached"),
        (RPCError("no such key", RPCStatusCode.PERMISSION_DENIED, b""), "PERMISSION_DENIED: no such key"),
    ],
    ids=["away", "refuses"],
)
async def test_all_stays_while_temporal_tells_nothing_and_the_pool_s_conditions_too(
    scaling: Scaling, failure: Exception, why: str
) -> None:
    scaling.told.every = OpenRuns(120)
    await scaling.look()
    before = (await scaling.pool()).status
    scaling.told.failure = failure
    for _ in range(3):
        assert await scaling.look(after=600) == INTERVAL
    after = (await scaling.pool()).status
    assert await scaling.replicas() == {"b1": 3}
    assert after.conditions == before.conditions
    said = await scaling.scaling()
    assert (said.desired_replicas, said.executing_runs, said.reason) == (3, 120, "Held")
    assert said.message == f"Temporal does not tell how much there is to do: {why}"


async def test_older_build_has_workers_for_its_own_runs_and_none_when_these_wait(scaling: Scaling) -> None:
    await scaling.make("b0", replicas=2)
    scaling.told.every, scaling.told.pinned = OpenRuns(180), {"b0": OpenRuns(60)}
    await scaling.look()
    assert await scaling.replicas() == {"b0": 2, "b1": 3}
    assert [(each.name, each.phase) for each in (await scaling.pool()).status.builds] == [
        ("b1", "Current"),
        ("b0", "Draining"),
    ]
    scaling.told.pinned = {"b0": OpenRuns(60, 60)}
    scaling.told.every = OpenRuns(180, 60)
    await scaling.look(after=60)
    assert await scaling.replicas() == {"b0": 0, "b1": 3}
    assert (await scaling.scaling()).desired_replicas == 3


async def test_message_tells_apart_the_workers_that_an_older_build_still_has(scaling: Scaling) -> None:
    await scaling.edit(replicas=3, autoscaling={"mode": "Off"})
    await scaling.make("b0", replicas=2)
    scaling.told.every, scaling.told.pinned = OpenRuns(60), {"b0": OpenRuns(60)}
    await scaling.look()
    said = await scaling.scaling()
    assert (said.desired_replicas, said.reason) == (5, "Fixed")
    assert said.message == "spec.replicas is 3; 2 more for runs of earlier builds"


async def test_pool_stays_awake_while_a_run_of_another_pool_may_call_its_tools(scaling: Scaling) -> None:
    """A worker that is there takes such calls at once, so that Temporal shows none."""
    world, namespace = scaling.world, scaling.bench.namespace
    world.agents.see(agent("helper", namespace=namespace))
    world.agents.see(agent("entry", {"workerPoolRef": {"name": "other"}}, namespace=namespace))
    status: Manifest = {
        "workflowId": "w",
        "agents": [{"name": "entry", "id": "ag_1"}, {"name": "helper", "id": "ag_2"}],
    }
    going = run("r-1", {"agentRef": {"name": "entry"}}, status=status, namespace=namespace)
    world.runs.see(going)
    await scaling.look()
    for _ in range(3):
        await scaling.look(after=600)
    assert await scaling.replicas() == {"b1": 1}
    said = await scaling.scaling()
    assert (said.reason, said.message) == ("Executing", "1 executing run of other pools may call tools here")
    asks: Manifest = {**status, "conditions": [condition("Succeeded", "Unknown", "InputRequired")]}
    world.runs.see(
        run("r-1", {"agentRef": {"name": "entry"}}, status=asks, namespace=namespace, resourceVersion="2")
    )
    for _ in range(2):
        await scaling.look(after=600)
    assert await scaling.replicas() == {"b1": 0}


async def test_operator_that_starts_takes_no_worker_away_at_once(scaling: Scaling) -> None:
    scaling.told.every = OpenRuns(200)
    await scaling.look()
    await scaling.begin()
    scaling.told.every = OpenRuns(10)
    await scaling.look()
    assert await scaling.replicas() == {"b1": 4}
    assert (await scaling.scaling()).reason == "Stabilizing"
    await scaling.look(after=60)
    assert await scaling.replicas() == {"b1": 1}


async def test_number_that_somebody_else_gave_a_deployment_is_put_right(scaling: Scaling) -> None:
    scaling.told.every = OpenRuns(60)
    await scaling.look()
    await scaling.patch_deployment("b1", {"spec": {"replicas": 0}})
    await scaling.look(after=5)
    assert await scaling.replicas() == {"b1": 2}


async def test_pool_that_is_gone_is_let_go(scaling: Scaling) -> None:
    await scaling.look()
    assert await scaling.look_when_gone() is None


@pytest.mark.parametrize("mode", ["External", "Off", None])
async def test_kubectl_scale_sets_the_number_where_the_operator_does_not(
    scaling: Scaling, kubectl: Kubectl, mode: str | None
) -> None:
    await scaling.edit(autoscaling=None if mode is None else {"mode": mode})
    scaled = kubectl("scale", "workerpool/default", "--replicas=4", f"--namespace={scaling.bench.namespace}")
    assert scaled == "workerpool.durable-agents.dev/default scaled\n"
    assert await scaling.look() == INTERVAL
    await scaling.work("b1", pods=4)
    assert await scaling.look() == 3 * INTERVAL
    assert await scaling.replicas() == {"b1": 4}
    said = await scaling.scaling()
    assert (said.reason, said.message) == ("Fixed", "spec.replicas is 4")
    assert await scaling.events() == []


async def test_scale_subresource_says_what_an_hpa_needs(scaling: Scaling, kubectl: Kubectl) -> None:
    await scaling.edit(replicas=2, autoscaling={"mode": "External"})
    await scaling.work("b1", pods=2)
    await scaling.look()
    namespace = scaling.bench.namespace
    path = f"/apis/durable-agents.dev/v1alpha1/namespaces/{namespace}/workerpools/default/scale"
    scale = json.loads(kubectl("get", f"--raw={path}"))
    assert scale["spec"] == {"replicas": 2}
    assert scale["status"] == {"replicas": 2, "selector": "durable-agents.dev/pool=default"}


async def test_kubectl_scale_does_nothing_where_the_operator_decides_and_the_status_says_so(
    scaling: Scaling, kubectl: Kubectl
) -> None:
    scaling.told.every = OpenRuns(10)
    kubectl("scale", "workerpool/default", "--replicas=5", f"--namespace={scaling.bench.namespace}")
    await scaling.look()
    assert await scaling.replicas() == {"b1": 1}
    assert (await scaling.scaling()).message == (
        "10 executing runs, 50 for each worker; spec.replicas (5) counts only with autoscaling.mode External "
        "or Off"
    )
