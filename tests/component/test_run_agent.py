"""Agents that developers run in workflows of their own, with a real operator and real workers."""

import asyncio
import time
import uuid

import pytest
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import ApplicationError

from agents_crds.contract.conversion import PayloadSettings
from agents_crds.contract.names import (
    INSTALLATION_KEY,
    NAME_KEY,
    NAMESPACE_KEY,
    RETENTION_KEY,
    UID_KEY,
    WORKFLOW_KEY,
    pool_queue,
)
from agents_crds.contract.store import Directory
from agents_crds.v1alpha1 import AgentRun
from agents_worker import AgentResult
from tests.component.flows import ReadMeter
from tests.component.platform import Operator, Platform
from tests.component.tenant import METER, TEST_MODULES, NewTenant, Tenant
from tests.component.test_follow import command
from tests.standin.control import APPEND
from tests.user import eventually

Flow = WorkflowHandle[ReadMeter, AgentResult]


@pytest.fixture
def tenant(new_tenant: NewTenant) -> Tenant:
    """A namespace whose pool has a workflow besides its tools."""
    tenant = new_tenant(modules=f"{TEST_MODULES},tests.component.flows")
    tenant.wait("workerpool/default", "Ready")
    return tenant


async def client_of(platform: Platform) -> Client:
    converter = PayloadSettings(place=Directory(platform.directory / "payloads")).data_converter()
    return await Client.connect(platform.temporal.address, data_converter=converter)


async def start(tenant: Tenant, agent: str) -> Flow:
    client = await client_of(tenant.platform)
    return await client.start_workflow(
        ReadMeter.run,
        args=[agent, METER],
        id=f"meters-{uuid.uuid4()}",
        task_queue=pool_queue(tenant.platform.installation, tenant.namespace, "default"),
    )


async def test_a_workflow_of_the_pools_image_runs_an_agent(tenant: Tenant, operator: Operator) -> None:
    tenant.ready_agent("reader")
    handle = await start(tenant, "reader")
    result = await asyncio.wait_for(handle.result(), 60)
    [call] = tenant.tool_calls()
    assert call.value in result.text
    assert result.turns == 2
    [conversation] = tenant.conversations()
    child = conversation.metadata[WORKFLOW_KEY] if conversation.metadata else ""
    prefix = f"{tenant.platform.installation}/{tenant.namespace}"
    assert str(child).startswith(f"{prefix}/loops/")
    assert conversation.metadata == {
        INSTALLATION_KEY: tenant.platform.installation,
        NAMESPACE_KEY: tenant.namespace,
        NAME_KEY: "reader",
        UID_KEY: child,
        WORKFLOW_KEY: child,
        RETENTION_KEY: "Delete",
    }
    assert tenant.list(AgentRun) == ()
    followed = command(operator, "--workflow", str(child))
    assert followed.returncode == 0
    assert "reader calls read_meter" in followed.stdout


async def test_an_agent_of_a_local_session_runs_alike(tenant: Tenant) -> None:
    tenant.ready_agent("reader", session="Local")
    result = await asyncio.wait_for((await start(tenant, "reader")).result(), 60)
    [call] = tenant.tool_calls()
    assert call.value in result.text
    assert (result.turns, result.conversation_id, result.transcript) == (2, None, ())
    assert tenant.conversations() == ()


async def test_an_agent_is_waited_for_until_it_is_ready(tenant: Tenant) -> None:
    tenant.apply_agent("reader", suspend=True)
    handle = await start(tenant, "reader")
    pending = await asyncio.to_thread(
        eventually, lambda: tenant.platform.pending_activities(handle.id), lambda found: len(found) == 1
    )
    assert pending == ("resolve_agent",)
    tenant.apply_agent("reader", suspend=False)
    assert (await asyncio.wait_for(handle.result(), 60)).turns == 2


async def test_an_agent_that_is_not_there_fails_the_workflow_at_once(tenant: Tenant) -> None:
    handle = await start(tenant, "nobody")
    with pytest.raises(WorkflowFailureError) as failed:
        await asyncio.wait_for(handle.result(), 30)
    cause = failed.value.cause
    assert isinstance(cause, ApplicationError)
    assert cause.type == "AgentNotFound"
    assert f"there is no Agent nobody in namespace {tenant.namespace}: create it first" in cause.message


async def test_a_loop_without_an_agentrun_is_no_business_of_the_sweeps(tenant: Tenant) -> None:
    tenant.ready_agent("reader")
    held = tenant.platform.standin.hold("POST", APPEND)
    handle = await start(tenant, "reader")
    await asyncio.to_thread(tenant.platform.standin.wait_until_held, held)
    # Longer than the sweeps' interval and what they let settle.
    await asyncio.to_thread(time.sleep, 6)
    tenant.platform.standin.release(held)
    assert (await asyncio.wait_for(handle.result(), 60)).turns == 2
    assert len(tenant.tool_calls()) == 1
