"""Operators that serve named namespaces, by Roles there, and what they do where they may not."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import product

import httpx2
import pytest

from agents_crds.v1alpha1 import AgentRun
from agents_operator.kubernetes.connection import CONNECTIONS
from agents_operator.runs.status import EXPIRY_FORMAT
from tests.component.platform import Operator, Platform
from tests.component.tenant import Tenant
from tests.permissions.installs import Install
from tests.permissions.rights import Right, taken_away
from tests.permissions.scenarios import Stage, agent_is_seen, write_status
from tests.user import condition, eventually
from tools.local.processes import Processes

KINDS = ("agents", "agentruns", "modelproviders", "temporalconnections", "workerpools")
# kopf's and the operator's own at the start, and one more.
LISTS_AFTER_A_RESYNC = 3
# Their watches are more than a session has connections.
MANY = CONNECTIONS // len(KINDS) + 2
# What it asks about its own rights.
REVIEWS = "selfsubjectaccessreviews"


@pytest.fixture
def installs(
    platform: Platform, processes: Processes, session_operator: Operator
) -> Iterator[tuple[Install, Install]]:
    """Two of them, each with a running operator; the one that serves all namespaces does not run."""
    session_operator.kill()
    one = Install("one", ("one-a", "one-b"), platform, processes)
    two = Install("two", ("two-a",), platform, processes)
    operators = []
    for install in (one, two):
        for namespace in install.served:
            Tenant(platform, namespace).create()
        install.set_up()
        operators.append(install.operator())
        operators[-1].start()
    yield one, two
    for operator in operators:
        operator.kill()


def test_operators_work_in_their_namespaces_and_touch_no_other(
    platform: Platform, installs: tuple[Install, Install]
) -> None:
    nobodys = Tenant(platform, "nobodys")
    nobodys.create()
    nobodys.apply_agent("reader")
    nobodys.apply_run("reading", "reader")
    before = stored(nobodys)
    tenants = [tenant for install in installs for tenant in install.tenants()]
    for tenant in tenants:
        tenant.ready_agent("reader")
        tenant.finished_run("reading", "reader")
        assert len(tenant.remote_agents()) == 1
        is_swept_and_expires(tenant, "victim")
        tenant.delete("agent/reader")
        assert tenant.remote_agents() == ()
    assert stored(nobodys) == before
    for install in installs:
        was_resynced(install)
        assert namespaces(install) == {install.name, *install.served}
        assert refusals(install) == []


@pytest.fixture
def halved(
    platform: Platform, processes: Processes, session_operator: Operator, request: pytest.FixtureRequest
) -> Iterator[tuple[Install, Operator]]:
    """An install that serves two namespaces, of which the first one is there, and its operator."""
    session_operator.kill()
    name: str = request.param
    install = Install(name, (f"{name}-a", f"{name}-b"), platform, processes)
    Tenant(platform, install.served[0]).create()
    install.set_up_account()
    install.grant(install.served[0])
    operator = install.operator()
    yield install, operator
    operator.kill()
    request.node.add_report_section("teardown", "operator's log", operator.log[-6000:])


@pytest.mark.parametrize("halved", ["three"], indirect=True)
def test_missing_namespace_is_served_once_it_and_its_role_are_there(halved: tuple[Install, Operator]) -> None:
    install, operator = halved
    operator.start()
    pid = pid_of(operator)
    there, missing = install.tenants()
    there.ready_agent("reader")
    missing.create()
    install.grant(*install.served)
    missing.ready_agent("reader")
    missing.finished_run("reading", "reader")
    assert pid_of(operator) == pid
    assert refusals(install) == []


@pytest.mark.parametrize("halved", ["four"], indirect=True)
def test_deleted_namespace_takes_nothing_else_along(halved: tuple[Install, Operator]) -> None:
    install, operator = halved
    Tenant(install.platform, install.served[1]).create()
    install.grant(*install.served)
    operator.start()
    pid = pid_of(operator)
    stays, goes = install.tenants()
    eventually(lambda: lists(install)["workerpools", goes.namespace], bool)
    # Else the operator may have lost its rights there before it has taken its finalizer off.
    goes.delete("workerpool/default")
    install.platform.kubectl("delete", "namespace", goes.namespace, "--timeout=60s")
    unserved = f"namespace {goes.namespace} is not served: the operator may not list agents, agentruns, "
    eventually(lambda: operator.log, lambda log: unserved in log)
    stays.ready_agent("reader")
    is_swept_and_expires(stays, "victim")
    listed = lists(install)["workerpools", stays.namespace]
    eventually(lambda: lists(install)["workerpools", stays.namespace], lambda seen: seen > listed)
    assert operator.answers("readyz") == (200, "ok\n")
    assert (pid_of(operator), operator.log.count(unserved)) == (pid, 1)
    assert "Traceback" not in operator.log
    operator.kill()
    operator.start()
    stays.ready_agent("other")


def test_many_namespaces_are_all_served(platform: Platform, processes: Processes) -> None:
    tenants = [Tenant(platform, f"many-{number}") for number in range(MANY)]
    served = {"DURABLE_AGENTS_WATCH_NAMESPACES": ",".join(tenant.namespace for tenant in tenants)}
    operator = platform.operator(processes, name="many-operator", extra=served)
    for tenant in tenants:
        tenant.kubectl("create", "namespace", tenant.namespace)
    operator.start()
    for tenant in tenants:
        eventually(agent_is_seen(Stage(tenant, operator), "reader"), bool)
    assert operator.asked_to_end(within=8)


def test_missing_right_in_all_namespaces_is_told_and_waited_for(
    platform: Platform, processes: Processes, session_operator: Operator
) -> None:
    session_operator.kill()
    with taken_away(platform.kubectl, Right("agents", "watch")):
        processes.start(session_operator.service.command)
        pid = pid_of(session_operator)
        eventually(
            lambda: missing_right(session_operator), lambda told: "may not watch agents in all" in told
        )
    eventually(lambda: session_operator.answers("readyz"), lambda answer: answer == (200, "ok\n"))
    tenant = Tenant(platform, "everywhere")
    tenant.create()
    tenant.ready_agent("reader")
    assert pid_of(session_operator) == pid


def missing_right(operator: Operator) -> str:
    """What keeps an operator from being ready, once it answers."""
    try:
        status, text = operator.answers("readyz")
    except httpx2.ConnectError:
        return ""
    assert status == 503
    return text


def pid_of(operator: Operator) -> int | None:
    """The process that it is."""
    return operator.processes.pid(operator.service.name)


def is_swept_and_expires(tenant: Tenant, name: str) -> None:
    """What an operator finds by listing: a run whose workflow was ended, and one whose time is over."""
    hold = tenant.platform.standin.hold("POST", "/v1/conversations", times=1)
    tenant.apply_run(name, "reader")
    tenant.platform.standin.wait_until_held(hold)
    tenant.platform.terminate_workflow(tenant.workflow_of(name))
    tenant.wait(f"agentrun/{name}", "Succeeded=False")
    tenant.platform.standin.release(hold)
    assert condition(tenant.get(AgentRun, name), "Succeeded").reason == "Terminated"
    write_status(tenant, f"agentrun/{name}", {"expires": datetime.now(UTC).strftime(EXPIRY_FORMAT)})
    tenant.kubectl("wait", "--for=delete", f"agentrun/{name}", "--timeout=30s")


def was_resynced(install: Install) -> None:
    """Wait until an operator has listed everything where it serves once more than its start needed."""
    everywhere = list(product(KINDS, install.served))
    eventually(
        lambda: lists(install), lambda seen: all(seen[place] >= LISTS_AFTER_A_RESYNC for place in everywhere)
    )


def stored(tenant: Tenant) -> str:
    """Everything of ours in a namespace, with the versions of all."""
    return tenant.kubectl("get", ",".join(KINDS), "--output=json")


def lists(install: Install) -> Counter[tuple[str, str]]:
    """How often an operator has listed a kind in a namespace."""
    return Counter(
        (request.object_ref.resource, request.object_ref.namespace or "")
        for request in install.requests()
        if request.verb == "list" and request.object_ref is not None
    )


def namespaces(install: Install) -> set[str | None]:
    """The namespaces of which an operator has asked anything, allowed or not; None stands for all at once."""
    return {
        request.object_ref.namespace
        for request in install.requests()
        if request.object_ref is not None and request.object_ref.resource != REVIEWS
    }


def refusals(install: Install) -> list[str]:
    """What an operator was denied."""
    return [
        request.response_status.message
        for request in install.requests()
        if request.response_status is not None and request.response_status.code in {401, 403}
    ]
