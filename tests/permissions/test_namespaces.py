"""Operators that serve named namespaces, by Roles there: they see and touch nothing outside."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import product

import pytest

from agents_crds.v1alpha1 import AgentRun
from agents_operator.runs.status import EXPIRY_FORMAT
from tests.component.platform import Operator, Platform
from tests.component.tenant import Tenant
from tests.permissions.installs import Install
from tests.permissions.scenarios import write_status
from tests.user import condition, eventually
from tools.local.processes import Processes

KINDS = ("agents", "agentruns", "modelproviders", "workerpools")
# kopf's and the operator's own at the start, and one more.
LISTS_AFTER_A_RESYNC = 3


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
    return {request.object_ref.namespace for request in install.requests() if request.object_ref is not None}


def refusals(install: Install) -> list[str]:
    """What an operator was denied."""
    return [
        request.response_status.message
        for request in install.requests()
        if request.response_status is not None and request.response_status.code in {401, 403}
    ]
