"""One platform, and an operator to run with one right less."""

from collections.abc import Iterator

import pytest

from tests.component.platform import SHORT_INTERVALS, Operator, Platform, running_platform
from tests.component.running import platform, processes
from tests.component.tenant import Tenant
from tests.permissions.scenarios import METRICS_PORT, READER, Stage
from tools.console import Console
from tools.local.kubeconfig import OPERATOR
from tools.local.ports import free_ports
from tools.local.processes import Processes
from tools.local.services import OperatorSettings, operator_service
from tools.parts.obtain import obtain

__all__ = ["platform", "processes"]

# What a scenario waits for comes at once, and what would only disturb it does not come at all.
INTERVALS = {
    "DURABLE_AGENTS_AGENT_INTERVAL": "1h",
    "DURABLE_AGENTS_PROVIDER_INTERVAL": "1h",
    "DURABLE_AGENTS_DELETION_TIMEOUT": "1s",
}


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Platform, Processes]]:
    """A platform that is strict about owners, as some clusters are."""
    strict = ("OwnerReferencesPermissionEnforcement",)
    directory = tmp_path_factory.mktemp("permissions")
    with running_platform(directory, obtain(Console()), admission=strict) as running:
        yield running


@pytest.fixture(scope="session")
def session_operator(platform: Platform, processes: Processes) -> Operator:
    metrics = {METRICS_PORT: str(free_ports(1)[0])}
    return platform.operator(processes, extra=INTERVALS | metrics)


@pytest.fixture(scope="session")
def empty(platform: Platform) -> Tenant:
    """A namespace without anything."""
    tenant = Tenant(platform, "empty")
    tenant.kubectl("create", "namespace", tenant.namespace)
    return tenant


@pytest.fixture
def starting(
    empty: Tenant, session_operator: Operator, processes: Processes, request: pytest.FixtureRequest
) -> Iterator[Stage]:
    """An operator that serves a namespace, has no installation id yet, and is not running."""
    # It would be denied the same.
    session_operator.kill()
    settings = OperatorSettings(
        kubeconfig=empty.platform.control_plane.kubeconfig(OPERATOR.name),
        temporal_address=empty.platform.temporal.address,
        health_port=free_ports(1)[0],
        watch_namespaces=(empty.namespace,),
    )
    service = operator_service(settings, name="starting", extra=SHORT_INTERVALS)
    operator = Operator(service, processes, settings.health_port)
    before = len(operator.log) if processes.log("starting").exists() else 0
    yield Stage(empty, operator)
    operator.kill()
    request.node.add_report_section("teardown", "operator's log", operator.log[before:][-6000:])


@pytest.fixture(scope="session")
def furnished(platform: Platform, session_operator: Operator) -> Tenant:
    """A namespace with everything that a run needs."""
    if not session_operator.runs:
        session_operator.start()
    tenant = Tenant(platform, "furnished")
    tenant.create()
    tenant.ready_agent(READER)
    return tenant


@pytest.fixture
def stage(furnished: Tenant, session_operator: Operator, request: pytest.FixtureRequest) -> Iterator[Stage]:
    if not session_operator.runs:
        session_operator.start()
    before = len(session_operator.log)
    yield Stage(furnished, session_operator)
    furnished.platform.standin.remove_faults()
    request.node.add_report_section("teardown", "operator's log", session_operator.log[before:][-6000:])
