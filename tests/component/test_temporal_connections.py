"""Runs that are kept in another Temporal than the operator's own."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from pydantic import JsonValue
from temporalio.client import WorkflowFailureError
from temporalio.exceptions import ActivityError, ApplicationError

from agents_crds.contract.child import AgentRequest
from agents_crds.contract.names import loop_workflow_id
from agents_crds.contract.progress import RunProgress
from agents_crds.contract.run import Usage
from agents_crds.v1alpha1 import Agent, AgentRun, TemporalConnection, WorkerPool
from tests.component.abroad import CONNECTION, KEY, POOL, Abroad, running_abroad
from tests.component.platform import Operator, Platform
from tests.component.tenant import NewTenant, Tenant
from tests.unit.operator.runs.test_status import outcome
from tests.user import condition, eventually, stays

FORGED = RunProgress(step="CallingTools", agent="forger", turns=9, usage=Usage())


@pytest.fixture(scope="module")
def abroad(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Abroad]:
    with running_abroad(tmp_path_factory.mktemp("abroad")) as running:
        yield running


@pytest.fixture
def furnished(abroad: Abroad, tenant: Tenant) -> Tenant:
    """A namespace with a connection, a pool that works there, and an Agent of it."""
    abroad.furnish(tenant)
    return tenant


def held_in_the_middle(platform: Platform, tenant: Tenant) -> str:
    """Start the run "long", and return the hold at which its second model call waits."""
    hold = platform.standin.hold("POST", "/v1/conversations/*", times=1)
    tenant.apply_run("long", "reader")
    platform.standin.wait_until_held(hold)
    return hold


def ready(tenant: Tenant) -> tuple[str, str, str]:
    found = condition(tenant.get(TemporalConnection, CONNECTION), "Ready")
    return found.status, found.reason, found.message


def until_ready(tenant: Tenant, status: str, reason: str) -> str:
    """Wait until the connection says so; return its message."""
    return eventually(lambda: ready(tenant), lambda seen: seen[:2] == (status, reason))[2]


def command(operator: Operator, module: str, *arguments: str) -> str:
    """Run a command as `kubectl exec` does, beside the operator."""
    return subprocess.run(
        (sys.executable, "-m", f"agents_operator.{module}", *arguments),
        env=os.environ | dict(operator.service.command.env),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout


def test_run_on_a_connection_succeeds_and_is_kept_there(
    platform: Platform, abroad: Abroad, furnished: Tenant
) -> None:
    connection = furnished.get(TemporalConnection, CONNECTION)
    assert connection.status.server_version
    assert ready(furnished)[2] == (
        f"Temporal {connection.status.server_version} at {abroad.front.address} lets the operator into "
        "namespace default"
    )
    run = furnished.finished_run("reading", "reader")
    assert run.status.temporal_connection == CONNECTION
    assert run.status.output is not None
    assert run.status.output.available_until is not None
    workflow_id = str(run.status.workflow_id)
    assert abroad.statuses(workflow_id) == "COMPLETED"
    assert workflow_id.encode() not in platform.histories(furnished.namespace)
    assert len(furnished.tool_calls()) == 1
    assert abroad.front.heard_key(KEY)


def test_runs_of_both_temporals_go_on_side_by_side(abroad: Abroad, furnished: Tenant) -> None:
    furnished.ready_agent("local")
    here = furnished.finished_run("here", "local")
    there = furnished.finished_run("there", "reader")
    assert here.status.temporal_connection is None
    assert abroad.statuses(str(here.status.workflow_id)) == ""
    assert there.status.temporal_connection == CONNECTION


def test_runs_of_several_connections_to_one_temporal_are_all_reported(
    abroad: Abroad, operator: Operator, furnished: Tenant, new_tenant: NewTenant
) -> None:
    """Workers of all of them hear every report, and each takes only those of its own runs."""
    neighbour = new_tenant()
    abroad.furnish(neighbour)
    before = len(operator.log)
    tenants = (furnished, neighbour)
    names = [f"run-{number}" for number in range(6)]
    for tenant in tenants:
        for name in names:
            tenant.apply_run(name, "reader")
    for tenant in tenants:
        for name in names:
            tenant.wait(f"agentrun/{name}", "Succeeded")
    since = operator.log[before:]
    assert "a report is refused: AgentRuns of namespace" in since
    assert "is closed and did not report" not in since
    assert "goes on without it" not in since


def test_result_of_a_run_on_a_connection_is_printed(operator: Operator, furnished: Tenant) -> None:
    run = furnished.finished_run("reading", "reader")
    assert run.status.output is not None
    printed = command(operator, "result", furnished.namespace, "reading")
    assert printed == f"{run.status.output.text}\n"
    assert "read_meter" in command(operator, "follow", furnished.namespace, "reading")


def test_run_that_goes_is_told_of_and_can_be_cancelled(
    platform: Platform, abroad: Abroad, furnished: Tenant
) -> None:
    hold = platform.standin.hold("POST", "/v1/conversations", times=1)
    furnished.apply_run("long", "reader")
    platform.standin.wait_until_held(hold)
    workflow_id = furnished.workflow_of("long")
    furnished.delete("agentrun/long")
    eventually(lambda: abroad.statuses(workflow_id), lambda seen: seen in {"CANCELED", "TERMINATED"})
    platform.standin.release(hold)


def test_rotated_key_and_certificate_are_used_while_runs_go(
    platform: Platform, abroad: Abroad, furnished: Tenant
) -> None:
    hold = held_in_the_middle(platform, furnished)
    renewed = abroad.certificates.another_client()
    furnished.apply(*abroad.secrets(key="two", certificate=renewed))
    eventually(lambda: abroad.front.heard_key("two"), bool)
    platform.standin.release(hold)
    furnished.wait("agentrun/long", "Succeeded")
    assert ready(furnished)[0] == "True"


def test_secret_that_does_not_let_the_operator_in_leaves_it_in_with_the_one_before(
    abroad: Abroad, furnished: Tenant
) -> None:
    furnished.apply(*abroad.secrets(certificate=b"half of a certificate"))
    message = until_ready(furnished, "False", "SecretInvalid")
    assert message == "tls.crt of Secret temporal-client is no certificate: put one there in PEM"
    furnished.finished_run("meanwhile", "reader")
    furnished.apply(*abroad.secrets())
    until_ready(furnished, "True", "Available")


def test_missing_secret_is_named_and_awaited(abroad: Abroad, tenant: Tenant) -> None:
    ca, pair, key = abroad.secrets()
    tenant.apply(ca, pair, abroad.connection())
    message = until_ready(tenant, "False", "SecretNotFound")
    assert message.startswith("there is no Secret temporal-key with key api-key in namespace tenant-")
    tenant.apply(key)
    until_ready(tenant, "True", "Available")


def test_what_is_wrong_with_a_connection_is_said(abroad: Abroad, tenant: Tenant) -> None:
    tenant.apply(*abroad.secrets(), abroad.connection(tls=None))
    assert until_ready(tenant, "False", "TemporalUnreachable").endswith(
        "hung up: if it speaks TLS, set spec.tls"
    )
    tls: dict[str, JsonValue] = {"serverName": "temporal.test", "caSecretRef": {"name": "temporal-ca"}}
    tenant.apply(abroad.connection(tls=tls))
    assert until_ready(tenant, "False", "TemporalUnauthorized").endswith(
        "if it wants a certificate, name one in spec.tls.clientCertificateSecretRef"
    )
    tenant.apply(abroad.connection(address="127.0.0.1:1"))
    assert "Connection refused" in until_ready(tenant, "False", "TemporalUnreachable")
    tenant.apply(abroad.connection())
    until_ready(tenant, "True", "Available")
    tenant.delete(f"temporalconnection/{CONNECTION}")
    tenant.apply(abroad.connection(namespace="nobody"))
    assert "has no namespace nobody" in until_ready(tenant, "False", "TemporalNamespaceNotFound")


def test_connection_that_breaks_holds_up_its_own_runs_and_no_others(
    platform: Platform, abroad: Abroad, furnished: Tenant, new_tenant: NewTenant
) -> None:
    other = new_tenant()
    other.ready_agent("reader")
    hold = held_in_the_middle(platform, furnished)
    abroad.go()
    try:
        until_ready(furnished, "False", "TemporalUnreachable")
        eventually(
            lambda: condition(furnished.get(WorkerPool, POOL), "Ready").reason,
            lambda reason: reason == "TemporalConnectionNotReady",
        )
        platform.standin.release(hold)
        furnished.apply_run("next", "reader")
        other.finished_run("meanwhile", "reader")
        furnished.ready_agent("local")
        furnished.finished_run("here", "local")
        # Several sweeps, none of which takes the run for lost.
        for run in stays(lambda: furnished.get(AgentRun, "long"), seconds=4):
            assert not run.status.finished
    finally:
        abroad.come()
    until_ready(furnished, "True", "Available")
    furnished.wait("agentrun/long", "Succeeded")
    furnished.wait("agentrun/next", "Succeeded")


def test_deleted_connection_is_missed_and_its_runs_are_found_again(
    platform: Platform, abroad: Abroad, furnished: Tenant
) -> None:
    hold = held_in_the_middle(platform, furnished)
    furnished.delete(f"temporalconnection/{CONNECTION}")
    message = eventually(
        lambda: condition(furnished.get(WorkerPool, POOL), "Ready"),
        lambda found: found.reason == "TemporalConnectionNotFound",
    ).message
    assert message == (
        f"there is no TemporalConnection {CONNECTION} in namespace {furnished.namespace}: create it"
    )
    platform.standin.release(hold)
    for run in stays(lambda: furnished.get(AgentRun, "long"), seconds=4):
        assert not run.status.finished
    furnished.apply(abroad.connection())
    furnished.wait("agentrun/long", "Succeeded")
    furnished.finished_run("next", "reader")


def test_operator_killed_while_a_run_goes_finds_it_where_it_is_kept(
    platform: Platform, operator: Operator, furnished: Tenant
) -> None:
    hold = held_in_the_middle(platform, furnished)
    operator.kill()
    platform.standin.release(hold)
    operator.start()
    furnished.wait("agentrun/long", "Succeeded")
    furnished.assert_done_once()


@pytest.mark.parametrize("activity", ["report", "input_required"])
def test_report_is_refused_for_a_run_that_is_kept_elsewhere(
    platform: Platform, abroad: Abroad, furnished: Tenant, new_tenant: NewTenant, activity: str
) -> None:
    """Whoever runs the other Temporal can give a workflow the id of any run."""
    stranger = new_tenant()
    stranger.ready_agent("reader")
    furnished.ready_agent("local")
    hold = platform.standin.hold("POST", "/v1/conversations", times=2)
    stranger.apply_run("victim", "reader")
    furnished.apply_run("victim", "local")
    platform.standin.wait_until_held(hold, at_least=2)
    told = outcome() if activity == "report" else FORGED
    with pytest.raises(WorkflowFailureError) as refused:
        abroad.forge(platform.installation, stranger.workflow_of("victim"), activity, told)
    assert f"AgentRuns of namespace {stranger.namespace} are not kept" in cause_of(refused.value).message
    with pytest.raises(WorkflowFailureError) as refused:
        abroad.forge(platform.installation, furnished.workflow_of("victim"), activity, told)
    assert f"AgentRun {furnished.namespace}/victim is not kept in" in cause_of(refused.value).message
    for tenant in (stranger, furnished):
        run = tenant.get(AgentRun, "victim")
        assert not run.status.finished
        assert run.status.progress is None or run.status.progress.agent != "forger"
    platform.standin.release(hold)
    stranger.wait("agentrun/victim", "Succeeded")
    furnished.wait("agentrun/victim", "Succeeded")


def test_agents_of_others_are_not_resolved_in_a_connections_temporal(
    platform: Platform, abroad: Abroad, furnished: Tenant, new_tenant: NewTenant
) -> None:
    stranger = new_tenant()
    assert stranger.ready_agent("reader").status.remote == stranger.get(Agent, "reader").status.remote
    furnished.ready_agent("local")
    for namespace, name, why in (
        (stranger.namespace, "reader", f"only Agents of namespace {furnished.namespace} can be run in"),
        (furnished.namespace, "local", "works in the operator's own Temporal"),
    ):
        unique = loop_workflow_id(platform.installation, namespace, f"loop-{namespace}-{name}")
        asked = AgentRequest(namespace=namespace, name=name, input="Hello.", uid=unique)
        with pytest.raises(WorkflowFailureError) as refused:
            abroad.forge(platform.installation, f"asks-{namespace}-{name}", "resolve_agent", asked)
        assert why in cause_of(refused.value).message
        assert cause_of(refused.value).non_retryable


def cause_of(failed: WorkflowFailureError) -> ApplicationError:
    assert isinstance(failed.cause, ActivityError)
    assert isinstance(failed.cause.cause, ApplicationError)
    return failed.cause.cause
