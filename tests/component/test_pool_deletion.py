"""A WorkerPool that is deleted stays until its runs have ended, and leaves nothing behind."""

import asyncio
import json
from collections.abc import Iterator

import pytest
from pydantic import JsonValue
from temporalio.client import Client
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.worker import Worker, WorkerDeploymentConfig

from agents_crds.contract.names import pool_queue, worker_deployment
from agents_crds.v1alpha1 import Agent, AgentRun, Condition, WorkerPool
from agents_operator.temporal.worker_deployments import WorkerDeployments
from tests.component.flows import ReadMeter
from tests.component.platform import Platform
from tests.component.tenant import Tenant, pool_spec
from tests.standin.scenario import Scenario, Script, ScriptedCall, ScriptedHandoff, ScriptedText, ScriptedTurn
from tests.user import condition, eventually, manifest, stays

# The operator looks every 2 s, and a version can be deleted 5 s after its last worker and its last run.
SECONDS_TO_CLEAN = 60
ASK = ScriptedCall(call="ask_user", arguments={"question": "Which meter do you mean?"})
PAY = ScriptedCall(call="transfer_money", arguments={"amount": 7})
ANSWER = ScriptedTurn(steps=(ScriptedText(text="Heard: {results}"),))


@pytest.fixture
def clerk(platform: Platform, tenant: Tenant) -> Iterator[None]:
    """An agent that says something, pays, and asks; paying takes as long as the tenant's gate is there."""
    turns = (ScriptedTurn(steps=(ScriptedText(text="I pay."), PAY)), ScriptedTurn(steps=(ASK,)), ANSWER)
    script = Script(agent=f"{tenant.namespace}.clerk", turns=turns)
    platform.standin.set_scenario(Scenario(scripts=(script,)))
    tools: JsonValue = [{"function": {"name": "transfer_money"}}]
    tenant.ready_agent("clerk", tools=tools, limits={"waitForInput": "10m"})
    yield
    tenant.tool_gate.unlink(missing_ok=True)
    platform.standin.set_scenario(Scenario())


def test_pool_without_runs_goes_within_seconds_and_leaves_nothing_in_temporal(
    platform: Platform, tenant: Tenant
) -> None:
    tenant.wait("workerpool/default", "Ready")
    assert is_known_to_temporal(platform, tenant)
    tenant.delete("workerpool/default")
    eventually(lambda: deployments(tenant), lambda seen: not seen)
    eventually(
        lambda: is_known_to_temporal(platform, tenant), lambda seen: not seen, timeout=SECONDS_TO_CLEAN
    )


def test_deleted_pool_stays_for_its_runs_and_takes_no_others(platform: Platform, tenant: Tenant) -> None:
    tenant.ready_agent("reader")
    hold = platform.standin.hold("POST", "/v1/conversations", times=1)
    tenant.apply_run("early", "reader")
    platform.standin.wait_until_held(hold)
    made = deployments(tenant)
    tenant.delete("workerpool/default", wait=False)
    deleting = is_deleting(tenant)
    assert deleting.status == "False"
    assert "stay until what needs them has ended: 1 unfinished run (early); what goes on" in deleting.message
    unready = eventually(
        lambda: condition(tenant.get(Agent, "reader"), "Ready"), lambda seen: seen.status == "False"
    )
    assert (unready.reason, "which is being deleted" in unready.message) == ("WorkerPoolNotFound", True)
    tenant.apply_run("late", "reader")
    assert "which is being deleted" in tenant.wait_for_reason("late", "AgentNotReady").message
    assert deployments(tenant) == made
    platform.standin.release(hold)
    tenant.wait("agentrun/early", "Succeeded")
    tenant.kubectl("wait", "--for=delete", "workerpool/default", "--timeout=10s")
    assert tenant.get(AgentRun, "late").status.workflow_id is None
    tenant.apply(manifest("WorkerPool", "default", pool_spec(tenant.tool_log)))
    tenant.wait("agentrun/late", "Succeeded")


@pytest.mark.usefixtures("clerk")
def test_run_that_goes_on_for_too_long_ends_with_what_it_had_collected(tenant: Tenant) -> None:
    tenant.tool_gate.touch()
    tenant.apply_run("slow", "clerk")
    eventually(tenant.tool_calls, lambda calls: len(calls) == 1)
    tenant.delete("workerpool/default", wait=False)
    ended = eventually(
        lambda: tenant.get(AgentRun, "slow"), lambda seen: seen.status.finished is True, timeout=40
    )
    end, output = condition(ended, "Succeeded"), ended.status.output
    assert (end.status, end.reason) == ("False", "WorkerPoolDeleted")
    assert end.message.startswith("WorkerPool default was deleted, and the time")
    assert (ended.status.turns, output and output.text) == (1, "I pay.")
    assert ended.status.usage is not None
    assert ended.status.usage.total_tokens > 0
    tenant.kubectl("wait", "--for=delete", "workerpool/default", "--timeout=10s")


@pytest.mark.usefixtures("clerk")
def test_workers_that_go_before_their_pool_are_made_again(tenant: Tenant) -> None:
    tenant.apply_run("first", "clerk")
    tenant.wait("agentrun/first", "InputRequired")
    tenant.apply(manifest("WorkerPool", "default", pool_spec(tenant.tool_log, EDITION="second")))
    tenant.wait("workerpool/default", "Progressing=false")
    tenant.apply_run("second", "clerk")
    tenant.wait("agentrun/second", "InputRequired")
    made = set(deployments(tenant))
    tenant.kubectl("delete", "workerpool/default", "--cascade=foreground", "--wait=false")
    eventually(lambda: staying_deployments(tenant), lambda seen: len(seen) == 2 and not seen & made)
    said = {"spec": {"userInputs": [{"id": "which", "text": "The one called south-3."}]}}
    for run in ("first", "second"):
        tenant.kubectl("patch", f"agentrun/{run}", "--type=merge", f"--patch={json.dumps(said)}")
        tenant.wait(f"agentrun/{run}", "Succeeded")
    tenant.kubectl("wait", "--for=delete", "workerpool/default", "--timeout=10s")


@pytest.mark.usefixtures("clerk")
def test_pool_stays_for_a_run_of_another_pool_that_was_handed_to_its_agent(
    platform: Platform, tenant: Tenant
) -> None:
    clerk = f"{tenant.namespace}.clerk"
    over = ScriptedTurn(steps=(ScriptedHandoff(handoff=clerk),))
    pay = ScriptedTurn(steps=(PAY,))
    scripts = (
        Script(agent=f"{tenant.namespace}.desk", turns=(over,)),
        Script(agent=clerk, turns=(pay, pay, ANSWER)),
    )
    platform.standin.set_scenario(Scenario(scripts=scripts))
    tenant.apply(manifest("WorkerPool", "front", pool_spec(tenant.tool_log)))
    handoffs: JsonValue = [{"agentRef": {"name": "clerk"}}]
    tenant.ready_agent("desk", tools=[], handoffs=handoffs, workerPoolRef={"name": "front"})
    tenant.tool_gate.touch()
    tenant.apply_run("handed", "desk")
    eventually(tenant.tool_calls, lambda calls: len(calls) == 1)
    tenant.delete("workerpool/default", wait=False)
    deleting = is_deleting(tenant)
    assert "1 unfinished run (handed)" in deleting.message
    tenant.tool_gate.unlink()
    # Its second call is to a worker of the pool that is being deleted.
    tenant.wait("agentrun/handed", "Succeeded")
    assert len(tenant.tool_calls()) == 2
    tenant.kubectl("wait", "--for=delete", "workerpool/default", "--timeout=10s")


@pytest.mark.usefixtures("clerk")
def test_namespace_goes_with_runs_and_users_workflows_on_its_pool(platform: Platform, tenant: Tenant) -> None:
    tenant.apply_run("asking", "clerk")
    tenant.wait("agentrun/asking", "InputRequired")
    prefix = f"{platform.installation}/{tenant.namespace}"
    queue = pool_queue(platform.installation, tenant.namespace, "default")
    platform.start_unattended(f"{prefix}/unattended", queue)
    platform.kubectl("delete", "namespace", tenant.namespace, "--timeout=60s")
    assert asyncio.run(open_workflows(platform, prefix)) == [f"{prefix}/unattended"]


def test_sweep_removes_what_a_pool_left_behind_and_nothing_of_others(
    platform: Platform, tenant: Tenant
) -> None:
    tenant.wait("workerpool/default", "Ready")
    left, foreign = "tests/nowhere/left-behind", "other-install/nowhere/left-behind"
    for name in (left, foreign):
        asyncio.run(poll_once(platform, name))
    eventually(lambda: asyncio.run(is_there(platform, left)), lambda seen: not seen, timeout=SECONDS_TO_CLEAN)
    for seen in stays(lambda: asyncio.run(is_there(platform, foreign)), seconds=5):
        assert seen
    assert is_known_to_temporal(platform, tenant)


def is_deleting(tenant: Tenant) -> Condition:
    return eventually(
        lambda: condition(tenant.get(WorkerPool, "default"), "Ready"), lambda seen: seen.reason == "Deleting"
    )


def deployments(tenant: Tenant) -> list[str]:
    return tenant.kubectl("get", "deployments", "--output=jsonpath={.items[*].metadata.uid}").split()


def staying_deployments(tenant: Tenant) -> set[str]:
    """The Deployments that are there to stay."""
    found = json.loads(tenant.kubectl("get", "deployments", "--output=json"))["items"]
    staying = (each["metadata"] for each in found if "deletionTimestamp" not in each["metadata"])
    return {str(metadata["uid"]) for metadata in staying}


def is_known_to_temporal(platform: Platform, tenant: Tenant) -> bool:
    name = worker_deployment(platform.installation, tenant.namespace, "default")
    return asyncio.run(is_there(platform, name))


async def is_there(platform: Platform, name: str) -> bool:
    client = await Client.connect(platform.temporal.address)
    return await WorkerDeployments(client).describe(name) is not None


async def poll_once(platform: Platform, name: str) -> None:
    """Let Temporal know of a Worker Deployment, and end its only worker."""
    client = await Client.connect(platform.temporal.address)
    deployment = WorkerDeploymentConfig(
        version=WorkerDeploymentVersion(name, "b1"),
        use_worker_versioning=True,
        default_versioning_behavior=VersioningBehavior.PINNED,
    )
    async with Worker(client, task_queue=name, workflows=[ReadMeter], deployment_config=deployment):
        while not await is_there(platform, name):  # noqa: ASYNC110 -- Temporal tells nobody
            await asyncio.sleep(0.1)


async def open_workflows(platform: Platform, prefix: str) -> list[str]:
    client = await Client.connect(platform.temporal.address)
    query = f"WorkflowId STARTS_WITH '{prefix}/' AND ExecutionStatus = 'Running'"
    return [found.id async for found in client.list_workflows(query)]
