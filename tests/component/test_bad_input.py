"""What is wrong is said where a user looks: in a condition and an event."""

import json
import re

from agents_crds.v1alpha1 import API_VERSION, Agent, ModelProvider
from tests.component.platform import Operator, Platform
from tests.component.tenant import NewTenant, Tenant, agent_spec
from tests.user import condition, eventually, manifest
from tools.local.services import STANDIN_KEY


def test_unknown_tool_is_named_with_those_that_exist(tenant: Tenant) -> None:
    tenant.wait("workerpool/default", "Ready")
    tenant.apply_agent("reader", tools=[{"function": {"name": "read_metre"}}])
    tenant.wait("agent/reader", "ResolvedRefs=False")
    problem = condition(tenant.get(Agent, "reader"), "ResolvedRefs")
    assert problem.reason == "ToolNotFound"
    assert "read_metre" in problem.message
    assert "read_meter" in problem.message
    assert [event.reason for event in tenant.events("Agent/reader")] == ["ToolNotFound"]
    tenant.apply_agent("reader")
    tenant.wait("agent/reader", "Ready")


def test_missing_secret_is_named_and_awaited(new_tenant: NewTenant) -> None:
    tenant = new_tenant(with_secret=False)
    tenant.wait("modelprovider/default", "Ready=False")
    problem = condition(tenant.get(ModelProvider, "default"), "Ready")
    assert problem.reason == "SecretNotFound"
    assert re.search(r"Secret mistral\b", problem.message)
    assert "api-key" in problem.message
    tenant.apply_agent("reader")
    tenant.apply_run("patient", "reader")
    assert "ProviderNotReady" in tenant.wait_for_reason("patient", "AgentNotReady").message
    tenant.set_key(STANDIN_KEY)
    tenant.wait("agentrun/patient", "Succeeded")


def test_wrong_key_holds_runs_until_it_is_put_right(new_tenant: NewTenant) -> None:
    tenant = new_tenant(key="wrong")
    tenant.wait("modelprovider/default", "Ready=False")
    assert condition(tenant.get(ModelProvider, "default"), "Ready").reason == "ProviderUnauthorized"
    tenant.apply_agent("reader")
    tenant.apply_run("patient", "reader")
    tenant.wait_for_reason("patient", "AgentNotReady")
    tenant.set_key(STANDIN_KEY)
    tenant.wait("agentrun/patient", "Succeeded")


def test_key_that_is_replaced_while_a_run_goes_on_does_not_fail_it(
    platform: Platform, tenant: Tenant
) -> None:
    tenant.ready_agent("reader")
    hold = platform.standin.hold("POST", "/v1/conversations", times=1)
    tenant.apply_run("patient", "reader")
    platform.standin.wait_until_held(hold)
    # The call that waits was let in by the old key; the run's next one is not.
    platform.standin.set_keys(["rotated"])
    platform.standin.release(hold)
    tenant.set_key("rotated")
    tenant.wait("agentrun/patient", "Succeeded")


def test_unknown_model_is_named(tenant: Tenant) -> None:
    tenant.apply_agent("reader", model="mistral-huge-9000")
    tenant.wait("agent/reader", "Ready=False")
    problem = eventually(
        lambda: condition(tenant.get(Agent, "reader"), "Ready"), lambda found: found.reason == "ModelNotFound"
    )
    assert "mistral-huge-9000" in problem.message
    tenant.apply_agent("reader")
    tenant.wait("agent/reader", "Ready")


def test_missing_pool_is_named(tenant: Tenant) -> None:
    tenant.apply_agent("reader", workerPoolRef={"name": "gpu"})
    tenant.wait("agent/reader", "ResolvedRefs=False")
    problem = condition(tenant.get(Agent, "reader"), "ResolvedRefs")
    assert problem.reason == "WorkerPoolNotFound"
    assert "gpu" in problem.message


def test_broken_agent_does_not_hold_up_another(tenant: Tenant) -> None:
    tenant.apply_agent("broken", tools=[{"function": {"name": "nothing"}}])
    tenant.ready_agent("reader")
    tenant.finished_run("reading", "reader")


def test_agent_that_is_nested_without_measure_stops_nobody_even_after_a_restart(
    platform: Platform, operator: Operator, tenant: Tenant
) -> None:
    levels = 5000
    deep = '{"not":' * levels + "{}" + "}" * levels
    agent = json.dumps(manifest("Agent", "deep", agent_spec(outputSchema="as deep")))
    path = f"/apis/{API_VERSION}/namespaces/{tenant.namespace}/agents"
    platform.kubectl("create", f"--raw={path}", "--filename=-", stdin=agent.replace('"as deep"', deep))
    reason = "--output=jsonpath={.status.conditions[?(@.type=='Ready')].reason}"
    eventually(lambda: tenant.kubectl("get", "agent/deep", reason), lambda seen: seen == "InvalidObject")
    operator.kill()
    operator.start()
    tenant.ready_agent("reader")
    tenant.delete("agent/deep")
